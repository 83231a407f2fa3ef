"""Reading one's own writes where replicas, and answers that are kept, are a moment behind.

A request enters with what its sender has written before: a token of an earlier answer, in a header or a cookie, or what
this process remembers of the viewer. Its queries leave with a position after which they read, and with how new an
answer has to be that was made for somebody else; the answer to a mutation leaves with the next token. A token that is
forged or old costs a bounded wait, and then the primary is asked.
Why: docs/decisions/0063-replicas.md, docs/decisions/0070-the-response-cache.md.
"""

import math
import re
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from starlette.requests import HTTPConnection

from db.session.engines import Engines
from db.session.positions import NOT_KNOWN, NOTHING_NEEDED, NOTHING_WRITTEN, Needed, Position
from db.session.written import end_of_log
from graph.admission import Admission, Place
from graph.context import ContextFactory, Cookie
from graph.settings import Settings
from graph.viewer import Viewer

HEADER = "Trellis-Position"
COOKIE = "trellis_position"
_HEADER = HEADER.lower().encode()
_COOKIE = COOKIE.encode()

MAX_VIEWERS = 10_000
"""Of so many viewers a process remembers what they have written last."""
MARGIN_S = 5
"""Seconds within which a replica that is too far behind is surely left out, and by which clocks may differ."""

TOKEN = re.compile("(t?)([0-9a-f]{1,16})")
"""A position, or a moment in seconds since 1970 where there was no position, in hexadecimal digits."""


class _Past(NamedTuple):
    """What somebody has written: where the queries of the same viewer read, and how new an answer has to be."""

    position: Position = NOTHING_WRITTEN
    needed: Needed = NOTHING_NEEDED

    def and_also(self, other: "_Past") -> "_Past":
        """Both."""
        return _Past(max(self.position, other.position), self.needed.and_also(other.needed))


_NOTHING = _Past()


@dataclass(slots=True)
class _Written:
    """What a viewer has written last."""

    position: Position
    under_way: int
    """Changes whose end is not known, or not yet."""
    since: float
    """When that was noted, by `time.monotonic`."""
    begun: int = 0
    """Changes that were begun and have not ended, or were cut off."""
    told: float = 0.0
    """When the last one had ended whose position is known, in seconds since 1970."""
    ended: float = 0.0
    """The same of those whose position is not."""


class OwnWrites:
    """Sees to it that everybody reads what they have written. One for a process with replicas, or with answers."""

    def __init__(self, engines: Engines, settings: Settings, admission: Admission, kept_s: float = 0) -> None:
        """`kept_s`: the most seconds for which answers are kept."""
        self._engines = engines
        self._admission = admission
        self._wait_s = settings.own_writes_wait_s
        self._replica_life_s = settings.max_replica_lag_s + MARGIN_S
        """So long after a change, no replica serves that has not got it."""
        self._life_s = max(self._replica_life_s if engines.replicas else 0, kept_s + MARGIN_S if kept_s else 0)
        """So long after a change, somebody may be shown what was there before."""
        self._change_s = settings.operation_timeout_s
        self._written: OrderedDict[str, _Written] = OrderedDict()
        self._told: OrderedDict[Position, float] = OrderedDict()
        """When positions were told, in seconds since 1970."""

    async def begin(
        self,
        request: HTTPConnection,
        headers: Mapping[bytes, bytes],
        contexts: ContextFactory,
        place: Place,
        *,
        reads: bool,
    ) -> None:
        """Find out after which position the queries of a request read, and wait for a replica that has it.

        Where none has it soon, the request takes its place before the primary instead. Raises `Overloaded`.
        """
        viewer = contexts.viewer
        past = self._sent(request, headers).and_also(self._remembered(viewer))
        contexts.needed = past.needed
        if viewer.is_known:
            contexts.begin_change = lambda: self._begin_change(viewer)
        if not self._engines.replicas:
            return
        contexts.after = past.position
        if contexts.after and reads and not await self._engines.has_replica_with(contexts.after, self._wait_s):
            contexts.after = NOT_KNOWN
            await self._admission.move_to_primary(place)

    async def end(self, request: HTTPConnection, contexts: ContextFactory) -> Mapping[str, str]:
        """Headers for the answer to a mutation, and its cookie where the client keeps any."""
        position = await end_of_log(self._engines)
        self._told[position] = now = time.time()
        if len(self._told) > MAX_VIEWERS:
            self._told.popitem(last=False)
        if contexts.viewer.is_known:
            self._end_change(contexts.viewer, position, now)
        token = f"t{int(now):x}" if position == NOT_KNOWN else f"{position:x}"
        if contexts.cookies or "cookie" in request.headers:
            contexts.cookies.append(Cookie(COOKIE, token, round(self._life_s)))
        return {HEADER: token}

    def _sent(self, request: HTTPConnection, headers: Mapping[bytes, bytes]) -> _Past:
        """What a client says that it has written."""
        header = headers.get(_HEADER)
        found = _NOTHING if header is None else self._read(header.decode("latin-1"))
        if _COOKIE in headers.get(b"cookie", b""):
            found = found.and_also(self._read(request.cookies.get(COOKIE, "")))
        return found

    def _read(self, token: str) -> _Past:
        """What a token says; of what is none, nothing."""
        found = TOKEN.fullmatch(token)
        if found is None:
            return _NOTHING
        number = int(found[2], 16)
        if not found[1]:
            return _Past(number, Needed(number, self._told.get(number, math.inf)))
        age_s = time.time() - number
        if age_s < -MARGIN_S:  # from the future: nobody has written then
            return _NOTHING
        # A second that had begun was cut off, and the clock of another machine may be ahead of ours.
        needed = Needed(moment=number + 1 + MARGIN_S)
        return _Past(NOT_KNOWN if abs(age_s) <= self._replica_life_s else NOTHING_WRITTEN, needed)

    def _remembered(self, viewer: Viewer) -> _Past:
        """What this process knows of a viewer, for clients that send no token back."""
        name = viewer.name
        written = self._written.get(name)
        if written is None:
            return _NOTHING
        past_s = time.monotonic() - written.since
        if past_s > self._life_s + (self._change_s if written.under_way or written.begun else 0):
            del self._written[name]
            return _NOTHING
        needed = Needed(written.position, written.told, math.inf if written.begun else written.ended)
        return _Past(NOT_KNOWN if written.under_way else written.position, needed)

    def _begin_change(self, viewer: Viewer) -> None:
        """Whatever becomes of the change, the viewer reads from the primary until its end is known."""
        name = viewer.name
        written = self._written.pop(name, None) or _Written(NOTHING_WRITTEN, 0, 0.0)
        written.under_way += 1
        written.begun += 1
        written.since = time.monotonic()
        self._written[name] = written
        if len(self._written) > MAX_VIEWERS:
            self._written.popitem(last=False)

    def _end_change(self, viewer: Viewer, position: Position, now: float) -> None:
        written = self._written.get(viewer.name)
        if written is None:
            return
        written.begun -= 1
        written.since = time.monotonic()
        if position == NOT_KNOWN:
            written.ended = now
            return
        written.position = max(written.position, position)
        written.told = now
        written.under_way -= 1
