"""The club's bank: accounts whose balances are exactly what the transfers made them.

The treasury holds one account per currency and pays everybody's first deposit. For every other account, the balance
is what came in less what went out; for a treasury, it is `OPENING` less what went out, plus what came in. No balance
is ever negative on the way.
"""

from datetime import datetime, timedelta
from itertools import groupby
from typing import NamedTuple

from db.demo.dice import Dice, Row, days_ago
from db.demo.people import account_holders
from db.demo.trade import CURRENCIES, IN_EURO
from db.money import digits

TREASURER = 1
TRANSFERS_PER_HOLDER = 3

OPENING = 1_000_000
"""What a treasury begins with at scale 1, in euro."""
DEPOSIT = 800


class Bank(NamedTuple):
    """All accounts and all transfers, as rows."""

    accounts: list[Row]
    transfers: list[Row]


def opening(currency: str, scale: int) -> int:
    """What the treasury of a currency begins with, in minor units."""
    return _minor(OPENING * scale, currency)


def bank(scale: int, seed: int) -> Bank:
    """Open the accounts, then move the money."""
    dice = Dice(seed, "bank")
    accounts = _accounts(scale)
    transfers = list[Row]()
    treasury = {account["currency"]: account for account in accounts[: len(CURRENCIES)]}
    customers = accounts[len(CURRENCIES) :]
    for account in customers:
        currency = account["currency"]
        amount = _minor(dice.between(DEPOSIT // 2, DEPOSIT), currency)
        transfers.append(_transfer(dice, treasury[currency], account, amount, account["created_at"]))
    by_currency = {
        currency: list(group) for currency, group in groupby(sorted(customers, key=_currency), key=_currency)
    }
    count = TRANSFERS_PER_HOLDER * len(account_holders(scale))
    for index in range(count):
        sender, receiver = dice.some(by_currency[dice.pick(list(by_currency))], 2)
        if sender["balance"]:
            amount = dice.between(1, max(1, sender["balance"] // 3))
            moment = days_ago(300 * (1 - (index - index % 2) / count))
            transfers.append(_transfer(dice, sender, receiver, amount, moment))
    return Bank(accounts, transfers)


def _accounts(scale: int) -> list[Row]:
    opened = days_ago(400)
    rows = [_account(TREASURER, currency, opened, opening(currency, scale)) for currency in CURRENCIES]
    for index, holder in enumerate(account_holders(scale)):
        rows.append(_account(holder, "EUR", opened + timedelta(minutes=index // 2)))
        rows.append(_account(holder, CURRENCIES[1 + index % 4], opened + timedelta(minutes=index // 2)))
    return [{"id": number, **row} for number, row in enumerate(rows, 1)]


def _account(owner: int, currency: str, opened: datetime, balance: int = 0) -> Row:
    return {"currency": currency, "balance": balance, "owner_id": owner, "created_at": opened, "updated_at": opened}


def _transfer(dice: Dice, sender: Row, receiver: Row, amount: int, moment: datetime) -> Row:
    sender["balance"] -= amount
    receiver["balance"] += amount
    sender["updated_at"] = receiver["updated_at"] = moment
    id_ = dice.uuid7(moment)
    return {
        "id": id_,
        "amount": amount,
        "currency": sender["currency"],
        "idempotency_key": f"demo-{id_}" if dice.below(2) else None,
        "created_at": moment,
        "from_account_id": sender["id"],
        "to_account_id": receiver["id"],
    }


def _currency(account: Row) -> str:
    return str(account["currency"])


def _minor(euros: int, currency: str) -> int:
    return round(euros * IN_EURO[currency] * 10.0 ** digits(currency))
