"""Signing up, in and out.

Whoever signs in gets an access token for some minutes and a refresh token for the next one; or, with `cookie: true`, a
cookie that no script of the page can read, and no tokens. What happens before the transaction (to look at a password,
to hash one) holds no connection. Source: docs/decisions/0013-identity.md.
"""

from datetime import datetime
from typing import Any, NamedTuple

from pydantic import Field, SecretStr
from sqlalchemy import select, update

from db import models
from db.models import SignIn, User
from db.models.role import MEMBER
from graph.auth.devices import LIFE_S
from graph.auth.limiting import Attempt
from graph.auth.passwords import check_password
from graph.context import Cookie, RequestContext
from graph.errors import InvalidPassword, TooManyAttempts
from graph.identity import sign_ins, users
from graph.identity.identify import COOKIE
from graph.identity.service import Identity, Known
from graph.mutations.proof import browser_of, count_attempt, prove_viewer, user_with, wait_first
from graph.mutations.texts import Email, Line
from graph.policies import visibility
from graph.types.user import User as UserType
from graph.viewer import NOBODY, Viewer
from graph.writing import ANYBODY, SIGNED_IN, Change, Input, Rejected, mutation
from graph.writing.column_guards import refused
from graph.writing.errors import AlreadyExists, InvalidInput, SignInFailed
from graph.writing.errors import TooManyAttempts as WaitFirst

SIGNED_IN_MEMBERS: dict[str, Any] = {
    "viewer": (UserType, "Who has signed in."),
    "access_token": (str, "For the header `Authorization: Bearer …`; null with a cookie."),
    "refresh_token": (str, "For `refreshSession`, once; null with a cookie."),
    "expires_at": (datetime, "When the access token ends, or the cookie."),
}

COOKIE_TEXT = "Keep the sign-in in a cookie of the browser, which no script can read, instead of giving tokens."


class SignUpInput(Input):
    """Who signs up."""

    email: Email = Field(description="The e-mail address.")
    name: Line = Field(description="The name that others see.")
    password: SecretStr = Field(description="8 to 128 characters.")
    cookie: bool = Field(False, description=COOKIE_TEXT)


class SignInInput(Input):
    """Who signs in."""

    email: str = Field(description="The e-mail address.", max_length=254)
    password: SecretStr = Field(description="The password.")
    cookie: bool = Field(False, description=COOKIE_TEXT)


class RefreshSessionInput(Input):
    """What proves the sign-in."""

    refresh_token: SecretStr | None = Field(
        None, description="The newest refresh token. Left out, the browser's cookie is taken, which lives on."
    )


class SignOutInput(Input):
    """Which sign-ins end."""

    everywhere: bool = Field(False, description="All sign-ins of the user, on every device.")


class ChangePasswordInput(Input):
    """The old password and the new one."""

    current_password: SecretStr = Field(description="The password that holds now.")
    new_password: SecretStr = Field(description="8 to 128 characters.")


async def _hashed(context: RequestContext, password: SecretStr, field: str) -> str:
    try:
        check_password(password.get_secret_value())
        async with context.without_place():
            return await context.service(Identity).passwords.hash(password.get_secret_value())
    except InvalidPassword as error:
        raise Rejected(InvalidInput(error.message, ("input", field))) from None
    except TooManyAttempts as error:
        raise wait_first(error, ("input",)) from None


class SignUp(NamedTuple):
    """What is known before a user is made."""

    attempt: Attempt
    hashed_password: str


async def _prepare_sign_up(values: SignUpInput, context: RequestContext) -> SignUp:
    if errors := refused(User, {"email": values.email}, context, ("input",)):
        raise Rejected(*errors)
    attempt = await count_attempt(context, values.email)
    return SignUp(attempt, await _hashed(context, values.password, "password"))


@mutation(
    right=ANYBODY,
    prepare=_prepare_sign_up,
    errors=[AlreadyExists, WaitFirst],
    joins_others=False,
    **SIGNED_IN_MEMBERS,
)
async def sign_up(values: SignUpInput, change: Change) -> dict[str, Any]:
    """Become a user, and sign in. Too many attempts have to wait."""
    attempt, hashed_password = change.prepared
    user = User(email=values.email, name=values.name.strip(), hashed_password=hashed_password)
    user.roles = await users.roles_of(change.session, [MEMBER])
    change.session.add(user)
    await change.session.flush()
    change.afterwards.append(lambda: change.context.service(Identity).limits.succeeded(attempt))
    return await _signed_in(change, user.id, in_cookie=values.cookie)


async def _prepare_sign_in(values: SignInInput, context: RequestContext) -> Known:
    return await user_with(context, values.email, values.password, browser_of(context, values.email))


