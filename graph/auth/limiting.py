"""Limits of attempts to sign in.

An attempt enters; nothing leaves, or `TooManyAttempts` with the seconds to wait. Attempts are counted in this process,
before the password is looked at, so that a hundred at once count as a hundred.
Source: https://cheatsheetseries.owasp.org/cheatsheets/Authentication_Cheat_Sheet.html#login-throttling
"""

import hashlib
import ipaddress
import math
import threading
import time
from collections.abc import Sequence

from limits import RateLimitItem, parse_many
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from db.characters import fold
from graph.errors import TooManyAttempts
from graph.settings import Settings

MAX_NAMES = 50_000
"""How many addresses are remembered; some tens of megabytes. Beyond it, the oldest half is forgotten."""

IPV6_NETWORK = 64
"""Bits: a client with one address of IPv6 has all addresses that begin with the same 64 bits."""


class SignInLimits:
    """Counts attempts, for each e-mail address and for each network address. One for each process."""

    def __init__(self, settings: Settings) -> None:
        self._for_email = parse_many(settings.sign_in_limit)
        self._for_address = parse_many(settings.sign_in_limit_per_address)
        self._storage = _Storage()
        self._limiter = MovingWindowRateLimiter(self._storage)

    def attempt(self, email: str, address: str | None) -> None:
        """Count an attempt; it need not be one with the e-mail address of a user.

        `address` is the client's network address, if it is known. Raises `TooManyAttempts`.
        """
        counted = [(self._for_email, _email(email))]
        if address is not None:
            counted.append((self._for_address, _network(address)))
        wait_s = max(self._wait_s(limits, name) for limits, name in counted)
        if wait_s:
            raise TooManyAttempts(wait_s)
        for limits, name in counted:
            for limit in limits:
                self._limiter.hit(limit, name)

    def succeeded(self, email: str) -> None:
        """Forget the attempts with an e-mail address, whose password was right. Those from the network address stay."""
        for limit in self._for_email:
            self._storage.clear(limit.key_for(_email(email)))

    def _wait_s(self, limits: Sequence[RateLimitItem], name: str) -> int:
        """Seconds until all of these limits allow another attempt; 0 for now."""
        full = [limit for limit in limits if not self._limiter.test(limit, name)]
        ends = [self._limiter.get_window_stats(limit, name).reset_time for limit in full]
        return max((max(1, math.ceil(end - time.time())) for end in ends), default=0)


class _Storage(MemoryStorage):
    """The library's storage, bounded. On its own it keeps every name for ever, and walks through all in a thread."""

    def __init__(self) -> None:
        super().__init__()
        self.timer = _Idle(0, self.reset)

    def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Count an attempt, if it is allowed."""
        if len(self.events) >= MAX_NAMES and key not in self.events:
            self._forget()
        allowed = super().acquire_entry(key, limit, expiry, amount)
        del self.events[key][limit:]  # older attempts count for no limit
        return allowed

    def _forget(self) -> None:
        """Forget names whose last attempt is long past; where these are few, the oldest half of all names."""
        now = time.time()
        past = [key for key, attempts in self.events.items() if attempts[0].expiry < now]
        for key in past if len(past) > MAX_NAMES // 10 else list(self.events)[: MAX_NAMES // 2]:
            self.clear(key)


class _Idle(threading.Timer):
    """What the storage takes for its thread, and never starts."""

    def is_alive(self) -> bool:
        """Say so, for it would start another."""
        return True


def _email(email: str) -> str:
    """A name of the same length for any e-mail address, in any case."""
    return "email:" + hashlib.sha256(fold(email.strip()).encode("utf-8", "surrogatepass")).hexdigest()


def _network(address: str) -> str:
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:  # a socket of this machine
        return f"address:{address}"
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None:
            return f"address:{ip.ipv4_mapped}"
        return f"address:{ipaddress.ip_network((int(ip), IPV6_NETWORK), strict=False)}"
    return f"address:{ip}"
