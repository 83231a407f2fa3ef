"""Every revision goes up, down and up again, on both databases, with rows in the tables."""

import asyncio
import io
import sqlite3
from collections.abc import Callable
from functools import partial
from typing import Any

import asyncpg
import pytest
from sqlalchemy import Connection, insert, make_url, select, text

from db import migrate
from db.base import Base
from db.own import ApiKey, AuditEntry, Feature, OwnBase
from db.refusals import NoOwnTable
from db.settings import DatabaseSettings
from tests.databases import Database, settings_for
from tests.migrations import sample


@pytest.fixture
def blank(blank_database: Database) -> DatabaseSettings:
    return settings_for(blank_database)


async def test_the_newest_revision_agrees_with_the_models(blank: DatabaseSettings) -> None:
    migrate.upgrade(blank)
    assert migrate.current(blank) == migrate.newest() == migrate.revisions()[-1]
    assert migrate.check(blank) == []


async def test_revisions_make_the_same_tables_as_the_models(blank: DatabaseSettings) -> None:
    migrate.upgrade(blank)
    by_revisions = await sample.ask(blank, sample.description)
    migrate.downgrade(blank, "base")
    await sample.ask(blank, Base.metadata.create_all)
    assert by_revisions == await sample.ask(blank, sample.description)


@pytest.mark.parametrize("revision", migrate.revisions())
async def test_a_revision_goes_down_and_up_again_and_keeps_the_rows(blank: DatabaseSettings, revision: str) -> None:
    migrate.upgrade(blank, revision)
    await sample.ask(blank, sample.fill)
    before = await sample.ask(blank, sample.contents)
    assert all(before.values())

    migrate.downgrade(blank, "-1")
    kept = await sample.ask(blank, sample.columns)
    down = await sample.ask(blank, sample.contents)
    assert not any(down.pop(table) for table in down.keys() - before.keys())  # a table that comes back is empty
    assert down == sample.restricted(before, to=kept)

    migrate.upgrade(blank, revision)
    after = await sample.ask(blank, sample.contents)
    assert after.keys() == before.keys()
    assert sample.restricted(after, to=kept) == sample.restricted(before, to=kept)


async def test_idempotency_keys_move_to_our_own_table_and_back(blank: DatabaseSettings) -> None:
    migrate.upgrade(blank, "0003", own=())
    await sample.ask(blank, sample.fill)
    with pytest.raises(NoOwnTable, match=r"idempotency_keys move to .* Run `trellis db upgrade`"):
        migrate.upgrade(blank, own=())
    for _ in range(2):
        migrate.upgrade(blank)
        assert await sample.ask(blank, rows_of("trellis_idempotency_keys")) == [
            ("user:1", "k", "9" * 64, {"b": 1, "a": None}, sample.NOW)
        ]
        assert "idempotency_keys" not in await sample.ask(blank, sample.columns)
        migrate.downgrade(blank, "0003")
        assert await sample.ask(blank, rows_of("trellis_idempotency_keys")) == []
        (row,) = (await sample.ask(blank, sample.contents))["idempotency_keys"]
        assert (row["key"], row["answer"]) == ("k", {"b": 1, "a": None})


async def test_audit_entries_move_to_our_own_table_and_back(blank: DatabaseSettings) -> None:
    migrate.upgrade(blank, "0004", own=[Feature.IDEMPOTENCY])
    await sample.ask(blank, sample.fill)
    with pytest.raises(NoOwnTable, match=r"audit_entries move to .* Run `trellis db upgrade`"):
        migrate.upgrade(blank, own=())
    before = (await sample.ask(blank, sample.contents))["audit_entries"]
    for _ in range(2):
        migrate.upgrade(blank)
        assert await sample.ask(blank, rows_of("trellis_audit_entries")) == [
            (sample.ENTRY, "createPost", "user:1", "1", 1, ["Post:1"], None, "r", sample.NOW)
        ]
        assert "audit_entries" not in await sample.ask(blank, sample.columns)
        migrate.downgrade(blank, "0004")
        assert await sample.ask(blank, rows_of("trellis_audit_entries")) == []
        assert (await sample.ask(blank, sample.contents))["audit_entries"] == before


