"""Several ways to know who asks, in one application: a request enters; the viewer of the way that it belongs to leaves.

Each credential belongs to one way, by what it is: a header of its own, the prefix of a key, the issuer of a token, the
name of a cookie. The first way that knows a credential for its own decides, and what it refuses no other way is asked
about. What belongs to no way is refused, and never taken for none. Why: docs/decisions/0043-identity-from-outside.md.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol

from starlette.requests import HTTPConnection

from db.kept import Figures
from graph.domain import Identification
from graph.errors import Unauthenticated
from graph.viewer import NOBODY, Viewer


class Way(Protocol):
    """One way to know who asks."""

    @property
    def asks_database(self) -> bool:
        """Whether a statement says who asks, so that a request has to have its place before."""

    @property
    def reads_cookies(self) -> bool:
        """Whether a cookie may be a credential here, which nobody else is to be sent."""

    def has_credentials(self, request: HTTPConnection) -> bool:
        """Whether a request brings what may say, here, who has sent it; be it good, wrong or another way's."""

    def recognizes(self, request: HTTPConnection) -> bool:
        """Whether what a request brings belongs here, by what it is; where there is one way alone, nobody asks."""

    async def __call__(self, request: HTTPConnection) -> Viewer:
        """Who sent a request."""

    def caches(self) -> Mapping[str, Figures]:
        """How full the caches are, by name."""

    async def close(self) -> None:
        """Let go of what lives as long as the server."""


class OfTheApplication(NamedTuple):
    """The way that an application has of its own, which it closes itself."""

    identify: Identification
    has_credentials: Callable[[HTTPConnection], bool]
    recognizes: Callable[[HTTPConnection], bool]
    asks_database: bool = True
    reads_cookies: bool = True

    async def __call__(self, request: HTTPConnection) -> Viewer:
        """Who sent a request."""
        return await self.identify(request)

    def caches(self) -> Mapping[str, Figures]:
        """None that are known here."""
        return {}

    async def close(self) -> None:
        """Nothing is under way."""


class Several:
    """Several ways, in the order in which they are asked whether they know a credential for their own."""

    asks_database = False
    reads_cookies = True

    def __init__(self, ways: Sequence[Way]) -> None:
        self.ways = ways

    def has_credentials(self, request: HTTPConnection) -> bool:
        """Whether a request brings what may say, by any of the ways, who has sent it."""
        return any(way.has_credentials(request) for way in self.ways)

    def recognizes(self, request: HTTPConnection) -> bool:
        """Whether one of the ways knows a credential for its own."""
        return self.way_of(request) is not None

    async def __call__(self, request: HTTPConnection) -> Viewer:
        """Who sent the request. Raises `Unauthenticated` for what belongs to no way, and what its own way raises."""
        way = self.way_of(request)
        if way is not None:
            return await way(request)
        if self.has_credentials(request):
            raise Unauthenticated
        return NOBODY

    def caches(self) -> Mapping[str, Figures]:
        """Those of all ways; no two of them have a cache of one name."""
        return {name: figures for way in self.ways for name, figures in way.caches().items()}

    async def close(self) -> None:
        """Let all of them go."""
        for way in self.ways:
            await way.close()

    def way_of(self, request: HTTPConnection) -> Way | None:
        """The one way that a request belongs to, if there is one."""
        return next((way for way in self.ways if way.recognizes(request)), None)


def needs_no_database(way: Way) -> Callable[[HTTPConnection], bool]:
    """What tells of a request whether its sender is found out without a statement, and so before it has a place."""
    if not isinstance(way, Several):
        return lambda _request: not way.asks_database

    def tell(request: HTTPConnection) -> bool:
        found = way.way_of(request)
        return found is None or not found.asks_database

    return tell
