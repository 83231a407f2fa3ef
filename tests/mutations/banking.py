"""Accounts with money in them, and what they hold."""

from decimal import Decimal
from typing import Any

from tests.mutations.asking import ADMIN, Asking

TRANSFER = "transfer { id amount currency idempotencyKey } fromAccount { id balance } toAccount { id balance }"
ORDER = "order { id status currency totalPrice lines { nodes { description quantity unitPrice } } }"


async def make_account(owner: Asking, balance: str = "0", currency: str = "EUR") -> str:
    """The id of an account of this user with this balance."""
    made = await owner.do("openAccount", {"currency": currency}, "account { id }")
    id_: str = made["account"]["id"]
    if Decimal(balance):
        paid = await owner.by(ADMIN).do("deposit", {"accountId": id_, "amount": balance})
        assert not paid["errors"], paid
    return id_


async def balance_of(ask: Asking, id_: str) -> str:
    """What an account holds."""
    data = await ask.by(ADMIN)("query($id: ID!) { account(id: $id) { balance } }", id=id_)
    balance: str = data["account"]["balance"]
    return balance


def transfer(source: str, target: str, amount: str, key: str | None = None) -> dict[str, Any]:
    """The input of a transfer."""
    named = {} if key is None else {"idempotencyKey": key}
    return {"fromAccountId": source, "toAccountId": target, "amount": amount, **named}


async def place(customer: Asking, *lines: tuple[int, str], currency: str = "EUR") -> str:
    """The id of an order of this user with these quantities and prices."""
    asked = [
        {"description": f"Thing {at}", "quantity": many, "unitPrice": price} for at, (many, price) in enumerate(lines)
    ]
    placed = await customer.do("placeOrder", {"currency": currency, "lines": asked}, "order { id }")
    id_: str = placed["order"]["id"]
    return id_
