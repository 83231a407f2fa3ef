"""Where counters are kept, by the settings: engines and settings enter, counters leave. Nothing is connected yet."""

from db.session.engines import Engines
from graph.rates.counters import Counters, MemoryCounters, SharedCounters
from graph.rates.database import DatabaseCounters
from graph.settings import LimitsStorage, Settings

UPGRADE = "Look whether it answers, and whether `trellis db upgrade` has run."
LOOK = "Look whether it answers, and whether TRELLIS_LIMITS_STORAGE leads there."


def sign_in_counters(engines: Engines, settings: Settings) -> Counters:
    """The counters of attempts to sign in: every process must count the same, and each attempt costs a hash anyway."""
    return _made(engines, settings, LimitsStorage.DATABASE)


def operation_counters(engines: Engines, settings: Settings) -> Counters:
    """The counters of operations: a statement more for each would cost more than many operations do."""
    return _made(engines, settings, LimitsStorage.MEMORY)


def _made(engines: Engines, settings: Settings, otherwise: LimitsStorage) -> Counters:
    storage = settings.limits_storage.get_secret_value()
    if storage == LimitsStorage.AUTO:
        storage = otherwise
    if storage == LimitsStorage.MEMORY:
        return MemoryCounters()
    if storage == LimitsStorage.DATABASE:
        return SharedCounters(DatabaseCounters(engines), "the database", UPGRADE)
    return _in_redis(storage)


def _in_redis(url: str) -> Counters:
    # An extra, which few have installed; the settings have looked whether it is there.
    from graph.rates.redis import RedisCounters

    return SharedCounters(RedisCounters(url), "Redis", LOOK)
