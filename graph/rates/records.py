"""Records: what is kept of one name, and changed as a whole with those of other names.

Asks and the records of their names enter; the seconds to wait leave, and the records are changed if there are none.
Nothing waits here, and nothing is stored.
"""

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NamedTuple

import orjson

from graph.rates.rules import Hits, Log, Rule


@dataclass
class Record:
    """The logs of a name, one for each rule."""

    logs: list[Log] = field(default_factory=list)
    known_until: float = 0
    """Until when the name is known, in seconds since 1970."""
    ends: float = 0
    """When nothing of it counts any more."""
    changed: bool = False
    """Whether it is to be kept."""

    @property
    def past_at(self) -> int:
        """A whole second at which nothing of it counts any more."""
        return int(self.ends) + 1

    def log(self, number: int) -> Log:
        """The hits that count for the rule of this number."""
        return self.logs[number] if number < len(self.logs) else []

    def add(self, rules: Sequence[Rule], now: float, amount: int) -> None:
        """Add hits."""
        self.logs = [rule.after(self.log(number), now, amount) for number, rule in enumerate(rules)]
        self.ends = max([self.ends, *(now + rule.seconds for rule in rules)])
        self.changed = True

    def take_back(self, amount: int) -> None:
        """Take back hits that were added a moment ago; the time of the last one stays."""
        self.logs = [_less(log, amount) for log in self.logs]
        self.changed = True

    def clear(self) -> None:
        """Forget all hits."""
        self.logs = []
        self.changed = True

    def know(self, until: float) -> None:
        """Know the name for a while."""
        self.known_until = until
        self.ends = max(self.ends, until)
        self.changed = True


class Ask(NamedTuple):
    """Hits that are wanted for one name."""

    record: Record
    rules: Sequence[Rule]
    amount: int = 1
    refusable: bool = True
    """Whether the rules may refuse; otherwise the hits are counted alone."""

    def wait_s(self, now: float) -> float:
        """Seconds until these hits are allowed; 0 for now."""
        if not self.refusable:
            return 0
        waits = (rule.wait_s(self.record.log(number), now, self.amount) for number, rule in enumerate(self.rules))
        return max(waits, default=0)


def take(asks: Sequence[Ask], now: float) -> float:
    """Add all hits, or none: the seconds until all of them are allowed; 0 if they were added."""
    wait_s = max((ask.wait_s(now) for ask in asks), default=0)
    if wait_s <= 0:
        for ask in asks:
            ask.record.add(ask.rules, now, ask.amount)
    return wait_s


def name_of(kind: str, *parts: str) -> str:
    """A name of the same length for any text, that does not tell the text."""
    text = "\0".join(parts).encode("utf-8", "surrogatepass")
    return f"{kind}:{hashlib.sha256(text).hexdigest()}"


def written(record: Record) -> str:
    """The record as a text."""
    logs = [[list(hits) for hits in log] for log in record.logs]
    return orjson.dumps([record.ends, record.known_until, logs]).decode()


def read(text: str | bytes | None) -> Record:
    """The record that was written; an empty one for a text that nobody here has written."""
    with suppress(ValueError, TypeError):
        ends, known_until, logs = orjson.loads(text or b"")
        kept = [[Hits(float(at), int(amount)) for at, amount in log] for log in logs]
        return Record(kept, float(known_until), float(ends))
    return Record()


def _less(log: Log, amount: int) -> Log:
    if not log:
        return log
    last = log[-1]
    return [*log[:-1], last._replace(amount=max(0, last.amount - amount))]
