"""Demo data: the same rows everywhere, of every kind, and with books that balance."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from argon2 import PasswordHasher
from sqlalchemy import func, insert, select

from db import demo
from db.base import Base
from db.demo.dice import TODAY, Dice
from db.demo.papers import documents
from db.demo.people import ROLES, users
from db.demo.saving import bank, opening
from db.demo.trade import CURRENCIES, order_lines, orders
from db.demo.writing import post_contributors, post_tags, posts, tags
from db.exporting import nouns
from db.models import Account, OrderStatus, PostStatus, Role, Tag, Transfer, User
from db.session.engines import Engines
from tests.databases import StatementRecorder
from tests.db.importing.rows import all_rows


def values(rows: Iterable[dict[str, Any]], table: str) -> list[tuple[Any, ...]]:
    """Rows as a SELECT of the table gives them."""
    columns = Base.metadata.tables[table].columns.keys()
    key = [column.name for column in Base.metadata.tables[table].primary_key]
    ordered = sorted(rows, key=lambda row: [row[name] for name in key])
    return [tuple(row.get(name) for name in columns) for row in ordered]


async def test_the_same_scale_and_seed_give_the_same_rows_on_every_database(engines: Engines) -> None:
    await demo.fill(engines, scale=2, seed=7)
    found = await all_rows(engines)
    accounts, transfers = bank(2, 7)
    expected = {
        "users": users(2),
        "tags": tags(2),
        "posts": posts(2, 7),
        "post_contributors": post_contributors(2, 7),
        "post_tags": post_tags(2, 7),
        "documents": documents(2, 7),
        "orders": orders(2, 7),
        "order_lines": order_lines(2, 7),
        "accounts": accounts,
        "transfers": transfers,
    }
    for table, rows in expected.items():
        assert found[table] == values(rows, table), table


async def test_filling_counts_every_noun(engines: Engines) -> None:
    counts = await demo.fill(engines)
    found = await all_rows(engines)
    assert set(counts) == set(nouns()) - {"audit_entries"}  # nobody has done anything yet
    assert counts == {name: len(found[name]) for name in counts}
    assert (counts["users"], counts["posts"]) == (20, 60)


async def test_the_scale_multiplies(engines: Engines) -> None:
    counts = await demo.fill(engines, scale=3)
    expected = {"users": 60, "posts": 180, "tags": 36, "documents": 45, "orders": 120, "roles": 4}
    assert expected.items() <= counts.items()


async def test_what_comes_later_gets_the_next_number(engines: Engines) -> None:
    counts = await demo.fill(engines)
    async with engines.writing().begin() as connection:
        added = await connection.execute(insert(Tag).values(name="New", slug="new").returning(Tag.id))
        assert added.scalar_one() == counts["tags"] + 1


async def test_a_database_with_content_is_left_alone(engines: Engines) -> None:
    async with engines.writing().begin() as connection:
        await connection.execute(insert(Tag).values(name="Mine", slug="mine"))
    before = await all_rows(engines)
    with pytest.raises(demo.NotEmpty, match="use another database"):
        await demo.fill(engines)
    assert await all_rows(engines) == before


async def test_roles_that_exist_are_kept(engines: Engines) -> None:
    async with engines.writing().begin() as connection:
        await connection.execute(insert(Role).values([{"name": "owner"}, {"name": "editor"}]))
    assert (await demo.fill(engines))["roles"] == 5
    async with engines.snapshot().connect() as connection:
        statement = select(Role.name, func.count().label("users")).join(Role.users).group_by(Role.name)
        counts = {row.name: row.users for row in await connection.execute(statement)}
    assert counts == {"admin": 1, "editor": 2, "author": 12, "member": 20}
    assert set(counts) == set(ROLES)


async def test_of_two_fillings_at_once_one_finds_it_done(engines: Engines) -> None:
    outcomes = await asyncio.gather(demo.fill(engines), demo.fill(engines), return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["NotEmpty", "dict"]


async def test_statements_grow_with_thousands_of_rows(engines: Engines, statements: StatementRecorder) -> None:
    with statements() as seen:
        await demo.fill(engines, scale=4)
    # Twelve tables of fewer than a thousand rows each, roles read, users and tags looked for: far fewer than rows.
    assert sum(statement.startswith("INSERT") for statement in seen) == 12
    assert len(seen) <= 12 + 3 + len(Base.metadata.tables)


@pytest.mark.parametrize("scale", [1, 5])
def test_the_books_balance(scale: int) -> None:
    accounts, transfers = bank(scale, 0)
    currencies = {account["id"]: account["currency"] for account in accounts}
    balances = defaultdict[int, int](int)
    for account in accounts[: len(CURRENCIES)]:
        balances[account["id"]] = opening(account["currency"], scale)
    for transfer in transfers:
        assert transfer["amount"] > 0
        assert transfer["currency"] == currencies[transfer["from_account_id"]]
        assert transfer["currency"] == currencies[transfer["to_account_id"]]
        balances[transfer["from_account_id"]] -= transfer["amount"]
        balances[transfer["to_account_id"]] += transfer["amount"]
        assert balances[transfer["from_account_id"]] >= 0
    assert balances == {account["id"]: account["balance"] for account in accounts}


async def test_the_books_balance_in_the_database_too(engines: Engines) -> None:
    await demo.fill(engines, scale=2)
    table, moved = Account.__table__, Transfer.__table__
    async with engines.snapshot().connect() as connection:
        for currency in CURRENCIES:
            total = select(func.sum(table.c.balance)).where(table.c.currency == currency)
            assert await connection.scalar(total) == opening(currency, 2)
        assert await connection.scalar(select(func.count() > 90).select_from(moved))


def test_transfers_are_in_order_of_time() -> None:
    _, transfers = bank(3, 0)
    moments = [transfer["created_at"] for transfer in transfers]
    assert moments == sorted(moments)
    assert len(set(moments)) < len(moments)


def test_posts_are_pleasant_to_explore() -> None:
    rows = list(posts(1, 0))
    assert len({row["title"] for row in rows}) == len({row["slug"] for row in rows}) == 60
    assert Counter(row["status"] for row in rows).keys() == set(PostStatus)
    for row in rows:
        assert (row["published_at"] is None) == (row["status"] is PostStatus.DRAFT)
        assert row["created_at"] < row["updated_at"] < TODAY
        assert len(row["title"]) <= 200
        assert "{" not in row["title"] + row["content"] + (row["summary"] or "")
    assert max(Counter(row["published_at"] for row in rows if row["published_at"]).values()) == 3


def test_some_users_and_some_tags_have_no_posts() -> None:
    assert 0 < len({row["author_id"] for row in posts(1, 0)}) < 20
    assert 0 < len({row["tag_id"] for row in post_tags(1, 0)}) < 12


def test_the_author_is_the_first_contributor() -> None:
    first = {row["post_id"]: row["user_id"] for row in post_contributors(2, 0) if row["position"] == 0}
    assert first == {row["id"]: row["author_id"] for row in posts(2, 0)}


def test_orders_come_in_every_status_and_in_currencies_without_cents() -> None:
    rows = list(orders(1, 0))
    assert {row["status"] for row in rows} == set(OrderStatus)
    assert {"EUR", "JPY", "KWD"} <= {row["currency"] for row in rows}
    assert {row["id"] for row in rows} - {line["order_id"] for line in order_lines(1, 0)}


def test_names_come_from_many_languages_and_addresses_never_twice() -> None:
    rows = list(users(30))
    assert len({row["email"] for row in rows}) == len(rows) > len({row["name"] for row in rows})
    assert not all(row["name"].isascii() for row in rows)
    assert all(row["email"].isascii() for row in rows)


def test_nothing_comes_twice_where_it_must_not_at_a_large_scale() -> None:
    assert len({row["slug"] for row in posts(80, 0)}) == 4800
    assert len({row["slug"] for row in tags(80)}) == 960
    assert len({row["id"] for row in orders(80, 0)}) == 3200


def test_documents_come_in_six_shapes() -> None:
    rows = list(documents(1, 0))
    assert len({row["kind"] for row in rows}) == 6
    assert len({tuple(row["body"]) for row in rows}) >= 6


def test_another_seed_makes_other_rows() -> None:
    assert [row["title"] for row in posts(1, 0)] != [row["title"] for row in posts(1, 1)]


def test_uuids_tell_their_moment() -> None:
    moment = TODAY - timedelta(days=3)
    found = Dice(0, "test").uuid7(moment)
    assert isinstance(found, UUID)
    assert (found.version, found.variant) == (7, "specified in RFC 4122")
    assert found.int >> 80 == int(moment.timestamp() * 1000)


def test_a_scale_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        asyncio.run(demo.fill(None, scale=0))  # type: ignore[arg-type]  # refused before the engines are touched


async def test_users_of_the_demo_have_the_password_that_is_told(engines: Engines) -> None:
    await demo.fill(engines)
    async with engines.snapshot().connect() as connection:
        (hashed,) = set(await connection.scalars(select(User.hashed_password)))
    assert hashed is not None
    assert PasswordHasher().verify(hashed, demo.PASSWORD)


async def test_the_demo_tells_the_addresses_of_an_admin_and_an_editor(engines: Engines) -> None:
    await demo.fill(engines)
    for email, role in ((demo.ADMIN_EMAIL, "admin"), (demo.EDITOR_EMAIL, "editor")):
        async with engines.snapshot().connect() as connection:
            found = select(User.is_active).join(User.roles).where(User.email == email, Role.name == role)
            assert await connection.scalar(found) is True
