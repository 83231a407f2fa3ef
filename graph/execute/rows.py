"""Rows become objects of the response by generated code, one function for each selection and each set of columns.

Rows enter as the database gave them, dicts leave with their keys in the order of the selection. The code reads columns
by position, lets values of the usual types pass as they are, and calls the type's own function for the others. When
anything is wrong with a value, the rows are done again one value at a time, which finds the position of the error.
Fields that lead elsewhere, or have a resolver of their own, are steps: their keys are there, their values follow.
One value under many keys is read and completed once. How long the objects are as JSON is worked out with the code.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import Enum
from typing import Any, NamedTuple, cast

from graphql import GraphQLEnumType, GraphQLLeafType, GraphQLNonNull, Undefined

from db.fast import Values
from graph.execute.response import ResponseObject, ResponsePosition, completed, null_in
from graph.execute.size import MEASURED_AT_ONCE, NULL, PER_CHARACTER, QUOTES, AnswerSize
from graph.prepare.fields import FieldPlan, Selection

Convert = Callable[..., Any]
Fail = Callable[[ResponsePosition, Exception], None]


class _Passes(NamedTuple):
    """What a value must be, so that its type lets it pass unchanged: of a class, and within bounds if there are any."""

    cls: type[object]
    bounds: str = ""

    def condition(self, name: str) -> str:
        return f"type({name}) is {self.cls.__name__}{self.bounds.format(name)}"


# https://spec.graphql.org/September2025/#sec-Scalars.Built-in-Scalars
_PASSES = {
    "String": _Passes(str),
    "ID": _Passes(str),
    "Boolean": _Passes(bool),
    "Int": _Passes(int, " and -2147483648 <= {0} <= 2147483647"),
    "Float": _Passes(float, " and {0} - {0} == 0.0"),
}


def passing_class(field: FieldPlan) -> type[object] | None:
    """The class of which a field's type lets every value pass unchanged, if there is one."""
    passes = _PASSES.get(field.leaf.name) if field.leaf is not None else None
    return passes.cls if passes is not None and not passes.bounds else None


_FOR_JSON: dict[Convert, tuple[str, Mapping[str, object]]] = {}
"""What a value must be, so that the writer of JSON writes it as this function would, and what that names."""


def json_alike(function: Convert, condition: str, names: Mapping[str, object]) -> None:
    """Tell that orjson writes values for which the condition holds as a scalar's own function would.

    In the condition `{0}` stands for the value; it may name what is in `names`.
    """
    _FOR_JSON[function] = condition, names


_MOST_BYTES = {"Int": 11, "Float": 24, "Boolean": 5}
"""The bytes of the longest value of a type as JSON, such as `-1.7976931348623157e+308`, by the type's name."""

TEXTS = frozenset(("String", "ID"))
"""Types whose values are texts of any length."""


def at_most(name: str, characters: int) -> None:
    """Tell how long the values of a scalar are at most, without their quotes."""
    _MOST_BYTES[name] = characters + QUOTES


class _Value(NamedTuple):
    """A field whose value is made of columns alone."""

    field: FieldPlan
    positions: tuple[int, ...]
    convert: Convert | None
    keys: list[str]
    """The keys that show it."""

    def read(self, row: Values) -> Any:
        values = [row[position] for position in self.positions]
        return self.convert(*values) if self.convert is not None else values[0]


class _Lengths(NamedTuple):
    """How long the values of one object are."""

    most_bytes: int
    """Those that are bounded, together, and the quotes of texts that are not."""
    texts: Sequence[_Value]
    """Texts of any length."""
    supposed: Sequence[_Value]
    """Those that are bounded, and the texts."""
    unbounded: Sequence[_Value]
    """All others."""

    @classmethod
    def of(cls, values: Sequence[_Value], *, holds_lengths: bool) -> _Lengths:
        """What is known of values in a database that holds to the lengths of columns, or does not."""
        known = [(value, _most_bytes(value.field, holds_lengths=holds_lengths)) for value in values]
        texts = [value for value, bytes_ in known if bytes_ is None and _is_text(value.field)]
        supposed = [(value, NULL if bytes_ is None else bytes_) for value, bytes_ in known if bytes_ or value in texts]
        return cls(
            sum(len(value.keys) * bytes_ for value, bytes_ in supposed),
            texts,
            [value for value, _ in supposed],
            [value for value, bytes_ in known if bytes_ is None and value not in texts],
        )


