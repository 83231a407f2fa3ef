"""Limits of attempts to sign in, which a stranger cannot turn against the owner.

An attempt enters and is counted, before the password is looked at; it leaves, or `TooManyAttempts` with the seconds to
wait. Each is counted for the login and the place together, for the place, and, from places that the login does not
know, for the login: there with delays that grow, and never by a lock. A place is a browser or a sign-in that has
proven itself, else a network. Whose login it is, or whether there is one, is not known here.
Sources: https://owasp.org/www-community/Slow_Down_Online_Guessing_Attacks_with_Device_Cookies,
https://cheatsheetseries.owasp.org/cheatsheets/Authentication_Cheat_Sheet.html#login-throttling
"""

import math
import time
from dataclasses import dataclass

from db.characters import fold
from graph.errors import TooManyAttempts
from graph.rates.counters import Counters
from graph.rates.networks import network
from graph.rates.records import Ask, Record, name_of, take
from graph.rates.rules import Delays, Rule, limits
from graph.settings import DAY_S, Settings

KNOWN_S = 90 * DAY_S
"""How long a login knows the network that somebody has signed in from."""

HEARD_OF_ONE_NETWORK = 10
"""So many attempts of a day from one network make the login's delays longer: alone it cannot make them more than 5 s.
Its further attempts wait for the login's delay as well, and for their own, which grows on."""


REMEMBERED_S = 1
MAX_REMEMBERED = 10_000
"""For how long, and how many, refusals are remembered."""


@dataclass(frozen=True)
class Attempt:
    """An attempt that was counted."""

    own: str
    """The name of the login at the place."""
    wide: str | None
    """The name of the place, if it is known."""
    login: str | None
    """The name of the login, for places that are not known to it."""
    also: str | None
    """The name of the login at the network, where the place is another one."""

    @property
    def names(self) -> list[str]:
        """All of them, in this order."""
        return [name for name in (self.own, self.wide, self.login, self.also) if name is not None]


class _Refusals:
    """Refusals of the last second: a crowd that is refused is told so without asking the counters once more each."""

    def __init__(self) -> None:
        self._until: dict[str, float] = {}
        self._asked_again_at = 0.0

    def wait_s(self, name: str) -> float:
        """Seconds that a name has to wait, if that was said a moment ago; else 0."""
        now = time.time()
        if now >= self._asked_again_at:
            self._until.clear()
        return max(0, self._until.get(name, 0) - now)

    def note(self, name: str, wait_s: float) -> None:
        """Remember how long a name has to wait."""
        now = time.time()
        if not self._until:
            self._asked_again_at = now + REMEMBERED_S
        if len(self._until) < MAX_REMEMBERED:
            self._until[name] = now + wait_s

    def forget(self, name: str) -> None:
        """Let a name be asked for again."""
        self._until.pop(name, None)


class SignInLimits:
    """Counts attempts. One for each process, on counters that others may share."""

    name = "sign_in"

    def __init__(self, settings: Settings, counters: Counters) -> None:
        self.refused = 0
        """Attempts that had to wait, since the server started."""
        delays = [Delays(settings.sign_in_free_attempts)] if settings.sign_in_free_attempts else []
        self._delays: list[Rule] = [*delays]
        self._own: list[Rule] = [*delays, *limits(settings.sign_in_limit)]
        self._wide: list[Rule] = [*limits(settings.sign_in_limit_per_address)]
        self.counters = counters
        self._refusals = _Refusals()

    async def attempt(self, login: str, address: str | None, proven: str | None = None) -> Attempt:
        """Count an attempt; there need not be such a login.

        `login` is an e-mail address, or a viewer's name; `address` the client's network address, if it is known.
        `proven` names a browser or a sign-in that has shown the right password before. Raises `TooManyAttempts`.
        """
        attempt = _attempt(login, address, proven)
        wait_s = self._refusals.wait_s(attempt.own) or await self._counted(attempt)
        if wait_s > 0:
            self.refused += 1
            raise TooManyAttempts(math.ceil(wait_s))
        return attempt

    async def _counted(self, attempt: Attempt) -> float:
        wait_s = await self.counters.change(attempt.names, lambda records: self._take(attempt, records))
        if wait_s > 0:
            self._refusals.note(attempt.own, wait_s)
        return wait_s

    async def succeeded(self, attempt: Attempt) -> None:
        """Forget the attempts of the login at this place, whose password was right, and know the place from now on.

        Those of the place stay: a password of one's own buys no more. Those that others have made stay, too.
        """
        await self.counters.change(attempt.names, lambda records: self._forget(attempt, records))
        for name in (attempt.own, attempt.also):
            self._refusals.forget(name or "")

    def _take(self, attempt: Attempt, records: list[Record]) -> float:
        now = time.time()
        by_name = dict(zip(attempt.names, records, strict=True))
        own = by_name[attempt.own]
        asks = [Ask(own, self._own)]
        if attempt.wide is not None:
            asks.append(Ask(by_name[attempt.wide], self._wide))
        if attempt.login is not None and own.known_until <= now:
            heard = self._used(own, now) < HEARD_OF_ONE_NETWORK
            asks.append(Ask(by_name[attempt.login], self._delays, int(heard)))
        if attempt.also is not None:
            asks.append(Ask(by_name[attempt.also], self._own, refusable=False))
        return take(asks, now)

    def _forget(self, attempt: Attempt, records: list[Record]) -> None:
        now = time.time()
        by_name = dict(zip(attempt.names, records, strict=True))
        own = by_name[attempt.own]
        if attempt.login is not None and own.known_until <= now and self._used(own, now) <= HEARD_OF_ONE_NETWORK:
            by_name[attempt.login].take_back(1)
        for name in (attempt.own, attempt.also):
            if name is not None:
                by_name[name].clear()
                by_name[name].know(now + KNOWN_S)

    def _used(self, own: Record, now: float) -> int:
        """How many attempts of a day a login has had from one place."""
        return sum(rule.used(own.log(number), now) for number, rule in enumerate(self._delays))


def _attempt(login: str, address: str | None, proven: str | None) -> Attempt:
    who = fold(login.strip())
    at_network = name_of("login", who, network(address or ""))
    if proven is None:
        wide = None if address is None else name_of("place", network(address))
        return Attempt(at_network, wide, name_of("login", who), None)
    return Attempt(name_of("proven", who, proven), name_of("place", who, proven), None, at_network)
