"""Who may do what: admins grant roles and take them away. A house without an admin would be locked for ever."""

from pydantic import Field
from sqlalchemy import Select, delete, exists, insert, select
from sqlalchemy.exc import IntegrityError

from db import models
from db.models.role import ADMIN, RoleName
from graph.identity.users import roles_of
from graph.mutations.rights import ADMINS
from graph.types.user import User
from graph.writing import Change, Input, Rejected, id_of, mutation
from graph.writing.errors import InvalidState, Place


class GrantRoleInput(Input):
    """Who is to have which role."""

    user_id: id_of(User) = Field(description="Which user.")  # type: ignore[valid-type]  # Pydantic takes it
    role: RoleName = Field(description="Which role.")


class RevokeRoleInput(Input):
    """Who is to lose which role."""

    user_id: id_of(User) = Field(description="Which user.")  # type: ignore[valid-type]  # as above
    role: RoleName = Field(description="Which role.")


@mutation(right=ADMINS, user=User)
async def grant_role(values: GrantRoleInput, change: Change) -> models.User:
    """Give a user a role. It holds from the user's next request on; who has it already keeps it."""
    user = await change.find(models.User, values.user_id, "userId")
    role = await _role(values.role, change)
    if not await change.session.scalar(_has(user.id, role.id)):
        await change.session.execute(insert(models.user_roles).values(user_id=user.id, role_id=role.id))
    change.touch(user)
    return user


@mutation(right=ADMINS, errors=[InvalidState], user=User)
async def revoke_role(values: RevokeRoleInput, change: Change) -> models.User:
    """Take a role away from a user, from the next request on. The last admin stays admin."""
    user = await change.find(models.User, values.user_id, "userId")
    role = await _role(values.role, change)
    if role.name == ADMIN and await change.session.scalar(_has(user.id, role.id)):
        await check_an_admin_stays(user.id, change, (*change.place, "role"))
    held = models.user_roles.c
    await change.session.execute(delete(models.user_roles).where(held.user_id == user.id, held.role_id == role.id))
    change.touch(user)
    return user


async def check_an_admin_stays(user_id: int, change: Change, place: Place) -> None:
    """Raise `Rejected` with `InvalidState` when nobody but this admin is an admin who may sign in.

    The role's row is locked, so that of two admins who leave at once the second one stays.
    """
    role = (await change.session.scalars(select(models.Role).where(models.Role.name == ADMIN).with_for_update())).one()
    held = models.user_roles.c
    others = (
        select(models.User.id)
        .join(models.user_roles, held.user_id == models.User.id)
        .where(held.role_id == role.id, models.User.id != user_id, models.User.is_active)
        .limit(1)
    )
    if await change.session.scalar(others) is None:
        raise Rejected(InvalidState("Nobody else is an admin; make somebody else one first.", place))


async def is_admin(user_id: int, change: Change) -> bool:
    """Whether a user has the role that may do everything."""
    held = models.user_roles.c
    of_user = select(models.Role.name).join(models.user_roles, held.role_id == models.Role.id)
    found = await change.session.scalar(of_user.where(held.user_id == user_id, models.Role.name == ADMIN))
    return found is not None


def _has(user_id: int, role_id: int) -> Select[tuple[bool]]:
    held = models.user_roles.c
    return select(exists().where(held.user_id == user_id, held.role_id == role_id))


async def _role(name: RoleName, change: Change) -> models.Role:
    """The role with a name; made if it is missing."""
    try:
        async with change.session.begin_nested():
            (role,) = await roles_of(change.session, [name.value])
    except IntegrityError:  # another transaction has made the role at the same moment
        (role,) = await roles_of(change.session, [name.value])
    return role


MUTATIONS = [grant_role, revoke_role]
