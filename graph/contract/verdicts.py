"""Changes enter with a day, counted uses and allowances; what each of them means for clients leaves, worst first."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

from graph.contract.allowances import Allowance
from graph.contract.changes import Change
from graph.contract.comparison import changes_between
from graph.contract.departures import Departures
from graph.contract.kinds import Criticality
from graph.contract.places import Places
from graph.contract.sources import Contract
from graph.contract.touched import touched_by
from graph.contract.usage import Usage, Used


@dataclass(frozen=True)
class Verdict:
    """What one change means for clients."""

    change: Change
    criticality: Criticality
    remarks: Sequence[str] = ()
    """What is known beside the change itself: when it was to go, who uses it."""
    used: Sequence[Used] = ()
    allowed: str | None = None
    """Why it is allowed although it is not safe."""

    @property
    def sentence(self) -> str:
        """The change and all that is known of it, for people."""
        return " ".join((self.change.sentence, *self.remarks))


@dataclass(frozen=True)
class Terms:
    """What verdicts depend on beside the two schemas."""

    today: date
    usage: Usage | None = None
    allow_unused: bool = False
    """Whether what nobody used may change."""
    allowances: Sequence[Allowance] = field(default=())


@dataclass(frozen=True)
class Report:
    """All verdicts, and the allowances that did nothing."""

    verdicts: Sequence[Verdict]
    expired: Sequence[Allowance] = ()
    unmatched: Sequence[Allowance] = ()

    def fails(self, threshold: Criticality) -> bool:
        """Whether a change is this critical and not allowed."""
        return any(verdict.criticality >= threshold and not verdict.allowed for verdict in self.verdicts)


def check(old: Contract, new: Contract, terms: Terms) -> Report:
    """Judge every change that both sources tell of."""
    changes = [it for it in changes_between(old.schema, new.schema) if old.tells(it) and new.tells(it)]
    judge = _Judge(old, changes, terms)
    verdicts = sorted(map(judge.verdict, changes), key=lambda verdict: -verdict.criticality)
    ended = [it for it in terms.allowances if it.expires < terms.today]
    idle = [it for it in terms.allowances if it not in ended and not any(map(it.is_of, changes))]
    return Report(verdicts, ended, idle)


class _Judge:
    def __init__(self, old: Contract, changes: Iterable[Change], terms: Terms) -> None:
        self._schema, self._terms = old.schema, terms
        self._places = Places(old.schema)
        self._departures = Departures(changes, self._places, terms.today)
        self._period = "" if terms.usage is None else _said_of_period(terms.usage, terms.today)

    def verdict(self, change: Change) -> Verdict:
        """What one change means."""
        criticality, remarks = self._departed(change)
        if criticality is Criticality.SAFE:
            return Verdict(change, criticality, remarks)
        used, remark, allowed = self._use(change)
        remarks += [remark] if remark else []
        return Verdict(change, criticality, remarks, used, self._allowance(change) or allowed)

    def _departed(self, change: Change) -> tuple[Criticality, list[str]]:
        """By the table, or by when it was to go."""
        remarks = [f"Was it renamed to `{change.renamed}`?"] if change.renamed else []
        way = self._departures.of(change)
        if way is None:
            return change.kind.criticality, remarks
        departure, day = way
        return departure.criticality, [departure.sentence.format(date=day), *remarks]

    def _use(self, change: Change) -> tuple[Sequence[Used], str | None, str | None]:
        """Who uses it, what to say of that, and why it is allowed if it is."""
        usage = self._terms.usage
        if usage is None:
            return (), None, None
        used = _together(used for at in touched_by(change, self._schema, self._places) for used in usage.of(at))
        if used:
            return used, _said_of(used, self._period), None
        if usage.overflow:
            return (), _said_of_overflow(usage.overflow, self._period), None
        unused = f"unused for {self._period}"
        if self._terms.allow_unused:
            return (), None, unused
        return (), f"{unused.capitalize()}, allowed with --allow-unused.", None

    def _allowance(self, change: Change) -> str | None:
        for it in self._terms.allowances:
            if it.is_of(change) and it.expires >= self._terms.today:
                return f"until {it.expires}: {it.reason}"
        return None


MOST_NAMED = 3
"""Clients that a sentence names; the JSON form has all."""


def _together(uses: Iterable[Used]) -> Sequence[Used]:
    """One entry for each version of a client, the most frequent first."""
    found: dict[tuple[str, str], Used] = {}
    for used in uses:
        key = used.client, used.version
        before = found.get(key, Used(*key, 0, used.last))
        found[key] = Used(*key, before.count + used.count, max(before.last, used.last))
    return sorted(found.values(), key=lambda used: (-used.count, used.client, used.version))


def _said_of(used: Sequence[Used], period: str) -> str:
    clients = [f"{it.client} {it.version}".strip() or "clients without a name" for it in used]
    others = len(clients) - MOST_NAMED
    named = ", ".join(clients[:MOST_NAMED]) + (f" and {others} more" if others > 0 else "")
    count, last = sum(it.count for it in used), max(it.last for it in used)
    return f"Used {count:,} {'time' if count == 1 else 'times'} in {period} by {named}, last on {last}."


def _said_of_overflow(uses: int, period: str) -> str:
    return (
        f"Nobody is known to have used it in {period}, but {uses:,} uses were counted without saying"
        " of what: it cannot be said to be unused."
    )


def _said_of_period(usage: Usage, today: date) -> str:
    period = f"{usage.days} {'day' if usage.days == 1 else 'days'}"
    return period if usage.until >= today else f"{period} until {usage.until}"
