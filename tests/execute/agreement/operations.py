"""Operations made up over any schema: valid, of every shape that the specification allows, small when they fail.

hypothesis-graphql 0.13.5 works with this graphql-core, but it gives every argument of every field, two keys to inputs
of one (of 200 operations over our schema, 123 were refused), and knows no variables, named fragments or directives.

Within one document, a name in the answer always means the same field with the same arguments. So any two selections
can be merged, whatever fragments they come from, and the document stays valid.
"""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLUnionType,
    SchemaMetaFieldDef,
    TypeMetaFieldDef,
    TypeNameMetaFieldDef,
    get_named_type,
    get_nullable_type,
    is_abstract_type,
    is_leaf_type,
    is_list_type,
)
from hypothesis import strategies as st

from tests.execute.agreement.arguments import Arguments, Given, rarely
from tests.execute.agreement.known import Known
from tests.execute.agreement.writing import Writing

Composite = GraphQLObjectType | GraphQLInterfaceType | GraphQLUnionType

DEPTH = 8
INTROSPECTION_DEPTH = 3
"""More lists of introspection in one another are refused."""
FIELDS = 80
MOST_ROWS = 60
"""How many rows the lists above a field may multiply to."""

KINDS = ("field", "field", "field", "field", "inline", "again", "named", "spread")


class Operation(NamedTuple):
    """A document and its variables."""

    text: str
    variables: Given


class _Meaning(NamedTuple):
    """What a name in the answer stands for, all over the document."""

    field: str
    takes: str
    shape: str
    arguments: str
    rows: int


class _Fragment(NamedTuple):
    name: str
    on: Composite
    depth: int
    rows: int


@st.composite
def operations(draw: st.DrawFn, known: Known) -> Operation:
    """A query about what is known."""
    return _Maker(draw, known).operation()


