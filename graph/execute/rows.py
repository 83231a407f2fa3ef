"""Rows become answers by generated code, one function for each selection and each set of columns.

Rows enter as the database gave them, dicts leave with their keys in the order of the selection. The code reads columns
by position, lets values of the usual types pass as they are, and calls the type's own function for the others. When
anything is wrong with a value, the rows are done again one value at a time, which finds the place of the error.
Fields that lead elsewhere, or have a resolver of their own, are steps: their keys are there, their values follow.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple

from graphql import GraphQLEnumType, GraphQLLeafType, GraphQLNonNull, Undefined

from graph.execute.response import ResponsePosition
from graph.prepare.plan import FieldPlan, Selection

if TYPE_CHECKING:
    from graph.execute.scheduler import Run

Row = Sequence[Any]
Convert = Callable[..., Any]

# What a value must be, so that its type would let it pass unchanged.
# https://spec.graphql.org/September2025/#sec-Scalars.Built-in-Scalars
_PASSES = {
    "String": "type({0}) is str",
    "ID": "type({0}) is str",
    "Boolean": "type({0}) is bool",
    "Int": "type({0}) is int and -2147483648 <= {0} <= 2147483647",
    "Float": "type({0}) is float and {0} - {0} == 0.0",
}


_WRITTEN: dict[Convert, tuple[str, Mapping[str, object]]] = {}
"""What a value must be, so that the writer of JSON writes it as this function would, and what that names."""


def json_alike(function: Convert, condition: str, names: Mapping[str, object]) -> None:
    """Tell that orjson writes values for which the condition holds as a scalar's own function would.

    In the condition `{0}` stands for the value; it may name what is in `names`.
    """
    _WRITTEN[function] = condition, names


class Rows(NamedTuple):
    """Rows that start with these columns; what stands behind them is somebody else's affair."""

    rows: Sequence[Row]
    columns: tuple[str, ...]
    instance: Callable[[tuple[str, ...], Row], Any]
    """A row as an object of its type, for resolvers."""

    def objects(self) -> list[Any]:
        """The rows as resolvers know them."""
        return [self.instance(self.columns, row) for row in self.rows]

    def keys(self, names: Sequence[str]) -> list[tuple[Any, ...]]:
        """The values of these columns for each row."""
        positions = [self.columns.index(name) for name in names]
        if len(positions) == 1:
            (position,) = positions
            return [(row[position],) for row in self.rows]
        return [tuple([row[position] for position in positions]) for row in self.rows]


class _Value(NamedTuple):
    """A field whose value is made of columns alone."""

    field: FieldPlan
    positions: tuple[int, ...]
    convert: Convert | None

    def read(self, row: Row) -> Any:
        values = [row[position] for position in self.positions]
        return self.convert(*values) if self.convert else values[0]


class RowForm:
    """How rows with certain columns become answers to a selection."""

    def __init__(self, selection: Selection, columns: tuple[str, ...], *, written: bool) -> None:
        self.steps: list[FieldPlan] = []
        self._values: list[_Value] = []
        self._blank = selection.blank.copy()
        for field in selection.fields:
            if field.name == "__typename":
                self._blank[field.key] = selection.type.name
            elif field.leaf is not None and field.planned is not None and field.planned.reading is not None:
                names, convert = field.planned.reading
                self._values.append(_Value(field, tuple(map(columns.index, names)), convert))
            else:
                self.steps.append(field)
        self._project = _generated(self._blank, self._values, written=written)

    def answers(self, run: Run, rows: Rows) -> list[dict[str, Any]]:
        """The answers of these rows, with places left for the steps."""
        try:
            return self._project(rows.rows)
        except Exception:  # whatever it is, it will be met again where it can be placed
            return [self._exactly(run, row) for row in rows.rows]

    def _exactly(self, run: Run, row: Row) -> dict[str, Any]:
        answer = self._blank.copy()
        for value in self._values:
            slot = ResponsePosition(answer, value.field.key, value.field.type, value.field)
            try:
                read = value.read(row)
            except Exception as error:
                run.fail(slot, error)
            else:
                run.put(slot, None, read)
        return answer


def form_of(selection: Selection, columns: tuple[str, ...], *, written: bool) -> RowForm:
    """How rows with these columns become answers, worked out once; `written` as in `LevelByLevel`."""
    form = selection.row_forms.get((columns, written))
    if form is None:
        form = selection.row_forms[columns, written] = RowForm(selection, columns, written=written)
    return form


def _generated(
    blank: dict[str, Any], values: Sequence[_Value], *, written: bool
) -> Callable[[Sequence[Row]], list[dict[str, Any]]]:
    """Write and compile the function; of the document it holds keys alone, as literals."""
    by_key = {value.field.key: (number, value) for number, value in enumerate(values)}
    constants: dict[str, Any] = {"undefined": Undefined}
    reads: list[str] = []
    members: list[str] = []
    for key, preset in blank.items():
        if key in by_key:
            number, value = by_key[key]
            reads.append(f"v{number} = {_read(number, value, constants)}")
            members.append(f"{key!r}: {_completed(number, value.field, constants, written=written)}")
        else:
            members.append(f"{key!r}: {preset!r}")
    names = ", ".join(constants)
    lines = [
        f"def make({names}):",
        "  def project(rows):",
        "    answers = []",
        "    add = answers.append",
        "    for row in rows:",
        *(f"      {line}" for line in reads),
        f"      add({{{', '.join(members)}}})",
        "    return answers",
        "  return project",
    ]
    scope: dict[str, Any] = {}
    exec(compile("\n".join(lines), "<projection>", "exec"), scope)
    project: Callable[[Sequence[Row]], list[dict[str, Any]]] = scope["make"](**constants)
    return project


def _read(number: int, value: _Value, constants: dict[str, Any]) -> str:
    arguments = ", ".join(f"row[{position}]" for position in value.positions)
    if value.convert is None:
        return arguments
    constants[f"convert{number}"] = value.convert
    if hasattr(value.convert, "__getitem__"):  # it makes what it misses, and is asked for half the price of a call
        return f"convert{number}[{arguments}]"
    return f"convert{number}({arguments})"


def _completed(number: int, field: FieldPlan, constants: dict[str, Any], *, written: bool) -> str:
    leaf = field.leaf
    assert leaf is not None
    name, null = f"v{number}", "" if isinstance(field.type, GraphQLNonNull) else f" or v{number} is None"
    constants[f"complete{number}"] = _completer(leaf)
    if leaf.name in _PASSES:
        return f"{name} if {_PASSES[leaf.name].format(name)}{null} else complete{number}({name})"
    complete = f"complete{number}({name})"
    if not isinstance(leaf, GraphQLEnumType):
        constants[f"plain{number}"] = leaf.coerce_output_value
        complete = f"done if (done := plain{number}({name})) is not None and done is not undefined else {complete}"
    if written and leaf.coerce_output_value in _WRITTEN:
        condition, names = _WRITTEN[leaf.coerce_output_value]
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
