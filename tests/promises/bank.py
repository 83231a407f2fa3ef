"""A bank of eight accounts, and clients that move money between them: Jepsen's test of the same name, over GraphQL.

Every transfer has a name of its own. A client whose answer was lost asks again under the same name until it knows what
became of the transfer, so that in the end the balances follow from the answers alone.
Source: https://jepsen.io/analyses (the workload "bank").
"""

import asyncio
import os
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple, TypeVar

import httpx
from pydantic import SecretStr
from sqlalchemy import select
from starlette.requests import HTTPConnection

from db import models
from db.models.role import ADMIN
from db.money import to_decimal
from db.session import Mode, RequestSession
from db.session.engines import Engines
from db.settings import DatabaseSettings
from graph.entity.ids import encode_id
from graph.entity.registry import entity_of
from graph.settings import Settings
from graph.types.account import Account
from graph.types.transfer import Transfer
from graph.viewer import NOBODY, Viewer
from tests.databases import Database

T = TypeVar("T")

PROMISE_S = float(os.environ.get("TRELLIS_PROMISE_S", "5"))
"""How long a promise is tried. Read when the module is, because tests do not see the developer's settings."""

ACCOUNTS = 8
CLIENTS = 16
START = 10_000
"""What each account holds at first, in cents."""
MOST = 3_000
"""The most that is moved at once: often more than an account has."""
PAUSE_S = 0.05
"""Between two attempts to learn what became of a transfer."""
PATIENCE_S = 60

TRANSFER = """mutation($input: TransferFundsInput!) {
  transferFunds(input: $input) { transfer { id } errors { ... on UserError { __typename } } }
}"""
BALANCES = "{ accounts(first: 100) { nodes { balance } } }"
TOTAL = "{ accountsAggregate { sum { balance } min { balance } } }"

HEADER = "X-Test-User"


async def by_header(request: HTTPConnection) -> Viewer:
    """Who sent a request, by a header that says it: a user's number, or `admin`."""
    name = request.headers.get(HEADER)
    if name == ADMIN:
        return Viewer(None, frozenset({ADMIN}), key_id=1)
    return NOBODY if name is None else Viewer(int(name))


class Call(NamedTuple):
    """A transfer that a client wants."""

    key: str
    source: int
    target: int
    cents: int


@dataclass
class Ledger:
    """What the clients were told."""

    done: dict[str, tuple[Call, str]] = field(default_factory=dict)
    """By the key: the transfer, and the id that it got."""
    refused: set[str] = field(default_factory=set)
    lost: int = 0
    """How many answers did not come, or said that something went wrong."""
    codes: Counter[str] = field(default_factory=Counter)
    """What went wrong, by its code."""

    async def more_than(self, known: int) -> None:
        """Wait until more transfers than these are done: on a busy machine a client may wait long for its turn."""
        async with asyncio.timeout(PATIENCE_S):
            while len(self.done) <= known:  # noqa: ASYNC110 - nothing tells when clients are served
                await asyncio.sleep(PAUSE_S)

    def expected(self, accounts: Sequence[int]) -> dict[int, int]:
        """What each account must hold, in cents."""
        balances = dict.fromkeys(accounts, START)
        for call, _ in self.done.values():
            balances[call.source] -= call.cents
            balances[call.target] += call.cents
        return balances


def patient(database: Database) -> Settings:
    """Settings of a server that refuses nobody, however busy the machine is, for promises that are not about load."""
    return Settings(database_url=SecretStr(database.url), queue_timeout_s=PATIENCE_S)


async def open_accounts(settings: DatabaseSettings) -> list[int]:
    """Eight users with an account each; the numbers of the accounts."""

    async def work(transaction: Any) -> list[int]:
        accounts = []
        for number in range(ACCOUNTS):
            owner = models.User(email=f"client{number}@example.org", name=f"Client {number}")
            accounts.append(models.Account(currency="EUR", balance_minor=START, owner=owner))
        transaction.add_all(accounts)
        await transaction.flush()
        return [account.id for account in accounts]

    return await written(settings, work)


