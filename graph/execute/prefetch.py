"""One round trip: what an operation will ask its loaders for is read by one statement, and primes them.

An operation enters before it is begun; its loaders leave with values. It runs as always then, and loads as always what
was not read here, so that no answer hangs on this room. When a statement of this kind fails, the operation is run anew
without one, and so are those like it from then on. Why, when and when not: docs/decisions/0049-one-round-trip.md.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from contextlib import nullcontext
from typing import Any, NamedTuple, cast

from graphql import OperationType

from db.fast import Asked
from db.session import DeadlineExceeded, Mode
from db.statements import LIMIT, Combination, Key, Member, forms_of, is_selective
from graph.execute.foresight import ForeseenLoad, Foresight
from graph.execute.work import Work
from graph.loading.asking import Asking, asking
from graph.loading.level_loader import LevelLoader, Outcome
from graph.loading.loaders import FIRST
from graph.prepare.fields import FieldPlan
from graph.prepare.operation import CheckedOperation

FEWEST = 2
"""Statements that are worth one of their own."""

OFTEN = 20
"""How often an operation, and what its statements are made of, is met before they are combined: each connection plans
the text for itself, which takes a millisecond, and the statements of levels are shared with other operations."""

MAX_ROOT = 100
"""The rows of a page, where its rows are keys of others: PostgreSQL needs more processor time for more."""

MAX_ROWS = 2_000
"""The rows of all levels together, as they were found the last time."""
MOST_TOGETHER = 8_192
"""The rows behind a table of pairs that are read at once, a power of two; more are read parent by parent."""
REST = 200
"""How often what has found more is read level by level before it is tried again."""


REFUSED = Combination(is_refused=True)
"""What is never sent as one."""

MAX_FORESEEN = 16
"""How many sets of variables an operation remembers its foresight for."""
MAX_TEXT = 100
"""The longest text, in characters, among these."""
SHORT = frozenset({int, float, bool, str, type(None)})


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
    together = _foreseen(checked, work)
    if together is None or not together.is_worth_it():
        return None
    try:
        await together.read(work)
    except Exception as error:
        work.context.session.is_broken = True
        return error
    return None


def _foreseen(checked: CheckedOperation, work: Work) -> _Together | None:
    """What can be read at once, from the last time if nothing has changed; None where that is not known."""
    kept, identity = checked.operation.foreseen, _identity(checked, work)
    known = None if identity is None else cast("_Together | None", kept.get(identity))
    if known is not None:
        return known
    try:
        foresight = Foresight(work)
        found = _together(checked, foresight)
    except Exception:  # a field refuses its arguments: the run itself says so, where it belongs
        return None
    if found is not None and identity is not None and foresight.is_lasting and not found.apart:
        kept[identity] = found._replace(loaders=())
        if len(kept) > MAX_FORESEEN:
            kept.popitem(last=False)
    return found


def _identity(checked: CheckedOperation, work: Work) -> Hashable:
    """What a foresight hangs on, besides what it watches; None where that is too much to be kept."""
    variables = checked.variables.coerced
    if any(type(value) not in SHORT or (type(value) is str and len(value) > MAX_TEXT) for value in variables.values()):
        return None
    return (work.context.loaders.statements, work.context.visible, *variables.items())


class _Load(NamedTuple):
    """A load of a foresight, without the loader of that run."""

    identity: Hashable
    """That of the loader."""
    outcome: Outcome
    keys: Sequence[Key]
    """Those that are known beforehand."""
    asked: Asked | None
    """The load, by its number, and its columns that hold the keys; None: they are known."""
    field: FieldPlan
    model: str
    """What is loaded, by the model's name."""


