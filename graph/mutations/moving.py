"""Money on its way: amounts as people write them, accounts locked, and one transfer from one to the other.

Decimals and numbers of accounts enter, minor units and rows leave. Of rights, only those of an account's owner and of
admins are known here. Locks are taken in the order of the accounts' numbers, so that no two transfers wait in a circle.
"""

from collections.abc import Mapping
from decimal import Context, Decimal
from functools import cache
from typing import Annotated, NamedTuple, cast

from pydantic import AfterValidator
from sqlalchemy import BigInteger, BindParameter, String, Table, Uuid, bindparam, case, insert, select, update
from sqlalchemy.exc import IntegrityError
from uuid_utils.compat import uuid7

from db import models
from db.base import Base, UtcDateTime
from db.dialects import dialect_of
from db.fast import CompiledStatement
from db.models.role import ADMIN
from db.money import digits, to_decimal
from db.violations import Rule, violation_of
from graph.mutations.errors import CurrencyMismatch, InsufficientFunds
from graph.types.transfer import Transfer
from graph.writing import Change, Rejected, WrittenRow, written
from graph.writing.errors import IdempotencyConflict, InvalidInput, Place, no_such

MAX_MINOR_UNITS = 2**63 - 1
"""What a column of 64 bits holds."""

PAYING = (CurrencyMismatch, InsufficientFunds)
"""What mutations that move money declare besides what every mutation may answer."""

_EXACT = Context(prec=2_100)
"""Amounts have at most a thousand digits on either side of the point: nothing is rounded."""

ACCOUNTS = cast(Table, models.Account.__table__)
TRANSFERS = cast(Table, models.Transfer.__table__)


def _positive(amount: Decimal) -> Decimal:
    if amount <= 0:
        raise ValueError("an amount is more than 0; to send money back, change the accounts over")
    return amount


Amount = Annotated[Decimal, AfterValidator(_positive)]
"""An amount of money that is more than nothing; how many digits it may have, its currency says."""


def minor_units(amount: Decimal, currency: str, place: Place) -> int:
    """12.50 EUR → 1250, for amounts that are not negative.

    Raises `Rejected` with `InvalidInput` for more digits than the currency has, and for more than 64 bits hold.
    """
    places = digits(currency)
    exact = amount.scaleb(places, _EXACT)
    if exact > MAX_MINOR_UNITS:
        raise Rejected(_too_much(currency, place))
    whole = int(exact)
    if whole != exact:
        many = f"{places or 'no'} digit{'' if places == 1 else 's'}"
        nearest = to_decimal(whole, currency)
        raise Rejected(
            InvalidInput(f"{currency} has {many} after the point; round it, for instance to {nearest}.", place)
        )
    return whole


def _too_much(currency: str, place: Place) -> InvalidInput:
    most = to_decimal(MAX_MINOR_UNITS, currency)
    return InvalidInput(f"That is more than an account can hold; {most} {currency} is the most.", place)


class Held(NamedTuple):
    """An account that is locked until the change ends."""

    id: int
    currency: str
    balance: int
    owner_id: int


def _number(name: str) -> BindParameter[int]:
    return bindparam(name, type_=BigInteger())


_BOTH = ACCOUNTS.c.id.in_([_number("source"), _number("target")])

# Not the strongest lock: to insert a row that refers to an account waits for none.
_LOCKED = CompiledStatement(
    select(ACCOUNTS.c.id, ACCOUNTS.c.currency, ACCOUNTS.c.balance, ACCOUNTS.c.owner_id)
    .where(_BOTH)
    .order_by(ACCOUNTS.c.id)
    .with_for_update(key_share=True)
)
_MOVED = (
    update(ACCOUNTS)
    .where(_BOTH)
    .values(
        balance=case(
            (ACCOUNTS.c.id == _number("source"), ACCOUNTS.c.balance - _number("minor")),
            else_=ACCOUNTS.c.balance + _number("minor"),
        ),
        updated_at=bindparam("now", type_=UtcDateTime()),
    )
)
_NOTED = insert(TRANSFERS).values(
    id=bindparam("transfer", type_=Uuid()),
    amount=_number("minor"),
    currency=bindparam("code", type_=String(3)),
    idempotency_key=bindparam("name", type_=String(100)),
    created_at=bindparam("now", type_=UtcDateTime()),
    from_account_id=_number("source"),
    to_account_id=_number("target"),
)