async def written(settings: DatabaseSettings, work: Callable[[RequestSession], Awaitable[T]]) -> T:
    """Do some work in a transaction, on connections of its own."""
    engines = Engines(settings)
    try:
        async with RequestSession(engines, Mode.CURRENT) as session:
            return await session.write(work)
    finally:
        await engines.dispose()


class Client:
    """One client of the API, who may move all the money that there is."""

    def __init__(self, origin: str, headers: Mapping[str, str], accounts: Sequence[int], ledger: Ledger) -> None:
        self.http = httpx.AsyncClient(base_url=origin, headers=headers, timeout=PATIENCE_S, verify=False)
        self.accounts = accounts
        self.ledger = ledger

    async def ask(self, document: str, **variables: Any) -> Any:
        """The data of an answer; None if none came, or one with errors: then nobody knows what was done."""
        try:
            answer = await self.http.post("/graphql", json={"query": document, "variables": variables})
        except httpx.TransportError:
            return None
        body = answer.json()
        codes = [error["extensions"]["code"] for error in body.get("errors", ())]
        self.ledger.codes.update(codes)
        return None if codes else body["data"]

    async def transfer(self, call: Call) -> bool:
        """Ask for a transfer once; whether its outcome is known."""
        data = await self.ask(TRANSFER, input=input_of(call))
        if data is None:
            self.ledger.lost += 1
            return False
        payload = data["transferFunds"]
        kinds = [error["__typename"] for error in payload["errors"]]
        if kinds:
            assert kinds == ["InsufficientFunds"], kinds
            self.ledger.refused.add(call.key)
        else:
            self.ledger.done[call.key] = (call, payload["transfer"]["id"])
        return True

    async def settle(self, call: Call) -> None:
        """Ask for a transfer until its outcome is known."""
        async with asyncio.timeout(PATIENCE_S):
            while not await self.transfer(call):  # noqa: ASYNC110 - nothing tells when the server is back
                await asyncio.sleep(PAUSE_S)

    async def run(self, name: str, until: asyncio.Event) -> None:
        """Move money about until told to stop; leave with every outcome known."""
        dice, number = random.Random(name), 0
        while not until.is_set():
            source, target = dice.sample(self.accounts, 2)
            await self.settle(Call(f"{name}-{(number := number + 1)}", source, target, dice.randint(1, MOST)))

    async def close(self) -> None:
        await self.http.aclose()


def input_of(call: Call) -> dict[str, Any]:
    """The input of `transferFunds`."""
    return {
        "fromAccountId": account_id(call.source),
        "toAccountId": account_id(call.target),
        "amount": str(Decimal(call.cents).scaleb(-2)),
        "idempotencyKey": call.key,
    }


def account_id(number: int) -> str:
    """The id that the API has for an account."""
    return encode_id(entity_of(Account), (number,))


async def check_books(settings: DatabaseSettings, ledger: Ledger, accounts: Sequence[int]) -> None:
    """Each acknowledged transfer is there once, no other is, and the balances are what follows from them."""
    engines = Engines(settings)
    try:
        async with RequestSession(engines) as session:
            transfers: Sequence[Any] = await session.rows(select(models.Transfer.idempotency_key, models.Transfer.id))
            found: Sequence[Any] = await session.rows(select(models.Account.id, models.Account.balance_minor))
    finally:
        await engines.dispose()
    stored = sorted((str(row[0]), encode_id(entity_of(Transfer), (row[1],))) for row in transfers)
    assert stored == sorted((key, id_) for key, (_, id_) in ledger.done.items())
    assert not ledger.refused & ledger.done.keys()
    balances = {row[0]: row[1] for row in found}
    assert balances == ledger.expected(accounts)
    assert min(balances.values()) >= 0


def total_in(data: Any) -> Decimal:
    """The sum of one reading, whichever of the two documents was asked. No balance in it is negative."""
    if "accounts" in data:
        balances = [Decimal(node["balance"]) for node in data["accounts"]["nodes"]]
        assert min(balances) >= 0
        return sum(balances, Decimal(0))
    found = data["accountsAggregate"]
    assert Decimal(found["min"]["balance"]) >= 0
    return Decimal(found["sum"]["balance"])


TOTAL_MONEY = to_decimal(ACCOUNTS * START, "EUR")