async def test_api_keys_move_to_our_own_table_and_back(blank: DatabaseSettings) -> None:
    migrate.upgrade(blank, "0005", own=[Feature.IDEMPOTENCY, Feature.AUDIT])
    await sample.ask(blank, sample.fill)
    with pytest.raises(NoOwnTable, match=r"api_keys move to .* Run `trellis db upgrade`"):
        migrate.upgrade(blank, own=[Feature.AUDIT])
    before = await sample.ask(blank, sample.contents)
    for _ in range(2):
        migrate.upgrade(blank)
        key = (1, "shop", "trellis_AbCd", "7" * 64, "2", 2, ["author"], True, sample.NOW, None, None)
        assert await sample.ask(blank, rows_of("trellis_api_keys")) == [key]
        assert {"api_keys", "api_key_roles"}.isdisjoint(await sample.ask(blank, sample.columns))
        migrate.downgrade(blank, "0005")
        assert await sample.ask(blank, rows_of("trellis_api_keys")) == []
        assert await sample.ask(blank, sample.contents) == before
    migrate.upgrade(blank)
    whose: list[dict[str, Any]] = [{}, {"user_id": "9", "user_number": 9}, {"user_id": "ada"}]
    for number, user in enumerate(whose, 2):  # ids count on
        row = {"name": f"key {number}", "shown": "s", "secret_hash": str(number), "roles": ["author"], **user}
        made = await sample.ask(blank, partial(make_key, {**row, "read_only": False}))
        assert made == number
    migrate.downgrade(blank, "0005")
    found = await sample.ask(blank, sample.contents)
    assert [row["name"] for row in found["api_keys"]] == ["shop", "key 2"]  # whose user is gone would act for itself
    assert [row["key_id"] for row in found["api_key_roles"]] == [1, 2]


async def test_an_entry_of_a_user_who_is_gone_goes_back_without_the_user(blank: DatabaseSettings) -> None:
    migrate.upgrade(blank)
    entry = {"action": "a" * 70, "actor": "user:7", "user_number": 7, "object_ids": [], "request_id": "r"}
    await sample.ask(blank, lambda them: them.execute(insert(AuditEntry).values(entry)))
    migrate.downgrade(blank, "0004")
    (row,) = (await sample.ask(blank, sample.contents))["audit_entries"]
    assert (row["action"], row["actor"], row["actor_id"]) == ("a" * 60, "user:7", None)


def make_key(row: dict[str, Any], connection: Connection) -> int:
    return int(connection.execute(insert(ApiKey).values(row).returning(ApiKey.id)).scalar_one())


def rows_of(table: str) -> Callable[[Connection], list[tuple[object, ...]]]:
    def read(connection: Connection) -> list[tuple[object, ...]]:
        return [tuple(row) for row in connection.execute(select(*OwnBase.metadata.tables[table].columns))]

    return read


async def test_at_the_base_no_table_is_left(blank: DatabaseSettings) -> None:
    migrate.upgrade(blank)
    migrate.downgrade(blank, "base")
    assert await sample.ask(blank, sample.columns) == {}
    assert migrate.current(blank) is None


async def test_upgrading_twice_changes_nothing(settings: DatabaseSettings) -> None:
    await sample.ask(settings, sample.fill)
    before = await sample.ask(settings, sample.contents)
    migrate.upgrade(settings)
    assert await sample.ask(settings, sample.contents) == before


def test_a_caller_without_an_event_loop_can_migrate(blank: DatabaseSettings) -> None:
    migrate.upgrade(blank)
    assert migrate.check(blank) == []


async def test_the_statements_written_offline_build_the_same_database(blank: DatabaseSettings) -> None:
    script = io.StringIO()
    migrate.upgrade(blank, sql=script)
    assert migrate.current(blank) is None
    await run_script(blank, script.getvalue())
    assert migrate.check(blank) == []


async def test_the_statements_written_offline_take_it_down(blank: DatabaseSettings) -> None:
    migrate.upgrade(blank)
    script = io.StringIO()
    migrate.downgrade(blank, f"{migrate.newest()}:base", sql=script)
    await run_script(blank, script.getvalue())
    assert await sample.ask(blank, sample.columns) == {}


