"""What runs out is deleted, by one process of all, and nothing else is."""

import asyncio
from datetime import date, datetime, timedelta
from typing import Any, cast

import pytest
from pydantic import SecretStr
from sqlalchemy import Column, ColumnElement, Connection, MetaData, Table, event, func, insert, select
from uuid_utils.compat import uuid7

from db.base import UtcDateTime, utcnow
from db.care.expiry import MAX_AT_ONCE, Expiring
from db.models import SignIn
from db.own import ApiKey, AuditEntry, Counter, IdempotencyKey, UsageCount, UsageOperation, UsageRun
from db.session.engines import Engines
from graph.maintenance import Maintenance, count_all, delete_all, expiring_rows
from graph.schema import DOMAIN
from graph.settings import Settings
from tests.databases import Database, engine_statements
from tests.identity.people import make_user

pytestmark = pytest.mark.nouns

DAYS = 30


def expiring(database: Database, **settings: Any) -> list[Expiring]:
    # Changes run out in an order of their own: tests/db/changes/test_order.py.
    known = {"usage_days": DAYS, "changes": False} | settings
    return expiring_rows(DOMAIN, Settings(database_url=SecretStr(database.url), **known))


def entry(at: datetime) -> dict[str, Any]:
    return {"action": "a", "actor": "b", "object_ids": [], "request_id": "", "created_at": at}


def rows(moment: datetime, name: str, user: int) -> dict[Any, dict[str, Any]]:
    """A row of each table that runs out at a moment."""
    day: date = moment.date()
    digest = name.ljust(64, "x")
    client = {"day": day - timedelta(days=DAYS - 1), "client": name, "version": ""}
    return {
        SignIn: {
            "id": uuid7(),
            "user_id": user,
            "secret_hash": digest,
            "in_cookie": False,
            "created_at": moment,
            "expires_at": moment,
        },
        ApiKey: {
            "name": name,
            "shown": name,
            "secret_hash": digest,
            "roles": [],
            "read_only": False,
            "created_at": moment,
            "expires_at": moment - timedelta(days=90),
        },
        AuditEntry: entry(moment - timedelta(days=DAYS)),
        Counter: {"name": name, "state": "", "ends": int(moment.timestamp())},
        IdempotencyKey: {"owner": "u", "key": name, "fingerprint": digest, "created_at": moment - timedelta(hours=48)},
        UsageCount: {**client, "coordinate": "Query.a", "uses": 1},
        UsageRun: {**client, "operation": digest, "runs": 1, "failed": 0, "duration_us": 1},
        UsageOperation: {"hash": digest, "last_day": client["day"], "name": "", "document": "{a}", "coordinates": ""},
    }


async def fill(engines: Engines, moment: datetime, name: str, user: int) -> None:
    async with engines.writing().begin() as connection:
        for model, row in rows(moment, name, user).items():
            await connection.execute(insert(model), [row])


async def left(engines: Engines, all_of_them: list[Expiring]) -> dict[str, int]:
    async with engines.writing().connect() as connection:
        counts = [(each.name, select(func.count()).select_from(each.table)) for each in all_of_them]
        return {name: int(await connection.scalar(statement) or 0) for name, statement in counts}


async def test_what_has_run_out_goes_and_everything_else_stays(engines: Engines, database: Database) -> None:
    user, now = (await make_user(engines)).id, utcnow()
    await fill(engines, now - timedelta(days=1), "old", user)
    await fill(engines, now + timedelta(days=1), "young", user)
    all_of_them = expiring(database, audit_days=DAYS)
    assert {each.table.name for each in all_of_them} == {model.__table__.name for model in rows(now, "", 0)}
    one_each = {each.name: 1 for each in all_of_them}
    with engine_statements() as seen:
        assert await count_all(engines.writing(), all_of_them) == one_each
    assert len(seen) == len(all_of_them)
    with engine_statements() as seen:
        assert await delete_all(engines.writing(), all_of_them) == one_each
    assert len(seen) == len(all_of_them)
    assert await left(engines, all_of_them) == one_each
    assert await count_all(engines.writing(), all_of_them) == dict.fromkeys(one_each, 0)


