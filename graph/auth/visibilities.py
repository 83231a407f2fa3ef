"""Visibilities: what policies say about each model becomes one predicate for each kind of viewer.

Policies and a kind of viewer enter, a `Visibility` leaves, which every statement asks for every model that it touches.
Who may see what is never said here: policies are given. Why in SQL: docs/decisions/0011-one-policy.md.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, TypeAlias

from sqlalchemy import ColumnElement, false, inspect
from sqlalchemy.orm import Mapper

from db.relations import Predicate, Row, Visibility
from graph.errors import InvalidPolicy


class Kind(NamedTuple):
    """What visibility depends on, besides the viewer's number."""

    is_user: bool
    roles: frozenset[str]

    def has(self, *roles: str) -> bool:
        """Whether this kind has one of these roles."""
        return not self.roles.isdisjoint(roles)

    @property
    def name(self) -> str:
        """What it is called in all processes, and no other kind is."""
        return f"{'user' if self.is_user else 'nobody'} {sorted(self.roles)}"


RowPolicy: TypeAlias = Callable[[Kind], Predicate | None]
"""Which rows a kind of viewer may see; None: all of them."""

RowPolicies: TypeAlias = Mapping[type[Any], RowPolicy]
"""The policy of each model, and of those that inherit from it."""

ValuePolicies: TypeAlias = Mapping[tuple[type[Any], str], RowPolicy]
"""By model and attribute: in which rows a value is shown to those who see the row."""


def nothing(_row: Row) -> ColumnElement[bool]:
    """The predicate of no row."""
    return false()


def nobody(_kind: Kind) -> Predicate:
    """The policy of rows that no kind of viewer sees."""
    return nothing


def visibility_of(
    kind: Kind,
    row_policies: RowPolicies,
    value_policies: ValuePolicies,
    otherwise: RowPolicy = nobody,
    *,
    shared_as: str = "",
) -> Visibility:
    """What a kind of viewer may see by these policies; `otherwise` is that of models that they do not name.

    `shared_as` is the name by which processes share answers for this kind (`Visibility.shared_as`).
    """
    rows = {model: policy(kind) for model, policy in row_policies.items()}
    unnamed = otherwise(kind)
    values = {place: found for place, policy in value_policies.items() if (found := policy(kind)) is not None}

    def seen_rows(mapper: Mapper[Any]) -> Predicate | None:
        return rows.get(mapper.base_mapper.class_, unnamed)

    def seen_values(mapper: Mapper[Any]) -> Mapping[str, Predicate]:
        return {name: predicate for (model, name), predicate in values.items() if issubclass(mapper.class_, model)}

    return Visibility(seen_rows, seen_values, shared_as)


def check(mappers: Iterable[Mapper[Any]], row_policies: RowPolicies, value_policies: ValuePolicies) -> None:
    """Raise `InvalidPolicy` if rows have two policies, or a value that is hidden is not there."""
    for mapper in mappers:
        name, base = mapper.class_.__name__, mapper.base_mapper.class_
        if mapper.class_ is not base and mapper.class_ in row_policies:
            raise InvalidPolicy(f"The rows of {name} are rows of {base.__name__} too; say there who may see them.")
    for model, attribute in value_policies:
        _check_value(inspect(model), attribute)


def _check_value(mapper: Mapper[Any], attribute: str) -> None:
    name, known = mapper.class_.__name__, mapper.column_attrs.keys()
    if attribute not in known:
        raise InvalidPolicy(f"{name} has no column {attribute!r} to hide; it has {', '.join(known)}.")
    if mapper.inherits is not None and attribute in mapper.inherits.column_attrs:
        raise InvalidPolicy(f"{name}.{attribute} is inherited; say at its base who may see it.")