class RowProjection:
    """How rows with certain columns become objects of the response.

    With `for_json`, a datetime may stay one: the response is only written as JSON, and orjson writes it faster.
    """

    def __init__(self, selection: Selection, columns: tuple[str, ...], *, for_json: bool) -> None:
        self.steps: list[FieldPlan] = []
        """The fields that are still to be begun."""
        self._blank = selection.blank
        values: dict[tuple[object, ...], _Value] = {}
        for field in selection.steps:
            if field.leaf is not None and field.planned is not None and field.planned.reading is not None:
                names, convert = field.planned.reading
                positions = tuple(map(columns.index, names))
                same = (positions, id(convert), field.type)
                values.setdefault(same, _Value(field, positions, convert, keys=[])).keys.append(field.key)
            else:
                self.steps.append(field)
        self._values = list(values.values())
        self.project = _generated(self._blank, self._values, for_json=for_json)
        """Makes the objects of rows; it raises when there is anything wrong with a value."""
        self._key_bytes = selection.key_bytes - NULL * sum(len(value.keys) for value in self._values)
        self._lengths: dict[bool, _Lengths] = {}

    def count(self, made: list[ResponseObject], size: AnswerSize, *, holds_lengths: bool) -> None:
        """Add objects to the size of a response. Raises `AnswerTooLarge`.

        With `holds_lengths`, no text is longer than its column says.
        """
        lengths = self._lengths.get(holds_lengths)
        if lengths is None:
            lengths = self._lengths[holds_lengths] = _Lengths.of(self._values, holds_lengths=holds_lengths)
        number = len(made)
        most = number * lengths.most_bytes
        for value in lengths.texts:
            key = value.keys[0]
            most += len(value.keys) * PER_CHARACTER * sum([len(one[key] or "") for one in made])
        size.add(number * self._key_bytes, most, lambda: _in_parts(lengths.supposed, made))
        for value in lengths.unbounded:
            size.measure([one[value.keys[0]] for one in made], len(value.keys))

    def one_by_one(self, rows: Sequence[Values], fail: Fail) -> list[ResponseObject]:
        """The objects of these rows; `fail` is told of each value that could not be completed."""
        return [self._object(row, fail) for row in rows]

    def _object(self, row: Values, fail: Fail) -> ResponseObject:
        made = self._blank.copy()
        for value in self._values:
            for key in value.keys:
                position = ResponsePosition(made, key, value.field.type, value.field)
                try:
                    complete_reading(position, value.read(row))
                except Exception as error:
                    fail(position, error)
        return made


def _in_parts(values: Sequence[_Value], made: list[ResponseObject]) -> Iterator[tuple[list[Any], int]]:
    """What objects hold of these values, so many at once, with the number of keys that show each."""
    for value in values:
        for start in range(0, len(made), MEASURED_AT_ONCE):
            yield [one[value.keys[0]] for one in made[start : start + MEASURED_AT_ONCE]], len(value.keys)


def _is_text(field: FieldPlan) -> bool:
    """Whether the response has a text, or null, for a field."""
    return field.leaf is not None and field.leaf.name in TEXTS


def _most_bytes(field: FieldPlan, *, holds_lengths: bool) -> int | None:
    """The bytes of the longest value of a field as JSON; None where nothing bounds them."""
    leaf, planned = field.leaf, field.planned
    if isinstance(leaf, GraphQLEnumType):
        return QUOTES + max(map(len, leaf.values))
    if leaf is not None and leaf.name in _MOST_BYTES:
        return _MOST_BYTES[leaf.name]
    if planned is None or planned.most_characters is None or not holds_lengths:
        return None
    return QUOTES + PER_CHARACTER * planned.most_characters


