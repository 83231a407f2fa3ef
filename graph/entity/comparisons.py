"""Comparisons: what can be asked of one value.

Each operator is one entry: the field of the filter, its description, what it takes, and its SQL. Which operators a type
has: `graph.entity.types`. Nulls differ from every value, and no comparison is ever neither true nor false once it is
negated. Source of the semantics: docs/decisions/0006-filters.md.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, dataclass
from decimal import Decimal
from enum import Enum, auto
from functools import cached_property
from typing import Any, TypeAlias

import sqlalchemy
import strawberry
from sqlalchemy import (
    BindParameter,
    ColumnElement,
    String,
    Text,
    and_,
    bindparam,
    cast,
    false,
    or_,
    true,
    type_coerce,
)
from strawberry.scalars import JSON

from db import exact_json, patterns
from db.functions import (
    fold_case,
    json_at,
    json_contains,
    json_has_key,
    json_kind,
    json_order,
    json_path,
    json_text,
    matches,
    plain_text,
    without_accents,
)
from db.patterns import Pattern
from db.relations import ColumnType, Unpadded, comparable, compared_as, parameter_type, underlying
from db.relations.arrays import as_stored, is_array
from db.statements import joined
from graph.entity.made_types import MadeField, made_input
from graph.entity.registry import list_of, optional
from graph.entity.scalars import check_json
from graph.errors import InvalidFilter
from graph.prepare.work import COMPARISON, Weight, weighed

MAX_LIST = 1_000
"""How many values `in` and `notIn` take."""
MAX_PART = 10_000
"""How many characters are looked for inside a text; SQLite's patterns end at 50,000 bytes, with escapes."""
MAX_VALUES = 2_000
"""How many values a whole filter takes; drivers bind 32,767 in a statement, and keys are among them."""

ESCAPE = "/"
NO_NAMES: Mapping[str, str] = {}
NO_WEIGHTS: Mapping[str, Weight] = {}

PART_OF_TEXT = 3
"""The work of looking for a part of a short text."""
FOLDED = 20
"""The work of taking the case from a short text, and looking for a part of it."""
PATTERN = 30
"""The work of looking for what a regular expression describes."""
WITHOUT_ACCENTS = 40
"""The work of taking the accents from a short text as well."""
JSON_WORK = 60
"""The work of reading a JSON value."""

Expression: TypeAlias = ColumnElement[Any]
Condition: TypeAlias = ColumnElement[bool]

Operand: TypeAlias = Any
"""A coerced value of the operator's own type, or the parameter that stands for one."""

InputField: TypeAlias = tuple[Any, str, str]
"""The annotation of a field of an input type, its name in the schema, its description."""

Test: TypeAlias = Callable[[Expression, Operand], Condition]


class Takes(Enum):
    """What an operator takes, where that follows from the type that it belongs to."""

    VALUE = auto()
    VALUES = auto()
    ENDS = auto()
    """Two values, the lower first, which are two parameters."""


@dataclass(frozen=True)
class Operator:
    """One field of a filter for values: what it takes, what it means, what it says in SQL."""

    name: str
    """In the schema."""
    description: str
    sql: Test
    takes: object = Takes.VALUE
    """One of `Takes`, or the annotation of another type."""
    bind: Callable[[Any], object] | None = None
    """What is bound for a value, in the column's own type, when the SQL is the same for every value.

    None: the SQL hangs on the value, and is built anew for each filter.
    """
    finds_values: bool = False
    """Whether it never holds for null and an index serves it."""
    takes_nulls: bool = False
    """Whether lists that it takes may hold nulls."""
    is_switch: bool = False
    """Whether it takes a boolean that chooses between two SQL texts."""
    asks: "ValueFilter | None" = None
    """Where it takes comparisons of something else, of an attribute or a length: what those may be."""
    work: int = COMPARISON
    """What it asks of each row: see `graph.prepare.work`."""

    def operand(self, type_: object) -> Any:
        """The annotation of what it takes, as an operator of a type."""
        if self.takes is Takes.VALUE:
            return type_
        return list_of(type_) if self.takes in (Takes.VALUES, Takes.ENDS) else self.takes

    def parameters(self, name: str) -> tuple[str, ...]:
        """The names of the parameters that a value is bound to, made of its own."""
        return (f"{name}_from", f"{name}_to") if self.takes is Takes.ENDS else (name,)

    def bindings(self, name: str, value: object) -> dict[str, object]:
        """What is bound for a value that `bind` has read, by the names of its parameters."""
        values = value if isinstance(value, list) and self.takes is Takes.ENDS else [value]
        return dict(zip(self.parameters(name), values, strict=True))


