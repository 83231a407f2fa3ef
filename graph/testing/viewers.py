"""Who asks, in tests: an id and roles, or a name of the fixture `viewers`, enter; a `Viewer` leaves.

An application of a test believes the test, and nobody else: the viewer goes along with the task that sends a request,
not in the request. A request of no viewer's is of whom the application's own identification finds.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from difflib import get_close_matches
from typing import TypeAlias

from starlette.requests import HTTPConnection

from db.relations import Claim, ViewerId
from db.session.engines import Engines
from graph.domain import Domain, Identification, Started, nobody
from graph.errors import TrellisError
from graph.settings import Settings
from graph.viewer import NOBODY, Claims, Viewer

Asker: TypeAlias = Viewer | str | None
"""A viewer, the name of one, or None for whom the application finds by itself."""

Tell: TypeAlias = Callable[[HTTPConnection], bool]

_ASKING: ContextVar[Viewer | None] = ContextVar("trellis_test_viewer", default=None)


class UnknownViewer(TrellisError):
    """A test names a viewer that there is not."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        names = sorted(known)
        close = get_close_matches(name, names, n=1)
        hint = f"Did you mean {close[0]!r}? " if close else ""
        super().__init__(
            f"There is no viewer {name!r}. {hint}Known are {', '.join(map(repr, names))}; others are named by the"
            " fixture `viewers`, a mapping of names to what `viewer(…)` makes."
        )


def viewer(
    id: ViewerId | None = None,
    *,
    roles: Iterable[str] = (),
    read_only: bool = False,
    **claims: Claim,
) -> Viewer:
    """A viewer with an id, roles and claims: `viewer(1, roles=["editor"], org_id=7)`; `viewer()` is nobody."""
    if isinstance(roles, str):
        raise TypeError(f"`roles` is a list of names: roles=[{roles!r}].")
    if id is None and not roles and not claims and not read_only:
        return NOBODY
    return Viewer(id, frozenset(roles), read_only=read_only, claims=Claims(claims))


def found_viewer(asker: Viewer | str, known: Mapping[str, Viewer]) -> Viewer:
    """A viewer, by name if it is one. Raises `UnknownViewer`, and `TypeError` for what is no viewer."""
    if isinstance(asker, Viewer):
        return asker
    if not isinstance(asker, str):
        raise TypeError(f"{asker!r} is no viewer; give one that `viewer(…)` makes, or the name of one.")
    if asker not in known:
        raise UnknownViewer(asker, known)
    return known[asker]


@contextmanager
def asking_as(viewer: Viewer | None) -> Iterator[None]:
    """Let the requests that this task sends inside of the block be of a viewer; None: of whom the application finds."""
    token = _ASKING.set(viewer)
    try:
        yield
    finally:
        _ASKING.reset(token)


def believing_tests(domain: Domain) -> Domain:
    """The same domain, whose identification believes what tests say of their requests."""

    def start(engines: Engines, settings: Settings) -> Started:
        started = domain.start(engines, settings)
        recognizes = started.recognizes
        if started.identify is nobody:
            recognizes = _is_of_a_test
        elif recognizes is not None:
            recognizes = _or_of_a_test(recognizes)
        return replace(
            started,
            identify=_or_as_the_test_says(started.identify),
            has_credentials=_or_of_a_test(started.has_credentials),
            recognizes=recognizes,
        )

    return replace(domain, start=start)


def _is_of_a_test(_request: HTTPConnection) -> bool:
    return _ASKING.get() is not None


def _or_of_a_test(tell: Tell) -> Tell:
    return lambda request: _is_of_a_test(request) or tell(request)


def _or_as_the_test_says(identify: Identification) -> Identification:
    async def who(request: HTTPConnection) -> Viewer:
        asking = _ASKING.get()
        return await identify(request) if asking is None else asking

    return who
