"""Worlds: a database, and for each viewer the same database without what that viewer may not see.

Whoever asks must not be able to tell them apart. The rows are those of the demo, with a few entries of the record of
changes; their ids are the same everywhere. Foreign keys are left away: in a shorn world, a transfer that a viewer sees
has an account that is not there.
"""

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import takewhile
from typing import Any, cast

from graphql import GraphQLInterfaceType, OperationType, build_schema
from sqlalchemy import Connection, ForeignKeyConstraint, MetaData, Table, and_, delete, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from db import demo, search_index
from db.base import Base
from db.dialects.own_names import bare
from db.models import AuditEntry
from db.session.engines import Engines
from db.statements import StatementCache
from graph.context import ContextFactory
from graph.entity.ids import encode_id
from graph.entity.registry import Entity, entity_named
from graph.policies import visibility
from graph.prepare.documents import OperationRequest
from graph.schema import make_schema
from graph.settings import Settings
from graph.viewer import Viewer
from tests.databases import Database
from tests.entity.serving import settings_of
from tests.execute.agreement.comparing import Answer, answer_of
from tests.own_tables import make_own_tables
from tests.policies.seen import Rows, may_see, may_see_email

SCHEMA = make_schema(
    Settings.model_construct(max_statements=10_000, max_rows=10**9, max_values=10**9, max_work=10**9, max_fields=10**6)
)
"""With room for documents that ask for everything at once."""
GRAPHQL = build_schema(SCHEMA.as_str())

KINDS = (OperationType.QUERY, OperationType.MUTATION)
STATEMENTS = StatementCache(100_000)
"""Shared by all worlds and all viewers, as a server shares them."""
TABLES: Mapping[str, Table] = {**Base.metadata.tables, "audit_entries": cast(Table, AuditEntry.__table__)}
"""Those whose rows the schema shows, and those between them."""
BEFORE = 300
"""How many characters before the first difference are shown, and how many behind it."""
AUDITED = ((1, "user:1"), (3, "user:3"), (13, "user:13"), (None, "key:2"))


def entities() -> list[Entity]:
    """Every entity of the schema, found in the schema itself: one that is added later is among them."""
    node = GRAPHQL.type_map["Node"]
    assert isinstance(node, GraphQLInterfaceType)
    return [entity_named(type_.name, Base.registry) for type_ in GRAPHQL.get_possible_types(node)]


def table_of(entity: Entity) -> str:
    """The name of the table of an entity's rows."""
    return bare(entity.mapper.local_table.name)  # type: ignore[attr-defined]  # a table, for our models


@dataclass(frozen=True)
class World:
    """One database."""

    engines: Engines

    async def answer(self, viewer: Viewer, text: str, variables: Mapping[str, Any] | None = None) -> Answer:
        """What a viewer is told."""
        context = ContextFactory(self.engines, viewer=viewer, visible=visibility(viewer), statements=STATEMENTS)
        result = await SCHEMA.operations.answer(OperationRequest(text, dict(variables or {})), context, KINDS)
        answer = answer_of(result, 0)
        return answer._replace(data=json.loads(json.dumps(answer.data, default=datetime.isoformat)))

    async def data(self, viewer: Viewer, text: str, **variables: Any) -> Any:
        """What a viewer is told, which must be without errors."""
        answer = await self.answer(viewer, text, variables)
        assert not answer.problems, (answer.problems, text)
        return answer.data

    async def rows(self) -> Rows:
        """Everything that there is."""
        async with self.engines.primary.connect() as connection:
            return await _rows(connection)


