"""Changes of users: admins let them in and out; everybody changes their own name and e-mail address."""

from typing import Any

from pydantic import Field, SecretStr

from db import models
from db.models.role import ADMIN
from graph.api_keys import delete_keys_of
from graph.audit import forget_user
from graph.context import RequestContext
from graph.identity import users as people
from graph.mutations.house import HouseSettings
from graph.mutations.post import posts
from graph.mutations.proof import count_attempt, prove_viewer
from graph.mutations.rights import ADMINS
from graph.mutations.role import check_an_admin_stays, is_admin
from graph.types.user import User
from graph.writing import Change, Crud, Rejected, RowsInput, owner_or
from graph.writing.errors import Forbidden, InvalidInput, InvalidState, SignInFailed, TooManyAttempts

CURRENT_PASSWORD = "Your own password. A change of an e-mail address takes it, of your own and of somebody else's."


async def _prove(values: Any, context: RequestContext) -> bool:
    """Whether the viewer has proven with the password who they are. Raises `Rejected` for a wrong one.

    Changes of addresses are counted for the viewer, too, for a right password clears the count of its guesses.
    """
    if values.current_password is None:
        return False
    await prove_viewer(context, values.current_password, "currentPassword")
    if values.given("email"):  # the answer tells whether the address is somebody's
        await count_attempt(context, context.viewer.name)
    return True


async def _before_update(user: models.User, values: Any, change: Change) -> None:
    if values.given("email") and values.email != user.email:
        _check_change_of_address(user, change)
    await _let_in_and_out(user, values, change)


def _check_change_of_address(user: models.User, change: Change) -> None:
    """Who may sign in with a password is said by the address: to change one takes the password of whoever does."""
    place = (*change.place, "email")
    if change.viewer.sign_in is None:
        raise Rejected(Forbidden("Only somebody who has signed in changes an e-mail address; no key may.", place))
    if not change.prepared:
        message = "To change an e-mail address takes your own password; send it along."
        raise Rejected(InvalidInput(message, (*change.place, "currentPassword")))
    if user.email == change.context.service(HouseSettings).house_email:
        raise Rejected(InvalidState("The house keeps its address, by which it is paid; leave it out.", place))


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


async def _before_delete(user: models.User, _values: Any, change: Change) -> None:
    """Only admins delete users, never themselves, and not the last. API keys go along, and the record forgets."""
    place = (*change.place, "id")
    if not change.viewer.has(ADMIN):
        raise Rejected(Forbidden("Only admins delete users; ask one of them.", place))
    if user.id == change.viewer.number:
        raise Rejected(InvalidState("This is you; let another admin do it.", place))
    if await is_admin(user.id, change):
        await check_an_admin_stays(user.id, change, place)
    await forget_user(change.session, user.id)
    await delete_keys_of(change.session, user.id)


users = Crud(
    User,
    ["email", "name", "is_active"],
    may=owner_or(ADMINS, owner="id"),
    create=ADMINS,
    later=["is_active"],
    rows=[RowsInput("posts", posts)],
    before_update=_before_update,
    update_fields={"current_password": (SecretStr | None, Field(None, description=CURRENT_PASSWORD))},
    prepare_update=_prove,
    before_delete=_before_delete,
    update_errors=[InvalidState, SignInFailed, TooManyAttempts],
    delete_errors=[InvalidState],
)

MUTATIONS = [users.create, users.update, users.delete]
