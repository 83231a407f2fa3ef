"""The table of types: entries enter, and are found by the annotations of declarations and by the types of columns.

Values of ids and cursors are written and read here, for their types are found by their classes and columns. Which
entries there are: `graph.entity.types`. Enumerations and lists have none: they are one entry each by rule.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from enum import Enum
from functools import cache
from typing import Any, TypeAlias, TypeGuard, TypeVar, get_args, get_origin

from strawberry.types.scalar import ScalarDefinition

from db.composites import composite_of
from db.relations import nested, python_type
from db.unreadable import Unreadable
from graph.entity.aggregate_functions import EXTREMES
from graph.entity.comparisons import Operator
from graph.entity.lists import element_of, item_type, list_entry
from graph.entity.scalar_type import ScalarType
from graph.entity.values import ColumnType, to_anything, to_member
from graph.errors import DeclarationError
from graph.execute.rows import at_most, json_alike

T = TypeVar("T")

Entry: TypeAlias = ScalarType[Any]


def itself(value: T) -> T:
    """The value, where JSON has a form for it."""
    return value


def _enum_name(value: Enum) -> str:
    return value.name


@cache
def _enumeration(enum: type[Enum]) -> ScalarType[Enum]:
    """The entry of an enumeration: enumerations are one entry, by rule. Strawberry makes the type of the schema."""
    return ScalarType(
        annotation=enum,
        name=enum.__name__,
        is_ordered=True,
        aggregates=EXTREMES,
        encode=_enum_name,
        decode=to_member(enum),
    )


_IN_WORDS: ScalarType[Unreadable] = ScalarType(annotation=Unreadable, name="Unreadable", encode=Unreadable.in_words)
"""Of what the database holds and Python cannot: its words stand in ids and cursors, where it has words."""

_UNLISTED: ScalarType[object] = ScalarType(annotation=object, name="Unlisted", decode=to_anything)
"""Of columns that the schema has no form for: they may be part of a key or of a natural order."""


ALIKE = (("min", "max"), ("avg", "stddev", "variance"), ("any", "every"))
"""The aggregate functions whose results one type of the schema shows."""


class TypeTable:
    """The entries, by the annotations of declarations and by the types of columns."""

    def __init__(self, *entries: Entry) -> None:
        self.entry_of_composite: Callable[[type[Any], TypeTable], Entry] | None = None
        """The rule for composite types, which `graph.entity.composites` gives: it shows values, and knows the table."""
        self._any_list: Entry = ScalarType(annotation=list, name="List", encode=self._encoded)
        self._entries: dict[object, Entry] = {}
        self._by_column: dict[tuple[type[object], object], tuple[Entry, ...]] = {}
        self._by_class: dict[type[object], Entry] = {}
        self._by_rule: dict[object, Entry] = {}
        for entry in entries:
            self.add(entry)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries.values())

    def add(self, entry: Entry) -> None:
        """Make a type known.

        Raises `DeclarationError` for an annotation or a name that another type has, and for values that have a smallest
        and no largest, or the like: one type of the schema shows both.
        """
        for names in ALIKE:
            if len({entry.result_of(name) for name in names}) > 1:
                all_names = f"{', '.join(names[:-1])} and {names[-1]}"
                raise DeclarationError(f"{_shown(entry)}: {all_names} give values of one type; give all, or none.")
        for other in self:
            if entry.annotation == other.annotation or entry.name == other.name:
                raise DeclarationError(
                    f"{_shown(entry)}: there is a type {_shown(other)} already; choose another name."
                )
        self._put(entry)
        if entry.written_as_is is not None:
            json_alike(entry.serialize, entry.written_as_is.condition, entry.written_as_is.names)
        if entry.most_characters is not None:
            at_most(entry.name, entry.most_characters)

    def add_operator(self, annotation: object, operator: Operator) -> None:
        """Give a type one more operator. Raises `DeclarationError` for an unknown type, and for a name that it has."""
        entry = self.known(annotation)
        if operator.name in entry.filter.operators:
            raise DeclarationError(f"{_shown(entry)} has an operator {operator.name!r} already; choose another name.")
        self._put(replace(entry, operators=(*entry.operators, operator)))

    def _put(self, entry: Entry) -> None:
        self._entries[entry.annotation] = entry
        self._by_column.clear()
        self._by_class.clear()
        self._by_rule.clear()

    def definitions(self) -> dict[object, ScalarDefinition]:
        """The scalars of the schema, as Strawberry takes them."""
        return {entry.annotation: entry.definition for entry in self if entry.definition is not None}

    def of(self, annotation: object) -> Entry | None:
        """The type that an annotation means; None for those that GraphQL has no form for."""
        try:
            found = self._entries.get(annotation)
        except TypeError:  # an annotation that cannot be hashed is no scalar
            return None
        if found is None and _is_enum(annotation):
            return _enumeration(annotation)
        if found is None and composite_of(annotation) is not None:
            return self._composite(annotation)
        return self._list(annotation) if found is None and get_origin(annotation) is list else found

    def _list(self, annotation: object) -> Entry | None:
        """The entry of lists of a type: they are one entry, by rule."""
        found = self._by_rule.get(annotation)
        if found is None:
            element = self.of(element_of(annotation))
            is_row = element is not None and get_origin(element.annotation) is list
            if element is None or (is_row and get_args(annotation) != (element.annotation,)):  # no list inside is null
                return None
            found = self._by_rule[annotation] = list_entry(annotation, element, self)
        return found

    def _composite(self, annotation: Any) -> Entry:
        """The entry of a composite type: they are one entry each, by rule."""
        found = self._by_rule.get(annotation)
        if found is None:
            assert self.entry_of_composite is not None
            found = self._by_rule[annotation] = self.entry_of_composite(annotation, self)
        return found

    def is_registered(self, annotation: object) -> bool:
        """Whether an entry was written for an annotation, and does not follow by rule."""
        return annotation in self._entries

    def known(self, annotation: object) -> Entry:
        """The type that an annotation means. Raises `DeclarationError` for those that GraphQL has no form for."""
        found = self.of(annotation)
        if found is None:
            raise DeclarationError(f"GraphQL has no form for {annotation!r}; call register_type for it first.")
        return found

    def of_column(self, column: ColumnType) -> Entry:
        """The type of a column's values, as far as the column tells."""
        for entry in self._holding(column):  # no generator: this is done for each value of each cursor
            if entry.is_default(column):
                return entry
        return _UNLISTED

    def annotations(self, column: ColumnType) -> tuple[object, ...]:
        """How a column may be declared; nothing at all when its type does not say which values it holds."""
        python = python_type(column)
        found = tuple(entry.annotation for entry in self._holding(column))
        return found or (() if python is object else (python,))

    def widest(self, column: ColumnType) -> object:
        """The annotation that shows every value of a column, for those who declare a type without knowing its values.

        None where the table has no form for the column.
        """
        python: Any = python_type(column)
        if get_origin(python) is list:
            element = self.widest(item_type(column))
            has_form = element is not None and get_origin(element) is not list
            return nested(_lists_of(element)[0], column) if has_form else None
        holding = self._holding(column)
        found = [entry for entry in holding if entry.is_default(column) and entry.holds_all(column)]
        return next((entry.annotation for entry in (*found, *holding) if entry.holds_all(column)), None)

    def names_rows(self, column: ColumnType) -> bool:
        """Whether values of a column can be a key: they are put in order, and ids and cursors have a form for them."""
        entry = self.of_column(column)
        return entry.is_ordered and entry.python is not list  # no array of keys holds keys that are arrays

    def encode(self, value: object) -> object:
        """A column's value as a JSON scalar, for ids and cursors. Null stays null."""
        return None if value is None else self._of_class(type(value)).encoder(value)

    def _encoded(self, values: list[Any]) -> list[object]:
        return [self.encode(value) for value in values]

    def decode(self, value: object, column: ColumnType) -> Any:
        """A JSON scalar, which is not null, as a value of a column.

        Raises `ValueError`, `TypeError`, `LookupError` or `ArithmeticError` for a value of another kind.
        """
        entry = self.of_column(column)
        return (entry if entry.decode is not None else self._of_class(entry.python)).decoded(value, column)

    def _holding(self, column: ColumnType) -> tuple[Entry, ...]:
        """The types that a column may be of, those that name its very class first.

        Kept by two classes, for expressions make types anew with every statement.
        """
        cls, python = type(column), python_type(column)
        found = self._by_column.get((cls, python))
        if found is None:
            found = self._by_column[cls, python] = self._find_holding(cls, python)
        return found

    def _find_holding(self, column: type[ColumnType], python: Any) -> tuple[Entry, ...]:
        if _is_enum(python):
            return (_enumeration(python),)
        if composite_of(python) is not None:
            return (self._composite(python),)
        if get_origin(python) is list:
            return self._lists_holding(element_of(python))
        exact = (entry for entry in self if not set(column.__mro__).isdisjoint(entry.held_by))
        return tuple(dict.fromkeys((*exact, *(entry for entry in self if python in entry.held_by))))

    def _lists_holding(self, element: object) -> tuple[Entry, ...]:
        """The lists that an array may be declared as: of each type that an element may be of, with null or without."""
        if get_origin(element) is list:  # of several dimensions: no list inside is null
            inner = self._lists_holding(element_of(element))
            return tuple(entry for one in inner if (entry := self.of(list[one.annotation])) is not None)  # type: ignore[name-defined]  # made of what was found
        elements = [entry.annotation for entry in self if element in entry.held_by] or [element]
        lists = (self.of(form) for one in elements for form in _lists_of(one))
        return tuple(entry for entry in lists if entry is not None)

    def _of_class(self, cls: type[object]) -> Entry:
        """The type of values of a class."""
        found = self._by_class.get(cls)
        if found is None:
            found = self._by_class[cls] = self._find_of_class(cls)
        return found

    def _find_of_class(self, cls: type[object]) -> Entry:
        """Bases count, for drivers have classes of their own: asyncpg gives a UUID that is a subclass."""
        if _is_enum(cls):  # before its bases: a StrEnum is a text, too
            return _enumeration(cls)
        if cls is Unreadable:
            return _IN_WORDS
        if cls is list:
            return self._any_list
        found = (entry for base in cls.__mro__[:-1] for entry in self if base in (entry.python, *entry.held_by))
        return next(found, _UNLISTED)


def _lists_of(element: Any) -> tuple[object, object]:
    return list[element | None], list[element]


def _is_enum(annotation: object) -> TypeGuard[type[Enum]]:
    return isinstance(annotation, type) and issubclass(annotation, Enum)


def _shown(entry: Entry) -> str:
    return f"{entry.name} ({getattr(entry.annotation, '__name__', entry.annotation)})"
