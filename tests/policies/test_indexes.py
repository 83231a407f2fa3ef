"""What may be seen is found by indexes: no statement of everyday life reads a whole table because of a policy."""

from typing import Any, NamedTuple

import pytest
from sqlalchemy import Engine, event, text

from db import demo
from db.session.engines import Engines
from graph.viewer import NOBODY, Viewer
from tests.policies.worlds import World

SCALE = 60
"""So many rows that PostgreSQL prefers an index: 3,600 posts, 2,400 orders, 4,500 transfers."""

CUSTOMER, AUTHOR, HOLDER = (Viewer(number, frozenset({"member"})) for number in (13, 5, 14))


class Scans(NamedTuple):
    """How the statements of an operation come to rows."""

    plans: tuple[str, ...]

    def reads_whole(self, table: str) -> bool:
        """Whether one of them reads a table from end to end."""
        return any(f"Seq Scan on {table}" in plan for plan in self.plans)


@pytest.fixture
async def large(engines: Engines) -> World:
    await demo.fill(engines, scale=SCALE)
    async with engines.writing().connect() as connection:
        await (await connection.execution_options(isolation_level="AUTOCOMMIT")).execute(text("ANALYZE"))
    return World(engines)


async def scans(world: World, viewer: Viewer, document: str) -> Scans:
    """The plans of what an operation sends."""
    sent: list[tuple[str, Any]] = []

    def record(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.lstrip().upper().startswith("SELECT"):
            sent.append((statement, parameters))

    event.listen(Engine, "before_cursor_execute", record)
    try:
        answer = await world.answer(viewer, document)
    finally:
        event.remove(Engine, "before_cursor_execute", record)
    assert not answer.problems, answer.problems
    plans = []
    async with world.engines.primary.connect() as connection:
        raw: Any = (await connection.get_raw_connection()).driver_connection
        for statement, parameters in sent:
            lines = await raw.fetch(f"EXPLAIN {statement}", *parameters)
            plans.append("\n".join(line[0] for line in lines))
    return Scans(tuple(plans))


EVERYDAY = {
    "posts, the newest first, for nobody": (
        NOBODY,
        "posts",
        "{ posts(first: 20, orderBy: [{publishedAt: DESC}]) { nodes { title author { name } } } }",
    ),
    "posts, the newest first, for an author": (
        AUTHOR,
        "posts",
        "{ posts(first: 20, orderBy: [{publishedAt: DESC}]) { nodes { title author { name } } } }",
    ),
    "own orders": (
        CUSTOMER,
        "orders",
        "{ orders(first: 20, orderBy: [{createdAt: DESC}]) { nodes { id } totalCount } }",
    ),
    "the lines of own orders": (
        CUSTOMER,
        "order_lines",
        "{ orders(first: 20) { nodes { lines { nodes { description } } } } }",
    ),
    "the transfers of own accounts": (
        HOLDER,
        "transfers",
        "{ accounts { nodes { outgoingTransfers(first: 5) { nodes { amount } } } } }",
    ),
    "own transfers": (
        HOLDER,
        "transfers",
        "{ transfers(first: 20, orderBy: [{createdAt: DESC}]) { nodes { amount } } }",
    ),
    "own documents": (Viewer(15), "documents", "{ documents { nodes { title } } }"),
    "a user by the own address": (
        CUSTOMER,
        "users",
        '{ user(email: "maeve.byrne@example.org") { name } }',
    ),
}


@pytest.mark.postgresql
async def test_everyday_statements_read_no_whole_table(large: World) -> None:
    for name, (viewer, table, document) in EVERYDAY.items():
        found = await scans(large, viewer, document)
        assert found.plans, name
        assert not found.reads_whole(table), "\n".join((name, *found.plans))
