"""Trellis's own tables, as tests name and make them."""

from sqlalchemy import Connection, inspect
from sqlalchemy.schema import CreateSchema

from db.dialects import dialect_of
from db.dialects.own_names import PREFIX
from db.own import Feature, own_tables

SCHEMA = "trellis"
"""As the settings have it, unless they say otherwise."""


def named(table: str, dialect: str) -> str:
    """A table of ours as statements have it."""
    schema = dialect_of(dialect).connections.own_schema(SCHEMA)
    return f"{PREFIX}{table}" if schema is None else f"{schema}.{table}"


def names_of(connection: Connection) -> set[str]:
    """The tables of ours that there are, by the names that statements have."""
    dialect = connection.dialect.name
    schema = dialect_of(dialect).connections.own_schema(SCHEMA)
    found = inspect(connection).get_table_names(schema)
    return {name for name in found if name.startswith(PREFIX)} if schema is None else {f"{schema}.{it}" for it in found}


def make_own_tables(connection: Connection) -> None:
    """All of them, without a history."""
    schema = dialect_of(connection.dialect.name).connections.own_schema(SCHEMA)
    if schema is not None:
        connection.execute(CreateSchema(schema, if_not_exists=True))
    own_tables(tuple(Feature), schema).create_all(connection)