@dataclass(frozen=True)
class Worlds:
    """What there is, and what there is as far as a viewer may know."""

    whole: World
    shorn: Mapping[str, World]
    """By the name of the viewer."""
    rows: Rows

    async def differ(self, name: str, viewer: Viewer, text: str, variables: Mapping[str, Any] | None = None) -> str:
        """How the viewer could tell the worlds apart by this operation; nothing if they cannot."""
        whole = await self.whole.answer(viewer, text, variables)
        shorn = await self.shorn[name].answer(viewer, text, variables)
        shown = [f"{json.dumps(answer.data)}\n{answer.problems}" for answer in (whole, shorn)]
        if shown[0] == shown[1]:
            return ""
        same = takewhile(lambda pair: pair[0] == pair[1], zip(*shown, strict=False))
        start = max(0, sum(1 for _ in same) - BEFORE)
        parts = [answer[start : start + 2 * BEFORE] for answer in shown]
        return f"{text[:10_000]}\n{variables}\nwhole: …{parts[0]}…\nshorn: …{parts[1]}…"

    def ids(self, entity: Entity, viewer: Viewer | None = None) -> list[str]:
        """The ids of an entity's rows; of those that a viewer may see."""
        table = table_of(entity)
        seen = (row for row in self.rows[table] if viewer is None or may_see(viewer, table, row, self.rows))
        return [encode_id(entity, tuple(row[column.name] for column in entity.mapper.primary_key)) for row in seen]


async def make_whole(database: Database) -> None:
    """Put everything into an empty database."""
    engines = Engines(settings_of(database))
    try:
        async with engines.writing().begin() as connection:
            await connection.run_sync(_without_references().create_all)
            await connection.run_sync(make_own_tables)
            await connection.run_sync(_index_texts)
        await demo.fill(engines, scale=1)
        async with engines.writing().begin() as connection:
            await connection.execute(insert(AuditEntry), _audit_entries())
    finally:
        await engines.dispose()


async def shear(database: Database, viewer: Viewer) -> None:
    """Take out of a whole world what a viewer may not see, and put other values where values are hidden."""
    engines = Engines(settings_of(database))
    try:
        async with engines.writing().begin() as connection:
            rows = await _rows(connection)
            for user in rows["users"]:
                if not may_see_email(viewer, user):
                    users = Base.metadata.tables["users"]
                    changed = update(users).where(users.c.id == user["id"])
                    email = f"{user['id']}@nowhere.example"
                    await connection.execute(changed.values(email=email, updated_at=user["updated_at"]))
            for name in rows:
                if name in _SHORN:
                    hidden = [row for row in rows[name] if not may_see(viewer, name, row, rows)]
                    await _remove(connection, name, hidden)
    finally:
        await engines.dispose()


_SHORN = ("posts", "documents", "orders", "order_lines", "accounts", "transfers", "roles", "audit_entries")
"""The tables of which rows can be hidden."""


async def _remove(connection: AsyncConnection, name: str, hidden: Sequence[Mapping[str, Any]]) -> None:
    """Delete rows of a table, and what tables of pairs say of them."""
    table = TABLES[name]
    mapped = {mapper.local_table for mapper in Base.registry.mappers}
    keys = list(table.primary_key.columns)
    for other in Base.metadata.tables.values():
        for reference in other.foreign_key_constraints:
            if other not in mapped and reference.referred_table is table:
                (column,) = reference.columns
                gone = [row[keys[0].name] for row in hidden]
                await connection.execute(delete(other).where(column.in_(gone)))
    wanted = [and_(*(column == row[column.name] for column in keys)) for row in hidden]
    if wanted:
        await connection.execute(delete(table).where(or_(*wanted)))


async def _rows(connection: AsyncConnection) -> Rows:
    found = {}
    for name, table in TABLES.items():
        found[name] = [dict(row) for row in (await connection.execute(select(table))).mappings()]
    return found


def _without_references() -> MetaData:
    metadata = MetaData(naming_convention=Base.metadata.naming_convention)
    for table in Base.metadata.sorted_tables:
        copied = table.to_metadata(metadata)
        copied.constraints -= {one for one in copied.constraints if isinstance(one, ForeignKeyConstraint)}
        copied.indexes.clear()  # copies forget which database they are for
    return metadata


def _index_texts(connection: Connection) -> None:
    def execute(statement: str) -> None:
        connection.exec_driver_sql(statement)

    search_index.create(connection.dialect.name, execute)


def _audit_entries() -> list[dict[str, Any]]:
    moment = datetime(2025, 6, 1, tzinfo=UTC)
    return [
        {
            "id": uuid.UUID(int=at),
            "action": "createPost",
            "actor": actor,
            "user_id": None if number is None else str(number),
            "user_number": number,
            "input": {"title": f"Post {at}"},
            "object_ids": ["UG9zdDox"],
            "request_id": f"request {at}",
            "created_at": moment,
        }
        for at, (number, actor) in enumerate(AUDITED)
    ]
