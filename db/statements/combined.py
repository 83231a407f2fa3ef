"""Statements for many parents that are sent as one: which of them can be, and what is remembered of them.

Statements that were run before enter, each with the columns of another one that hold its keys; a combined statement
leaves. What cannot be combined is left out, and what hangs on it. Nothing is executed here.
Why: docs/decisions/0049-one-round-trip.md.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import BindParameter, ClauseElement
from sqlalchemy.sql import operators, visitors
from sqlalchemy.sql.elements import BooleanClauseList, Grouping

from db.dialects import LIMIT
from db.fast import Asked, CombinedStatement, Form, Part
from db.relations import VIEWER
from db.statements.pages import is_of_cursor
from db.statements.statement import Statement


class Member(NamedTuple):
    """A statement among those that may be combined."""

    statement: Statement
    """As it is sent alone. It was run before."""
    numbered: Statement | None
    """With a `number` as its last column, if it finds pages."""
    parameters: Mapping[str, Any]
    """What is bound, but for its keys and its viewer."""
    asked: Asked | None = None
    """Where its keys come from; None: they are given."""
    known: tuple[int, ...] = ()
    """Members that find the same rows, by other keys."""


@dataclass(slots=True)
class Combination:
    """What is remembered of statements that may be sent as one."""

    met: int = 0
    """How often they were asked for."""
    is_refused: bool = False
    """Whether the database, or a value, had something against it."""
    rests: int = 0
    """How often they are still sent one by one, because they have found much."""
    statement: CombinedStatement | None = None
    kept: tuple[int, ...] = ()
    """Which of the members it has, by their numbers."""
    forms: tuple[Form | None, ...] = ()
    """What it was made of; a table that changes makes others."""

    def make(self, members: Sequence[Member]) -> None:
        """Combine them, as far as that is possible; else refuse it from now on."""
        self.kept = tuple(_kept(members))
        self.forms = forms_of(members)
        try:
            self.statement = CombinedStatement(list(_parts(members, self.kept)))
        except ValueError:
            self.is_refused = True

    def refuse(self) -> None:
        """Never send them as one again."""
        self.is_refused, self.statement = True, None


def forms_of(members: Iterable[Member]) -> tuple[Form | None, ...]:
    """The form of each member."""
    return tuple(_form(member.statement) for member in members)


def is_selective(member: Member) -> bool:
    """Whether a statement has a condition with a value that a planner does not know, beside keys and cursors.

    A plan for every value of it may be the wrong one for a rare value. Values that never change are written out. What a
    policy asks of its viewer in an alternative to something else decides nothing: the viewer sees the other rows, too.
    """
    form = _form(member.statement)
    ours = {LIMIT, *_keys(member.statement)}
    given = form is not None and any(
        not slot.is_fixed(member.parameters, VIEWER)
        and ours.isdisjoint(slot.names)
        and not is_of_cursor(slot.names)
        and not slot.names[0].startswith(VIEWER)
        for slot in form.slots
    )
    return given or _hangs_on_viewer(member.statement.select.whereclause)


def _hangs_on_viewer(condition: object) -> bool:
    """Whether no row fits that does not fit for the sake of its viewer."""
    if isinstance(condition, Grouping):
        return _hangs_on_viewer(condition.element)
    if isinstance(condition, BooleanClauseList):
        one_is_enough = condition.operator is operators.and_
        return (any if one_is_enough else all)(map(_hangs_on_viewer, condition.clauses))
    parameters = visitors.iterate(condition) if isinstance(condition, ClauseElement) else ()
    return any(isinstance(it, BindParameter) and it.key.startswith(VIEWER) for it in parameters)


def _kept(members: Sequence[Member]) -> Iterator[int]:
    """Those whose keys reach them as the database has them: Python does nothing to the values on their way."""
    kept: set[int] = set()
    for index, member in enumerate(members):
        form = _form(member.statement)
        if form is None or not form.combines:
            continue
        if member.asked is None or (member.asked.part in kept and _reaches(members[member.asked.part], member)):
            kept.add(index)
            yield index


def _reaches(parent: Member, child: Member) -> bool:
    """Whether the keys of a child are what the parent's columns hold, in the eyes of Python and of the database."""
    theirs, ours = _form(parent.statement), _form(child.statement)
    assert theirs is not None
    assert ours is not None
    assert child.asked is not None
    if not all(theirs.untouched[column] for column in child.asked.columns):
        return False
    keys = frozenset(_keys(child.statement))
    return not any(slot.touches for slot in ours.slots if not keys.isdisjoint(slot.names))


def _parts(members: Sequence[Member], kept: Sequence[int]) -> Iterator[Part]:
    numbers = {index: number for number, index in enumerate(kept)}
    for index in kept:
        member = members[index]
        form, wider = _form(member.statement), _wider(member)
        if form is None or wider is None:
            raise ValueError("One of the statements has become another one.")
        asked = member.asked
        yield Part(
            wider,
            len(form.untouched),
            form.convert,
            _keys(member.statement),
            None if asked is None else Asked(numbers[asked.part], asked.columns),
            tuple(numbers[other] for other in member.known if other in numbers),
            member.numbered is not None,
            LIMIT,
            frozenset(slot for slot, it in enumerate(wider.slots) if it.is_fixed(member.parameters, VIEWER)),
        )


def _wider(member: Member) -> Form | None:
    """The form that is sent with others."""
    if member.numbered is None or member.statement.compiled is None:
        return _form(member.statement)
    return member.statement.compiled.form_of(member.numbered.select)


def _form(statement: Statement) -> Form | None:
    return None if statement.compiled is None else statement.compiled.form


def _keys(statement: Statement) -> tuple[str, ...]:
    """The parameters of the keys, one for each column."""
    return tuple(statement.dialect.key_parameters((), statement.key_width)) if statement.key_width else ()
