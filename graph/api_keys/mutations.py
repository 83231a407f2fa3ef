"""Changes of API keys: users make keys for themselves, and end them.

A declaration of an application enters; mutations leave, and the way by which a key says who asks. A key makes no other
key: whoever has found one would keep its rights when it is ended.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, Field, StringConstraints
from sqlalchemy import Select

from db.characters import check_line
from db.own import Feature
from db.own.api_keys import MAX_NAME
from db.relations import ViewerId
from db.session.engines import Engines
from graph.api_keys.keys import KEPT_FOR, end_key, keys_of, make_key
from graph.api_keys.listing import viewer_api_keys
from graph.api_keys.way import ByApiKey
from graph.prepare.fields import PlannedField
from graph.writing import Change, Input, MutationDeclaration, Rejected, Right, mutation
from graph.writing.errors import AlreadyExists, Forbidden, InvalidInput, InvalidState, no_such

MAX_KEYS = 100
"""Of one user, with those that ended of late. More are nobody's machines."""


KeyName = Annotated[str, StringConstraints(min_length=1, max_length=MAX_NAME), AfterValidator(check_line)]


class CreateApiKeyInput(Input):
    """A new API key, which acts for the viewer."""

    name: KeyName = Field(description=f"What the key is for; 1 to {MAX_NAME} characters, and no other key's of yours.")
    roles: list[str] = Field([], description="What the key may do: roles that you have. It has none besides yours.")
    read_only: bool = Field(False, description="Whether the key may change nothing.")
    expires_at: datetime | None = Field(None, description="When the key ends; left out: not before you end it.")


class RevokeApiKeyInput(Input):
    """Which API key ends."""

    name: KeyName = Field(description="The name of the key.")


class RevokeApiKeyOfInput(RevokeApiKeyInput):
    """Which API key ends, and whose."""

    user_id: str | None = Field(None, description="The id of the user whose key it is; left out: the viewer's own.")


class ApiKeys:
    """The API keys of an application."""

    def __init__(self, held: Select[Any] | None = None, *, revoke: Right | None = None) -> None:
        """Declare them.

        `held` tells the roles that a user has now, one in each row, for the user `viewer_id(…)`: a row with null for
        somebody without roles, and no row for somebody who is gone. Without it, keys have no roles. `revoke` is who may
        end the keys of others; without it, nobody.
        """
        self._held = held
        self._revoke = revoke

    def way(self, engines: Engines) -> ByApiKey:
        """How a key says who asks."""
        return ByApiKey(engines, self._held)

    @property
    def listing(self) -> PlannedField:
        """`viewerApiKeys`, for `query_type(…, extra=[KEYS.listing])`."""
        return viewer_api_keys()

    @property
    def mutations(self) -> Sequence[MutationDeclaration[Any, Any]]:
        """`createApiKey` and `revokeApiKey`."""
        revoking = revoke_api_key if self._revoke is None else _revoking_of_others(self._revoke)
        return (_creating(has_roles=self._held is not None), revoking)


def _creating(*, has_roles: bool) -> MutationDeclaration[Any, Any]:
    @mutation(
        errors=[AlreadyExists, Forbidden, InvalidState],
        needs=Feature.API_KEYS,
        key=(str, "The key itself. It is shown this once, for only a digest of it is kept."),
    )
    async def create_api_key(values: CreateApiKeyInput, change: Change) -> dict[str, str]:
        """Make an API key. Programs send it as `Authorization: Bearer …`, and act for you."""
        user = _user(change)
        _check_roles(values.roles, change, has_roles=has_roles)
        _check_end(values.expires_at, change)
        await _check_room(user, change)
        text = await make_key(
            change.session,
            values.name,
            values.roles,
            user=user,
            read_only=values.read_only,
            expires_at=values.expires_at,
        )
        if text is None:
            message = "You have a key of this name, perhaps an ended one; choose another name."
            raise Rejected(AlreadyExists(message, (*change.place, "name")))
        return {"key": text}

    return create_api_key


DONE = (bool, "Whether the key has ended; null if nothing was done.")


@mutation(needs=Feature.API_KEYS, errors=[Forbidden], done=DONE)
async def revoke_api_key(values: RevokeApiKeyInput, change: Change) -> dict[str, bool]:
    """End an API key of yours. Requests with it are refused from now on."""
    return await _end(values.name, _user(change), change)


def _revoking_of_others(right: Right) -> MutationDeclaration[Any, Any]:
    @mutation(needs=Feature.API_KEYS, errors=[Forbidden], done=DONE)
    async def revoke_api_key(values: RevokeApiKeyOfInput, change: Change) -> dict[str, bool]:
        """End an API key. Requests with it are refused from now on."""
        if values.user_id is None:
            return await _end(values.name, _user(change), change)
        _check_no_key(change)
        refused = right(change.viewer, (*change.place, "userId"))
        if refused is not None:
            raise Rejected(refused)
        return await _end(values.name, values.user_id, change)

    return revoke_api_key


async def _end(name: str, user: ViewerId, change: Change) -> dict[str, bool]:
    if not await end_key(change.session, name, user):
        raise Rejected(no_such("key of this name", (*change.place, "name")))
    return {"done": True}


def _user(change: Change) -> ViewerId:
    """The id of the viewer, for whom keys act. Raises `Rejected` for a key, and for somebody without an id."""
    _check_no_key(change)
    if change.viewer.id is None:
        raise Rejected(Forbidden("A key acts for a user, and you are none; ask somebody who is.", change.place))
    return change.viewer.id


def _check_no_key(change: Change) -> None:
    """Raise `Rejected` for a viewer who has come with a key."""
    if change.viewer.key_id is not None:
        raise Rejected(Forbidden("A key makes and ends no keys; sign in, and do it yourself.", change.place))


def _check_end(moment: datetime | None, change: Change) -> None:
    """Raise `Rejected` for a moment that is over."""
    if moment is not None and moment <= change.now:
        raise Rejected(InvalidInput("This moment is over; choose a later one.", (*change.place, "expiresAt")))


async def _check_room(user: ViewerId, change: Change) -> None:
    """Raise `Rejected` for a user who has as many keys as there may be."""
    if await keys_of(change.session, user) >= MAX_KEYS:
        message = f"You have {MAX_KEYS} keys, with those that ended within {KEPT_FOR.days} days; use one of them."
        raise Rejected(InvalidState(message, change.place))


def _check_roles(roles: Collection[str], change: Change, *, has_roles: bool) -> None:
    """Raise `Rejected` for roles that a key of the viewer cannot have."""
    place = (*change.place, "roles")
    if roles and not has_roles:
        message = "Keys have no roles here, for nobody knows which you will have left; leave them out."
        raise Rejected(InvalidInput(message, place))
    for at, role in enumerate(roles):
        if not change.viewer.has(role):
            raise Rejected(InvalidInput("You have not this role, and a key has no more than you have.", (*place, at)))
