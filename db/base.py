"""What every model shares: the declarative base, column types and mixins.

Models import their vocabulary from here: `Id`, `Text200`, `Slug`, `UtcDateTime`, `Timestamps`.
No table is named here, and nothing here talks to a database.

Sources: https://docs.sqlalchemy.org/en/21/orm/declarative_tables.html (Annotated columns),
https://docs.sqlalchemy.org/en/21/orm/declarative_mixins.html,
https://docs.sqlalchemy.org/en/21/core/constraints.html#constraint-naming-conventions.
"""

import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Self

from sqlalchemy import JSON, BigInteger, DateTime, Dialect, Enum, ForeignKey, Integer, MetaData, String, Text, Uuid
from sqlalchemy.ext.asyncio import AsyncAttrs
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator, TypeEngine
from uuid_utils.compat import uuid7

from db.characters import fold
from db.dialects import dialect_of, variants
from db.slugs import SLUG
from db.text_kinds import KIND

NAMING_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


def utcnow() -> datetime:
    """The time now, in UTC, with its zone."""
    return datetime.now(UTC)


class UtcDateTime(TypeDecorator[datetime]):
    """A moment: with time zone in and out, UTC in between.

    Where a database keeps no zone, the value is stored in UTC and gets its zone back when read.
    Raises `ValueError` for a datetime without a zone: its moment is unknown.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value.isoformat()} has no time zone; add one, for instance +00:00.")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """From the database, in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], datetime | None] | None:
        """None where the driver gives every datetime in UTC: lists would call it for each of their rows."""
        return None if dialect_of(dialect.name).datetimes_in_utc else super().result_processor(dialect, coltype)


class EmailAddress(TypeDecorator[str]):
    """An e-mail address, kept in lower case, so that equality and uniqueness ignore case."""

    impl = String(254)
    cache_ok = True
    kind = "email"  # db.emails registers it; its library takes 50 ms to import, and few who read addresses check one

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """To lower case."""
        return None if value is None else fold(value)


JSON_DOCUMENT: TypeEngine[Any] = variants(JSON(none_as_null=True), lambda dialect: dialect.json(none_as_null=True))
"""JSON, in the form that each database can index."""

BIG_ID = variants(BigInteger(), lambda dialect: dialect.counted_id)
"""64 bits, in a type that the database counts up by itself."""


class Word(StrEnum):
    """An enumeration whose members say what they mean: `DRAFT = "draft", "Not public yet."`."""

    def __new__(cls, value: str, doc: str = "") -> Self:
        """Make a member of its word and its meaning."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.__doc__ = doc
        return member


def text_enum(values: type[StrEnum]) -> Enum:
    """A column of one of these words, held by a CHECK; a new word costs a short migration, not a new type."""
    return Enum(
        values,
        native_enum=False,
        create_constraint=True,
        length=20,
        name=values.__name__.lower(),
        values_callable=lambda members: [member.value for member in members],
    )


Id = Annotated[int, mapped_column(BIG_ID, primary_key=True, doc="The row's number, given by the database.")]
TimeOrderedId = Annotated[
    uuid.UUID, mapped_column(Uuid, primary_key=True, default=uuid7, doc="A UUID of version 7: it sorts by time.")
]
Slug = Annotated[str, mapped_column(String(200), info={KIND: SLUG})]
ShortSlug = Annotated[str, mapped_column(String(100), info={KIND: SLUG})]
Line = Annotated[str, mapped_column(String(200))]
Paragraph = Annotated[str, mapped_column(String(2000))]
Document = Annotated[str, mapped_column(Text)]
Currency = Annotated[str, mapped_column(String(3), info={KIND: "currency"})]
MinorUnits = Annotated[int, mapped_column(BigInteger)]


def references(target: str, *, ondelete: str = "RESTRICT") -> ForeignKey:
    """A foreign key that says what happens when its target goes."""
    return ForeignKey(target, ondelete=ondelete)


COLUMN_TYPES: Mapping[Any, Any] = {
    datetime: UtcDateTime,
    uuid.UUID: Uuid,
    int: Integer,
    dict[str, Any]: JSON_DOCUMENT,
}
"""The column type of each annotation."""


class Base(AsyncAttrs, DeclarativeBase):
    """The declarative base of every model.

    Relationships are `lazy="raise"`: a read that nobody planned is an error, not a hidden statement.
    """

    metadata = MetaData(naming_convention=NAMING_CONVENTION)
    type_annotation_map: ClassVar[dict[Any, Any]] = dict(COLUMN_TYPES)


class Timestamps:
    """When a row came and when it last changed."""

    created_at: Mapped[datetime] = mapped_column(default=utcnow, sort_order=90, doc="When the row was created.")
    updated_at: Mapped[datetime] = mapped_column(
        default=utcnow, onupdate=utcnow, sort_order=91, doc="When the row last changed."
    )


class Versioned:
    """A row that people edit: every update counts the version up and is refused when the row has moved on.

    Source: https://docs.sqlalchemy.org/en/21/orm/versioning.html
    """

    version: Mapped[int] = mapped_column(default=1, sort_order=80, doc="Counts up with every change; starts at 1.")
