"""Rows are told of by keys of every kind, and where classes share tables, each noun hears of its own rows."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import date
from typing import Any, TypeAlias
from uuid import UUID

import pytest
from pydantic import SecretStr
from sqlalchemy import Table, delete, insert, update

from db.changes import Batch, Kind, RowChange
from db.session.engines import Engines
from graph.app import create_app
from graph.following import row_changed
from graph.following.errors import ChangesGone
from graph.following.rows import NounRows
from graph.settings import Settings
from tests.databases import Database, settings_for
from tests.db.changes.logs import make
from tests.explorer.serving import serving
from tests.following import yard
from tests.following.conftest import Follow, Follower
from tests.live_queries.conftest import CALM, Shown

TABLES: dict[str, Table] = dict(yard.Base.metadata.tables)
FIELD = "subscription ($after: String) { %s(after: $after) { kind id node { %s } position } }"
NEVER = date(2020, 2, 29)

World: TypeAlias = tuple[Shown, Callable[..., Awaitable[None]]]


@pytest.fixture
async def world(blank_database: Database) -> AsyncIterator[World]:
    """A server over the yard, and a way to change it."""
    engines = Engines(settings_for(blank_database))
    await make(engines, yard.Base.metadata)
    settings = Settings(database_url=SecretStr(blank_database.url), **CALM)

    async def write(*statements: Any) -> None:
        async with engines.writing().begin() as connection:
            for statement in statements:
                await connection.execute(statement)

    async with AsyncExitStack() as stack:
        app = create_app(settings, domain=yard.DOMAIN, is_alone=False)
        yield Shown(await stack.enter_async_context(serving(app)), app, {}), write
    await engines.dispose()


async def heard(someone: Follower, count: int) -> list[tuple[str, Any]]:
    return [(event["kind"], event["node"]) for event in await someone.events(count)]


async def test_keys_of_several_values_and_wide_ones(world: World, follow: Follow) -> None:
    shown, write = world
    someone = await follow(shown)
    await someone.begin(shown, FIELD % ("shelvesChanged", "id label"))
    keys = [{"side": side, "number": number, "since": NEVER} for side in ("a", "b,c") for number in (-1, 2**63 - 1)]
    shelves = TABLES["shelves"]
    await write(*(insert(shelves).values(**key, label=str(at)) for at, key in enumerate(keys)))
    events = await someone.events(4)
    assert [event["node"] for event in events] == [
        {"id": event["id"], "label": str(at)} for at, event in enumerate(events)
    ]
    await someone.begin(
        shown, "subscription ($id: ID!) { shelfChanged(id: $id) { kind node { label } } }", "b", id=events[3]["id"]
    )
    await someone.client.complete("a")
    last = keys[3]
    await write(
        update(shelves).where(shelves.c.number == -1).values(label="x"),
        update(shelves).where(*(shelves.c[name] == value for name, value in last.items())).values(label="y"),
    )
    while (message := await someone.client.next())["id"] != "b":
        pass
    assert message["payload"]["data"] == {"shelfChanged": {"kind": "UPDATED", "node": {"label": "y"}}}


async def test_a_row_whose_key_changes_is_one_that_goes_and_one_that_comes(world: World, follow: Follow) -> None:
    shown, write = world
    someone, crates = await follow(shown), TABLES["crates"]
    await someone.begin(shown, FIELD % ("cratesChanged", "id"))
    await write(insert(crates).values(id=UUID(int=1), label="a"))
    (first,) = await someone.events(1)
    await write(update(crates).values(id=UUID(int=2)))
    events = await someone.events(2)
    assert {event["kind"]: event["id"] for event in events}["GONE"] == first["id"] == first["node"]["id"]
    assert {event["kind"] for event in events} == {"GONE", "CREATED"}


async def test_a_change_in_the_table_of_the_base_is_one_of_the_row(world: World, follow: Follow) -> None:
    shown, write = world
    saws, machines = await follow(shown), await follow(shown)
    await saws.begin(shown, FIELD % ("sawsChanged", "name teeth"))
    await machines.begin(shown, FIELD % ("machinesChanged", "name"))
    of_all, of_saws = TABLES["machines"], TABLES["saws"]
    both = [insert(of_all).values(id=1, kind="saw", name="a"), insert(of_saws).values(machine_id=1, teeth=8)]
    await write(*both, insert(of_all).values(id=2, kind="machine", name="drill"))
    assert await heard(saws, 1) == [("CREATED", {"name": "a", "teeth": 8})]
    assert await heard(machines, 2) == [("CREATED", {"name": "a"}), ("CREATED", {"name": "drill"})]
    await write(update(of_all).values(name="b"))  # of both: one is no saw
    assert await heard(saws, 1) == [("UPDATED", {"name": "b", "teeth": 8})]
    assert await heard(machines, 2) == [("UPDATED", {"name": "b"})] * 2
    await write(update(of_saws).values(teeth=9), delete(of_all).where(of_all.c.id == 2))
    assert await heard(saws, 1) == [("UPDATED", {"name": "b", "teeth": 9})]
    assert await heard(machines, 1) == [("GONE", None)]
    await write(delete(of_saws), delete(of_all))
    assert await heard(saws, 1) == [("GONE", None)]
    assert await heard(machines, 1) == [("GONE", None)]


async def test_of_one_table_for_all_each_class_hears_of_its_own_rows(world: World, follow: Follow) -> None:
    shown, write = world
    dogs, animals = await follow(shown), TABLES["animals"]
    await dogs.begin(shown, FIELD % ("dogsChanged", "name"))
    await write(
        insert(animals).values(id=1, kind="animal", name="cat"), insert(animals).values(id=2, kind="dog", name="a")
    )
    assert await heard(dogs, 1) == [("CREATED", {"name": "a"})]
    await write(update(animals).values(name="b"))  # of both
    assert await heard(dogs, 1) == [("UPDATED", {"name": "b"})]
    await write(update(animals).where(animals.c.id == 1).values(kind="dog"))
    assert await heard(dogs, 1) == [("UPDATED", {"name": "b"})]


def test_a_change_whose_row_is_not_known_ends_with_resync() -> None:
    rows = NounRows(row_changed(yard.CrateType).rows.entity)
    for key, kind in (((), Kind.TRUNCATE), (("no uuid",), Kind.UPDATE), (("1", "2"), Kind.UPDATE)):
        with pytest.raises(ChangesGone):
            rows.changed(Batch(1, (RowChange("crates", key, kind),)))
    assert rows.changed(Batch(1, (RowChange("shelves", (), Kind.TRUNCATE),))) == []
