"""A change: one transaction for all that the session does in it, from whichever task; done again when it must."""

import asyncio
from collections.abc import Sequence

import asyncmy.errors
import pytest
from sqlalchemy import bindparam, func, insert, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from db import models
from db.fast import CompiledStatement
from db.session import DeadlineExceeded, ManagedTransaction, Mode, ReadOnlyOperation, RequestSession, SessionClosed
from db.session.engines import Engines
from db.settings import DatabaseSettings
from tests.db.session.test_session import COUNT_TAGS, KEPT_COUNT, add_tag, commit
from tests.db.session.test_session_ends import ENDLESS

NEW = CompiledStatement(
    insert(models.Tag).values(name=bindparam("new"), slug=bindparam("new")).returning(models.Tag.slug)
)
SLUGS = select(models.Tag.slug).order_by(models.Tag.slug)


async def slugs(engines: Engines) -> list[str]:
    """What is committed."""
    async with RequestSession(engines, Mode.SINGLE) as session:
        return [slug for (slug,) in await session.rows(SLUGS)]


async def test_everything_that_a_session_can_do_is_part_of_the_change(engines: Engines) -> None:
    async def work(change: RequestSession) -> tuple[int, Sequence[str]]:
        first = models.Tag(name="a", slug="a")
        change.add(first)
        await change.flush()
        assert await change.get(models.Tag, first.id) is first
        await change.execute(add_tag("b"))
        with pytest.raises(IntegrityError):
            async with change.begin_nested():
                change.add(models.Tag(name="twice", slug="a"))
        async with change.begin_nested():
            change.add(models.Tag(name="c", slug="c"))
        streamed = [slug async for slug in await change.stream_scalars(SLUGS)]
        assert [tuple(row) for row in await change.rows(KEPT_COUNT)] == [(3,)]
        merged = await change.merge(models.Tag(id=first.id, name="A", slug="a"))
        assert merged is first
        connection = await change.connection()
        return int(await connection.scalar(COUNT_TAGS) or 0), streamed

    async with RequestSession(engines, Mode.CURRENT) as session:
        assert await session.write(work) == (3, ["a", "b", "c"])
        assert len(session.identity_map) == 0
        assert await session.scalar(select(models.Tag.name).where(models.Tag.slug == "a")) == "A"
    assert await slugs(engines) == ["a", "b", "c"]


async def test_tasks_of_a_change_take_turns_in_its_transaction_and_others_wait(engines: Engines) -> None:
    begun = asyncio.Event()

    async def one(change: RequestSession, slug: str) -> None:
        await change.execute(add_tag(slug))
        await change.rows(KEPT_COUNT)
        assert await change.scalar(select(models.Tag.slug).where(models.Tag.slug == slug)) == slug

    async def work(change: RequestSession) -> None:
        begun.set()
        await asyncio.gather(*(one(change, f"{number:02}") for number in range(20)))
        async with asyncio.TaskGroup() as group:
            group.create_task(one(change, "x"))
            group.create_task(one(change, "y"))
        raise ZeroDivisionError

    async def beside(session: RequestSession) -> int:
        await begun.wait()
        return int(await session.scalar(COUNT_TAGS) or 0)

    async with RequestSession(engines, Mode.CURRENT) as session:
        outside = asyncio.create_task(beside(session))
        with pytest.raises(ZeroDivisionError):
            await session.write(work)
        assert await outside == 0  # it came while the change was under way, and saw nothing of it
    assert await slugs(engines) == []


async def test_savepoints_of_sibling_tasks_do_not_mix(engines: Engines) -> None:
    async def one(change: RequestSession, number: int) -> None:
        try:
            async with change.begin_nested():
                await change.execute(add_tag(str(number)))
                await asyncio.sleep(0)
                await asyncio.gather(change.execute(add_tag(f"{number}+")), change.rows(COUNT_TAGS))
                if number % 2:
                    raise ZeroDivisionError
        except ZeroDivisionError:
            pass

    async def work(change: RequestSession) -> None:
        await asyncio.gather(*(one(change, number) for number in range(4)))

    async with RequestSession(engines, Mode.CURRENT) as session:
        await session.write(work)
    assert await slugs(engines) == ["0", "0+", "2", "2+"]


async def test_a_task_that_outlives_its_change_is_no_longer_in_it(engines: Engines) -> None:
    left: list[asyncio.Task[object]] = []
    ended = asyncio.Event()

    async def later(change: RequestSession) -> object:
        await ended.wait()
        for late in (change.execute(add_tag("late")), change.rows(add_tag("late")), change.rows(NEW, {"new": "late"})):
            with pytest.raises(ReadOnlyOperation):
                await late
        return await change.scalar(COUNT_TAGS)

    async def work(change: RequestSession) -> None:
        left.append(asyncio.create_task(later(change)))
        left.append(asyncio.create_task(change.execute(add_tag("under-way"))))
        await asyncio.sleep(0)

    async with RequestSession(engines, Mode.CURRENT) as session:
        await session.write(work)
        ended.set()
        assert await left[0] == 1
        await left[1]
    assert await slugs(engines) == ["under-way"]


