"""Whatever fails, what others ask next on the one connection of the pool is answered, and a change is kept or is not.

Each way in which a statement fails goes each road that a statement can take.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from datetime import datetime, time
from typing import Any, NamedTuple, cast

import pytest
from sqlalchemy import (
    Enum,
    Executable,
    Integer,
    Select,
    String,
    Table,
    Time,
    bindparam,
    event,
    func,
    insert,
    literal,
    select,
    text,
    type_coerce,
)
from sqlalchemy.exc import DBAPIError, IntegrityError

from db import models
from db.base import UtcDateTime
from db.dialects.interface import FunctionName
from db.fast import CompiledStatement
from db.session import DeadlineExceeded, Mode, RequestSession
from db.session.engines import Engines
from tests.databases import Database, settings_for
from tests.db.session.test_engines import kill_unnoticed
from tests.db.session.test_session import add_tag
from tests.db.session.test_session_ends import ENDLESS, under_way

ONE = {"pool_size": 1, "pool_max_overflow": 0, "pool_timeout_s": 5.0}
TAGS = cast(Table, models.Tag.__table__)
COUNTED = CompiledStatement(select(func.count()).select_from(models.Tag))
NAMED = CompiledStatement(select(models.Tag.name).where(models.Tag.slug == bindparam("slug", type_=String())))

SERVER_STATES = ("08006", "40001", "53200", "P0001", "XX000")


class Failing(NamedTuple):
    """A statement that fails."""

    name: str
    statement: Executable
    values: Mapping[str, Any] = {}
    changes: bool = False
    """Whether it fails in a change alone."""


def raising(state: str) -> Failing:
    """An error that the server reports with this state."""
    return Failing(state, text(f"DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{state}'; END $$"))


def sent_as(type_: Any) -> Executable:
    return select(func.coalesce(bindparam("it", type_=type_), literal(None, type_)))


EVERYWHERE = (
    Failing("syntax", text("SELEC 1")),
    Failing("no table", text("SELECT * FROM nothing")),
    Failing("a value that SQLAlchemy cannot convert", sent_as(UtcDateTime()), {"it": datetime(2024, 1, 1)}),  # noqa: DTZ001 - it is to fail
    Failing("a value of no known type", text("SELECT :it"), {"it": object()}),
    Failing("a value of too many digits", sent_as(Integer()), {"it": 2**70}),
    Failing("half a character", sent_as(String()), {"it": "\ud800"}),
    Failing("a value is missing", text("SELECT :it")),
    Failing("a word that no member has", select(type_coerce(literal("x"), Enum("a", "b", native_enum=False)))),
    Failing("twice", insert(models.Tag).values(name="b", slug="first"), changes=True),
    Failing("null", text("INSERT INTO tags (name, slug) VALUES ('b', NULL)"), changes=True),
)
OF_ONE = {
    "postgresql": (
        *EVERYWHERE,
        *map(raising, SERVER_STATES),
        Failing("a time without its zone", sent_as(Time(timezone=True)), {"it": time(12)}),
        Failing("a text for a number", sent_as(Integer()), {"it": "x"}),
        Failing("a range", text("SELECT CAST(:it AS int4range)"), {"it": 5}),
        Failing("a domain", text("SELECT CAST(:it AS positive)"), {"it": "x"}),
        Failing("outside of a domain", text("SELECT CAST(CAST(:it AS integer) AS positive)"), {"it": -1}),
        Failing("an array", text("SELECT CAST(:it AS integer[])"), {"it": ["x"]}),
        Failing("a value that cannot be decoded", text("SELECT CAST('10.0.0.1' AS inet)")),
        Failing("divided by zero", text("SELECT 1 / 0")),
        Failing("the end of the connection", text("SELECT pg_terminate_backend(pg_backend_pid())")),
    ),
    "sqlite": (
        *EVERYWHERE,
        Failing("an error in Python", text(f"SELECT {FunctionName.JSON_AT}('no JSON', '[]')")),
        Failing("too big", text("SELECT zeroblob(2000000000)")),
        Failing("a text for a key", text("INSERT INTO nodes (id) VALUES ('x')"), changes=True),
    ),
}


Road = Callable[[Engines, Failing], Awaitable[object]]


# Roads


def use(rows: Iterable[Iterable[object]]) -> None:
    """Use all values. Raises `UnreadableValue` for one that could not be read."""
    for row in rows:
        list(map(str, row))


async def single(engines: Engines, failing: Failing, mode: Mode = Mode.SINGLE) -> None:
    async with RequestSession(engines, mode) as session:
        use(await session.rows(failing.statement, failing.values))


async def current(engines: Engines, failing: Failing) -> None:
    await single(engines, failing, Mode.CURRENT)


async def snapshot(engines: Engines, failing: Failing) -> None:
    async with RequestSession(engines) as session:
        await session.rows(COUNTED)
        use(await session.rows(failing.statement, failing.values))


async def compiled(engines: Engines, failing: Failing) -> None:
    """Past SQLAlchemy, where the statement has been learnt. A text cannot be, and goes the ordinary way."""
    if not isinstance(failing.statement, Select):
        await single(engines, failing)
        return
    kept = CompiledStatement(failing.statement)
    async with RequestSession(engines) as session:
        with contextlib.suppress(Exception):
            await session.rows(kept, dict.fromkeys(failing.values))
    async with RequestSession(engines) as session:
        await session.rows(COUNTED)
        use(await session.rows(kept, failing.values))


async def executed(engines: Engines, failing: Failing) -> None:
    async with RequestSession(engines) as session:
        (await session.execute(failing.statement, failing.values)).all()


async def streamed(engines: Engines, failing: Failing) -> None:
    async with RequestSession(engines) as session:
        async for _ in await session.stream(failing.statement, failing.values):
            pass


async def past_the_session(engines: Engines, failing: Failing) -> None:
    async with RequestSession(engines) as session:
        await session.rows(COUNTED)
        (await (await session.connection()).execute(failing.statement, failing.values)).all()


async def of_a_command(engines: Engines, failing: Failing) -> None:
    async with engines.snapshot().connect() as connection:
        (await connection.execute(failing.statement, failing.values)).all()


async def changed(engines: Engines, failing: Failing) -> None:
    async def work(change: RequestSession) -> None:
        (await change.execute(failing.statement, failing.values)).all()

    async with RequestSession(engines, Mode.CURRENT) as session:
        await session.write(work)


async def changed_by_a_command(engines: Engines, failing: Failing) -> None:
    async with engines.writing().begin() as connection:
        (await connection.execute(failing.statement, failing.values)).all()


CHANGES = (changed, changed_by_a_command)
READS = (single, current, snapshot, compiled, executed, streamed, past_the_session, of_a_command)


KNOWN = {"syntax", "no table", "divided by zero", "outside of a domain", "40001", "P0001", "a value is missing"}
"""Errors after which a connection is as before: few roads are enough."""


def roads_of(failing: Failing, engines: Engines) -> tuple[Road, ...]:
    """All roads for errors of unknown effect where all roads differ; else one of each kind."""
    is_fast = engines.dialect == "sqlite" or engines.idle()[0] is not None
    return READS + CHANGES if is_fast and failing.name not in KNOWN else (snapshot, past_the_session, changed)


# What others ask


async def innocent(engines: Engines) -> None:
    """Reads and a change of others, who find everything as it was."""
    for mode in Mode:
        async with RequestSession(engines, mode) as session:
            assert [tuple(row) for row in await session.rows(NAMED, {"slug": "first"})] == [("a",)]
            assert await session.rows(text("SELECT 1")) == [(1,)]
            assert await session.scalar(select(models.Tag.name).where(models.Tag.slug == "first")) == "a"

    async def work(change: RequestSession) -> None:
        await change.execute(add_tag("innocent"))
        await change.execute(add_tag("innocent too"))

    async with RequestSession(engines, Mode.CURRENT) as session:
        await session.write(work)
        await session.write(lambda change: change.execute(text("DELETE FROM tags WHERE slug LIKE 'innocent%'")))
    assert engines.pools()["primary"].checked_out == 0
    for idle in engines.idle():
        if idle is not None:
            idle.clear()  # a command would wait for the pool's one connection until it is parked no more


async def has(engines: Engines, slug: str) -> bool:
    async with RequestSession(engines, Mode.SINGLE) as session:
        return bool(await session.rows(NAMED, {"slug": slug}))


@pytest.fixture(params=[True, False], ids=["fast", "plain"])
async def engines(
    blank_database: Database, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Engines]:
    """Engines with one connection, on a database with a tag. Work that is done again is done at once."""
    monkeypatch.setattr("db.session.session.pause_s", lambda _failures: 0)
    given = settings_for(blank_database)
    settings = given.model_copy(update={**ONE, "fast_path": request.param and given.fast_path})
    engines = Engines(settings)
    if engines.dialect == "postgresql":
        event.listen(engines.primary.sync_engine, "connect", _know_no_address)
    async with engines.writing().begin() as connection:
        await connection.run_sync(TAGS.create)
        await connection.execute(insert(TAGS).values(name="a", slug="first"))
        await connection.execute(text(NODES))
        if engines.dialect == "postgresql":
            await connection.execute(text("CREATE DOMAIN positive AS integer CHECK (VALUE > 0)"))
    await innocent(engines)
    yield engines
    await engines.dispose()


NODES = """
    CREATE TABLE nodes (
        id INTEGER PRIMARY KEY,
        parent INTEGER REFERENCES nodes DEFERRABLE INITIALLY DEFERRED
    )
