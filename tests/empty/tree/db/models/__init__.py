"""The tables of the smallest application: one."""

from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Id, Line, Timestamps


class Note(Timestamps, Base):
    """A line that somebody wrote down."""

    __tablename__ = "notes"

    id: Mapped[Id]
    text: Mapped[Line] = mapped_column(doc="What was written.")
