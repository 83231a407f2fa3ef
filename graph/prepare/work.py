"""Work: what filters, orders and texts that are looked for ask of a database, known before anything is sent.

Values of arguments enter, a number leaves. One is about a millisecond of one processor for 40,000 rows: a plain
comparison of each of them. Which input asks how much stands at its field (`weighed`), so that inputs of one type are
weighed alike in a document and in a variable. Nothing is known here of tables and of their sizes.
The weights and how they were measured: docs/decisions/0037-the-work-of-a-statement.md.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from graphql import GraphQLInputField, GraphQLInputObjectType, GraphQLNamedType
from strawberry.schema.schema_converter import GraphQLCoreConverter

SCAN = 20
"""To read every row of a list once; half of it where only their number matters."""
GROUPING = 40
"""To put all of them into groups."""
MEASURE = 4
"""To compute one thing over all of them."""
COMPARISON = 1
VALUES_PER_WORK = 40
"""So many values of one list cost as much as a comparison."""

_METADATA = "trellis_weight"


class Weight(NamedTuple):
    """What a field of an input type asks."""

    own: int = 0
    """For each time that the field is given."""
    times: int = 1
    """How often what stands below it is asked."""


NOTHING = Weight()


def weighed(weight: Weight) -> dict[object, object]:
    """The weight of an input's field, as its metadata."""
    return {_METADATA: weight}


class InputWork:
    """The work of the values of one input type. It is linear: equal parts make equal wholes.

    Its fields are looked at when a value has some, or somebody asks whether any weighs: filters lead from each type to
    all others, and a first operation would wait for all of them.
    """

    __slots__ = ("_fields", "_type", "_works", "weighs")

    def __init__(self, type_: GraphQLInputObjectType, works: "InputWorks") -> None:
        self._type = type_
        self._works = works
        self._fields: Mapping[str, tuple[Weight, InputWork | None]] | None = None
        self.weighs: bool | None = None
        """Whether any value of it asks something, as those of filters and orders do; None: not known yet."""

    @property
    def fields(self) -> Mapping[str, tuple[Weight, "InputWork | None"]]:
        """By name: the field's weight, and the work of its value where that is an input object."""
        if self._fields is None:
            fields = self._type.fields.items()
            self._fields = {name: (_weight(field), self._works.below(field)) for name, field in fields}
        return self._fields

    def asks(self) -> bool:
        """Whether anything in its values asks something, however deep: types may refer to one another in a row."""
        found, left = {self}, [self]
        while left:
            fields = left.pop().fields.values()
            if any(weight != NOTHING for weight, _ in fields):
                return True
            below = {inner for _, inner in fields if inner is not None} - found
            found |= below
            left += below
        return False

    def of(self, value: object) -> int:
        """The work of a value: of an object, of a list of them, or of none."""
        if isinstance(value, Mapping):
            fields = self.fields
            return sum(_of_field(*fields[name], inner) for name, inner in value.items() if name in fields)
        return sum(map(self.of, value)) if isinstance(value, list) else 0


def _of_field(weight: Weight, below: InputWork | None, value: object) -> int:
    return weight.own + weight.times * (length_work(value) if below is None else below.of(value))


def length_work(value: object) -> int:
    """The work of a list of plain values, which are compared together."""
    return len(value) // VALUES_PER_WORK if isinstance(value, list) else 0


class InputWorks:
    """The work of every input type of a schema, made once for each."""

    def __init__(self) -> None:
        self._made: dict[str, InputWork] = {}

    def of_type(self, type_: GraphQLNamedType | None) -> InputWork | None:
        """The work of an input type's values; None where they ask nothing."""
        if not isinstance(type_, GraphQLInputObjectType):
            return None
        work = self._of_object(type_)
        if work.weighs is None:
            work.weighs = work.asks()
        return work if work.weighs else None

    def below(self, field: GraphQLInputField) -> InputWork | None:
        """The work of a field's value; None where that is no input object."""
        type_ = _named(field)
        return None if type_ is None else self._of_object(type_)

    def _of_object(self, type_: GraphQLInputObjectType) -> InputWork:
        made = self._made.get(type_.name)
        if made is None:
            made = self._made[type_.name] = InputWork(type_, self)
        return made


def _named(field: GraphQLInputField) -> GraphQLInputObjectType | None:
    type_: Any = field.type
    while hasattr(type_, "of_type"):
        type_ = type_.of_type
    return type_ if isinstance(type_, GraphQLInputObjectType) else None


def _weight(field: GraphQLInputField) -> Weight:
    declared = field.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    weight = getattr(declared, "metadata", {}).get(_METADATA, NOTHING)
    return weight if isinstance(weight, Weight) else NOTHING