def same(value: object) -> object:
    """The value as it is: its SQL is the same for every value."""
    return value


def _equals(column: Expression, value: Operand) -> Condition:
    found: Condition = column == value
    return found


def _in(column: Expression, values: Operand) -> Condition:
    return column.in_(_listed(column, values))


def _not_in(column: Expression, values: Operand) -> Condition:
    return or_(column.not_in(_listed(column, values)), column.is_(None))


def _listed(column: Expression, values: Operand) -> BindParameter[Any]:
    """Values of the column's own type: SQLAlchemy takes texts for texts, which no range and no address is equal to."""
    return bindparam("listed", values, type_=column.type, expanding=True, unique=True)


def _two_ends(values: list[object]) -> list[object]:
    """Both ends of what `between` takes. Raises `InvalidFilter` for another number of values."""
    if len(values) != 2:
        raise InvalidFilter(
            "between", f"two values are compared with, the lower one first, not {len(values)}; send `[from, to]`."
        )
    return values


def _between(column: Expression, ends: Operand) -> Condition:
    lower, upper = ends
    return and_(column >= lower, column <= upper)


def _is_null(column: Expression, wanted: Operand) -> Condition:
    return column.is_(None) if wanted else column.is_not(None)


IS_NULL = Operator("isNull", "Null, or with false: not null.", _is_null, bool, is_switch=True)

EQUALITY = (
    Operator("eq", "Equal to this.", _equals, bind=same, finds_values=True),
    Operator(
        "ne",
        "Not equal to this; nulls are not equal to anything.",
        lambda column, value: column.is_distinct_from(value),
        bind=same,
    ),
    Operator(
        "in",
        "One of these; an empty list matches nothing.",
        _in,
        Takes.VALUES,
        finds_values=True,
    ),
    Operator("notIn", "None of these; nulls are none of anything.", _not_in, Takes.VALUES),
    IS_NULL,
)
"""Operators that almost every type has."""

EQUALITY_WITH_ONE = tuple(operator for operator in EQUALITY if operator.takes is not Takes.VALUES)
"""Those of types whose values are compared with one at a time."""

ORDER = (
    *EQUALITY,
    Operator("lt", "Less than this.", lambda column, value: column < value, bind=same),
    Operator("lte", "Less than this, or equal.", lambda column, value: column <= value, bind=same),
    Operator("gt", "Greater than this.", lambda column, value: column > value, bind=same),
    Operator("gte", "Greater than this, or equal.", lambda column, value: column >= value, bind=same),
    Operator(
        "between",
        "Not less than the first of these two, and not greater than the second.",
        _between,
        Takes.ENDS,
        bind=_two_ends,
        finds_values=True,
        work=2 * COMPARISON,
    ),
)
"""Operators of types whose values have an order in SQL."""


def _escaped(value: str) -> str:
    """A text as part of a pattern. Raises `InvalidFilter` for one that is too long."""
    if len(value) > MAX_PART:
        raise InvalidFilter("part of a text", f"{len(value)} characters are too many; send at most {MAX_PART}.")
    return value.replace(ESCAPE, ESCAPE + ESCAPE).replace("%", f"{ESCAPE}%").replace("_", f"{ESCAPE}_")


