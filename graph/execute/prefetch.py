"""One round trip: what an operation will ask its loaders for is read by one statement, and primes them.

An operation enters before it is begun; its loaders leave with values. It runs as always then, and loads as always what
was not read here, so that no answer hangs on this room. When a statement of this kind fails, the operation is run anew
without one, and so are those like it from then on. Why, when and when not: docs/decisions/0049-one-round-trip.md.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from contextlib import nullcontext
from typing import Any, NamedTuple

from graphql import OperationType

from db.fast import Asked, Found
from db.session import Mode
from db.statements import LIMIT, Combination, Key, Member, forms_of, is_selective
from graph.execute.foresight import ForeseenLoad, Foresight
from graph.execute.work import Work
from graph.loading.asking import asking
from graph.loading.loaders import FIRST
from graph.prepare.operation import CheckedOperation

OFTEN = 20
"""How often an operation, and what its statements are made of, is met before they are combined: each connection plans
the text for itself, which takes a millisecond, and the statements of levels are shared with other operations."""

MAX_ROOT = 100
"""The rows of a page, where its rows are keys of others: PostgreSQL needs more processor time for more."""

MAX_ROWS = 4_000
"""The rows of all levels together, as they were found the last time."""
REST = 200
"""How often what has found more is read level by level before it is tried again."""


def may_prefetch(checked: CheckedOperation, work: Work) -> bool:
    """Whether it is worth thinking about; whatever is no query of several statements leaves here."""
    session = work.context.session
    return (
        session.mode is Mode.SNAPSHOT
        and session.combines
        and checked.cost.statements > 1
        and checked.operation.kind is OperationType.QUERY
        and checked.operation.is_met(OFTEN)
    )


async def prefetch(checked: CheckedOperation, work: Work) -> Exception | None:
    """Prime the loaders of an operation that is not begun yet.

    What the database, or a value of a row, has against the statement is returned; the session is broken then, and the
    operation is to be run anew in another one.
    """
    try:
        together = _together(work, foresight := Foresight(work))
    except Exception:  # a field refuses its arguments: the run itself says so, where it belongs
        return None
    if together is None or not together.is_worth_it():
        return None
    try:
        await together.read(alone=foresight.is_complete and not checked.cost.reads_itself)
    except Exception as error:
        work.context.session.is_broken = True
        return error
    return None


class _Together(NamedTuple):
    """What is read for one run: some loads alone, since others hang on what they find, and then all others at once."""

    work: Work
    loads: Sequence[ForeseenLoad]
    members: Sequence[Member]
    """Those that are read at once, in their order, with the numbers of each other."""
    places: Mapping[int, int]
    """By number of a load, that of its member."""
    combination: Combination

    def is_worth_it(self) -> bool:
        """Whether they are sent as one this time."""
        combination = self.combination
        if combination.is_refused:
            return False
        if combination.rests:
            combination.rests -= 1
            return False
        if combination.statement is None or combination.forms != forms_of(self.members):
            combination.met += 1
            if combination.met < OFTEN:
                return False
            combination.make(self.members)
        return not combination.is_refused and len(combination.kept) > 1

    async def read(self, *, alone: bool) -> None:
        """Read, and prime. `alone` says that nothing else will be asked."""
        found: dict[int, Sequence[Any]] = {}
        for number, load in enumerate(self.loads):
            if number not in self.places and load.asked is None:
                found[number] = await load.loader.load_level(load.keys)
        keys = {number: self._keys(load, found) for number, load in enumerate(self.loads) if number in self.places}
        whole = len(self.combination.kept) == len(self.loads)
        await self._read_at_once(keys, alone=alone and whole)

    def _keys(self, load: ForeseenLoad, found: Mapping[int, Sequence[Any]]) -> Sequence[Key]:
        """The keys that are known of a load; none where another member will find them."""
        if load.asked is None or load.asked.part not in found:
            return load.keys
        outcome = self.loads[load.asked.part].loader.outcome
        assert outcome is not None
        rows = [row for value in found[load.asked.part] for row in outcome.rows_in(value)]
        return list(dict.fromkeys(tuple(row[column] for column in load.asked.columns) for row in rows))

    async def _read_at_once(self, keys: Mapping[int, Sequence[Key]], *, alone: bool) -> None:
        session, loaders = self.work.context.session, self.work.context.loaders
        statement = self.combination.statement
        assert statement is not None
        numbers = {place: number for number, place in self.places.items()}
        kept = [numbers[place] for place in self.combination.kept]
        values = statement.values([self._parameters(number, keys[number]) for number in kept])
        if values is None:  # one of them does not fit, and its own statement says so
            return
        fields = dict.fromkeys(self.loads[number].field for number in kept)
        with asking(self.work.asking(*fields)) if self.work.traced else nullcontext():
            try:
                found = await session.found_together(statement, values, alone=alone)
            except Exception as error:
                if session.blames(error):
                    self.combination.refuse()
                raise
        if found is None:
            return
        if sum(len(part.rows) for part in found) > MAX_ROWS:
            self.combination.rests = REST
        for number, part in zip(kept, found, strict=True):
            loader = self.loads[number].loader
            assert loader.reads is not None
            answered = keys[number] if part.keys is None else part.keys
            member = self.members[self.places[number]]
            loaders.prime(loader.reads.identity, loader.reads.outcome.values(answered, member.statement, part.rows))

    def _parameters(self, number: int, keys: Sequence[Key]) -> Mapping[str, Any]:
        member = self.members[self.places[number]]
        given = {**member.parameters, **self.work.context.loaders.bound}
        return given if member.asked is not None else {**member.statement.parameters(keys)[0], **given}


def _together(work: Work, foresight: Foresight) -> _Together | None:
    """What can be read at once; None where that is not known yet, or too little, or too much."""
    loads = foresight.loads
    known = [_member(load) for load in loads]
    if any(member is not None and not forms_of([member])[0] for member in known):
        return None  # a statement that was not run yet
    if not all(map(_is_small, loads)):
        return None
    apart = {
        number
        for number, (load, member) in enumerate(zip(loads, known, strict=True))
        if member is None or (load.asked is None and _may_be_rare(load, member))
    }
    if any(loads[number].asked is not None for number in apart):
        return None
    places = {number: place for place, number in enumerate(it for it in range(len(loads)) if it not in apart)}
    if len(places) < 2:
        return None
    members = [_placed(member, number, loads, places) for number, member in enumerate(known) if member and number in places]
    shapes = tuple((_shape(loads[number]), members[place].asked, members[place].known) for number, place in places.items())
    loaders = work.context.loaders
    identity = (loaders.dialect, work.context.visible, shapes)
    return _Together(work, loads, members, places, loaders.statements.combination(identity))


def _shape(load: ForeseenLoad) -> Hashable:
    assert load.loader.reads is not None
    return load.loader.reads.shape


def _member(load: ForeseenLoad) -> Member | None:
    """A load as a member of what is read at once; None for one that is only ever read alone."""
    reads = load.loader.reads
    if reads is None:
        return None
    return Member(reads.statement(), None if reads.part is None else reads.part(), reads.parameters)


def _placed(
    member: Member, number: int, loads: Sequence[ForeseenLoad], places: Mapping[int, int]
) -> Member:
    """A member that knows where its keys come from, and who has asked for the same rows before."""
    load = loads[number]
    asked = load.asked
    if asked is None or asked.part not in places:
        return member
    before = (other for other in range(number) if loads[other].loader is load.loader and other in places)
    known = tuple(places[other] for other in before if _comes(loads[other], places))
    return member._replace(asked=Asked(places[asked.part], asked.columns), known=known)


def _comes(load: ForeseenLoad, places: Mapping[int, int]) -> bool:
    """Whether the keys of a load come from another member."""
    return load.asked is not None and load.asked.part in places


def _is_small(load: ForeseenLoad) -> bool:
    """Whether a page is short enough for its rows to be keys of others."""
    reads = load.loader.reads
    return reads is None or reads.part is None or reads.parameters[LIMIT] <= MAX_ROOT + 1


def _may_be_rare(load: ForeseenLoad, member: Member) -> bool:
    """Whether what is asked at the root has conditions with values, and is no look-up of one row."""
    is_row = member.statement.key_width or (load.loader.outcome is FIRST and LIMIT in member.parameters)
    return not is_row and is_selective(member)
