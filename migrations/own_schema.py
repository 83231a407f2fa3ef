"""The schema that keeps Trellis's own tables on PostgreSQL: seen to before revisions of ours run.

A connection and a name enter; the schema is there and ours afterwards, or `Refused` says why not. No table is made.
"""

from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, inspect, text
from sqlalchemy.schema import CreateSchema

from db.dialects.own_names import bare
from db.own.place import VersionTable
from db.refusals import ForeignSchema, NoSchema

_RIGHTS = "SELECT {}, quote_ident({}), quote_ident(current_user)"
_MAY_MAKE_SCHEMAS = text(_RIGHTS.format("has_database_privilege(current_database(), 'CREATE')", "current_database()"))
_MAY_MAKE_TABLES = text(_RIGHTS.format("has_schema_privilege(:schema, 'CREATE, USAGE')", ":schema"))


OWN_SCHEMA = "trellis_own_schema"
"""The option of alembic's context that says in which schema our own tables are; None: in none of their own."""


def has_own_table(context: MigrationContext, name: str) -> bool:
    """Whether a table of ours is there, by its name with the prefix: for revisions of applications."""
    schema = context.opts[OWN_SCHEMA]
    assert context.connection is not None
    return inspect(context.connection).has_table(name if schema is None else bare(name), schema)


def see_to_schema(connection: Connection, history: VersionTable) -> None:
    """Make the schema where it is missing. Leaves the connection without a transaction.

    Raises `NoSchema`, and `ForeignSchema` for one with tables of others.
    """
    schema, inspector = str(history.schema), inspect(connection)
    if not inspector.has_schema(schema):
        _allowed(connection, history, None)
        connection.execute(CreateSchema(schema))
    elif not inspector.has_table(history.name, schema):
        others = [*inspector.get_table_names(schema), *inspector.get_view_names(schema)]
        if others:
            raise ForeignSchema(schema, sorted(others))
        _allowed(connection, history, schema)
    connection.commit()


def _allowed(connection: Connection, history: VersionTable, schema: str | None) -> None:
    question = _MAY_MAKE_SCHEMAS if schema is None else _MAY_MAKE_TABLES
    may, where, role = connection.execute(question, {"schema": schema} if schema else {}).one()
    if not may:
        right = f"CREATE ON DATABASE {where}" if schema is None else f"CREATE, USAGE ON SCHEMA {where}"
        raise NoSchema(str(history.schema), f"GRANT {right} TO {role}")
