"""What the API shows of each table is what plain SQL reads: how many rows there are, and what is in some of them."""

import math
import re
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

import pytest
from graphql import build_schema, get_named_type, is_leaf_type, is_object_type
from sqlalchemy import and_, column, func, select
from sqlalchemy.ext.asyncio import AsyncConnection
from strawberry.scalars import JSON

from db import kinds
from db.base import Base
from db.relations import comparable
from db.session.engines import Engines, create_engine
from graph.context import ContextFactory
from graph.entity.ids import key_in
from graph.entity.registry import Entity, entity_of_model
from graph.schema import make_schema
from graph.settings import Settings

SCHEMA = make_schema()
TYPES = build_schema(SCHEMA.as_str()).type_map
SAMPLED = 20
COMPARED = (str, bool, int, float, Decimal, datetime, date, time, UUID)
"""Types whose values are compared; of others, whether there is one."""


def entities() -> Sequence[Entity]:
    """What is shown of the database's own tables, by name; those of Trellis have no rows there to compare with."""
    theirs = [*Base.metadata.tables.values()]
    found = [entity_of_model(mapper) for mapper in Base.registry.mappers if mapper.local_table in theirs]
    return sorted(found, key=lambda entity: entity.name)


def query(entity: Entity, without: Collection[str]) -> str:
    """A page of a list, with all values of the table itself."""
    page = f"first: {SAMPLED}" if entity.key else f"limit: {SAMPLED}"
    fields = " ".join(["id"] * bool(entity.key) + [_field(entity, it) for it in entity.attributes if it not in without])
    return f"{{ {entity.plural}({page}) {{ totalCount nodes {{ __typename {fields} }} }} }}"


def _field(entity: Entity, name: str) -> str:
    """A field; of an object, its type is asked for."""
    found = TYPES[entity.name]
    assert is_object_type(found)
    return name if is_leaf_type(get_named_type(found.fields[name].type)) else f"{name} {{ __typename }}"


async def test_each_table_is_shown_as_plain_sql_reads_it(settings: Settings, subtests: pytest.Subtests) -> None:
    engines, plain = Engines(settings), create_engine(settings.direct, settings)
    async with plain.connect() as connection:
        for entity in entities():
            with subtests.test(entity.name):
                await _compare(entity, engines, connection)
    await engines.dispose()
    await plain.dispose()


async def _compare(entity: Entity, engines: Engines, connection: AsyncConnection) -> None:
    page, unreadable = await _page(entity, engines)
    counted = select(func.count()).select_from(entity.mapper.local_table)
    count: int = (await connection.execute(counted)).scalar_one()
    assert page["totalCount"] == count
    assert len(page["nodes"]) == min(count, SAMPLED)
    if not entity.key:
        return
    for node in page["nodes"]:
        held = await _row(entity, key_in(node["id"], entity), connection)
        for name, attribute in entity.attributes.items():
            if name not in unreadable:
                assert same(node[name], held[name], attribute.type), (node["id"], name)


async def _page(entity: Entity, engines: Engines) -> tuple[Any, Collection[str]]:
    """The page, and the fields whose values no type of Python can hold: each is an error that says so."""
    unreadable: set[str] = set()
    while True:
        result = await SCHEMA.execute(query(entity, unreadable), context_value=ContextFactory(engines))
        codes = {(error.extensions or {}).get("code") for error in result.errors or ()}
        assert codes <= {"UNREADABLE_VALUE"}, result.errors
        if result.data is not None and not result.errors:
            return result.data[entity.plural], unreadable
        unreadable |= {_field_of(error.path) for error in result.errors or () if error.path}


def _field_of(path: Sequence[str | int]) -> str:
    """The field that an error is in; of a list, the number of an element stands behind it."""
    return next(part for part in reversed(path) if isinstance(part, str))


async def _row(entity: Entity, key: Sequence[Any], connection: AsyncConnection) -> Mapping[str, Any]:
    """The values of one row, as the driver gives them, by their names in GraphQL."""
    columns = [_held(entity, it.name).label(f"c{number}") for number, it in enumerate(entity.attributes.values())]
    keys = [entity.mapper.column_attrs[name].columns[0] for name in entity.key]
    # Moments are stored in several forms on SQLite.
    chosen = and_(*(comparable(held) == value for held, value in zip(keys, key, strict=True)))
    row = (await connection.execute(select(*columns).select_from(entity.mapper.local_table).where(chosen))).one()
    return dict(zip(entity.attributes, row, strict=True))


def _held(entity: Entity, name: str) -> Any:
    """A column without its type, or what the database computes of the row."""
    stored = entity.mapper.column_attrs.get(name)
    return getattr(entity.mapper.class_, name) if stored is None else column(stored.columns[0].name)


def same(shown: Any, held: Any, type_: Any) -> bool:
    """Whether what the API shows is what a driver has read."""
    if shown is None or held is None:
        return shown is held or (type_ is JSON and held == "null")  # documents have a null of their own
    if isinstance(type_, type) and issubclass(type_, Enum):
        return str(type_[shown].value) == str(held)
    if getattr(type_, "__module__", "") == kinds.__name__:
        return True  # the driver gives addresses and the like as objects of its own
    type_ = getattr(type_, "__supertype__", type_)  # such as BigInt
    if type_ not in COMPARED:
        return True
    if type_ is bool:
        return bool(held) is shown
    if type_ in (int, Decimal):
        return _decimal(shown) == _decimal(held) or _close(shown, _decimal(held))
    if type_ is float:
        return _close(shown, held)
    if type_ is datetime:
        return _moment(shown) == _moment(held)
    if isinstance(held, bytes):  # a single character of PostgreSQL's own type "char"
        held = held.decode()
    return str(shown).rstrip(" ").lower() == str(held).rstrip(" ").lower()  # CHAR(n) is filled up with blanks


def _decimal(value: Any) -> Decimal:
    """A number; money is read as a text, with the sign of its currency."""
    return Decimal(re.sub(r"[^\d.+-]", "", value) if isinstance(value, str) and "$" in value else str(value))


def _close(shown: Any, held: Any) -> bool:
    return math.isclose(float(shown), float(held), rel_tol=1e-6)


def _moment(value: Any) -> datetime:
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