@mutation(
    right=ANYBODY,
    prepare=_prepare_sign_in,
    errors=[SignInFailed, WaitFirst],
    joins_others=False,
    **SIGNED_IN_MEMBERS,
)
async def sign_in(values: SignInInput, change: Change) -> dict[str, Any]:
    """Prove who you are with a password. Too many attempts have to wait."""
    known: Known = change.prepared
    if known.rehashed is not None:
        await change.session.execute(update(User).where(User.id == known.id).values(hashed_password=known.rehashed))
    return await _signed_in(change, known.id, in_cookie=values.cookie)


@mutation(right=ANYBODY, errors=[SignInFailed], joins_others=False, **SIGNED_IN_MEMBERS)
async def refresh_session(values: RefreshSessionInput, change: Change) -> dict[str, Any]:
    """Get the next access token and the next refresh token; each refresh token serves once.

    One that comes a second time has been copied: its sign-in ends, for whoever has it.
    """
    text = values.refresh_token.get_secret_value() if values.refresh_token else _cookie(change.context)
    identity = change.context.service(Identity)
    found = await sign_ins.refresh(change.session, text or "", life_s=identity.sign_in_s, now=change.now)
    if isinstance(found, sign_ins.Rejected):
        # No exception, which would undo the end of a sign-in whose token was used twice.
        return {"errors": [SignInFailed("This sign-in has ended; sign in again.", ("input", "refreshToken"))]}
    return await _answer(change, found)


@mutation(right=ANYBODY, joins_others=False, done=(bool, "Whether there was a sign-in to end."))
async def sign_out(values: SignOutInput, change: Change) -> dict[str, Any]:
    """End the sign-in that this request came with; its tokens and its cookie are worthless at once."""
    viewer = change.viewer
    if viewer.sign_in is not None and viewer.number is not None:
        await sign_ins.revoke(change.session, viewer.sign_in)
        if values.everywhere:
            await sign_ins.revoke_all(change.session, viewer.number)
    _afterwards(change, NOBODY, *([Cookie(COOKIE, "", 0)] if _cookie(change.context) else []))
    return {"done": viewer.sign_in is not None}


async def _prepare_change(values: ChangePasswordInput, context: RequestContext) -> str:
    await prove_viewer(context, values.current_password, "currentPassword")
    return await _hashed(context, values.new_password, "newPassword")


@mutation(
    right=SIGNED_IN,
    prepare=_prepare_change,
    errors=[SignInFailed, WaitFirst],
    viewer=(UserType, "Whose password it is."),
)
async def change_password(_values: ChangePasswordInput, change: Change) -> User:
    """Change the password. All other sign-ins of the user end. Too many wrong passwords have to wait."""
    assert change.viewer.number is not None
    user = await change.find(User, (change.viewer.number,))
    user.hashed_password = change.prepared
    await sign_ins.revoke_all(change.session, user.id, except_=change.viewer.sign_in)
    change.touch(user)
    return user


def _cookie(context: RequestContext) -> str | None:
    return context.request.cookies.get(COOKIE) if context.request is not None else None


async def _signed_in(change: Change, user_id: int, *, in_cookie: bool) -> dict[str, Any]:
    identity = change.context.service(Identity)
    opened = await sign_ins.open(change.session, user_id, in_cookie=in_cookie, life_s=identity.sign_in_s)
    return await _answer(change, opened)


async def _answer(change: Change, opened: sign_ins.Opened) -> dict[str, Any]:
    """What the client keeps; from now on the operation goes on as this user."""
    entry: SignIn = opened.sign_in
    user = await change.session.get_one(User, entry.user_id)
    roles = select(models.Role.name).join(models.Role.users).where(User.id == user.id)
    viewer = Viewer(user.id, frozenset(await change.session.scalars(roles)), entry.id)
    change.viewer = viewer
    change.touch(user)
    if entry.in_cookie:
        life = Cookie(COOKIE, opened.text, int((entry.expires_at - change.now).total_seconds()))
        _afterwards(change, viewer, life, _device(change.context, user.email))
        return {"viewer": user, "expires_at": entry.expires_at}
    _afterwards(change, viewer)
    token = change.context.service(Identity).tokens.issue(user.id, entry.id, now=change.now)
    return {
        "viewer": user,
        "access_token": token.text,
        "refresh_token": opened.text,
        "expires_at": token.expires_at,
    }


def _device(context: RequestContext, email: str) -> Cookie:
    """What shows that somebody has signed in in this browser, long after the sign-in itself has ended."""
    devices = context.service(Identity).devices
    return Cookie(devices.cookie(email), devices.issue(email, browser_of(context, email)), LIFE_S)


def _afterwards(change: Change, viewer: Viewer, *cookies: Cookie) -> None:
    context = change.context

    async def go_on() -> None:
        context.become(viewer, visibility(viewer))
        context.cookies.extend(cookies)

    change.afterwards.append(go_on)


MUTATIONS = [sign_up, sign_in, refresh_session, sign_out, change_password]
