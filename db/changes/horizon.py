"""The horizon: the oldest transaction that runs. What is committed behind it is told when it ends.

What waits enters, as the relay sees it; an age leaves, and once for each transaction the word that it is to be named.
Nothing is asked here.
"""

import logging
from collections.abc import Callable
from time import monotonic

from db.changes.log import Waiting
from db.dialects.change_log import LongWriter

LONG_S = 5.0
"""Seconds after which the log names whoever holds changes up."""

logger = logging.getLogger("trellis")


class Horizon:
    """How long changes have waited for the oldest transaction."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._at: int | None = None
        self._since = 0.0
        self._told = False

    @property
    def age_s(self) -> float:
        """Seconds for which changes have waited for the transaction that is the oldest now; 0 where none waits."""
        return 0.0 if self._at is None else self._clock() - self._since

    def note(self, waiting: Waiting) -> bool:
        """What waits now; whether the transaction that it waits for is to be named, which happens once for each."""
        if not waiting.is_held:
            self.forget()
            return False
        if waiting.horizon != self._at:
            self._at, self._since, self._told = waiting.horizon, self._clock(), False
        is_long = not self._told and self.age_s >= LONG_S
        self._told = self._told or is_long
        return is_long

    def forget(self) -> None:
        """Nothing is known of what waits: another process numbers."""
        self._at = None


def warn(writer: LongWriter | None, age_s: float) -> None:
    """Say who holds changes up."""
    if writer is None:
        return
    who = "a prepared transaction" if writer.process is None else f"process {writer.process}"
    name = f" ({writer.name})" if writer.name else ""
    runs_s = age_s if writer.seconds is None else writer.seconds
    logger.warning(
        "Changes have waited for %.0f s for a transaction of %s%s that has run for %.0f s; later ones are told when it"
        " ends (docs/live.md).",
        age_s,
        who,
        name,
        runs_s,
    )
