"""Papers in boxes: some of their values are for their owners, and so are some boxes."""

from __future__ import annotations

from sqlalchemy import ColumnElement, ForeignKey, func
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    pass


class Box(Base):
    """Shown to its owner."""

    __tablename__ = "boxes"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    owner: Mapped[int]

    papers: Mapped[list[Paper]] = relationship(back_populates="box", lazy="raise", order_by="Paper.secret")
    first_paper: Mapped[Paper | None] = relationship(viewonly=True, lazy="raise", order_by="Paper.id", uselist=False)


class Shelf(Base):
    """Shown to everybody; which papers stand on it is known to their owners."""

    __tablename__ = "shelves"

    id: Mapped[int] = mapped_column(primary_key=True)

    papers: Mapped[list[Paper]] = relationship(back_populates="shelf", lazy="raise", order_by="Paper.secret.desc()")
    first_paper: Mapped[Paper | None] = relationship(
        viewonly=True, lazy="raise", order_by="Paper.secret", uselist=False
    )


class Paper(Base):
    """Shown to everybody, but for its secret and its place."""

    __tablename__ = "papers"
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "paper"}  # noqa: RUF012 - SQLAlchemy's form

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    owner: Mapped[int]
    secret: Mapped[str]
    box_id: Mapped[int] = mapped_column(ForeignKey("boxes.id"))
    shelf_id: Mapped[int] = mapped_column(ForeignKey("shelves.id"))

    box: Mapped[Box] = relationship(back_populates="papers", lazy="raise")
    shelf: Mapped[Shelf] = relationship(back_populates="papers", lazy="raise")

    @hybrid_property
    def length(self) -> int:
        """How long the secret is."""
        return len(self.secret)

    @length.inplace.expression
    @classmethod
    def _length_in_sql(cls) -> ColumnElement[int]:
        return func.length(cls.secret)

    @hybrid_property
    def loud(self) -> str:
        """The secret, aloud."""
        return self.secret.upper()

    @loud.inplace.expression
    @classmethod
    def _loud_in_sql(cls) -> ColumnElement[str]:
        return func.upper(cls.secret)


class Letter(Paper):
    __mapper_args__ = {"polymorphic_identity": "letter"}  # noqa: RUF012 - as above
