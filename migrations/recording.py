"""What revisions call to have the changes of a table recorded, or no longer.

Names enter, triggers are made or dropped; no row is read. Where the change log is off, so that its tables are not
there, nothing is done: `trellis live install` writes another revision once it is on.
Why: docs/decisions/0069-the-change-log.md.
"""

import logging
from collections.abc import Iterable, Sequence

from alembic import op
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text

from db.dialects import dialect_of
from db.dialects.change_log import LogNames, TableKey
from migrations.cascading import cascading
from migrations.own_schema import has_own_table

CHANGES = "trellis_changes"

logger = logging.getLogger("trellis")


def record_changes(table: str, key: Sequence[str], columns: Sequence[str], schema: str | None = None) -> None:
    """Record the changes of a table from now on, by its key; `columns` are all that it has at this revision."""
    context = op.get_context()
    if not context.as_sql and not has_own_table(context, CHANGES):
        logger.warning("The changes of %s are not recorded: the change log is off (docs/live.md).", table)
        return
    log, found = dialect_of(context.dialect.name).change_log, TableKey(table, schema, tuple(key), tuple(columns))
    names = LogNames.of(context.dialect)
    if context.connection is not None and not context.as_sql:
        found = cascading(context.connection, log, found)
    if not log.replaces:
        _run(log.forget(found))
    _run(log.record(names, found))
    for partition in _partitions(context, found):
        _run(log.forget(found, partition))
        _run(log.record(names, found, partition))


def stop_recording(table: str, schema: str | None = None) -> None:
    """Record no changes of a table any more. What was recorded stays until it has run out."""
    context = op.get_context()
    log, found = dialect_of(context.dialect.name).change_log, TableKey(table, schema, ())
    for partition in _partitions(context, found):
        _run(log.forget(found, partition))
    _run(log.forget(found))


def _run(statements: Iterable[str]) -> None:
    for statement in statements:
        op.execute(text(statement.replace(":", "\\:")))  # as it stands: what follows a colon is no parameter


def _partitions(context: MigrationContext, table: TableKey) -> Sequence[str]:
    """The partitions of a table, quoted: whoever writes into one by its name passes the table's triggers by."""
    question = dialect_of(context.dialect.name).change_log.partitions
    if question is None or context.as_sql:
        return ()
    assert context.connection is not None
    given = {"name": table.name, "schema": table.schema}
    return context.connection.scalars(text(question), given).all()
