"""Rows into the database: one transaction, in the order that foreign keys ask for."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice

from sqlalchemy import Table, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from db.base import Base
from db.demo.dice import Row
from db.demo.papers import documents
from db.demo.people import roles, roles_of, user_count, users
from db.demo.saving import bank
from db.demo.trade import order_lines, orders
from db.demo.writing import post_contributors, post_tags, posts, tags
from db.dialects import dialect_of
from db.session.engines import Engines

ROWS_AT_ONCE = 1000

TABLES = Base.metadata.tables


class NotEmpty(Exception):
    """Demo data would mix with somebody's own."""

    def __init__(self) -> None:
        super().__init__("Demo data goes into an empty database, and this one has users or tags; use another database.")


async def fill(engines: Engines, scale: int = 1, *, seed: int = 0) -> Mapping[str, int]:
    """Fill an empty database with `scale` times twenty users and what they do; tell how many rows each noun has.

    Roles that exist stay. Raises `NotEmpty` when there are users or tags already, and `ValueError` for a scale
    below 1. Two fillings at once wait for each other; the later one finds the database full.
    """
    if scale < 1:
        raise ValueError(f"The scale is {scale}; it is at least 1.")
    async with engines.writing().begin() as connection:
        for statement in dialect_of(connection.dialect.name).lock(TABLES["users"]):
            await connection.execute(statement)
        for name in ("users", "tags"):
            if (await connection.execute(select(TABLES[name].c.id).limit(1))).first() is not None:
                raise NotEmpty
        role_ids = await _fill_roles(connection)
        counts = {"roles": len(role_ids)}
        for name, rows in _story(scale, seed, role_ids):
            counts[name] = await _insert(connection, TABLES[name], rows)
        await _count_on(connection)
    return {name: count for name, count in counts.items() if "id" in TABLES[name].c}


def _story(scale: int, seed: int, role_ids: Mapping[str, int]) -> Iterator[tuple[str, Iterable[Row]]]:
    yield "users", users(scale)
    yield (
        "user_roles",
        (
            {"user_id": number, "role_id": role_ids[role]}
            for number in range(1, user_count(scale) + 1)
            for role in roles_of(number)
        ),
    )
    yield "tags", tags(scale)
    yield "posts", posts(scale, seed)
    yield "post_contributors", post_contributors(scale, seed)
    yield "post_tags", post_tags(scale, seed)
    yield "documents", documents(scale, seed)
    yield "orders", orders(scale, seed)
    yield "order_lines", order_lines(scale, seed)
    accounts, transfers = bank(scale, seed)
    yield "accounts", accounts
    yield "transfers", transfers


async def _fill_roles(connection: AsyncConnection) -> dict[str, int]:
    table = TABLES["roles"]
    ids = {name: id_ for id_, name in (await connection.execute(select(table.c.id, table.c.name))).all()}
    last = max(ids.values(), default=0)
    missing = [{"id": last + row["id"], "name": row["name"]} for row in roles() if row["name"] not in ids]
    await _insert(connection, table, missing)
    return ids | {row["name"]: row["id"] for row in missing}


async def _insert(connection: AsyncConnection, table: Table, rows: Iterable[Row]) -> int:
    statement, waiting, count = insert(table), iter(rows), 0
    while batch := list(islice(waiting, ROWS_AT_ONCE)):
        await connection.execute(statement, batch)
        count += len(batch)
    return count


async def _count_on(connection: AsyncConnection) -> None:
    """Ids were given by us: let the database count on behind them."""
    dialect = dialect_of(connection.dialect.name)
    for table in Base.metadata.sorted_tables:
        if "id" in table.c and table.c.id.autoincrement is not False and table.c.id.type.python_type is int:
            for statement in dialect.count_on(table.c.id):
                await connection.execute(statement)
