"""The response cache that settings and the hints of a schema ask for. Nothing is connected yet."""

import hashlib
import re
import socket

from db.session import Engines
from db.settings import async_url
from graph.entity import Schema
from graph.errors import CannotStart
from graph.execute.extensions import ExtendedOperations
from graph.own_writes import MARGIN_S
from graph.response_cache.answers import AnswerStore
from graph.response_cache.cache import ResponseCache, ages_of
from graph.response_cache.memory import MemoryAnswers
from graph.settings import ResponseCacheStorage, Settings

LOCAL = re.compile(r"localhost|127\.|::1|/")
"""What a host is called that is the machine itself."""

EXTENDED = (
    "TRELLIS_RESPONSE_CACHE is set, and the schema has extensions of Strawberry's, which an earlier answer would go"
    " past; leave the setting out, or take the extensions out of the schema."
)
NAMELESS = (
    "TRELLIS_RESPONSE_CACHE names a Redis that releases share, and TRELLIS_COMMIT does not say which one this is; set"
    " it to what the code is called that runs, such as its commit."
)
NO_AGES = (
    "TRELLIS_RESPONSE_CACHE is set, and nothing may be kept; put @cache_control on types and fields, or name operations"
    " in TRELLIS_CACHED_OPERATIONS."
)


def longest_age_s(schema: Schema, settings: Settings) -> int:
    """The most seconds for which answers are kept; 0 where none is."""
    if settings.response_cache.get_secret_value() == ResponseCacheStorage.OFF:
        return 0
    hinted = [hint.seconds or 0 for hint in schema.cache_hints]
    return max([*hinted, *ages_of(settings.cached_operations).values()], default=0)


def response_cache(schema: Schema, engines: Engines, settings: Settings) -> ResponseCache | None:
    """The cache; None where no answer is kept, and no cache of others is told anything by hints.

    Raises `CannotStart` for settings that would keep what must not be kept.
    """
    ages = ages_of(settings.cached_operations)
    storage = settings.response_cache.get_secret_value()
    has_hints = bool(schema.cache_hints)
    if storage != ResponseCacheStorage.OFF:
        if isinstance(schema.operations, ExtendedOperations):
            raise CannotStart(EXTENDED)
        if not (has_hints or ages):
            raise CannotStart(NO_AGES)
    elif not (has_hints or ages):
        return None
    life_s = settings.max_replica_lag_s + MARGIN_S
    store = _store(schema, settings, storage)
    return ResponseCache(schema.preparer, engines, store, ages, life_s, settings.surrogate_keys)


def _store(schema: Schema, settings: Settings, storage: str) -> AnswerStore | None:
    if storage == ResponseCacheStorage.OFF:
        return None
    if storage == ResponseCacheStorage.MEMORY:
        return MemoryAnswers(settings.response_cache_bytes)
    if not settings.commit:
        raise CannotStart(NAMELESS)
    # An extra, which few have installed; the settings have looked whether it is there.
    from graph.response_cache.redis import RedisAnswers

    return RedisAnswers(storage, _namespace(schema, settings))


def _namespace(schema: Schema, settings: Settings) -> str:
    """What only servers share whose answers are the same: the release, the schema, its limits and the database."""
    url = async_url(settings.database_url.get_secret_value()).set(username=None, password=None)
    hosts = str(url.host or url.query.get("host") or "")
    parts = [settings.commit, schema.as_str(), repr(schema.preparer.limits), url.render_as_string()]
    if not hosts or LOCAL.search(hosts):  # a file, or a server, of this machine: others have others under that name
        parts.append(socket.gethostname())
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
