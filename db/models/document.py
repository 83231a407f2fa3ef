"""Documents: JSON of any shape, owned by a user."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from db.base import Base, Id, Line, Timestamps, Versioned, references
from db.files import HasFile

if TYPE_CHECKING:
    from db.models.user import User


class Document(HasFile, Versioned, Timestamps, Base):
    """A piece of JSON with a title and a kind, and perhaps a file."""

    __tablename__ = "documents"
    __table_args__ = (
        Index(None, "owner_id", "id"),
        Index(None, "kind", "id"),
        Index("ix_documents_body", "body", postgresql_using="gin").ddl_if(dialect="postgresql"),
    )
    __mapper_args__ = {"version_id_col": Versioned.version}  # noqa: RUF012 - the name and the form are SQLAlchemy's

    id: Mapped[Id]
    kind: Mapped[str] = mapped_column(String(50), doc="What sort of document it is, for instance invoice.")
    title: Mapped[Line] = mapped_column(doc="The document's title.")
    body: Mapped[dict[str, Any]] = mapped_column(doc="The content: any JSON object.")
    owner_id: Mapped[int] = mapped_column(references("users.id"), doc="The owner's number.")

    owner: Mapped[User] = relationship(back_populates="documents", lazy="raise", doc="Whom the document belongs to.")
