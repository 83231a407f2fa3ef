"""A row of each table is made, changed and deleted, on a copy of the tables: the database itself is only read.

The copy has the columns that the models name, without foreign keys, so that one row can stand alone, and without NOT
NULL, for models do not name each sequence that gives a value.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, NamedTuple

import pytest
from graphql import GraphQLInputObjectType, get_named_type, is_leaf_type, is_non_null_type
from pydantic import SecretStr
from sqlalchemy import Connection, MetaData, Table, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.schema import CreateSchema, CreateTable
from sqlalchemy.types import ARRAY, SchemaType, TypeEngine

from db.base import Base
from db.composites import CompositeType
from db.session.engines import Engines, create_engine
from db.views import is_view
from graph.context import ContextFactory
from graph.entity.ids import key_in
from graph.entity.registry import Entity
from graph.policies import ADMIN
from graph.settings import Settings
from graph.viewer import Viewer
from tests.application.conftest import DIALECT
from tests.application.test_tables import SAMPLED, SCHEMA, TYPES, entities
from tests.databases import Database

pytestmark = getattr(pytest.mark, DIALECT)
TESTER = Viewer("tester", frozenset({ADMIN}))
ERRORS = "errors { ... on UserError { code message path } }"


class Copy(NamedTuple):
    """An empty copy of the tables."""

    engines: Engines
    left_out: Mapping[str, str]
    """Tables that need more than a new database has, such as an extension; and the reason."""


@pytest.fixture
async def copy(blank_database: Database) -> AsyncIterator[Copy]:
    """An empty copy."""
    settings = Settings(database_url=SecretStr(blank_database.url))
    engine = create_engine(settings.direct, settings)
    async with engine.begin() as connection:
        left_out = await connection.run_sync(_make)
    await engine.dispose()
    engines = Engines(settings)
    yield Copy(engines, left_out)
    await engines.dispose()


def _make(connection: Connection) -> Mapping[str, str]:
    left_out = {}
    for table in Base.metadata.tables.values():
        try:
            with connection.begin_nested():
                _make_table(connection, table)
        except DBAPIError as error:
            left_out[str(table)] = str(error.orig)
    return left_out


def _make_table(connection: Connection, table: Table) -> None:
    if table.schema is not None:
        connection.execute(CreateSchema(table.schema, if_not_exists=True))
    copied = table.to_metadata(MetaData())
    for column in copied.columns:
        column.nullable = not column.primary_key
        _make_types(connection, column.type)
    connection.execute(CreateTable(copied, include_foreign_key_constraints=[]))


def _make_types(connection: Connection, type_: TypeEngine[Any]) -> None:
    """Make what a column's type is made of: enumerations, domains and composite types."""
    inner = type_.item_type if isinstance(type_, ARRAY) else type_
    composite: CompositeType | None = getattr(inner, "composite", None)
    if composite is not None:
        for part in composite.parts:
            _make_types(connection, part.type)
        _make_composite(connection, inner.compile(connection.dialect), composite)
    elif isinstance(inner, SchemaType):
        inner.create(connection, checkfirst=True)


def _make_composite(connection: Connection, name: str, type_: CompositeType) -> None:
    if connection.scalar(text("SELECT to_regtype(:name)"), {"name": name}) is not None:
        return
    if type_.schema is not None:
        connection.execute(CreateSchema(type_.schema, if_not_exists=True))
    quoted = connection.dialect.identifier_preparer.quote
    parts = [f"{quoted(it.name)} {it.type.compile(connection.dialect)}" for it in type_.parts]
    connection.exec_driver_sql(f"CREATE TYPE {name} AS ({', '.join(parts)})")


async def test_a_row_of_each_table_is_made_changed_and_deleted(
    settings: Settings, copy: Copy, subtests: pytest.Subtests
) -> None:
    engines = Engines(settings)
    for entity in filter(_is_made, entities()):
        with subtests.test(entity.name):
            await _try(entity, await _rows(entity, engines), copy)
    await engines.dispose()


def _is_made(entity: Entity) -> bool:
    """Whether there is a mutation that makes rows."""
    return not is_view(entity.mapper.local_table) and f"Create{entity.name}Input" in TYPES


async def _try(entity: Entity, rows: Sequence[Mapping[str, Any]], copy: Copy) -> None:
    reason = copy.left_out.get(str(entity.mapper.local_table))
    if reason is not None:
        pytest.skip(f"the table cannot be copied: {reason}")
    for row in rows:
        made = await _change(f"create{entity.name}", row, _member(entity), copy)
        if {error["code"] for error in made["errors"]} == {"INVALID_INPUT"}:
            continue  # the row was there before the rules of its inputs
        assert made["errors"] == []
        id_ = made[_member_name(entity)]["id"]
        given = {name: value for name, value in row.items() if name != "id"}
        assert (await _change(f"update{entity.name}", {**given, "id": id_}, _member(entity), copy))["errors"] == []
        gone = await _change(f"delete{entity.name}", {"id": id_}, "deletedId", copy)
        assert gone == {"deletedId": id_, "errors": []}
        return
    if rows:
        pytest.skip("inputs have rules that none of the first rows keeps")


async def _change(name: str, given: Mapping[str, Any], selection: str, copy: Copy) -> Any:
    """The payload of a mutation."""
    type_ = f"{name[0].upper()}{name[1:]}Input"
    operation = f"mutation ($input: {type_}!) {{ {name}(input: $input) {{ {selection} {ERRORS} }} }}"
    context = ContextFactory(copy.engines, viewer=TESTER)
    result = await SCHEMA.execute(operation, {"input": given}, context_value=context)
    assert result.data is not None, result.errors
    assert result.errors is None
    return result.data[name]


def _member_name(entity: Entity) -> str:
    return f"{entity.name[0].lower()}{entity.name[1:]}"


def _member(entity: Entity) -> str:
    return f"{_member_name(entity)} {{ id }}"


async def _rows(entity: Entity, engines: Engines) -> Sequence[Mapping[str, Any]]:
    """Some rows of the table as inputs, with those values that are shown as they are given."""
    taken = TYPES[f"Create{entity.name}Input"]
    assert isinstance(taken, GraphQLInputObjectType)
    names = [it.graphql_name for it in entity.attributes.values() if _is_given(taken, it.graphql_name)]
    needed = {name for name, field in taken.fields.items() if is_non_null_type(field.type)}
    if needed - {*names, "id"}:
        pytest.skip(f"inputs take {', '.join(needed - {*names, 'id'})} in another form than types show")
    fields = " ".join(["id", *names])
    query = f"{{ {entity.plural}(first: {SAMPLED}) {{ nodes {{ {fields} }} }} }}"
    result = await SCHEMA.execute(query, context_value=ContextFactory(engines))
    nodes = result.data[entity.plural]["nodes"] if result.data else []
    return [_input(entity, node, taken) for node in nodes if node is not None]


def _is_given(taken: GraphQLInputObjectType, name: str) -> bool:
    return name in taken.fields and is_leaf_type(get_named_type(taken.fields[name].type))


def _input(entity: Entity, node: Mapping[str, Any], taken: GraphQLInputObjectType) -> Mapping[str, Any]:
    """The values of a row; its `id` where somebody has to give one."""
    values = {name: value for name, value in node.items() if name != "id"}
    return values | ({"id": key_in(node["id"], entity)[0]} if "id" in taken.fields else {})
