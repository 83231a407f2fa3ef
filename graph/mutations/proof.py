"""Proof: the password of a user, asked for where somebody signs in or changes how they sign in.

The context of an operation and a password enter; nothing or a user leaves, or `Rejected`. Each proof counts as an
attempt to sign in, so that no mutation is a way round the limit of guesses; whoever has signed in, or comes with the
cookie of a browser where they have, is not kept waiting by the guesses of strangers. An API key proves nothing: whoever
has found one must not become its user. Nothing is changed here. Why: docs/decisions/0013-identity.md and 0034-rates.md.
"""

from pydantic import SecretStr

from graph.auth.limiting import Attempt
from graph.context import RequestContext
from graph.errors import TooManyAttempts
from graph.identity.service import Identity, Known
from graph.writing import Rejected
from graph.writing.errors import Forbidden, Place, SignInFailed
from graph.writing.errors import TooManyAttempts as WaitFirst


def address_of(context: RequestContext) -> str | None:
    """The network address of the client, if it is known."""
    client = context.request.client if context.request is not None else None
    return client.host if client else None


def wait_first(error: TooManyAttempts, place: Place) -> Rejected:
    """What those are answered who tried too often."""
    return Rejected(WaitFirst(error.message, place, retry_after_seconds=error.retry_after_s))


def browser_of(context: RequestContext, email: str) -> str | None:
    """The id of the browser, if somebody has signed in there with this e-mail address."""
    devices = context.service(Identity).devices
    return devices.read(email, context.request.cookies.get(devices.cookie(email))) if context.request else None


async def count_attempt(context: RequestContext, whose: str) -> Attempt:
    """Count an attempt to find something out, within the limits of signing in. Raises `Rejected` over them.

    `whose` is counted beside the network address: an e-mail address, or a viewer's name.
    """
    try:
        return await context.service(Identity).limits.attempt(whose, address_of(context))
    except TooManyAttempts as error:
        raise wait_first(error, ("input",)) from None


async def user_with(context: RequestContext, email: str, password: SecretStr, proven: str | None, *field: str) -> Known:
    """The user whose password this is. Raises `Rejected` without telling what was wrong.

    `proven` names the browser or the sign-in, if the password was right there before.
    """
    identity, text = context.service(Identity), password.get_secret_value()
    try:
        known = await identity.known(email, text, address_of(context), proven, context.without_place)
    except TooManyAttempts as error:
        raise wait_first(error, ("input",)) from None
    if known is None:
        raise Rejected(SignInFailed("This e-mail address and this password do not go together.", ("input", *field)))
    return known


async def prove_viewer(context: RequestContext, password: SecretStr, field: str) -> None:
    """Return if this is the viewer's password. Raises `Rejected`, for everybody who has not signed in, too."""
    viewer = context.viewer
    if viewer.sign_in is None or viewer.number is None:
        raise Rejected(Forbidden("Only somebody who has signed in has a password; a key has none.", ("input", field)))
    email = await context.service(Identity).email_of(viewer.number)
    await user_with(context, email, password, str(viewer.sign_in), field)
