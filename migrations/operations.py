"""How operations of a revision run, where alembic's own way would fail or lose something.

Importing this module makes alembic use these classes, for written and for generated revisions. No table is named here.

Source: https://alembic.sqlalchemy.org/en/latest/api/ddl.html
"""

from typing import Any

from alembic.ddl.postgresql import PostgresqlImpl
from alembic.ddl.sqlite import SQLiteImpl
from alembic.operations.batch import ApplyBatchImpl
from sqlalchemy import DefaultClause, Index, Inspector, String, Table, TextClause
from sqlalchemy.types import TypeEngine

from migrations.catalogs.sqlite import SQLiteCatalog, index_of


class OnPostgreSQL(PostgresqlImpl):
    """A column gets its new type by a cast, as it does on SQLite; a default that changes with it goes first."""

    __dialect__ = "postgresql"

    def alter_column(
        self, table_name: str, column_name: str, *, type_: TypeEngine[Any] | None = None, **options: Any
    ) -> None:
        """Alter a column. Texts go without a cast: one to a shorter text would cut it, and the server refuses to."""
        if type_ is not None and options.get("postgresql_using") is None and not isinstance(type_, String):
            preparer = self.dialect.identifier_preparer
            options["postgresql_using"] = f"{preparer.quote(column_name)}::{type_.compile(dialect=self.dialect)}"
            if isinstance(options.get("server_default"), DefaultClause | str | TextClause | type(None)):
                super().alter_column(table_name, column_name, server_default=None, schema=options.get("schema"))
        super().alter_column(table_name, column_name, type_=type_, **options)


class OnSQLite(SQLiteImpl):
    """A table that is made anew keeps what SQLAlchemy does not read: collations, expressions and orders in indexes."""

    __dialect__ = "sqlite"

    def autogen_column_reflect(self, inspector: Inspector, table: Table, column_info: Any) -> None:
        """Add the collation to a column that is read."""
        super().autogen_column_reflect(inspector, table, column_info)
        words = self._catalog(table).held(table.name, table.schema).columns[column_info["name"]]
        if words.collation is not None and isinstance(column_info["type"], String):
            column_info["type"].collation = words.collation

    def prep_table_for_batch(self, batch_impl: ApplyBatchImpl, table: Table) -> None:
        """Add the indexes to a table that is made anew."""
        read = {str(index.name): index for index in table.indexes}
        for name, words in self._catalog(table).held(table.name, table.schema).indexes.items():
            index = index_of(name, words, table)
            dropped = name in read and name not in batch_impl.indexes
            if not dropped and not _plain(index):
                batch_impl.indexes[name] = index

    def _catalog(self, table: Table) -> SQLiteCatalog:
        assert self.connection is not None
        return SQLiteCatalog(self.connection, table.metadata)


def _plain(index: Index) -> bool:
    """Whether an index is of columns alone, so that it was read as it is."""
    return len(index.expressions) == len(index.columns)