async def run_script(settings: DatabaseSettings, script: str) -> None:
    """Run it as an administrator would: with the database's own means."""
    if settings.primary.get_backend_name() == "sqlite":
        connection = sqlite3.connect(str(settings.primary.database))
        connection.executescript(script)
        connection.close()
        return
    url = make_url(settings.primary).set(drivername="postgresql").render_as_string(hide_password=False)
    postgresql = await asyncpg.connect(url)
    await postgresql.execute(script)
    await postgresql.close()


@pytest.mark.postgresql
async def test_every_revision_gives_way_before_it_changes_anything(blank: DatabaseSettings) -> None:
    up, down = io.StringIO(), io.StringIO()
    migrate.upgrade(blank, sql=up)
    migrate.downgrade(blank, f"{migrate.newest()}:base", sql=down)
    own = len(migrate.revisions(own=True))
    for script, number in ((up, len(migrate.revisions()) + own), (down, len(migrate.revisions()))):
        _, *revisions = script.getvalue().split("-- Running ")
        assert len(revisions) == number
        for revision in revisions:
            _comment, first, *_rest = [line for line in revision.splitlines() if line]
            assert first == "SET LOCAL lock_timeout = '5s';"


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        ("DROP INDEX ix_posts_title_id", "The index posts.ix_posts_title_id is in the models and not in the database."),
        ("DROP TABLE transfers", "The table transfers is in the models and not in the database."),
        ("ALTER TABLE tags ADD COLUMN colour TEXT", "The column tags.colour is in the database and not in the models."),
        (
            "ALTER TABLE sign_ins DROP COLUMN in_cookie",
            "The column sign_ins.in_cookie is in the models and not in the database.",
        ),
    ],
)
async def test_check_names_each_difference(settings: DatabaseSettings, damage: str, sentence: str) -> None:
    await sample.ask(settings, statement(damage))
    assert sentence in migrate.check(settings)


@pytest.mark.postgresql
@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (
            "DROP TRIGGER posts_search_follow ON posts",
            "posts_search_follow, a part of the search index of posts, is missing.",
        ),
        (
            "DROP INDEX ix_posts_search_vector",
            "ix_posts_search_vector, a part of the search index of posts, is missing.",
        ),
        ("ALTER TABLE users ALTER name TYPE text", "The type of users.name is TEXT() in the database and"),
        (
            "ALTER TABLE accounts DROP CONSTRAINT ck_accounts_balance_is_not_negative",
            "The constraint accounts.ck_accounts_balance_is_not_negative is in the models and not in the database.",
        ),
        (
            "ALTER TABLE posts DROP CONSTRAINT fk_posts_author_id_users",
            "The foreign key posts.fk_posts_author_id_users is in the models and not in the database.",
        ),
    ],
)
async def test_check_looks_closer_on_postgresql(settings: DatabaseSettings, damage: str, sentence: str) -> None:
    await sample.ask(settings, statement(damage))
    assert any(difference.startswith(sentence) for difference in migrate.check(settings))


@pytest.mark.sqlite
async def test_check_misses_a_trigger_of_the_search_index(settings: DatabaseSettings) -> None:
    await sample.ask(settings, statement("DROP TRIGGER posts_search_update"))
    assert migrate.check(settings) == ["posts_search_update, a part of the search index of posts, is missing."]


def statement(sql: str) -> Callable[[Connection], object]:
    return lambda connection: connection.execute(text(sql))


async def test_check_of_a_blank_database_says_what_to_run(blank: DatabaseSettings) -> None:
    assert migrate.check(blank) == [
        f"The database is at revision none, the newest is {migrate.newest()}. Run `trellis db upgrade`."
    ]


async def test_pgbouncer_alone_does_not_carry_migrations(blank: DatabaseSettings) -> None:
    pooled = blank.model_copy(update={"pgbouncer": True})
    with pytest.raises(migrate.NoDirectUrl, match="Set TRELLIS_DIRECT_URL"):
        migrate.upgrade(pooled)
    migrate.upgrade(pooled.model_copy(update={"direct_url": blank.database_url}))
    assert migrate.check(blank) == []


async def test_threads_migrate_one_after_the_other(blank: DatabaseSettings) -> None:
    await asyncio.gather(*(asyncio.to_thread(migrate.upgrade, blank) for _ in range(3)))
    assert migrate.check(blank) == []
