"""How operations of a revision run, where alembic's own way would fail or lose something.

Importing this module makes alembic use these classes, for written and for generated revisions. No table is named here.

Source: https://alembic.sqlalchemy.org/en/latest/api/ddl.html
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

from alembic.ddl.mysql import MySQLImpl
from alembic.ddl.postgresql import PostgresqlImpl
from alembic.ddl.sqlite import SQLiteImpl
from alembic.operations.batch import ApplyBatchImpl
from sqlalchemy import CheckConstraint, Column, DefaultClause, Index, Inspector, String, Table, TextClause, text
from sqlalchemy.sql.elements import quoted_name
from sqlalchemy.types import TypeEngine

from db.dialects.change_log import LogNames, TableKey, told_by
from db.dialects.mariadb_changes import MariaDBChangeLog
from db.dialects.sqlite_changes import SQLiteChangeLog
from migrations.cascading import cascading
from migrations.catalogs.sqlite import SQLiteCatalog, index_of
from migrations.halfway import Journal, text_of

MADE_ANEW = "_alembic_tmp_"
"""How alembic calls a table that is to take the place of another one."""

_TRIGGERS = text("SELECT sql FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = :table COLLATE nocase")
_TRIGGERS_OF_MARIADB = text(
    "SELECT action_statement FROM information_schema.triggers"
    " WHERE event_object_schema = DATABASE() AND event_object_table = :table"
)
_COLUMNS_OF_MARIADB = text(
    "SELECT column_name FROM information_schema.columns"
    " WHERE table_schema = DATABASE() AND table_name = :table ORDER BY ordinal_position"
)
_COLUMNS = text("SELECT name, pk FROM pragma_table_xinfo(:table)")


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


class OnMariaDB(MySQLImpl):
    """Triggers of the change log name the columns of their table: they are written anew where those change.

    No statement is undone when a later one fails, and others write meanwhile. So a trigger forgets a column before the
    column goes, and hears of one after it has come; there is one at every moment.
    """

    __dialect__ = "mysql"
    journal: Journal | None = None
    """None offline, and where nothing is changed."""

    def _exec(self, construct: Any, *given: Any, **named: Any) -> Any:
        run = partial(super()._exec, construct, *given, **named)
        if self.journal is None or self.as_sql:
            return run()
        return self.journal.run(construct, text_of(construct, self.dialect, [given, named]), run)

    def add_column(self, table_name: str, column: Column[Any], **options: Any) -> None:
        """Add a column, and record its changes where those of the table are recorded."""
        super().add_column(table_name, column, **options)
        self._record(table_name, self._recorded(table_name))

    def drop_column(self, table_name: str, column: Column[Any], **options: Any) -> None:
        """Drop a column. MariaDB drops one that a trigger names, and refuses every write after that."""
        recorded = self._recorded(table_name)
        self._record(table_name, recorded, but=column.name)
        super().drop_column(table_name, column, **options)
        self._record(table_name, recorded)

    def alter_column(self, table_name: str, column_name: str, *, name: str | None = None, **options: Any) -> None:
        """Alter a column. One with a new name goes and comes, as far as triggers know."""
        recorded = None if name is None else self._recorded(table_name)
        self._record(table_name, recorded, but=column_name)
        super().alter_column(table_name, column_name, name=name, **options)
        if recorded is not None:
            key = tuple(name or it if it == column_name else it for it in recorded.key)
            self._record(table_name, recorded._replace(key=key))

    def rename_table(
        self, old_table_name: str, new_table_name: str | quoted_name, schema: str | quoted_name | None = None
    ) -> None:
        """Rename a table. Its triggers stay with it, under names and with words that are the old table's."""
        recorded = self._recorded(old_table_name)
        super().rename_table(old_table_name, new_table_name, schema)
        if recorded is not None:
            for statement in MariaDBChangeLog().forget(TableKey(old_table_name, None, ())):
                self._run(statement)
            self._record(str(new_table_name), recorded)

    def _recorded(self, table: str) -> TableKey | None:
        """What the triggers of the change log are for; None where there are none."""
        if self.connection is None or self.as_sql:
            return None
        triggers = self.connection.scalars(_TRIGGERS_OF_MARIADB, {"table": table}).all()
        return next((told.table for told in map(told_by, triggers) if told is not None), None)

    def _record(self, table: str, recorded: TableKey | None, *, but: str | None = None) -> None:
        """Make them anew for the columns that the table has now, without one that goes."""
        if recorded is None:
            return
        assert self.connection is not None
        names = tuple(self.connection.scalars(_COLUMNS_OF_MARIADB, {"table": table}).all())
        log, found = MariaDBChangeLog(), TableKey(table, None, recorded.key, tuple(it for it in names if it != but))
        if not set(found.key) <= set(found.columns):  # no row could be named meanwhile
            statements = log.forget(found)
        else:
            statements = log.record(LogNames.of(self.dialect), cascading(self.connection, log, found))
        for statement in statements:
            self._run(statement)

    def _run(self, statement: str) -> None:
        assert self.connection is not None
        self.connection.execute(text(statement.replace(":", "\\:")))