def _contains(column: Expression, part: Operand) -> Condition:
    return column.contains(part, escape=ESCAPE)


def _starts_with(column: Expression, part: Operand) -> Condition:
    return column.startswith(part, escape=ESCAPE)


def _ends_with(column: Expression, part: Operand) -> Condition:
    return column.endswith(part, escape=ESCAPE)


def _equals_folded(column: Expression, value: Operand) -> Condition:
    found: Condition = fold_case(column) == fold_case(type_coerce(value, column.type))
    return found


def _plain(test: Test) -> Test:
    """A test of parts of a text, under a collation that tells all texts apart: patterns know no others."""
    return lambda column, part: test(plain_text(column), _part(column, part))


def _folded(test: Test) -> Test:
    """The same of small letters. The database makes them on both sides: a text equals itself in any locale."""
    return lambda column, part: test(fold_case(column), fold_case(_part(column, part)))


def _equals_without_accents(column: Expression, value: Operand) -> Condition:
    found: Condition = _bare_letters(column) == _bare_letters(type_coerce(value, column.type))
    return found


def _without_accents(test: Test) -> Test:
    """The same of small letters without accents, which the database takes away on both sides, too."""
    return lambda column, part: test(_bare_letters(column), _bare_letters(_part(column, part)))


def _folded_text(test: Test) -> Test:
    """A test of the small letters of a text; a pattern knows about case by itself."""
    return lambda column, pattern: test(fold_case(column), _part(column, pattern))


def _bare_letters(text: Expression) -> Expression:
    return fold_case(without_accents(text))


def _pattern(read: Callable[[str], Pattern]) -> Callable[[str], str]:
    """What is bound for a regular expression. Raises `InvalidFilter` for one that not all databases would answer."""

    def bind(text: str) -> str:
        try:
            return read(text).text
        except ValueError as error:
            raise InvalidFilter("regular expression", f"{error}.") from None

    return bind


def _part(column: Expression, part: Operand) -> Expression:
    """A part of a text as it was sent, with the blanks at its end; kinds of texts write parts as they write wholes."""
    return type_coerce(part, Text() if isinstance(column.type, String | Unpadded) else column.type)


TEXT = (
    *ORDER,
    Operator("contains", "Holds this text.", _plain(_contains), bind=_escaped, work=PART_OF_TEXT),
    Operator("startsWith", "Begins with this text.", _plain(_starts_with), bind=_escaped, work=PART_OF_TEXT),
    Operator("endsWith", "Ends with this text.", _plain(_ends_with), bind=_escaped, work=PART_OF_TEXT),
    Operator("eqIgnoreCase", "Equal to this, whatever the case.", _equals_folded, bind=same, work=FOLDED),
    Operator(
        "containsIgnoreCase", "Holds this text, whatever the case.", _folded(_contains), bind=_escaped, work=FOLDED
    ),
    Operator(
        "startsWithIgnoreCase",
        "Begins with this text, whatever the case.",
        _folded(_starts_with),
        bind=_escaped,
        work=FOLDED,
    ),
    Operator(
        "endsWithIgnoreCase", "Ends with this text, whatever the case.", _folded(_ends_with), bind=_escaped, work=FOLDED
    ),
    Operator(
        "eqIgnoreAccents",
        "Equal to this, whatever the case and the accents.",
        _equals_without_accents,
        bind=same,
        work=WITHOUT_ACCENTS,
    ),
    Operator(
        "containsIgnoreAccents",
        "Holds this text, whatever the case and the accents.",
        _without_accents(_contains),
        bind=_escaped,
        work=WITHOUT_ACCENTS,
    ),
    Operator(
        "startsWithIgnoreAccents",
        "Begins with this text, whatever the case and the accents.",
        _without_accents(_starts_with),
        bind=_escaped,
        work=WITHOUT_ACCENTS,
    ),
    Operator(
        "endsWithIgnoreAccents",
        "Ends with this text, whatever the case and the accents.",
        _without_accents(_ends_with),
        bind=_escaped,
        work=WITHOUT_ACCENTS,
    ),
    Operator(
        "matches",
        r"Holds what this regular expression describes: characters, `.`, `[a-z]`, `\d`, `\w`, `\s`, `(a|b)`, `*`, `+`,"
        " `?`, `{2,5}`; `^` and `$` are the ends of the text.",
        _plain(matches),
        bind=_pattern(patterns.pattern),
        work=PATTERN,
    ),
    Operator(
        "matchesIgnoreCase",
        "Holds what this regular expression describes, whatever the case.",
        _folded_text(matches),
        bind=_pattern(patterns.folded_pattern),
        work=WITHOUT_ACCENTS,
    ),
)


