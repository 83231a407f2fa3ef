"""Changes of accounts: opening one, putting money in, and moving money from one to another."""

from pydantic import Field
from sqlalchemy import BigInteger, bindparam, update

from db import models
from db.base import UtcDateTime
from db.fast import CompiledStatement
from graph.entity.registry import entity_of
from graph.mutations.moving import ACCOUNTS, PAYING, Amount, check_room, hold, minor_units, move, own, receiver
from graph.mutations.rights import ADMINS
from graph.mutations.texts import Currency
from graph.types.account import Account
from graph.types.transfer import Transfer
from graph.types.user import User
from graph.writing import (
    Change,
    IdempotencyKey,
    Input,
    Rejected,
    WrittenRow,
    id_of,
    idempotency_key,
    mutation,
    written,
)
from graph.writing.errors import InvalidInput, no_such
from graph.writing.writer import EntityWriter

_accounts = EntityWriter(entity_of(Account), ["currency"], owner="owner", owner_right=ADMINS)


class OpenAccountInput(Input):
    """A new account, with nothing in it."""

    currency: Currency = Field(description="The ISO 4217 code of its currency, for instance EUR.")
    owner_id: id_of(User) | None = Field(  # type: ignore[valid-type]  # Pydantic takes it
        None, description="Whom it belongs to. Only admins give it; it is the viewer if left out."
    )


class DepositInput(Input):
    """Money that comes from outside."""

    account_id: id_of(Account) = Field(description="The account that the money goes to.")  # type: ignore[valid-type]  # as above
    amount: Amount = Field(description="How much, in the currency of the account.")
    idempotency_key: IdempotencyKey | None = idempotency_key()


class TransferFundsInput(Input):
    """Money that goes from one account to another."""

    from_account_id: id_of(Account) = Field(description="The account that the money leaves.")  # type: ignore[valid-type]  # as above
    to_account_id: id_of(Account) = Field(description="The account that the money reaches; anybody's.")  # type: ignore[valid-type]  # as above
    amount: Amount = Field(description="How much, in the currency of both accounts.")
    idempotency_key: IdempotencyKey | None = idempotency_key()


_DEPOSITED = CompiledStatement(
    update(ACCOUNTS)
    .where(ACCOUNTS.c.id == bindparam("source", type_=BigInteger()))
    .values(
        balance=ACCOUNTS.c.balance + bindparam("minor", type_=BigInteger()),
        updated_at=bindparam("now", type_=UtcDateTime()),
    )
)


@mutation(account=Account)
async def open_account(values: OpenAccountInput, change: Change) -> models.Account:
    """Open an account with nothing in it. Only admins open accounts for others."""
    row = _accounts.new_row(values, change.viewer, change.place)
    if row["owner_id"] != change.viewer.number:
        await change.find(models.User, (row["owner_id"],), "ownerId")
    account = models.Account(**row)
    change.session.add(account)
    await change.session.flush()
    change.touch(account)
    return account


@mutation(right=ADMINS, idempotent=True, account=Account)
async def deposit(values: DepositInput, change: Change) -> WrittenRow:
    """Put money into an account that comes from outside."""
    (id_,) = values.account_id
    held = (await hold(change, id_, id_)).get(id_)
    if held is None:
        raise Rejected(no_such("account", (*change.place, "accountId")))
    place = (*change.place, "amount")
    minor = minor_units(values.amount, held.currency, place)
    check_room(held, minor, place)
    await change.rows(_DEPOSITED, {"source": id_, "minor": minor, "now": change.now})
    account = written(Account, id_)
    change.touch(account)
    return account


@mutation(idempotent=True, errors=PAYING, transfer=Transfer, from_account=Account, to_account=Account)
async def transfer_funds(values: TransferFundsInput, change: Change) -> dict[str, object]:
    """Move money from an account of the viewer to any other account of the same currency."""
    (source_id,), (target_id,) = values.from_account_id, values.to_account_id
    to, amount = (*change.place, "toAccountId"), (*change.place, "amount")
    if source_id == target_id:
        raise Rejected(InvalidInput("Money cannot go to the account that it comes from; choose another.", to))
    held = await hold(change, source_id, target_id)
    source = own(held.get(source_id), change, (*change.place, "fromAccountId"))
    minor = minor_units(values.amount, source.currency, amount)
    name = values.idempotency_key
    target = await receiver(held.get(target_id), source, minor, change, to, amount=amount, name=name)
    transfer = await move(change, source, target, minor, amount, name)
    return {
        "transfer": transfer,
        "from_account": written(Account, source_id),
        "to_account": written(Account, target_id),
    }


MUTATIONS = [open_account, deposit, transfer_funds]
