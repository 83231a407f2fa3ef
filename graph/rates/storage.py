"""Where counters are kept, by the settings: settings and engines enter, counters leave. Nothing is connected yet."""

from collections.abc import Callable, Mapping

from db.session.engines import Engines
from graph.rates.counters import Counters, MemoryCounters, SharedCounters
from graph.rates.database import DatabaseCounters
from graph.settings import LimitsStorage, Settings

UPGRADE = "Look whether it answers, and whether `trellis db upgrade` has run."


def sign_in_counters(engines: Engines, settings: Settings) -> Counters:
    """The counters of attempts to sign in: every process must count the same, and each attempt costs a hash anyway."""
    return _made(settings, engines, LimitsStorage.DATABASE)


def operation_counters(engines: Engines, settings: Settings) -> Counters:
    """The counters of operations: a statement more for each would cost more than many operations do."""
    return _made(settings, engines, LimitsStorage.MEMORY)


def _made(settings: Settings, engines: Engines, otherwise: LimitsStorage) -> Counters:
    storage = settings.limits_storage
    makers: Mapping[LimitsStorage, Callable[[], Counters]] = {
        LimitsStorage.MEMORY: MemoryCounters,
        LimitsStorage.DATABASE: lambda: SharedCounters(DatabaseCounters(engines), "the database", UPGRADE),
    }
    return makers[otherwise if storage is LimitsStorage.AUTO else storage]()
