"""Limits of operations, by their points: of each user, each API key, and each network that sends no credentials.

A meter is made for each request. Points enter before anything is asked of the database; nothing leaves, or
`RateLimited`, and headers that tell clients what is left. Whether somebody is who they say is not known here.
Source: https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/ (`RateLimit`, `RateLimit-Policy`)
"""

import math
import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from graph.errors import RateLimited
from graph.rates.counters import Counters
from graph.rates.networks import network
from graph.rates.records import Ask, Record, name_of, take
from graph.rates.rules import Limit, limits
from graph.settings import Settings
from graph.viewer import Viewer

UNIT = "points"


class Left(NamedTuple):
    """What is left of a limit."""

    limit: Limit
    points: int
    more_in_s: float
    """Seconds until more is left."""


class Policy:
    """The limits of one kind of viewer."""

    def __init__(self, kind: str, text: str) -> None:
        self.kind = kind
        self.limits = limits(text)
        items = [f'"{self.item(it)}";q={it.amount};w={it.seconds};qu="{UNIT}"' for it in self.limits]
        self.header = ", ".join(items)

    def item(self, limit: Limit) -> str:
        """What a limit is called in headers."""
        return f"{self.kind}-{limit.seconds}"

    def take(self, record: Record, points: int, now: float) -> tuple[float, Sequence[Left]]:
        """Count points: the seconds until they are allowed, 0 if they were counted; and what is left now."""
        wait_s = take([Ask(record, self.limits, points)], now)
        return wait_s, [_left(limit, record, number, now) for number, limit in enumerate(self.limits)]


class RateLimits:
    """Limits of operations. One for each process, on counters that others may share."""

    name = "operations"

    def __init__(self, settings: Settings, counters: Counters) -> None:
        self.refused = 0
        """Requests that were refused, since the server started."""
        self.counters = counters
        self.of_viewers = Policy("viewer", settings.rate_limit)
        self.of_addresses = Policy("address", settings.rate_limit_per_address)

    @property
    def wanted(self) -> bool:
        """Whether anybody is limited."""
        return bool(self.of_viewers.limits or self.of_addresses.limits)

    def meter(self, address: str | None) -> "Meter":
        """The meter of a request from an address."""
        return Meter(self, name_of("operations-address", network(address or "")))


class Meter:
    """Counts the points of one request."""

    def __init__(self, rates: RateLimits, name: str) -> None:
        self.headers: Mapping[str, str] = {}
        """What the answer tells of limits."""
        self._rates = rates
        self._policy = rates.of_addresses
        self._name = name
        self._has_counted = False

    def belongs_to(self, viewer: Viewer) -> None:
        """Count for who sent the request, now that this is known; for nobody, the network is counted."""
        if viewer.is_known:
            self._policy, self._name = self._rates.of_viewers, name_of("operations-viewer", viewer.name)

    async def count(self, points: int) -> None:
        """Count points. Raises `RateLimited` when they are too many for now."""
        self._has_counted = True
        policy = self._policy
        if not policy.limits:
            return
        wait_s, left = await self._rates.counters.change(
            [self._name], lambda records: policy.take(records[0], points, time.time())
        )
        self.headers = _headers(policy, left, math.ceil(wait_s))
        if wait_s > 0:
            self._rates.refused += 1
            raise RateLimited(points, math.ceil(wait_s))

    async def settle(self, points: int) -> None:
        """Count points for a request that came to no operation. Raises `RateLimited`."""
        if not self._has_counted:
            await self.count(points)


def _left(limit: Limit, record: Record, number: int, now: float) -> Left:
    log = record.log(number)
    counted = [hits for hits in log if hits.at > now - limit.seconds]
    return Left(limit, limit.remaining(log, now), counted[0].at + limit.seconds - now if counted else limit.seconds)


def _headers(policy: Policy, left: Sequence[Left], wait_s: int) -> Mapping[str, str]:
    """Of several limits, the one that the client meets first; when it has to wait, both headers name the same time."""
    least = min(left, key=lambda it: it.points)
    more_in_s = wait_s or math.ceil(least.more_in_s)
    headers = {
        "RateLimit-Policy": policy.header,
        "RateLimit": f'"{policy.item(least.limit)}";r={least.points};t={more_in_s}',
    }
    return headers | {"Retry-After": str(wait_s)} if wait_s else headers
