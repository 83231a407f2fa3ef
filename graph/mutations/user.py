"""Changes of users: admins let them in and out; everybody changes their own name and e-mail address."""

from typing import Any

from db import models
from db.models.role import ADMIN
from graph.identity import users as people
from graph.mutations.house import HouseSettings
from graph.mutations.rights import ADMINS
from graph.mutations.role import check_an_admin_stays, is_admin
from graph.types.user import User
from graph.writing import Change, Crud, Rejected, owner_or
from graph.writing.errors import Forbidden, InvalidState


async def _before_update(user: models.User, values: Any, change: Change) -> None:
    house = change.context.service(HouseSettings).house_email
    if user.email == house and values.given("email") and values.email != house:
        message = "The house keeps its address, by which it is paid; leave it out."
        raise Rejected(InvalidState(message, (*change.place, "email")))
    await _let_in_and_out(user, values, change)


async def _let_in_and_out(user: models.User, values: Any, change: Change) -> None:
    """Only admins say who may sign in. Whoever may not is signed out everywhere."""
    if not values.given("is_active"):
        return
    place = (*change.place, "isActive")
    if not change.viewer.has(ADMIN):
        raise Rejected(Forbidden("Only admins let users in and out; leave it out.", place))
    if user.is_active and not values.is_active:
        if await is_admin(user.id, change):
            await check_an_admin_stays(user.id, change, place)
        await people.deactivate(change.session, user)


async def _may_go(user: models.User, _values: Any, change: Change) -> None:
    """Only admins delete users, never themselves, and not the last of them."""
    place = (*change.place, "id")
    if not change.viewer.has(ADMIN):
        raise Rejected(Forbidden("Only admins delete users; ask one of them.", place))
    if user.id == change.viewer.id:
        raise Rejected(InvalidState("This is you; let another admin do it.", place))
    if await is_admin(user.id, change):
        await check_an_admin_stays(user.id, change, place)


users = Crud(
    User,
    ["email", "name", "is_active"],
    may=owner_or(ADMINS, owner="id"),
    create=ADMINS,
    later=["is_active"],
    before_update=_before_update,
    before_delete=_may_go,
    update_errors=[InvalidState],
    delete_errors=[InvalidState],
)

MUTATIONS = [users.create, users.update, users.delete]