class OnSQLite(SQLiteImpl):
    """A table that is made anew keeps what SQLAlchemy does not read, or alembic leaves out.

    Collations, expressions and orders in indexes, a CHECK without a name, and triggers: they may be somebody else's.
    Triggers of the change log name the columns of their table: they are written anew where those have changed.
    """

    __dialect__ = "sqlite"
    _triggers: Sequence[str] = ()
    """Those of the table that is being made anew."""

    def autogen_column_reflect(self, inspector: Inspector, table: Table, column_info: Any) -> None:
        """Add the collation to a column that is read."""
        super().autogen_column_reflect(inspector, table, column_info)
        words = self._catalog(table).held(table.name, table.schema).columns[column_info["name"]]
        if words.collation is not None and isinstance(column_info["type"], String):
            column_info["type"].collation = words.collation

    def prep_table_for_batch(self, batch_impl: ApplyBatchImpl, table: Table) -> None:
        """Add the indexes and the nameless CHECKs to a table that is made anew, and remember its triggers."""
        assert self.connection is not None
        assert batch_impl.new_table is not None
        self._triggers = self.connection.scalars(_TRIGGERS, {"table": table.name}).all()
        for check in [it for it in table.constraints if isinstance(it, CheckConstraint) and not it.name]:
            batch_impl.new_table.append_constraint(CheckConstraint(check.sqltext))
        read = {str(index.name): index for index in table.indexes}
        for name, words in self._catalog(table).held(table.name, table.schema).indexes.items():
            index = index_of(name, words, table)
            dropped = name in read and name not in batch_impl.indexes
            if not dropped and not _plain(index):
                batch_impl.indexes[name] = index

    def add_column(self, table_name: str, column: Column[Any], **options: Any) -> None:
        """Add a column, and record its changes where those of the table are recorded."""
        super().add_column(table_name, column, **options)
        self._record(table_name, self._stop_recording(table_name))

    def drop_column(self, table_name: str, column: Column[Any], **options: Any) -> None:
        """Drop a column. SQLite refuses to drop one that a trigger names."""
        recorded = self._stop_recording(table_name)
        super().drop_column(table_name, column, **options)
        self._record(table_name, recorded)

    def rename_table(
        self, old_table_name: str, new_table_name: str | quoted_name, schema: str | quoted_name | None = None
    ) -> None:
        """Rename a table. One that was made anew takes the place of the old one.

        For a moment no table has the name, and SQLite would refuse views and triggers that have it.
        Source: https://www.sqlite.org/pragma.html#pragma_legacy_alter_table
        """
        if not old_table_name.startswith(MADE_ANEW) or self.connection is None:
            super().rename_table(old_table_name, new_table_name, schema)
            self._record(str(new_table_name), self._stop_recording(str(new_table_name)))
            return
        self.connection.exec_driver_sql("PRAGMA legacy_alter_table = ON")
        super().rename_table(old_table_name, new_table_name, schema)
        self.connection.exec_driver_sql("PRAGMA legacy_alter_table = OFF")
        for trigger in self._triggers:
            if told_by(trigger) is None:
                self.connection.exec_driver_sql(trigger)
        self._record(str(new_table_name), self._told(self._triggers))

    def _stop_recording(self, table: str) -> TableKey | None:
        """Drop the triggers of the change log; what they were for, or None where there are none."""
        if self.connection is None or self.as_sql:
            return None
        recorded = self._told(self.connection.scalars(_TRIGGERS, {"table": table}).all())
        if recorded is not None:
            for statement in SQLiteChangeLog().forget(recorded):
                self.connection.exec_driver_sql(statement)
        return recorded

    def _told(self, triggers: Sequence[str]) -> TableKey | None:
        return next((told.table for told in map(told_by, triggers) if told is not None), None)

    def _record(self, table: str, recorded: TableKey | None) -> None:
        """Make them anew for the columns that the table has now."""
        if recorded is None:
            return
        assert self.connection is not None
        columns = self.connection.execute(_COLUMNS, {"table": table}).all()
        names = tuple(name for name, _ in columns)
        key = tuple(name for name, place in sorted(columns, key=lambda column: column[1]) if place)
        kept = recorded.key if set(recorded.key) <= set(names) else key
        for statement in SQLiteChangeLog().record(LogNames.of(self.dialect), TableKey(table, None, kept, names)):
            self.connection.exec_driver_sql(statement)

    def _catalog(self, table: Table) -> SQLiteCatalog:
        assert self.connection is not None
        return SQLiteCatalog(self.connection, table.metadata)


def _plain(index: Index) -> bool:
    """Whether an index is of columns alone, so that it was read as it is."""
    return len(index.expressions) == len(index.columns)