class _Maker:
    def __init__(self, draw: st.DrawFn, known: Known) -> None:
        self._draw = draw
        self._schema = known.schema
        self._arguments = Arguments(draw, known)
        self._writing = Writing(draw)
        self._meanings: dict[str, _Meaning] = {}
        self._selected: dict[str, list[str]] = {}
        """Names in the answer that were selected on a type."""
        self._fragments: list[_Fragment] = []
        self._fitting: dict[str, Sequence[Composite]] = {}
        self._bodies: list[str] = []
        self._left = FIELDS
        interfaces = [type_ for type_ in known.schema.type_map.values() if isinstance(type_, GraphQLInterfaceType)]
        self._of_interfaces = {name for interface in interfaces for name in interface.fields}

    def operation(self) -> Operation:
        assert self._schema.query_type is not None
        selection = self._selection(self._schema.query_type, DEPTH, 1)
        head = f"query Q{self._writing.declarations()}"
        return Operation("\n".join([f"{head} {selection}", *self._bodies]), self._writing.variables)

    def _selection(self, type_: Composite, depth: int, rows: int) -> str:
        count = self._draw(st.sampled_from([1, 2, 2, 3, 4])) if self._left > 0 else 1
        parts = []
        for others in range(count - 1, -1, -1):
            kept = self._left * others // (others + 2)  # for the other parts, or the first would take all
            self._left -= kept
            parts.append(self._part(type_, depth, rows))
            self._left += kept
        return f"{{ {' '.join(parts)} }}"

    def _part(self, type_: Composite, depth: int, rows: int) -> str:
        self._left -= 1
        kind = self._draw(st.sampled_from(KINDS)) if self._left > 0 else "field"
        if kind == "field" and is_abstract_type(type_) and self._left > 0 and not rarely(self._draw, 4):
            kind = "inline"
        if kind == "inline":
            return self._inline(type_, depth, rows)
        if kind == "named":
            return self._named(type_, depth, rows)
        if kind == "spread":
            fits = [each.name for each in self._fragments if self._may_spread(each, type_, depth, rows)]
            if fits:
                return f"...{self._draw(st.sampled_from(fits))}{self._condition()}"
        if kind == "again" and self._selected.get(type_.name):
            response = self._draw(st.sampled_from(self._selected[type_.name]))
            meaning = self._meanings[response]
            field = self._fields(type_)[meaning.field]
            if self._affordable(field, depth) and rows * meaning.rows <= MOST_ROWS:
                return self._field(response, field, depth, rows)
        return self._new_field(type_, depth, rows)

    def _inline(self, type_: Composite, depth: int, rows: int) -> str:
        condition = self._draw(st.sampled_from([*self._conditions(type_), None]))
        if condition is None:
            return f"...{self._condition()} {self._selection(type_, depth, rows)}"
        return f"... on {condition.name}{self._condition()} {self._selection(condition, depth, rows)}"

    def _named(self, type_: Composite, depth: int, rows: int) -> str:
        condition = self._draw(st.sampled_from(self._conditions(type_)))
        body = self._selection(condition, depth, rows)
        fragment = _Fragment(f"F{len(self._bodies) + 1}", condition, depth, rows)
        self._fragments.append(fragment)
        self._bodies.append(f"fragment {fragment.name} on {condition.name} {body}")
        return f"...{fragment.name}{self._condition()}"

    def _may_spread(self, fragment: _Fragment, type_: Composite, depth: int, rows: int) -> bool:
        return fragment.depth <= depth and rows <= fragment.rows and fragment.on in self._conditions(type_)

    def _conditions(self, type_: Composite) -> Sequence[Composite]:
        """Types that an object of this type may also have; concrete ones first."""
        if type_.name not in self._fitting:
            concrete = set(self._possible(type_))
            composite = [other for other in self._schema.type_map.values() if isinstance(other, Composite)]
            fits = [other for other in composite if not concrete.isdisjoint(self._possible(other))]
            self._fitting[type_.name] = sorted(fits, key=lambda other: is_abstract_type(other))
        return self._fitting[type_.name]

    def _possible(self, type_: Composite) -> Sequence[GraphQLObjectType]:
        return [type_] if isinstance(type_, GraphQLObjectType) else list(self._schema.get_possible_types(type_))

    def _new_field(self, type_: Composite, depth: int, rows: int) -> str:
        affordable = {name: field for name, field in self._fields(type_).items() if self._affordable(field, depth)}
        deeper = [name for name, field in affordable.items() if not is_leaf_type(get_named_type(field.type))]
        leaves = [name for name in affordable if name not in (*deeper, "__typename")] or ["__typename"]
        if deeper and (type_ is self._schema.query_type or self._draw(st.integers(1, 5)) > 2):
            # Lists are where executors differ most.
            wanted = [name for name in deeper for _ in range(3 if _is_list(affordable[name]) else 1)]
        else:
            wanted = leaves
        name = self._draw(st.sampled_from(wanted if not rarely(self._draw) else list(affordable)))
        response = self._response(affordable[name], name, leaves, rows)
        self._selected.setdefault(type_.name, []).append(response)
        return self._field(response, affordable[name], depth, rows)

    def _affordable(self, field: GraphQLField, depth: int) -> bool:
        return is_leaf_type(get_named_type(field.type)) or (depth > 1 and self._left > 0)

    def _fields(self, type_: Composite) -> Mapping[str, GraphQLField]:
        fields = {} if isinstance(type_, GraphQLUnionType) else dict(type_.fields)
        fields["__typename"] = TypeNameMetaFieldDef
        if type_ is self._schema.query_type:
            fields |= {"__schema": SchemaMetaFieldDef, "__type": TypeMetaFieldDef}
        if type_.name == "__Schema":
            del fields["types"]  # two hundred, and what each of them has
        return fields

    def _response(self, field: GraphQLField, name: str, others: Sequence[str], rows: int) -> str:
        """A name in the answer that means this field, or can: its own, another field's, or a new one."""
        taken = self._draw(st.sampled_from([name] * 4 + ["a", "b", *others[:2]]))
        takes = ", ".join(f"{argument}: {of.type}" for argument, of in field.args.items())
        shape = _shape(field)
        meaning = self._meanings.get(taken)
        misleading = taken != name and (taken.startswith("__") or taken in self._of_interfaces)
        if misleading or (meaning and (meaning[:3] != (name, takes, shape) or rows * meaning.rows > MOST_ROWS)):
            taken, meaning = f"k{len(self._meanings) + 1}", None
        if meaning is None:
            given = self._arguments.of(field, MOST_ROWS // rows)
            more = _rows(name, field, given)
            self._meanings[taken] = _Meaning(name, takes, shape, self._written(field, given), more)
        return taken

    def _written(self, field: GraphQLField, given: Given) -> str:
        if not given:
            return ""
        parts = (f"{name}: {self._writing.value(field.args[name].type, value)}" for name, value in given.items())
        return f"({', '.join(parts)})"

    def _field(self, response: str, field: GraphQLField, depth: int, rows: int) -> str:
        meaning = self._meanings[response]
        name = meaning.field if response == meaning.field else f"{response}: {meaning.field}"
        head = f"{name}{meaning.arguments}{self._condition()}"
        inner = get_named_type(field.type)
        if not isinstance(inner, Composite):
            return head
        below = INTROSPECTION_DEPTH if meaning.field.startswith("__") else depth - 1
        return f"{head} {self._selection(inner, below, rows * meaning.rows)}"

    def _condition(self) -> str:
        chance = self._draw(st.integers(1, 12))
        if chance < 11:
            return ""
        wanted = self._draw(st.sampled_from([True, True, False]))
        include = f" @include(if: {self._writing.flag(wanted)})" if chance == 11 or rarely(self._draw, 3) else ""
        return include if chance == 11 else f"{include} @skip(if: {self._writing.flag(not wanted)})"


def _shape(field: GraphQLField) -> str:
    """What must be equal where fields of one name are merged."""
    named = get_named_type(field.type)
    written = str(field.type)
    return written if is_leaf_type(named) else re.sub(r"\w+", "*", written)


def _is_list(field: GraphQLField) -> bool:
    return is_list_type(get_nullable_type(field.type)) and not is_leaf_type(get_named_type(field.type))


def _rows(name: str, field: GraphQLField, given: Given) -> int:
    """About how many objects the field leads to."""
    if "before" in field.args:
        sizes = [given[size] for size in ("first", "last") if isinstance(given.get(size), int)]
        return int(max(1, min([20, *sizes])))
    if "ids" in given:
        return len(given["ids"])
    return 4 if _is_list(field) and name not in ("nodes", "edges") else 1  # a connection's size was counted above them