_OF_TEXT = frozenset(operator.name for operator in TEXT[len(ORDER) :])
"""What only texts have."""


def _part_order(test: Callable[[ColumnElement[int]], Condition]) -> Test:
    """A comparison of JSON, which SQL has no operators for on SQLite: three ways at once, and null between kinds."""
    return lambda part, value: test(json_order(part, exact_json.dumps(value)))


_part_equals = _part_order(lambda result: result == 0)


def _part_in(part: Expression, values: Operand) -> Condition:
    return joined(or_, [false(), *(_part_equals(part, value) for value in values)])


def _part_between(part: Expression, values: Operand) -> Condition:
    lower, upper = _two_ends(values)
    return and_(json_order(part, exact_json.dumps(lower)) >= 0, json_order(part, exact_json.dumps(upper)) <= 0)


def _json_is_null(part: Expression, wanted: Operand) -> Condition:
    kind = json_kind(part)
    return or_(kind.is_(None), kind == "null") if wanted else and_(kind.is_not(None), kind != "null")


JSON_PART = (
    Operator("eq", "Equal to this JSON value.", _part_equals),
    Operator("ne", "Not equal to this, or not there.", _part_order(lambda result: result.is_distinct_from(0))),
    Operator("lt", "Less than this.", _part_order(lambda result: result < 0)),
    Operator("lte", "Less than this, or equal.", _part_order(lambda result: result <= 0)),
    Operator("gt", "Greater than this.", _part_order(lambda result: result > 0)),
    Operator("gte", "Greater than this, or equal.", _part_order(lambda result: result >= 0)),
    Operator(
        "between", "Not less than the first of these two, and not greater than the second.", _part_between, Takes.ENDS
    ),
    Operator("in", "Equal to one of these.", _part_in, Takes.VALUES),
    Operator(
        "contains",
        "Text that holds this text.",
        lambda part, text: _plain(_contains)(json_text(part), _escaped(text)),
        str,
    ),
    Operator(
        "containsIgnoreCase",
        "Text that holds this text, whatever the case.",
        lambda part, text: _folded(_contains)(json_text(part), _escaped(text)),
        str,
    ),
    Operator(
        "containsIgnoreAccents",
        "Text that holds this text, whatever the case and the accents.",
        lambda part, text: _without_accents(_contains)(json_text(part), _escaped(text)),
        str,
    ),
    Operator("isNull", "Null or not there, or with false: there and not null.", _json_is_null, bool),
)
"""Operators of one part of a JSON value. No form is kept of them: their SQL is built anew for each filter."""

_JSON_PART_SQL = {operator.name: operator.sql for operator in JSON_PART}


def input_type(
    name: str,
    description: str,
    fields: Mapping[str, InputField],
    *,
    required: Mapping[str, InputField] | None = None,
    one_of: bool = False,
    weights: Mapping[str, Weight] = NO_WEIGHTS,
) -> type[Any]:
    """Make an input type: by Python name, the annotation, name and description of each field.

    All `fields` may be left out; those that are `required` stand before them. `weights` say, by the names in the
    schema, what fields ask of a database.
    """
    required = required or {}
    every = {**required, **fields}
    members = (
        MadeField(
            key,
            graphql_name,
            annotation,
            text,
            MISSING if key in required else strawberry.UNSET,
            weighed(weights[graphql_name]) if graphql_name in weights else None,
        )
        for key, (annotation, graphql_name, text) in every.items()
    )
    return made_input(name, description, members, one_of=one_of)


