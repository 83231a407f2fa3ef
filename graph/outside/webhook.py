"""Who asks by the word of a webhook: the credentials of a request go there, a viewer comes back.

It answers 200 with `{"user_id": …, "roles": […]}` or with Hasura's session variables, or 401 for credentials that are
not good. Whatever else it answers is an outage, and never nobody. Answers are kept for as long as they say themselves.
Source: https://hasura.io/docs/2.0/auth/authentication/webhook/
"""

import asyncio
import hashlib
import re
import time
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from functools import partial
from typing import NamedTuple

import httpx
import orjson
from starlette.requests import HTTPConnection

from db.kept import MIB, Figures, Kept
from graph.auth.cross_site import refuse_cross_site
from graph.errors import Unauthenticated
from graph.outside.claims import ROLE, USER, Known, id_of, json_object, other_claims, roles_of, session_variables
from graph.outside.errors import Log, Misfit, ProviderUnavailable, Unfetched
from graph.outside.fetching import OK, Fetched, Provider
from graph.settings import Settings
from graph.viewer import NOBODY, Claims, Viewer

MAX_SENT_BYTES = 16 * 1024
"""Of names and values of credentials. What is longer is refused unsent."""
MAX_BYTES = 64 * 1024
MAX_KEPT, MAX_KEPT_BYTES = 10_000, 16 * MIB

REFUSED = 401
COOKIE = "cookie"
ID, ROLES = "user_id", "roles"
MAX_AGE = re.compile(r"(?:^|,)\s*max-age=\"?(\d{1,9})\"?\s*(?:,|$)", re.IGNORECASE)
NOT_KEPT = re.compile(r"(?:^|,)\s*no-(?:store|cache)\s*(?:,|=|$)", re.IGNORECASE)


class _Kept(NamedTuple):
    known: Known
    ends: float
    bytes: int