def test_entries_of_the_record_stay_unless_a_setting_says_otherwise(database: Database) -> None:
    assert "audit entries" not in {each.name for each in expiring(database)}


@pytest.mark.parametrize("batches", [1, 2])
async def test_many_rows_go_in_batches_each_a_transaction_of_its_own(
    engines: Engines, database: Database, batches: int
) -> None:
    (entries,) = [each for each in expiring(database, audit_days=DAYS) if each.name == "audit entries"]
    old = [entry(utcnow() - timedelta(days=DAYS + 1))] * (batches * MAX_AT_ONCE + 1)
    async with engines.writing().begin() as connection:
        await connection.execute(insert(AuditEntry), old)
    with engine_statements() as seen:
        assert await delete_all(engines.writing(), [entries]) == {"audit entries": len(old)}
    assert len(seen) == batches + 1  # the last one finds one row


@pytest.mark.postgresql
async def test_a_batch_has_its_size_however_the_planner_joins(engines: Engines, database: Database) -> None:
    (entries,) = [each for each in expiring(database, audit_days=DAYS) if each.name == "audit entries"]
    old = [entry(utcnow() - timedelta(days=DAYS + 1))] * (2 * MAX_AT_ONCE + 1)
    async with engines.writing().begin() as connection:
        await connection.execute(insert(AuditEntry), old)

    def with_loops_alone(connection: Connection) -> None:
        for other in ("hashjoin", "mergejoin", "hashagg", "sort", "material"):
            connection.exec_driver_sql(f"SET LOCAL enable_{other} = off")

    event.listen(engines.primary.sync_engine, "begin", with_loops_alone)
    with engine_statements() as seen:
        assert await delete_all(engines.writing(), [entries]) == {"audit entries": len(old)}
    assert len([statement for statement in seen if "DELETE" in statement]) == 3  # 1,000, 1,000 and one


@pytest.mark.postgresql
async def test_rows_that_somebody_holds_are_passed_over(engines: Engines, database: Database) -> None:
    user = (await make_user(engines)).id
    await fill(engines, utcnow() - timedelta(days=1), "old", user)
    all_of_them = [each for each in expiring(database) if each.name == "expired sign-ins"]
    async with engines.writing().begin() as holder:
        await holder.execute(select(SignIn.id).with_for_update())
        async with asyncio.timeout(10):
            assert await delete_all(engines.writing(), all_of_them) == {"expired sign-ins": 0}
    assert await delete_all(engines.writing(), all_of_them) == {"expired sign-ins": 1}


async def test_a_table_that_is_not_there_is_left_out(engines: Engines, database: Database) -> None:
    absent = Table("absent", MetaData(), Column("expires_at", UtcDateTime(), primary_key=True))
    there = expiring(database)
    found = await delete_all(
        engines.writing(), [Expiring("ghosts", absent, lambda now: absent.c.expires_at < now), *there]
    )
    assert list(found) == [each.name for each in there]


async def test_one_process_of_all_does_it(engines: Engines, database: Database) -> None:
    many = [Maintenance(engines, expiring(database)) for _ in range(4)]
    done = await asyncio.gather(*(each.run(held_s=0.3) for each in many))
    assert len([found for found in done if found is not None]) == 1
    assert await many[0].run(held_s=0) is not None  # the turn ended with the run


async def test_a_server_does_it_soon_after_its_start(engines: Engines, database: Database) -> None:
    user = (await make_user(engines)).id
    await fill(engines, utcnow() - timedelta(days=1), "old", user)
    all_of_them = expiring(database, audit_days=DAYS)
    async with Maintenance(engines, all_of_them, every_s=0.1).running(), asyncio.timeout(10):
        while any((await left(engines, all_of_them)).values()):  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.01)


async def test_what_fails_is_said_once_and_tried_again(
    engines: Engines, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_now: datetime) -> ColumnElement[bool]:
        raise RuntimeError

    wrong = Expiring("wrong", cast(Table, SignIn.__table__), broken)
    async with Maintenance(engines, [wrong], every_s=0.02).running():
        await asyncio.sleep(0.4)
    (said,) = [record.getMessage() for record in caplog.records if record.name == "trellis"]
    assert "cannot be deleted" in said
    assert "trellis maintain" in said
