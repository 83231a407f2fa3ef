"""The house: the user whom paid orders pay, with an account for each currency.

The house's address comes from the environment, a currency from an order; the number of an account leaves. Nobody can
sign in as the house: it has no password. The house and its accounts are made when they are first needed, once, however
many need them at the same time.
"""

from typing import cast

from pydantic import Field
from pydantic_settings import BaseSettings
from sqlalchemy import String, Table, bindparam, select

from db import models
from db.base import EmailAddress
from db.dialects import dialect_of
from db.fast import CompiledStatement
from db.settings import DatabaseSettings
from graph.context import RequestContext
from graph.mutations.moving import ACCOUNTS
from graph.mutations.texts import Email
from graph.writing import Change, Rejected, guard_column
from graph.writing.errors import InvalidState, Place, UserError
from graph.writing.violations import taken

NAME = "The house"

_USERS = cast(Table, models.User.__table__)
_EMAIL = bindparam("email", type_=EmailAddress())

_ACCOUNT = CompiledStatement(
    select(ACCOUNTS.c.id)
    .join(_USERS, _USERS.c.id == ACCOUNTS.c.owner_id)
    .where(
        _USERS.c.email == _EMAIL,
        _USERS.c.hashed_password.is_(None),
        ACCOUNTS.c.currency == bindparam("code", type_=String(3)),
    )
    .order_by(ACCOUNTS.c.id)
    .limit(1)
)


class HouseSettings(BaseSettings):
    """What our nouns are told from outside, besides the settings of the server: `context.service(HouseSettings)`."""

    model_config = DatabaseSettings.model_config

    house_email: Email = Field(
        default="house@trellis.example",
        description="The address of the user whom paid orders pay. Made when first needed; nobody signs in as it.",
    )


def check_not_the_house(email: str, context: RequestContext, place: Place) -> UserError | None:
    """The guard of users' addresses: nobody takes the house's, who would then be paid; it is as good as taken."""
    return taken(_USERS, ["email"], place) if email == context.service(HouseSettings).house_email else None


guard_column(models.User, "email", check_not_the_house)


async def house_account(change: Change, currency: str) -> int:
    """The number of the account that the house has in a currency. It is not locked.

    Raises `Rejected` with `InvalidState` when the address of the house belongs to somebody who can sign in.
    """
    email = change.context.service(HouseSettings).house_email
    found = await change.rows(_ACCOUNT, {"email": email, "code": currency})
    number: int = found[0][0] if found else await _made(change, email, currency)
    return number


async def _made(change: Change, email: str, currency: str) -> int:
    made = dialect_of(change.dialect).insert_missing(_USERS, ["email"])
    await change.session.execute(made.values(email=email, name=NAME))
    # The lock on the user makes others who would open the same account wait, and find it.
    house = await change.session.scalar(select(models.User).where(models.User.email == email).with_for_update())
    if house is None or house.hashed_password is not None:
        message = "Nothing can be paid here now: the house's address is taken. Tell whoever runs this server."
        raise Rejected(InvalidState(message, change.place))
    found = await change.rows(_ACCOUNT, {"email": email, "code": currency})
    if found:
        return int(found[0][0])
    account = models.Account(owner_id=house.id, currency=currency)
    change.session.add(account)
    await change.session.flush()
    return account.id
