"""The doctor's statements are those of the database's own log: PostgreSQL's file, SQLite's trace."""

import os
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from sqlalchemy import event

from db import demo
from db.session.engines import Engines
from db.settings import DatabaseSettings
from graph.policies import visibility
from graph.testing.postgresql import ENVIRONMENT_VARIABLE
from graph.testing.runs import Run
from graph.viewer import Viewer
from tests.doctor.asking import Doctor
from tests.mutations.asking import SCHEMA

ENTRY = re.compile(r"^\S+ \S+ \S+ \[(?P<process>\d+)\] (?P<level>[A-Z]+):  (?P<text>.*(?:\n\t.*)*)", re.MULTILINE)
LOGGED = re.compile(r"(?:statement|execute [^:]+): (.*)", re.DOTALL)

OF_SQLITE_ITSELF = re.compile(r"'main'\.|^PRAGMA \S*data_version", re.IGNORECASE)
"""What full-text search does among its own tables."""

POST = """mutation ($input: CreatePostInput!) { createPost(input: $input) {
  post { title tags { nodes { name } } } errors { ... on UserError { message } } } }"""

ADA = Viewer(1, frozenset({"admin"}))

OPERATIONS: dict[str, tuple[str, dict[str, Any] | None]] = {
    "a list with its relations": (
        "{ posts(first: 3) { nodes { title author { name } tags { nodes { name posts { totalCount } } } } } }",
        None,
    ),
    "one look-up": ('{ tag(slug: "pruning") { name } }', None),
    "a filter with a count": ('{ posts(where: {title: {contains: "a"}}) { totalCount nodes { title } } }', None),
    "aggregates": ("{ ordersAggregate { count } usersAggregate { count max { name } } }", None),
    "groups": ("{ postsAggregate { groupBy(by: [{value: STATUS}]) { nodes { key { status } count } } } }", None),
    "a search": ('{ search(text: "roses wall", first: 3) { totalCount nodes { title } } }', None),
    "an interface": (
        "query ($ids: [ID!]!) { nodes(ids: $ids) { id ... on Tag { name } ... on User { posts { totalCount } } } }",
        {"ids": []},
    ),
    "a change with links": (
        POST,
        {"input": {"title": "New", "content": "Dig.", "tags": {"add": [{"slug": "pruning"}]}}},
    ),
    "a change that is refused": (
        POST,
        {"input": {"title": "New", "content": "Dig.", "tags": {"add": [{"slug": "no such tag"}]}}},
    ),
    "many rows at once": (
        'mutation { upsertTags(input: {tags: [{slug: "a", name: "A"}, {slug: "b", name: "B"}]}) {'
        " errors { ... on UserError { message } } } }",
        None,
    ),
}


class Heard(NamedTuple):
    """What a database says that it was sent."""

    read: Callable[[], list[str]]
    """Everything so far."""
    is_literal: bool
    """Whether statements are as they were sent; SQLite fills their values in."""


@pytest.fixture
async def doctor(settings: DatabaseSettings) -> AsyncIterator[Doctor]:
    """A doctor who works over one connection, on the demo."""
    engines = Engines(settings.model_copy(update={"pool_size": 1, "pool_max_overflow": 0}))
    await demo.fill(engines, scale=1)
    await engines.dispose()
    yield Doctor(SCHEMA, engines, ADA, visibility(ADA))
    await engines.dispose()


@pytest.fixture
def heard(doctor: Doctor, trellis_run: Run) -> Heard:
    """The database's own log of the one connection."""
    if doctor.engines.dialect == "sqlite":
        return of_sqlite(doctor.engines)
    if ENVIRONMENT_VARIABLE in os.environ:
        pytest.skip("the log of somebody else's server cannot be read")
    return of_postgresql(doctor.engines, trellis_run.folder / "log")


def of_sqlite(engines: Engines) -> Heard:
    statements: list[str] = []

    def note(sql: str) -> None:
        fired = sql.startswith("INSERT") and [sql] == statements[-1:]  # triggers repeat what fires them
        if not fired and not OF_SQLITE_ITSELF.search(sql):
            statements.append(sql)

    @event.listens_for(engines.primary.sync_engine, "connect")
    def listen(connection: Any, _record: object) -> None:
        connection.run_async(lambda driver: driver.set_trace_callback(note))

    return Heard(lambda: statements, is_literal=False)


def of_postgresql(engines: Engines, log: Path) -> Heard:
    processes: set[str] = set()

    @event.listens_for(engines.primary.sync_engine, "connect")
    def listen(connection: Any, _record: object) -> None:
        cursor = connection.cursor()
        cursor.execute("SELECT pg_backend_pid(), set_config('log_statement', 'all', false)")
        processes.add(str(cursor.fetchall()[0][0]))
        connection.commit()

    def read() -> list[str]:
        entries = ENTRY.finditer(log.read_text())
        texts = [entry["text"] for entry in entries if entry["process"] in processes and entry["level"] == "LOG"]
        return [found[1].replace("\n\t", "\n") for text in texts if (found := LOGGED.fullmatch(text))]

    return Heard(read, is_literal=True)


@pytest.mark.parametrize("name", OPERATIONS)
async def test_the_doctor_tells_what_the_log_of_the_database_tells(name: str, doctor: Doctor, heard: Heard) -> None:
    document, variables = OPERATIONS[name]
    found = await doctor("{ tags(first: 2) { nodes { id } } users(first: 2) { nodes { id } } }")  # opens the connection
    if variables == {"ids": []}:
        variables = {"ids": [node["id"] for part in found.data.values() for node in part["nodes"]]}
    for _ in range(3):  # through SQLAlchemy, and past it
        before = len(heard.read())
        examined = await doctor(document, variables)
        logged, told = heard.read()[before:], [statement["sql"] for statement in examined.statements]
        if heard.is_literal:
            assert told == logged
        assert [first_word(sql) for sql in told] == [first_word(sql) for sql in logged]
        assert examined.doctor["totals"]["statements"] == len(logged)


def first_word(sql: str) -> str:
    return sql.split()[0].upper()
