"""Passwords, tokens, device cookies and limits of attempts, which live as long as the server. One of each per process.

E-mail addresses and passwords enter, users leave whose password it was. No row is written here.
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import NamedTuple

from sqlalchemy import bindparam, select

from db.fast import CompiledStatement
from db.models import User
from db.session import Mode, RequestSession
from db.session.engines import Engines
from graph.auth.devices import Devices
from graph.auth.limiting import SignInLimits
from graph.auth.passwords import Passwords
from graph.auth.tokens import Tokens
from graph.rates.storage import sign_in_counters
from graph.settings import Settings

_PASSWORD = CompiledStatement(
    select(User.id, User.hashed_password, User.is_active).where(User.email == bindparam("email", type_=User.email.type))
)
_EMAIL = CompiledStatement(select(User.email).where(User.id == bindparam("id", type_=User.id.type)))


class Known(NamedTuple):
    """A user whose password was right."""

    id: int
    rehashed: str | None
    """The password hashed anew, when the parameters have changed."""


class Identity:
    """Checks passwords, and has what signing in needs: passwords, tokens, limits."""

    def __init__(self, engines: Engines, settings: Settings) -> None:
        self.passwords = Passwords()
        self.tokens = Tokens(settings)
        self.devices = Devices(self.tokens.keys)
        self.limits = SignInLimits(settings, sign_in_counters(engines, settings))
        self.sign_in_s = settings.sign_in_s
        self._engines = engines

    async def known(
        self,
        email: str,
        password: str,
        address: str | None,
        proven: str | None = None,
        while_hashing: Callable[[], AbstractAsyncContextManager[None]] = nullcontext,
    ) -> Known | None:
        """The active user of an e-mail address and a password; None if anything about them is wrong.

        `proven` names the browser or the sign-in, if the password was right there before. An unknown address takes as
        long as a known one. Raises `TooManyAttempts`, and what `while_hashing` does, which is entered for as long as no
        database is needed.
        """
        attempt = await self.limits.attempt(email, address, proven)
        # A session of its own: while the password is hashed, no connection is held.
        async with RequestSession(self._engines, Mode.CURRENT) as session:
            # PostgreSQL refuses U+0000 in a text. No address has unprintable characters, and no user an empty address.
            found = await session.rows(_PASSWORD, {"email": email if email.isprintable() else ""})
        user_id, hashed, is_active = found[0] if found else (None, None, False)
        async with while_hashing():
            if not await self.passwords.verify(password, hashed if is_active else None):
                return None
            assert user_id is not None
            assert hashed is not None
            rehashed = await self.passwords.rehashed(password, hashed)
        await self.limits.succeeded(attempt)
        return Known(user_id, rehashed)

    async def email_of(self, user_id: int) -> str:
        """The e-mail address of a user who is there."""
        async with RequestSession(self._engines, Mode.CURRENT) as session:
            ((email,),) = await session.rows(_EMAIL, {"id": user_id})
        return str(email)

    def close(self) -> None:
        """Let go of the threads."""
        self.passwords.close()
