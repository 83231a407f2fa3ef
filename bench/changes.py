"""What the log of changes costs writes: processor time of mutations without and with its triggers, taking turns.

`python -m bench.changes 60` prints a line for each mutation on each database. Two databases have the same rows, one of
them no triggers; a server of each is in this process, and requests come as ASGI, without a network. What is counted is
the server's own work and that of PostgreSQL's back ends (`bench.backends`); SQLite works in the server.
"""

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import asyncpg
import uvloop
from pydantic import SecretStr
from sqlalchemy import URL, make_url, select, text
from starlette.applications import Starlette
from starlette.requests import HTTPConnection

from bench import backends
from bench.database import database
from bench.usage import SIZE, asking
from db import demo, models
from db.changes.log import ChangeLog
from db.dialects.change_log import TableKey
from db.migrate import upgrade
from db.models.role import ADMIN
from db.session.engines import Engines
from db.settings import DatabaseSettings
from graph.app import create_app
from graph.settings import Settings
from graph.viewer import Viewer

SQLITE = "sqlite"
TURN = 8
"""Mutations in a row."""
WARM = 3
BULK = 1_000
SCALE = 20
"""Of the demo data."""
BULK_TURN = 1
MONEY = "100000"

OPEN = 'mutation { openAccount(input: { currency: "EUR" }) { account { id } errors { __typename } } }'
DEPOSIT = "mutation ($input: DepositInput!) { deposit(input: $input) { errors { __typename } } }"
TRANSFER = """mutation ($input: TransferFundsInput!) {
    transferFunds(input: $input) { transfer { amount currency } errors { __typename } } }"""
CREATE = """mutation ($input: CreatePostInput!) {
    createPost(input: $input) { post { id title author { id name } } errors { __typename } } }"""
UPDATE = """mutation ($input: UpdatePostInput!) {
    updatePost(input: $input) { post { title summary } errors { __typename } } }"""
CREATE_MANY = """mutation ($input: CreatePostsInput!) {
    createPosts(input: $input) { posts { id } errors { __typename } } }"""

Payload = Mapping[str, Any]


@dataclass(frozen=True)
class Writing:
    """A server, the database that it writes to, and rows of it that are changed."""

    app: Starlette
    database: str
    post: str
    accounts: Sequence[str]


class Mutation(NamedTuple):
    """One kind of change."""

    query: str
    input: Callable[[Writing, int], Payload]
    """Of one number: no two are the same."""
    turn: int = TURN


MUTATIONS: Mapping[str, Mutation] = {
    "createPost": Mutation(
        CREATE, lambda _, number: {"title": f"Roses {number}", "content": "They climb.", "summary": "On roses."}
    ),
    "updatePost": Mutation(
        UPDATE, lambda to, number: {"id": to.post, "title": f"Hops {number}", "summary": f"On hops, {number}."}
    ),
    "transferFunds": Mutation(
        TRANSFER,
        lambda to, number: {
            "fromAccountId": to.accounts[number % 2],
            "toAccountId": to.accounts[1 - number % 2],
            "amount": "0.01",
        },
    ),
    f"createPosts of {BULK:,}": Mutation(
        CREATE_MANY,
        lambda _, number: {
            "posts": [{"title": f"Beans {number} {each}", "content": "They climb."} for each in range(BULK)]
        },
        BULK_TURN,
    ),
}


class Costs(NamedTuple):
    """Milliseconds of processor time of one mutation, of the server and of PostgreSQL together."""

    without: float
    """The median of the turns without triggers."""
    more: float
    """What triggers add: the median of the differences of two turns that follow each other."""

    @property
    def share(self) -> float:
        """What they add, as a share of a mutation without them."""
        return self.more / self.without


async def done(to: Writing, mutation: Mutation, number: int) -> Payload:
    """Do it once, and see that it was done."""
    return await ask(to.app, mutation.query, mutation.input(to, number))


async def ask(app: Starlette, query: str, given: Payload | None = None) -> Payload:
    """The payload of a mutation that has no errors."""
    answer = json.loads(await asking(query, {} if given is None else {"input": given})(app))
    assert "errors" not in answer, answer
    (payload,) = answer["data"].values()
    assert payload.get("errors", []) == [], payload
    return dict(payload)


async def costs(without: Writing, recorded: Writing, mutation: Mutation, rounds: int) -> Costs:
    """What a mutation takes on both, in turns."""
    took: dict[str, list[float]] = {without.database: [], recorded.database: []}
    for number in range(rounds + WARM):
        for to in (without, recorded) if number % 2 else (recorded, without):
            turn_ms = await _turn_ms(to, mutation, number)
            if number >= WARM:
                took[to.database].append(turn_ms)
    before, after = took.values()
    more = statistics.median(late - early for early, late in zip(before, after, strict=True))
    return Costs(statistics.median(before), more)