class ByWebhook:
    """Tells who sent a request, by what a webhook says. One for each process."""

    asks_database = False
    reads_cookies = True

    def __init__(self, settings: Settings) -> None:
        self._provider = Provider(settings.auth_webhook_url, settings.auth_webhook_timeout_s, MAX_BYTES)
        self._posts = settings.auth_webhook_method == "POST"
        self._names = frozenset(name.lower().encode("ascii") for name in settings.auth_webhook_headers)
        self._max_age_s = settings.auth_webhook_max_age_s
        self._trusted = frozenset(settings.cors_origins if settings.cors_credentials else ())
        self._log = Log()
        self._kept: Kept[bytes, _Kept] = Kept(MAX_KEPT, MAX_KEPT_BYTES, lambda _digest, kept: kept.bytes)
        self._asking: dict[bytes, asyncio.Task[Known | None]] = {}

    def has_credentials(self, request: HTTPConnection) -> bool:
        """Whether a request brings one of the headers."""
        return any(name in self._names for name, _ in request.scope["headers"])

    def recognizes(self, request: HTTPConnection) -> bool:
        """Whether a request brings one of the headers: it is the way of what belongs to no other."""
        return self.has_credentials(request)

    async def __call__(self, request: HTTPConnection) -> Viewer:
        """Who sent the request.

        Raises `Unauthenticated` for whom the webhook does not know, `ProviderUnavailable` where it does not say, and
        `CrossSite` where a cookie is all there is and another site may have made a browser send it.
        """
        sent = self._credentials(request)
        if not sent:
            return NOBODY
        if sent.keys() == {COOKIE}:
            refuse_cross_site(request, self._trusted)
        digest = hashlib.sha256(orjson.dumps(sent, option=orjson.OPT_SORT_KEYS)).digest()
        kept = self._kept.get(digest)
        known = kept.known if kept is not None and time.time() < kept.ends else await self._shared(digest, sent)
        if known is None:
            raise Unauthenticated
        return known.viewer(None)

    def caches(self) -> Mapping[str, Figures]:
        """How full the cache of answers is."""
        return {"webhook_answers": self._kept.figures}

    async def close(self) -> None:
        """End what is under way."""
        for asking in self._asking.values():
            asking.cancel()
        await asyncio.gather(*self._asking.values(), return_exceptions=True)
        await self._provider.close()

    def _credentials(self, request: HTTPConnection) -> dict[str, str]:
        """The headers to send. Raises `Unauthenticated` for two of one name, unless they are cookies."""
        sent: dict[str, str] = {}
        for raw, value in request.scope["headers"]:
            if raw in self._names:
                name = raw.decode("latin-1")
                if name in sent and name != COOKIE:
                    raise Unauthenticated
                sent[name] = f"{sent[name]}; {value.decode('latin-1')}" if name in sent else value.decode("latin-1")
        if sum(len(name) + len(value) for name, value in sent.items()) > MAX_SENT_BYTES:
            raise Unauthenticated
        return sent

    async def _shared(self, digest: bytes, sent: Mapping[str, str]) -> Known | None:
        """What the webhook knows, asked once for all who send the same at once; who leaves stops it for nobody."""
        asking = self._asking.get(digest)
        if asking is None:
            asking = self._asking[digest] = asyncio.create_task(self._asked(digest, sent), name="webhook")
            asking.add_done_callback(partial(self._forget, digest))
        return await asyncio.shield(asking)

    def _forget(self, digest: bytes, done: asyncio.Task[Known | None]) -> None:
        del self._asking[digest]
        if not done.cancelled():
            done.exception()  # looks needless; asyncio complains of one that nobody has waited for

    async def _asked(self, digest: bytes, sent: Mapping[str, str]) -> Known | None:
        """What the webhook knows; None for credentials that are not good. Raises `ProviderUnavailable`."""
        try:
            answer = await self._fetched(sent)
            if answer.status == REFUSED:
                return None
            if answer.status != OK:
                raise Unfetched(f"{self._provider.place} answered {answer.status}; 200 and 401 are understood.")
            known = known_by(answer.body)
        except (Misfit, Unfetched) as error:
            said = f"{self._provider.place} answered something else than who asks: {error}"
            self._log.tell(Misfit(said) if isinstance(error, Misfit) else error)
            raise ProviderUnavailable from None
        age_s = min(max_age_of(answer.headers), self._max_age_s)
        if age_s > 0:
            self._kept[digest] = _Kept(known, time.time() + age_s, 1_000 + 4 * len(answer.body))
        return known

    async def _fetched(self, sent: Mapping[str, str]) -> Fetched:
        if not self._posts:
            headers = {name.encode("latin-1"): value.encode("latin-1") for name, value in sent.items()}
            return await self._provider.ask(headers=headers)
        return await self._provider.ask("POST", {b"content-type": b"application/json"}, orjson.dumps({"headers": sent}))


def known_by(body: bytes) -> Known:
    """What an answer says, in our form or in Hasura's. Raises `Misfit`."""
    found = json_object(body)
    variables = session_variables(found)
    if variables:
        roles = roles_of([variables.get(ROLE)], ROLE)
        return Known(id_of(variables.get(USER), USER), roles, Claims(other_claims(variables, (ROLE,))))
    return Known(id_of(found.get(ID), ID), roles_of(found.get(ROLES), ROLES), Claims(other_claims(found, (ID, ROLES))))


def max_age_of(headers: httpx.Headers) -> float:
    """Seconds for which an answer may be kept; 0 where it does not say so.

    Source: https://www.rfc-editor.org/rfc/rfc9111#section-4.2.1
    """
    control = headers.get("cache-control")
    if control is not None:
        age = MAX_AGE.search(control)
        return float(age[1]) if age and not NOT_KEPT.search(control) else 0
    try:
        expires = parsedate_to_datetime(headers["expires"])
        return (expires if expires.tzinfo else expires.replace(tzinfo=UTC)).timestamp() - time.time()
    except (KeyError, ValueError, OverflowError):  # without one, and `0`, which many send
        return 0