"""


def _know_no_address(connection: Any, _record: object) -> None:
    def decode(_text: str) -> str:
        raise LookupError

    connection.run_async(lambda driver: driver.set_type_codec("inet", schema="pg_catalog", encoder=str, decoder=decode))


@contextlib.contextmanager
def told(*parts: str) -> Iterator[None]:
    """Tell which of many cases has failed; subtests take ten times as long as these."""
    try:
        yield
    except BaseException as error:
        error.add_note(", ".join(parts))
        raise


async def test_what_fails_harms_nobody_else(engines: Engines) -> None:
    for failing in OF_ONE[engines.dialect]:
        for road in CHANGES if failing.changes else roads_of(failing, engines):
            with told(failing.name, road.__name__):
                with pytest.raises(Exception) as caught:  # noqa: PT011 - each case has its own
                    await road(engines, failing)
                assert not isinstance(caught.value, AssertionError | TypeError | AttributeError)
                await innocent(engines)


async def test_a_change_that_goes_on_after_an_error_is_kept_whole_or_says_that_it_is_not(engines: Engines) -> None:
    async def swallowed(change: RequestSession, failing: Failing) -> None:
        with contextlib.suppress(Exception):
            (await change.execute(failing.statement, failing.values)).all()

    async def part(change: RequestSession, failing: Failing) -> None:
        with contextlib.suppress(Exception):
            async with change.begin_nested():
                await change.execute(add_tag("part"))
                (await change.execute(failing.statement, failing.values)).all()

    async def swallowed_in_a_part(change: RequestSession, failing: Failing) -> None:
        with contextlib.suppress(Exception):
            async with change.begin_nested():
                await swallowed(change, failing)

    async def past(change: RequestSession, failing: Failing) -> None:
        with contextlib.suppress(Exception):
            await (await change.connection()).execute(failing.statement, failing.values)

    for failing in OF_ONE[engines.dialect]:
        for how in (
            (part, swallowed_in_a_part) if failing.name in KNOWN else (swallowed, part, swallowed_in_a_part, past)
        ):
            with told(failing.name, how.__name__):

                async def work(change: RequestSession, how: Any = how, failing: Failing = failing) -> None:
                    await change.execute(add_tag("before"))
                    await how(change, failing)

                kept = True
                async with RequestSession(engines, Mode.CURRENT) as session:
                    try:
                        await session.write(work)
                    except Exception:
                        kept = False
                assert await has(engines, "before") is kept
                assert not await has(engines, "part")
                await innocent_after(engines)


async def innocent_after(engines: Engines) -> None:
    async with RequestSession(engines, Mode.CURRENT) as session:
        await session.write(lambda change: change.execute(text("DELETE FROM tags WHERE slug <> 'first'")))
    await innocent(engines)


async def test_a_violation_in_a_savepoint_leaves_the_rest_of_the_change(engines: Engines) -> None:
    async def work(change: RequestSession) -> None:
        await change.execute(add_tag("before"))
        with pytest.raises(IntegrityError):
            async with change.begin_nested():
                await change.execute(add_tag("first"))
        await change.execute(add_tag("after"))

    async with RequestSession(engines, Mode.CURRENT) as session:
        await session.write(work)
    assert await has(engines, "before")
    assert await has(engines, "after")
    await innocent(engines)


async def test_a_commit_that_fails_undoes_all_and_harms_nobody(engines: Engines) -> None:
    async def work(change: RequestSession) -> None:
        await change.execute(add_tag("before"))
        await change.execute(text("INSERT INTO nodes (id, parent) VALUES (1, 99)"))

    async with RequestSession(engines, Mode.CURRENT) as session:
        with pytest.raises(IntegrityError):
            await session.write(work)
    assert not await has(engines, "before")
    await innocent(engines)


async def test_an_exception_between_statements_harms_nobody(engines: Engines) -> None:
    async def work(change: RequestSession) -> None:
        await change.execute(add_tag("before"))
        raise ZeroDivisionError

    async def in_a_part(change: RequestSession) -> None:
        async with change.begin_nested():
            await work(change)

    def in_sqlalchemys_session(_session: object) -> None:
        raise ZeroDivisionError

    for done in (work, in_a_part, lambda change: change.run_sync(in_sqlalchemys_session)):
        async with RequestSession(engines, Mode.CURRENT) as session:
            with pytest.raises(ZeroDivisionError):
                await session.write(done)
        assert not await has(engines, "before")
        await innocent(engines)
    for mode in Mode:
        with contextlib.suppress(ZeroDivisionError):
            async with RequestSession(engines, mode) as session:
                await session.rows(COUNTED)
                raise ZeroDivisionError
        await innocent(engines)


async def test_a_statement_that_is_cut_off_harms_nobody(engines: Engines) -> None:
    endless = Failing("endless", ENDLESS[engines.dialect])
    for road in (single, snapshot, current, executed, changed):
        task = asyncio.ensure_future(road(engines, endless))
        await under_way(engines)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await innocent(engines)


async def test_a_statement_over_its_time_harms_nobody(engines: Engines) -> None:
    usual_s = engines.statement_timeout_s
    for road in (single, snapshot, current, executed, changed):
        engines.statement_timeout_s = 0.1
        with pytest.raises(DeadlineExceeded):
            await road(engines, Failing("endless", ENDLESS[engines.dialect]))
        engines.statement_timeout_s = usual_s  # a busy machine takes its time for innocent statements, too
        await innocent(engines)


@pytest.mark.postgresql
async def test_a_begin_that_fails_harms_nobody(engines: Engines, blank_database: Database) -> None:
    for road in (snapshot, changed, changed_by_a_command):
        kill_unnoticed(settings_for(blank_database))
        with pytest.raises(DBAPIError):
            await road(engines, Failing("never sent", text("SELECT 1 / 0")))
        await innocent(engines)


@pytest.mark.postgresql
async def test_a_known_error_costs_no_connection_and_an_unknown_one_does(engines: Engines) -> None:
    async def server_process() -> int:
        async with RequestSession(engines, Mode.SINGLE) as session:
            return int((await session.rows(text("SELECT pg_backend_pid()")))[0][0])

    of_all = {failing.name: failing for failing in OF_ONE["postgresql"]}
    for name, stays in (("divided by zero", True), ("twice", True), ("a text for a number", False), ("XX000", False)):
        before = await server_process()
        with pytest.raises(DBAPIError):
            await changed(engines, of_all[name])
        assert (await server_process() == before) is stays