async def _turn_ms(to: Writing, mutation: Mutation, number: int) -> float:
    behind, began = backends.times(to.database), time.process_time()
    for each in range(mutation.turn):
        await done(to, mutation, number * mutation.turn + each)
    used = time.process_time() - began
    await asyncio.sleep(0.001)  # a back end counts its time when it waits again
    worked = backends.seconds_between(behind, backends.times(to.database)) or 0
    return 1_000 * (used + worked) / mutation.turn


@asynccontextmanager
async def writing(url: str, *, has_log: bool) -> AsyncIterator[Writing]:
    """A server of a database, for its first user, who is an admin."""
    settings = Settings(database_url=SecretStr(url), usage_interval_s=3_600, changes=has_log, pool_size=1)
    engines = Engines(settings)
    async with engines.primary.connect() as connection:
        user = await connection.scalar(select(models.User.id).order_by(models.User.id).limit(1))
    await engines.dispose()
    viewer = Viewer(user, frozenset({ADMIN}))

    async def identify(_request: HTTPConnection) -> Viewer:
        return viewer

    app = create_app(settings, identify=identify)
    async with app.router.lifespan_context(app):
        post = await ask(app, "{ posts(first: 1) { nodes { id } } }")
        accounts = [(await ask(app, OPEN))["account"]["id"] for _ in range(2)]
        for account in accounts:
            await ask(app, DEPOSIT, {"accountId": account, "amount": MONEY})
        yield Writing(app, make_url(url).database or "", post["nodes"][0]["id"], accounts)


async def forget(url: str) -> None:
    """Take all triggers of the log away."""
    engines = Engines(DatabaseSettings(database_url=SecretStr(url)))
    log = ChangeLog(engines.primary.dialect, [models.Post.metadata])
    async with engines.primary.begin() as connection:
        for found in await log.recorded(connection):
            for statement in log.dialect.forget(TableKey(found.table, None, found.key)):
                await connection.execute(text(statement))
        assert not await log.recorded(connection)
    await engines.dispose()


@contextmanager
def beside(url: str, name: str, scale: int, *, recorded: bool) -> Iterator[str]:
    """A database of one's own beside another one, with demo data, and with triggers or without."""
    made = make_url(url)
    own = made.set(database=f"{made.database}_{name}")
    on_server = made.get_backend_name() != SQLITE
    if on_server:
        asyncio.run(_execute(made, f'CREATE DATABASE "{own.database}"'))
    try:
        found = own.render_as_string(hide_password=False)
        settings = DatabaseSettings(database_url=SecretStr(found))
        upgrade(settings)
        asyncio.run(_fill(settings, scale))
        if not recorded:
            asyncio.run(forget(found))
        yield found
    finally:
        if on_server:
            asyncio.run(_execute(made, f'DROP DATABASE "{own.database}" WITH (FORCE)'))
        else:
            Path(str(own.database)).unlink()


async def _fill(settings: DatabaseSettings, scale: int) -> None:
    engines = Engines(settings)
    await demo.fill(engines, scale=scale)
    await engines.dispose()


async def _execute(url: URL, statement: str) -> None:
    beside = url.set(database="postgres", drivername="postgresql").render_as_string(hide_password=False)
    connection = await asyncpg.connect(beside)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def measure(without: str, recorded: str, rounds: int) -> Mapping[str, Costs]:
    """Serve both databases, and compare each mutation."""
    async with AsyncExitStack() as stack:
        plain = await stack.enter_async_context(writing(without, has_log=False))
        logged = await stack.enter_async_context(writing(recorded, has_log=True))
        return {
            name: await costs(plain, logged, mutation, max(1, rounds * mutation.turn // TURN))
            for name, mutation in MUTATIONS.items()
        }


def measured(url: str, rounds: int, scale: int = SCALE) -> Mapping[str, Costs]:
    """What is measured on two databases beside this one."""
    with beside(url, "plain", scale, recorded=False) as plain, beside(url, "logged", scale, recorded=True) as logged:
        return uvloop.run(measure(plain, logged, rounds))


@contextmanager
def folder() -> Iterator[str]:
    """A place for databases of SQLite."""
    with tempfile.TemporaryDirectory(prefix="trellis-bench-") as place:
        yield f"sqlite:///{place}/bench"


def main() -> None:
    """Own two databases of each kind, and measure on them."""
    parser = argparse.ArgumentParser(prog="python -m bench.changes", description="What the log of changes costs.")
    parser.add_argument("rounds", type=int, nargs="?", default=60)
    rounds = parser.parse_args().rounds
    sys.stdout.write(f"{rounds} rounds, load average {os.getloadavg()[0]:.1f}\n")
    for name, owned in (("PostgreSQL", database(SIZE)), ("SQLite", folder())):
        with owned as url:
            found = measured(url, rounds)
        for mutation, cost in found.items():
            sys.stdout.write(f"{name}, {mutation}: {cost.without:.3f} ms, {cost.more:+.3f} ms ({cost.share:+.1%})\n")


if __name__ == "__main__":
    main()