def _fields(type_: object, operators: Iterable[Operator]) -> dict[str, InputField]:
    return {
        f"{operator.name}_": (optional(operator.operand(type_)), operator.name, operator.description)
        for operator in operators
    }


JSONPathFilter = input_type(
    "JSONPathFilter",
    "A part of a JSON value, and what is asked of it. Comparisons hold only within one kind.",
    _fields(JSON, JSON_PART),
    weights={operator.name: Weight(JSON_WORK) for operator in JSON_PART},
    required={"at": (list[str], "at", 'Where the part is: keys and indexes, for instance `["lines", "0"]`.')},
)


def _at_path(column: Expression, asked: Mapping[str, Operand]) -> Condition:
    """All that is asked of one part of a document."""
    part = json_at(column, json_path(asked["at"]))
    return and_(true(), *(_JSON_PART_SQL[name](part, value) for name, value in asked.items() if name != "at"))


def _at_paths(column: Expression, paths: Operand) -> Condition:
    return joined(and_, [true(), *(_at_path(column, asked) for asked in paths)])


IS_NULL_JSON = Operator(
    "isNull", "Null, in SQL or in JSON, or with false: not null.", _json_is_null, bool, is_switch=True
)

JSON_VALUE = (
    Operator(
        "contains",
        "Holds all of this: objects hold their keys, lists hold their elements.",
        lambda column, value: json_contains(column, exact_json.dumps(value)),
        work=JSON_WORK,
    ),
    Operator("hasKey", "Has this key at the top.", lambda column, key: json_has_key(column, key), str, work=JSON_WORK),
    Operator("path", "What is asked of parts of the value; all of it must hold.", _at_paths, list_of(JSONPathFilter)),
    IS_NULL_JSON,
)


@dataclass(frozen=True, eq=False)
class ValueFilter:
    """What can be asked of values of one type, and the input type that offers it."""

    name: str
    annotation: object
    operators: Mapping[str, Operator]
    taken: object
    """What operators take where they take a value of the type."""
    read: Callable[[Any], object] | None = None
    """From what is taken to a value; None: it is one."""

    @cached_property
    def input_type(self) -> type[Any]:
        """The input type of the schema. There is one for each type, whatever number of entities show it."""
        description = f"What is asked of a value of type {self.name}; all of it must hold."
        weights = {operator.name: Weight(operator.work) for operator in self.operators.values()}
        fields = _fields(self.taken, self.operators.values())
        return input_type(f"{self.name}Filter", description, fields, weights=weights)

    def condition(
        self, where: str, column: Expression, asked: Mapping[str, Operand], names: Mapping[str, str] = NO_NAMES
    ) -> list[Condition]:
        """The conditions that were asked of a column.

        `where` names the place in the input for errors. Where a place has a name, the value is bound by that name when
        the statement runs. Raises `InvalidFilter` for null, which compares nothing.
        """
        found: list[Condition] = []
        for name, value in asked.items():
            place, operator = f"{where}.{name}", self.operators[name]
            compared = self.compared(column, name)
            if place in names:
                parameters = [bindparam(each, type_=compared.type) for each in operator.parameters(names[place])]
                found.append(operator.sql(compared, _of_ends(operator, parameters)))
                continue
            check_comparable(place, value, nulls=operator.takes_nulls)
            _check_range(place, compared.type, value)
            operand = _operand(compared.type, self.bound(operator, value))
            if operator.bind is not None:  # SQLAlchemy takes texts for texts, which no address is equal to
                bound = operator.bindings("", operand).values()
                operand = _of_ends(
                    operator, [bindparam(None, each, type_=compared.type, unique=True) for each in bound]
                )
            found.append(operator.sql(compared, operand))
        return found

    def bound(self, operator: Operator, value: Operand) -> Operand:
        """What is bound for a value that a client sent."""
        if self.read is not None:
            try:
                if operator.takes is Takes.VALUE:
                    value = self.read(value)
                elif operator.takes in (Takes.VALUES, Takes.ENDS):
                    value = list(map(self.read, value))
            except ValueError as error:
                raise InvalidFilter(f"{self.name}.{operator.name}", f"{error}.") from None
        return value if operator.bind is None else operator.bind(value)

    def compared(self, column: Expression, operator: str) -> Expression:
        """A column as an operator takes it. Addresses and ranges are texts to Python alone, which have no parts."""
        is_text = self.annotation is not str or isinstance(underlying(column.type), sqlalchemy.String)
        return _compared(column) if is_text or operator not in _OF_TEXT else cast(column, Text)