_NAMED = CompiledStatement(
    select(TRANSFERS.c.id).where(
        TRANSFERS.c.from_account_id == _number("source"),
        TRANSFERS.c.idempotency_key == bindparam("name", type_=String(100)),
    )
)


@cache
def _moving(dialect: str) -> tuple[CompiledStatement, ...]:
    if dialect_of(dialect).changes_in_with:  # one way to the server and back instead of two
        return (CompiledStatement(_NOTED.add_cte(_MOVED.cte("moved"))),)
    return (CompiledStatement(_MOVED), CompiledStatement(_NOTED))


async def hold(change: Change, source: int, target: int) -> Mapping[int, Held]:
    """Lock two accounts, the lower number first. Those that exist, whether or not the viewer may see them."""
    rows = await change.rows(_LOCKED, {"source": source, "target": target})
    return {row[0]: Held(*row) for row in rows}


def own(held: Held | None, change: Change, place: Place) -> Held:
    """An account that the viewer may take money from. Raises `Rejected` with `NotFound` for any other."""
    if held is None or not is_own(held, change):
        raise Rejected(no_such("account", place))
    return held


def is_own(held: Held, change: Change) -> bool:
    """Whether the viewer sees an account: the owner does, and admins do."""
    return held.owner_id == change.viewer.number or change.viewer.has(ADMIN)


async def receiver(
    held: Held | None, source: Held, minor: int, change: Change, place: Place, *, amount: Place, name: str | None
) -> Held:
    """The account that is to get minor units. Raises `Rejected` for one that cannot.

    Of an account that the viewer does not see, nothing is told but that the money has arrived: one that is not there,
    one of another currency and one that is full are refused in the same words, and only after everything that the
    viewer knows has been checked, so that no refusal tells of the account. A name that was used is looked for here,
    where the money does not go; where it goes, the database finds that.
    """
    if held is not None and is_own(held, change):
        check_currencies(source.currency, held.currency, place)
        _check_funds(source, minor, amount)
        return held
    _check_funds(source, minor, amount)
    if held is None or held.currency != source.currency or held.balance > MAX_MINOR_UNITS - minor:
        if name is not None and await change.rows(_NAMED, {"source": source.id, "name": name}):
            raise Rejected(_used_before(change))
        raise Rejected(no_such(f"account in {source.currency}", place))
    return held


def _check_funds(source: Held, minor: int, place: Place) -> None:
    if source.balance < minor:
        raise Rejected(InsufficientFunds("The account does not hold as much; send less, or put money in first.", place))


def _used_before(change: Change) -> IdempotencyConflict:
    message = "This account has used the key for another transfer before; choose another key."
    return IdempotencyConflict(message, (*change.place, "idempotencyKey"))


def check_currencies(one: str, other: str, place: Place) -> None:
    """Raise `Rejected` with `CurrencyMismatch` for two different currencies."""
    if one != other:
        message = f"Money is not changed here: {one} cannot be paid in {other}; use accounts of one currency."
        raise Rejected(CurrencyMismatch(message, place))


def check_room(target: Held, minor: int, place: Place) -> None:
    """Raise `Rejected` with `InvalidInput` when an account cannot hold as much more."""
    if target.balance > MAX_MINOR_UNITS - minor:
        raise Rejected(_too_much(target.currency, place))


async def move(
    change: Change, source: Held, target: Held, minor: int, place: Place, name: str | None = None
) -> WrittenRow:
    """Move minor units between two accounts that are held, and write the transfer down.

    `place` is what the input says about the amount; `name` is the sender's own name for the transfer. Raises `Rejected`
    with `InsufficientFunds`, with `InvalidInput` when the receiver cannot hold as much, and with `IdempotencyConflict`
    for a name that the account has used before.
    """
    _check_funds(source, minor, place)
    check_room(target, minor, place)
    id_ = uuid7()
    values = {"transfer": id_, "code": source.currency, "name": name, "now": change.now}
    values |= {"source": source.id, "target": target.id, "minor": minor}
    try:
        for statement in _moving(change.dialect):
            await change.rows(statement, values)
    except IntegrityError as error:
        if violation_of(error, Base.metadata).rule is not Rule.UNIQUE:
            raise
        raise Rejected(_used_before(change)) from None
    transfer = written(Transfer, id_)
    change.touch(transfer)
    return transfer
