"""The form of a filter: everything about it but the values that are compared.

A `where` enters, its form and its values leave. Filters of one form are one SQL text, which is built once; the values
are bound when it runs. Filters whose SQL hangs on their values (lists, ids, JSON) have no form here and are built anew.
"""

from collections.abc import Hashable, Mapping
from typing import Any, NamedTuple

from graph.entity.column_comparisons import MEMBER, spelled
from graph.entity.comparisons import Operator, ValueFilter, check_comparable, is_whole_beyond_64_bits
from graph.entity.measure_filters import asked_measures
from graph.entity.measures import WHERE
from graph.entity.registry import Entity, Relation
from graph.entity.types import value_filter

MAX_DEPTH = 12
"""How deep filters may nest, a relation counting twice; SQLite's parser ends at nine relations, and people before."""

QUANTIFIERS = frozenset({WHERE, "some", "every", "none"})
"""What is asked of a list by other filters; all else is asked of something that is computed over the list."""


class FilterForm(NamedTuple):
    """A filter, taken apart."""

    key: Hashable
    """Equal for filters that differ in their values alone."""
    names: Mapping[str, str]
    """By the place in the filter: the name that its value is bound by."""
    values: Mapping[str, object]
    """By these names."""


class _Formless(Exception):
    """The filter has no form, or something is wrong with it: whoever builds it anew finds out what."""


def form_of(entity: Entity, asked: Mapping[str, object], prefix: str) -> FilterForm | None:
    """The form of a filter, or None. Raises `InvalidFilter` for values that cannot be compared."""
    taken = _Taken(prefix)
    try:
        key = taken.condition(entity, asked, "where", 0)
    except _Formless:
        return None
    return FilterForm(key, taken.names, taken.values)


class _Taken:
    def __init__(self, prefix: str) -> None:
        self.names: dict[str, str] = {}
        self.values: dict[str, object] = {}
        self._prefix = prefix

    def condition(self, entity: Entity, asked: object, where: str, depth: int) -> Hashable:
        """The form of one filter, whose values are taken out; the places are called as in `graph.entity.filters`."""
        if depth > MAX_DEPTH or not isinstance(asked, Mapping):
            raise _Formless
        return tuple(
            (name, self._member(entity, name, value, f"{where}.{name}", depth + 1)) for name, value in asked.items()
        )

    def _member(self, entity: Entity, name: str, value: object, where: str, depth: int) -> Hashable:
        if name in ("and", "or", "not"):
            members = value if isinstance(value, list) else [value]
            if not all(members):
                raise _Formless
            return tuple(
                self.condition(entity, member, f"{where}[{index}]", depth) for index, member in enumerate(members)
            )
        if name == MEMBER and isinstance(value, list):
            return spelled(value)
        if name in entity.relations:
            return self._related(entity.relations[name], value, where, depth)
        attribute = entity.attributes.get(name)
        if attribute is None or value is None:  # ids are decoded
            raise _Formless
        return self._compared(value_filter(attribute.type), value, where)

    def _related(self, relation: Relation, value: object, where: str, depth: int) -> Hashable:
        if not relation.link.to_many:
            return self.condition(relation.target(), value, where, depth + 1)
        if not isinstance(value, Mapping):
            raise _Formless
        filters = tuple(
            (name, self.condition(relation.target(), asked, f"{where}.{name}", depth + 1))
            for name, asked in value.items()
            if name in QUANTIFIERS
        )
        measures = {name: asked for name, asked in value.items() if name not in QUANTIFIERS}
        return filters, self._measured(relation.target(), measures, where)

    def _measured(self, entity: Entity, asked: Mapping[str, Any], where: str) -> Hashable:
        if None in asked.values():
            raise _Formless
        return tuple(
            (one.measure.name, self._compared(one.compared, one.comparisons, one.place))
            for one in asked_measures(entity, asked, where)
        )

    def _compared(self, found: ValueFilter | None, asked: object, where: str) -> Hashable:
        if found is None or not isinstance(asked, Mapping):
            raise _Formless
        return tuple(
            (name, self._value(found, found.operators[name], value, f"{where}.{name}")) for name, value in asked.items()
        )

    def _value(self, type_: ValueFilter, operator: Operator, value: object, where: str) -> Hashable:
        if operator.is_switch and isinstance(value, bool):
            return value
        values = value if isinstance(value, list) else [value]
        if operator.bind is None or value is None or any(map(is_whole_beyond_64_bits, values)):
            raise _Formless
        check_comparable(where, value, nulls=operator.takes_nulls)
        name = self.names[where] = f"{self._prefix}_{len(self.names)}"
        bound = operator.bind(value) if type_.read is None else type_.bound(operator, value)
        self.values |= operator.bindings(name, bound)
        return None
