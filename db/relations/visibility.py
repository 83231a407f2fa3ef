"""Visibility: which rows of a model a kind of viewer may see, and in which of them a value is shown.

Predicates enter, a `Visibility` leaves; applied to a source, it gives a source without the hidden values. Which roles
there are, and what they may see, is not known here. Why: docs/decisions/0011-one-policy.md.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ClauseElement, Column, ColumnElement, and_, case, null, type_coerce
from sqlalchemy.sql import TableValuedColumn, visitors

from db.relations.order import Term
from db.relations.rows import AnyColumn, AnyMapper, Expression, Predicate, Row
from db.relations.source import Source


def _no_values(_model: AnyMapper) -> Mapping[str, Predicate]:
    return {}


@dataclass(frozen=True, eq=False)
class Visibility:
    """What a kind of viewer may see. Every statement asks the visibility, for every model that it touches.

    There is one object for each kind of viewer, never one for each request: statements are cached by it.
    """

    rows: Callable[[AnyMapper], Predicate | None]
    """Which rows of a model; None: all of them."""
    values: Callable[[AnyMapper], Mapping[str, Predicate]] = _no_values
    """By attribute: in which rows its value may be seen. Elsewhere it is null: shown, compared, sorted and counted."""
    shared_as: str = ""
    """What every process calls this kind of viewer, where processes share answers; no two kinds have one name. Empty:
    each viewer is a kind for them."""

    def __call__(self, model: AnyMapper) -> Predicate | None:
        """The rows of a model."""
        return self.rows(model)

    def seen(self, source: Source, model: AnyMapper) -> Source:
        """A source without hidden values: they are null in its row, its key and its natural order."""
        hidden = self.values(model)
        if not hidden:
            return source
        row = RedactedRow(source.row, hidden)
        order = tuple(row.redacted_term(term) for term in source.order)
        return source._replace(row=row, key=tuple(map(row.redacted, source.key)), order=order)


EVERYTHING = Visibility(lambda _model: None)
"""The visibility of a viewer who may see everything."""


class RedactedRow:
    """An alias of a model with null in place of hidden values, also inside of hybrids."""

    def __init__(self, row: Row, hidden: Mapping[str, Predicate]) -> None:
        self.bare = row
        self.conditions: dict[str, ColumnElement[bool]] = {
            name: condition for name, predicate in hidden.items() if (condition := predicate(row)) is not None
        }
        """By attribute: in which rows its value may be seen."""
        self._instead: dict[ClauseElement, Expression] = {
            column: case((condition, column), else_=null())
            for name, condition in self.conditions.items()
            for column in [_column_of(row, name)]
        }

    def __getattr__(self, name: str, /) -> Any:
        return self.redacted(getattr(self.bare, name))

    def redacted(self, expression: Expression) -> Expression:
        """An expression about the row, with null for hidden values; the expression itself if it names none of them.

        A function of the whole row has a value where every value of the row may be seen.
        """
        clause = expression.__clause_element__() if hasattr(expression, "__clause_element__") else expression
        if isinstance(clause, Column):
            return self._instead.get(clause, expression)
        if self._names_row(clause):
            return case((and_(*self.conditions.values()), expression), else_=null())
        if not self._names_hidden(clause):
            return expression
        found = visitors.replacement_traverse(clause, {}, lambda element, **_: self._instead.get(element))
        # Looks needless, for the type is the same. But without an element of our own around it, the ORM selects
        # the element that the hybrid's was made of, and with it the hidden value.
        return type_coerce(found, found.type)

    def redacted_term(self, term: Term) -> Term:
        """A term of an order; one that names a hidden value may be null."""
        redacted = self.redacted(term.expression)
        return term if redacted is term.expression else term._replace(expression=redacted, nullable=True)

    def _names_row(self, clause: ClauseElement) -> bool:
        """Whether a function is given the whole row, hidden values and all."""
        return bool(self.conditions) and any(isinstance(it, TableValuedColumn) for it in visitors.iterate(clause))

    def _names_hidden(self, clause: ClauseElement) -> bool:
        return any(element in self._instead for element in visitors.iterate(clause))


def _column_of(row: Row, name: str) -> AnyColumn:
    found: AnyColumn = getattr(row, name).__clause_element__()
    return found


def bare(row: Row) -> Row:
    """The alias itself, for questions about tables and not about values."""
    return row.bare if isinstance(row, RedactedRow) else row


def seen_where(row: Row, name: str) -> ColumnElement[bool] | None:
    """In which rows the value of an attribute may be seen; None: in all."""
    return row.conditions.get(name) if isinstance(row, RedactedRow) else None


def may_hide(row: Row, name: str) -> bool:
    """Whether an attribute's expression can be null because its value is hidden."""
    return isinstance(row, RedactedRow) and row.redacted(getattr(row.bare, name)) is not getattr(row.bare, name)
