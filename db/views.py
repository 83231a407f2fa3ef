"""Models of views, and of rows that have no key.

    class MonthlySales(View, Base):  # a view whose key is known
        month: Mapped[date] = mapped_column(primary_key=True)
        total: Mapped[Decimal]

    class SaleLine(Keyless, View, Base):  # rows that nothing tells apart
        product: Mapped[str | None]

Model classes enter; what is known of their tables and keys leaves. No database is asked here.
Why: docs/decisions/0042-rows-without-a-key.md.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import FromClause, MetaData, Table
from sqlalchemy.orm import Mapper

VIEW: Mapping[str, object] = {"is_view": True}
"""The `info` of a `Table` that stands for a view or a materialized view."""


class View:
    """A model of a view, or of a materialized view: its rows are read, and no migration makes or drops it.

    A column with `primary_key=True` says that no two rows have the same value there, and none has null.
    """

    @classmethod
    def __table_cls__(cls, *parts: Any, info: Mapping[str, object] | None = None, **options: Any) -> Table:
        """The table with the mark; SQLAlchemy calls this for each class.

        Source: https://docs.sqlalchemy.org/en/21/orm/declarative_config.html#table-cls
        """
        return Table(*parts, info={**(info or {}), **VIEW}, **options)


class Keyless:
    """A model whose rows have no key: values may repeat and be null. Such rows are read as columns, never as objects.

    SQLAlchemy maps no class without a primary key, so all columns stand in for one, in the mapper alone: the table has
    none. Nothing of ours takes them for a key (`db.relations.primary_key`), and sessions load no objects by them.
    """

    @classmethod
    def __mapper_cls__(cls, mapped: type[Any], table: FromClause, **options: Any) -> Mapper[Any]:
        """The mapper; SQLAlchemy calls this for each class."""
        return Mapper(mapped, table, primary_key=list(table.c), **options)


def is_view(table: FromClause) -> bool:
    """Whether a model's table is a view."""
    return isinstance(table, Table) and bool(table.info.get("is_view"))


def has_key(mapper: Mapper[Any]) -> bool:
    """Whether the rows of a model can be told apart."""
    return not issubclass(mapper.class_, Keyless)


def made_tables(metadata: MetaData) -> list[Table]:
    """The tables that `create_all` and migrations make, each behind those that it refers to; views are others' work."""
    return [table for table in metadata.sorted_tables if not is_view(table)]