class _Together(NamedTuple):
    """What is read for one run: some loads alone, since others hang on what they find, and then all others at once."""

    loads: Sequence[_Load]
    apart: Sequence[int]
    """Those that are read alone, by their numbers."""
    loaders: Sequence[LevelLoader[Any]]
    """Of all loads, for those that are read alone."""
    members: Sequence[Member]
    """Those that are read at once, in their order, with the numbers of each other."""
    places: Mapping[int, int]
    """By number of a load, that of its member."""
    combination: Combination
    is_all: bool
    """Whether the operation asks for nothing else."""

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

    async def read(self, work: Work) -> None:
        """Read, and prime."""
        found = {number: await self.loaders[number].load_level(self.loads[number].keys) for number in self.apart}
        numbers = list(self.places)
        kept = [numbers[place] for place in self.combination.kept]
        await self._read_at_once(work, kept, [self._keys(self.loads[number], found) for number in kept])

    def _keys(self, load: _Load, found: Mapping[int, Sequence[Any]]) -> Sequence[Key]:
        """The keys that are known of a load; none where another member will find them."""
        if load.asked is None or load.asked.part not in found:
            return load.keys
        rows_in, columns = self.loads[load.asked.part].outcome.rows_in, load.asked.columns
        rows = [row for value in found[load.asked.part] for row in rows_in(value)]
        return list(dict.fromkeys(tuple([row[column] for column in columns]) for row in rows))

    async def _read_at_once(self, work: Work, kept: Sequence[int], keys: Sequence[Sequence[Key]]) -> None:
        session, loaders, combination = work.context.session, work.context.loaders, self.combination
        assert combination.statement is not None
        members = [self.members[place] for place in combination.kept]
        values = combination.statement.values(
            [_parameters(*it, loaders.bound) for it in zip(members, keys, strict=True)]
        )
        if values is None:  # one of them does not fit, and its own statement says so
            return
        alone = self.is_all and len(kept) == len(self.loads)
        with asking(self._asker(work, kept, keys)) if work.traced else nullcontext():
            if session.reads is not None:
                for member in members:
                    session.reads.note(member.statement.compiled or member.statement.select)
            try:
                found = await session.found_together(combination.statement, values, alone=alone)
            except Exception as error:
                if isinstance(error, DeadlineExceeded):  # somebody may have held a table
                    combination.rests = REST
                elif session.blames(error):
                    combination.refuse()
                raise
        if found is None:
            return
        if sum([len(part.rows) for part in found]) > MAX_ROWS:
            combination.rests = REST
        for number, member, given, part in zip(kept, members, keys, found, strict=True):
            load = self.loads[number]
            answered = given if part.keys is None else part.keys
            loaders.prime(load.identity, load.outcome.values(answered, member.statement, part.rows))

    def _asker(self, work: Work, kept: Sequence[int], keys: Sequence[Sequence[Key]]) -> Asking:
        """Who asks: all of its loaders, by the names of their models, for the keys that are known before."""
        loads = [self.loads[number] for number in kept]
        models = ", ".join(dict.fromkeys(load.model for load in loads))
        return work.asking(*(load.field for load in loads))._replace(loader=models, keys=sum(map(len, keys)))


def _parameters(member: Member, keys: Sequence[Key], bound: Mapping[str, Any]) -> Mapping[str, Any]:
    """What is bound for a member; its keys, too, unless another one finds them."""
    of_keys = member.statement.parameters(keys)[0] if member.asked is None else {}
    return {**of_keys, **member.parameters, **bound}


def _together(checked: CheckedOperation, foresight: Foresight) -> _Together | None:
    """What can be read at once, which is nothing where that is too little or too much; None: it is not known yet."""
    loads = foresight.loads
    known = [_member(load, most) for load, most in zip(loads, _most_rows(loads), strict=True)]
    if not all(member is None or forms_of([member])[0] for member in known):  # one of them was not run yet
        return None
    never = _Together((), (), (), (), {}, REFUSED, is_all=False)
    if not all(map(_is_small, loads)):
        return never
    apart = [
        number
        for number, (load, member) in enumerate(zip(loads, known, strict=True))
        if member is None or (load.asked is None and _may_be_rare(load, member))
    ]
    together = [number for number in range(len(loads)) if number not in apart]
    fewest = FEWEST + 1 if apart else FEWEST  # there, foresight is most of what one round trip less would save
    if len(together) < fewest or any(loads[number].asked is not None for number in apart):
        return never
    places = {number: place for place, number in enumerate(together)}
    members = [
        _placed(member, number, loads, places) for number, member in enumerate(known) if member and number in places
    ]
    shapes = [(it.statement.compiled, it.numbered and it.numbered.compiled, it.asked, it.known) for it in members]
    return _Together(
        [_Load(_loader_identity(it), _outcome(it), it.keys, it.asked, it.field, it.loader.name) for it in loads],
        apart,
        [load.loader for load in loads],
        members,
        places,
        foresight.loaders.statements.combination(tuple(shapes)),
        is_all=foresight.is_complete and not apart and not checked.cost.reads_itself,
    )


def _loader_identity(load: ForeseenLoad) -> Hashable:
    return None if load.loader.reads is None else load.loader.reads.identity


def _outcome(load: ForeseenLoad) -> Outcome:
    assert load.loader.outcome is not None  # nothing is foreseen without
    return load.loader.outcome


def _most_rows(loads: Sequence[ForeseenLoad]) -> Sequence[int]:
    """How many rows each load finds at most, to the next power of two."""
    most: list[int] = []
    for load in loads:
        keys = len(load.keys) if load.asked is None else most[load.asked.part]
        reads = load.loader.reads
        most.append(keys * (reads.parameters.get(LIMIT, 1) if reads is not None else MAX_ROOT))
    return [1 << min(rows, MOST_TOGETHER - 1).bit_length() for rows in most]


def _member(load: ForeseenLoad, most: int) -> Member | None:
    """A load as a member of what is read at once; None for one that is only ever read alone."""
    reads = load.loader.reads
    if reads is None:
        return None
    return Member(reads.statement(), None if reads.part is None else reads.part(most), reads.parameters)


def _placed(member: Member, number: int, loads: Sequence[ForeseenLoad], places: Mapping[int, int]) -> Member:
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
