"""Whether a filter asks something everywhere: a variable that was left out leaves an empty comparison behind.

A `where` or a `having` enters as graphql-core coerced it; nothing leaves, or `InvalidFilter` names the first place at
which nothing is asked. For reads such a place is no condition, unless a setting refuses it; for changes it is always
refused, as it would widen them. No SQL is made here. Source of the semantics: docs/decisions/0006-filters.md.
"""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from sqlalchemy.orm import Mapper

from db.characters import without_accents
from db.patterns import pattern
from db.relations import Link
from graph.entity.column_comparisons import MEMBER
from graph.entity.comparisons import ValueFilter
from graph.entity.distinct_counts import NAME as DISTINCT
from graph.entity.distinct_counts import OF
from graph.entity.filter_form import QUANTIFIERS
from graph.entity.measures import COUNT, WHERE
from graph.entity.registry import Entity, Relation
from graph.entity.types import value_filter
from graph.errors import InvalidFilter

Asked: TypeAlias = Mapping[str, Any]

HOLD_FOR_ALL_WHEN_EMPTY = frozenset(
    {
        "notIn",
        "contains",
        "startsWith",
        "endsWith",
        "containsIgnoreCase",
        "startsWithIgnoreCase",
        "endsWithIgnoreCase",
        "containsIgnoreAccents",
        "startsWithIgnoreAccents",
        "endsWithIgnoreAccents",
    }
)
"""Operators that hold for every value when they are given an empty text, list or object."""

PATTERNS = frozenset({"matches", "matchesIgnoreCase"})
"""Operators that hold for every text when their pattern finds nothing at all."""
PATH = "path"
AT = "at"


def check_complete(entity: Entity, asked: Asked, where: str) -> None:
    """Raise `InvalidFilter` for a place of a filter at which nothing is asked. Nulls are refused elsewhere."""
    _check_given(asked, where)
    for name, value in asked.items():
        place = f"{where}.{name}"
        if value is None:
            continue
        if name in ("and", "or", "not"):
            _check_members(entity, value, place)
        elif name == MEMBER:
            _check_given(value, place)
        elif name in entity.relations:
            _check_related(entity.relations[name], value, place)
        else:
            attribute = entity.attributes.get(name)
            _check_comparisons(value, place, None if attribute is None else value_filter(attribute.type))


def check_list_complete(entity: Entity, asked: Asked, where: str) -> None:
    """The same for what is asked of related rows or of a group: `{some: {…}, count: {…}, sum: {column: {…}}}`."""
    _check_given(asked, where)
    for name, value in asked.items():
        place = f"{where}.{name}"
        if value is None or name == OF:
            continue
        if name not in QUANTIFIERS:
            _check_measure(name, value, place)
        elif value or name in ("every", WHERE):  # `{some: {}}` and `{none: {}}` ask whether there are any
            check_complete(entity, value, place)


def _check_measure(name: str, asked: Asked, where: str) -> None:
    if name in (COUNT.name, DISTINCT):
        _check_comparisons(asked, where)
        return
    _check_given(asked, where)
    for column, comparisons in asked.items():
        _check_comparisons(comparisons or {}, f"{where}.{column}")


def _check_members(entity: Entity, value: Asked | Sequence[Asked], where: str) -> None:
    members = [value] if isinstance(value, Mapping) else value
    _check_given(members, where)
    for index, member in enumerate(members):
        check_complete(entity, member or {}, where if isinstance(value, Mapping) else f"{where}[{index}]")


def _check_related(relation: Relation, value: Asked, where: str) -> None:
    if not relation.link.to_many:
        if value or is_required(relation.link):  # else `{author: {}}` asks that there be one
            check_complete(relation.target(), value, where)
        return
    check_list_complete(relation.target(), value, where)


def _check_comparisons(asked: Asked, where: str, known: ValueFilter | None = None) -> None:
    _check_given(asked, where)
    for name, value in asked.items():
        place = f"{where}.{name}"
        operator = None if known is None else known.operators.get(name)
        if operator is not None and operator.asks is not None:
            if value is not None:
                _check_comparisons(value, place, operator.asks)
            continue
        if name in HOLD_FOR_ALL_WHEN_EMPTY and _bare(value) in ("", [], {}):
            raise InvalidFilter(place, "an empty value fits everything; leave it out, or say what is meant.")
        if name in PATTERNS and isinstance(value, str):
            _check_pattern(value, place)
        if name == PATH:
            _check_given(value or (), place)
            for index, part in enumerate(value or ()):
                _check_comparisons({key: it for key, it in part.items() if key != AT}, f"{place}[{index}]")


def _check_pattern(text: str, where: str) -> None:
    try:
        fits_everything = pattern(text).fits_everything
    except ValueError:  # whoever makes SQL of this says why not
        return
    if fits_everything:
        raise InvalidFilter(where, "this pattern fits every text; leave it out, or say what is meant.")


def _bare(value: object) -> object:
    """A text without its accents: of one that is nothing else, nothing is left to look for."""
    return without_accents(value) if isinstance(value, str) else value


def _check_given(asked: Asked | Sequence[Any], where: str) -> None:
    if not asked:
        raise InvalidFilter(
            where,
            "this asks nothing; send a comparison, or leave it out. A variable without a value leaves such a gap.",
        )


def is_required(link: Link) -> bool:
    """Whether every row has one at the far end, as its columns may not be null."""
    mapper = link.parent
    return (
        link.is_many_to_one
        and isinstance(mapper, Mapper)
        and all(name in mapper.columns and not mapper.columns[name].nullable for name in link.key)
    )