def _of_ends(operator: Operator, parameters: list[BindParameter[Any]]) -> Operand:
    """What an operator's SQL is made of: both of its parameters, or the one that it has."""
    return parameters if operator.takes is Takes.ENDS else parameters[0]


def _operand(type_: ColumnType, value: Operand) -> Operand:
    """A value to bind: SQLAlchemy would give a whole number a type of its own, which ends at 64 bits."""
    if not isinstance(type_, sqlalchemy.Numeric):
        return value
    if isinstance(value, list):
        return [_operand(type_, item) for item in value]
    return Decimal(value) if type(value) is int else value


def _compared(column: Expression) -> Expression:
    if isinstance(column.type, sqlalchemy.Enum) and column.type.enum_class is None:
        return cast(column, Text)  # PostgreSQL's enumerations know no other words, and no parts of words
    wider = compared_as(column.type)
    if wider is not None:
        return cast(column, wider)
    of_its_type = as_stored(comparable(column)) if is_array(column.type) else column  # of no domain, which has none
    return comparable(type_coerce(of_its_type, parameter_type(column.type)))


def check_comparable(where: str, value: object, *, nulls: bool = False) -> None:
    """Raise `InvalidFilter`, which names the place, for a value that no column can be compared with.

    With `nulls`, lists may hold nulls.
    """
    if value is None:
        raise InvalidFilter(where, "null compares nothing; leave it out, or use `isNull`.")
    if isinstance(value, list):
        if len(value) > MAX_LIST:
            raise InvalidFilter(where, f"{len(value)} values are too many; send at most {MAX_LIST}.")
        for item in value:
            if item is not None or not nulls:
                check_comparable(where, item, nulls=nulls)
        return
    try:
        check_json(value, any_decimal=True)  # their scalars have looked at their digits
    except ValueError as error:
        raise InvalidFilter(where, f"{error}.") from None


def is_whole_beyond_64_bits(value: object) -> bool:
    """Whether a value is a number that no column of whole numbers holds, and no driver sends as one."""
    return isinstance(value, int) and not -(2**63) <= value < 2**63


def _check_range(where: str, type_: ColumnType, value: Operand) -> None:
    """Raise `InvalidFilter` for a number that a column of whole numbers cannot be compared with."""
    values = value if isinstance(value, list) else [value]
    if isinstance(type_, sqlalchemy.Integer) and any(map(is_whole_beyond_64_bits, values)):
        raise InvalidFilter(where, "stored whole numbers have up to 64 bits; compare with a smaller one.")


def check_size(where: str, asked: object) -> None:
    """Raise `InvalidFilter` for a filter of more values than a statement should hold."""
    left, found = [asked], 0
    while left:
        value = left.pop()
        if isinstance(value, Mapping | list):
            left += value.values() if isinstance(value, Mapping) else value
        found += 1
        if found > MAX_VALUES:
            raise InvalidFilter(where, f"a filter holds at most {MAX_VALUES} values; ask for less at once.")