def complete_reading(position: ResponsePosition, value: Any) -> None:
    """Complete a value that was read off a row or an object. Raises what is wrong with it."""
    field = position.field
    if value is None or value is Undefined:
        if not field.nullable:
            raise null_in(position)
        position.container[position.key] = None
    else:
        leaf = cast(GraphQLLeafType, field.leaf)
        position.container[position.key] = completed(leaf, value, is_stored=True)


def _generated(
    blank: dict[str, Any], values: Sequence[_Value], *, for_json: bool
) -> Callable[[Sequence[Values]], list[dict[str, Any]]]:
    """Write and compile the function; of the document it holds keys alone, as literals."""
    constants: dict[str, Any] = {"undefined": Undefined}
    reads: list[str] = []
    made: dict[str, str] = {}
    """By key, the expression of its value."""
    for number, value in enumerate(values):
        reads.append(f"v{number} = {_read(number, value, constants)}")
        expression = _completed(number, value.field, constants, for_json=for_json)
        if len(value.keys) > 1:
            reads.append(f"shared{number} = {expression}")
            expression = f"shared{number}"
        made |= dict.fromkeys(value.keys, expression)
    members = [f"{key!r}: {made.get(key, repr(preset))}" for key, preset in blank.items()]
    names = ", ".join(constants)
    lines = [
        f"def make({names}):",
        "  def project(rows):",
        "    objects = []",
        "    add = objects.append",
        "    for row in rows:",
        *(f"      {line}" for line in reads),
        f"      add({{{', '.join(members)}}})",
        "    return objects",
        "  return project",
    ]
    scope: dict[str, Any] = {}
    exec(compile("\n".join(lines), "<projection>", "exec"), scope)
    project: Callable[[Sequence[Values]], list[dict[str, Any]]] = scope["make"](**constants)
    return project


def _read(number: int, value: _Value, constants: dict[str, Any]) -> str:
    arguments = ", ".join(f"row[{position}]" for position in value.positions)
    if value.convert is None:
        return arguments
    constants[f"convert{number}"] = value.convert
    if hasattr(value.convert, "__getitem__"):  # it makes what it misses, and is asked for half the price of a call
        return f"convert{number}[{arguments}]"
    return f"convert{number}({arguments})"


def _completed(number: int, field: FieldPlan, constants: dict[str, Any], *, for_json: bool) -> str:
    leaf = field.leaf
    assert leaf is not None
    name, null = f"v{number}", "" if isinstance(field.type, GraphQLNonNull) else f" or v{number} is None"
    constants[f"complete{number}"] = _completer(leaf)
    if leaf.name in _PASSES:
        return f"{name} if {_PASSES[leaf.name].condition(name)}{null} else complete{number}({name})"
    complete = f"complete{number}({name})"
    if not isinstance(leaf, GraphQLEnumType):
        constants[f"plain{number}"] = leaf.coerce_output_value
        complete = f"done if (done := plain{number}({name})) is not None and done is not undefined else {complete}"
    if for_json and leaf.coerce_output_value in _FOR_JSON:
        condition, names = _FOR_JSON[leaf.coerce_output_value]
        constants.update(names)
        complete = f"{name} if {condition.format(name)} else {complete}"
    return f"None if {name} is None else {complete}" if null else complete


class _Names(dict[Any, Any]):
    """The names of an enumeration's members, each worked out once."""

    def __init__(self, type_: GraphQLLeafType) -> None:
        super().__init__()
        self._complete = _checked(type_)

    def __missing__(self, member: Any) -> Any:
        name = self._complete(member)
        if isinstance(member, Enum):
            self[member] = name
        return name


def _completer(type_: GraphQLLeafType) -> Callable[[Any], Any]:
    return _Names(type_).__getitem__ if isinstance(type_, GraphQLEnumType) else _checked(type_)


def _checked(type_: GraphQLLeafType) -> Callable[[Any], Any]:
    complete = type_.coerce_output_value

    def checked(value: Any) -> Any:
        completed = complete(value)
        if completed is None or completed is Undefined:
            raise ValueError(value)
        return completed

    return checked