async def test_a_change_of_which_a_statement_was_cut_off_is_not_kept(engines: Engines) -> None:
    async def fail(change: RequestSession) -> None:
        await change.execute(add_tag("a"))
        statement = asyncio.create_task(change.rows(ENDLESS[engines.dialect]))
        await asyncio.sleep(0.1)
        statement.cancel()
        await asyncio.wait([statement])  # and goes on as if nothing had happened

    async def work(change: RequestSession) -> None:
        await change.execute(add_tag("b"))

    async with RequestSession(engines, Mode.CURRENT) as session:
        with pytest.raises(Exception, match="closed"):
            await session.write(fail)
        await session.write(work)
    assert await slugs(engines) == ["b"]
    assert engines.pools()["primary"].checked_out == 0


async def test_what_a_task_does_after_its_change_was_undone_is_not_kept(engines: Engines) -> None:
    """The first statement fails, so `gather` returns while its sibling goes on."""
    siblings: list[asyncio.Task[object]] = []

    async def several(change: RequestSession) -> None:
        await change.rows(COUNT_TAGS)
        await change.rows(add_tag("b"))

    async def work(change: RequestSession) -> None:
        siblings.append(asyncio.create_task(several(change)))
        await asyncio.gather(change.rows(text("SELECT nothing FROM nowhere")), siblings[-1])

    async with RequestSession(engines, Mode.CURRENT) as session:
        with pytest.raises(DBAPIError, match="nowhere"):
            await session.write(work)
        await asyncio.wait(siblings)
    assert await slugs(engines) == []


async def test_a_statement_of_a_task_that_was_left_behind_stops_with_its_change(settings: DatabaseSettings) -> None:
    engines = Engines(settings.model_copy(update={"statement_timeout_s": 0.3}))
    left: list[asyncio.Task[object]] = []

    async def work(change: RequestSession) -> None:
        left.append(asyncio.create_task(change.rows(ENDLESS[engines.dialect])))
        await asyncio.sleep(3600)

    async with RequestSession(engines, Mode.CURRENT) as session:
        async with asyncio.timeout(20):
            with pytest.raises(DeadlineExceeded):
                await session.write(work)
        with pytest.raises((SessionClosed, DBAPIError)):
            await left[0]
        assert not left[0].cancelled()
    await engines.dispose()


async def test_the_deadline_is_for_all_of_a_change_whichever_task_waits(settings: DatabaseSettings) -> None:
    engines = Engines(settings.model_copy(update={"statement_timeout_s": 0.3}))

    async def work(change: RequestSession) -> None:
        await change.execute(add_tag("a"))
        await asyncio.gather(change.execute(ENDLESS[engines.dialect]), change.rows(COUNT_TAGS))

    async with RequestSession(engines, Mode.CURRENT) as session:
        with pytest.raises(DeadlineExceeded, match=r"Nothing of this change was kept\.$"):
            await session.write(work)
        assert engines.pools()["primary"].checked_out == 0
    assert await slugs(engines) == []
    await engines.dispose()


@pytest.mark.parametrize("mode", [Mode.SINGLE, Mode.SNAPSHOT])
async def test_a_query_makes_no_change(engines: Engines, mode: Mode) -> None:
    async def work(change: RequestSession) -> None:
        raise AssertionError

    async with RequestSession(engines, mode) as session:
        with pytest.raises(ReadOnlyOperation):
            await session.write(work)


async def test_a_change_inside_a_change_is_refused(engines: Engines) -> None:
    async def inner(change: RequestSession) -> None:
        raise AssertionError

    async def outer(change: RequestSession) -> None:
        await change.execute(add_tag("a"))
        with pytest.raises(ManagedTransaction, match="`write` is not for resolvers"):
            await change.write(inner)

    async with RequestSession(engines, Mode.CURRENT) as session:
        await session.write(outer)
    assert await slugs(engines) == ["a"]


async def test_a_change_does_not_work_with_entities_that_were_read_before_it(engines: Engines) -> None:
    await commit(engines, add_tag("a"))

    async def work(change: RequestSession) -> tuple[str, bool]:
        now = await change.get_one(models.Tag, 1)
        return now.name, now is before

    async with RequestSession(engines, Mode.CURRENT) as session:
        before = await session.get_one(models.Tag, 1)
        await commit(engines, text("UPDATE tags SET name = 'changed'"))
        assert await session.write(work) == ("changed", False)


async def test_an_attempt_forgets_the_entities_of_the_one_before(engines: Engines) -> None:
    """SQLite says "locked" when another connection writes for longer than it waits; PostgreSQL says 40001."""
    attempts: list[int] = []

    async def work(change: RequestSession) -> int:
        attempts.append(len(change.identity_map) + len(change.new))
        change.add(models.Tag(name="a", slug="a"))
        await change.flush()
        if len(attempts) < 3:
            change.add(models.Tag(name="left", slug="left"))
            await change.run_sync(_fail_as_if_others_were_in_the_way)
        return int(await change.scalar(select(func.count()).select_from(models.Tag)) or 0)

    async with RequestSession(engines, Mode.CURRENT) as session:
        assert await session.write(work) == 1
    assert attempts == [0, 0, 0]
    assert await slugs(engines) == ["a"]


def _fail_as_if_others_were_in_the_way(session: Session) -> None:
    class Locked(Exception):
        sqlstate = "40001"

    locked = Locked("database is locked")
    is_mariadb = session.get_bind().dialect.name == "mysql"
    raise DBAPIError("UPDATE", None, asyncmy.errors.OperationalError(1213, "Deadlock found") if is_mariadb else locked)
