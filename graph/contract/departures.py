"""When something goes that clients use: removals enter; whether the end of each was announced, and has come, leaves.

`deprecated="Use summary. Goes on 2027-06-01."` names a day. Of several days the one after "Goes on" counts, or the
latest. Days are those of UTC.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from graph.contract.changes import Change
from graph.contract.kinds import Departure, Kind
from graph.contract.places import Places
from graph.deprecations import day_of

DEPARTING = {
    *(Kind.TYPE_REMOVED, Kind.FIELD_REMOVED, Kind.ARGUMENT_REMOVED, Kind.INPUT_FIELD_REMOVED),
    *(Kind.ENUM_VALUE_REMOVED, Kind.DIRECTIVE_REMOVED, Kind.DIRECTIVE_ARGUMENT_REMOVED),
}
NOTICE = timedelta(days=180)
"""How long before its end something is deprecated, in what we suggest."""


class Departures:
    """How each of the removals among some changes went. `places` are those of the old schema."""

    def __init__(self, changes: Iterable[Change], places: Places, today: date) -> None:
        removals = [change for change in changes if change.kind in DEPARTING]
        self._ways = {change.at: _way(change.deprecated, today) for change in removals}
        self._places = places
        self._follow = {it.at for it in removals if it.kind is Kind.TYPE_REMOVED and it.deprecated is None}
        self._hold([name for name in self._follow if self._is_held(name)])

    def of(self, change: Change) -> tuple[Departure, date] | None:
        """How it went, with its day, or a day to write down when there is none; None for what is no removal."""
        way = self._ways.get(change.at) if change.kind in DEPARTING else None
        if way is None or change.kind is not Kind.TYPE_REMOVED or change.deprecated is not None:
            return way
        return (Departure.FOLLOWS if change.at in self._follow else Departure.HELD), way[1]

    def _hold(self, held: list[str]) -> None:
        """Let no type follow that these lead to, nor what those lead to. Each type is looked at once."""
        led_to = defaultdict(list)
        for name in self._follow:
            for place in self._leading_to(name):
                led_to[_owner(place)].append(name)
        while held:
            name = held.pop()
            if name in self._follow:
                self._follow.remove(name)
                held += led_to[name]

    def _is_held(self, name: str) -> bool:
        """Whether something leads to the type that did not go on its day, or nothing does."""
        places = self._leading_to(name)
        return not places or not all(map(self._is_gone, places))

    def _leading_to(self, name: str) -> Sequence[str]:
        """Places of a type that are not its own; unions and interfaces that it belongs to, if there are such places."""
        places = [place for place in self._places.of(name) if _owner(place) != name]
        return [*places, *self._places.groups.get(name, ())] if places else ()

    def _is_gone(self, place: str) -> bool:
        field = place.partition("(")[0]
        due = any(self._ways.get(it, (None,))[0] is Departure.DUE for it in (place, field))
        return due or _owner(place) in self._follow


def _owner(place: str) -> str:
    return re.split(r"[.(]", place, maxsplit=1)[0]


def _way(reason: str | None, today: date) -> tuple[Departure, date]:
    if reason is None:
        return Departure.UNANNOUNCED, today + NOTICE
    day = day_of(reason)
    if day is None:
        return Departure.UNDATED, today + NOTICE
    return (Departure.EARLY if today < day else Departure.DUE), day
