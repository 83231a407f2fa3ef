"""Fields: of the schema, of an operation's selections, and the level on which a field is begun.

A mapped field of the schema (`PlannedField`) says which columns it needs, what it costs, and how it gets its values. A
field of a selection (`FieldPlan`) is where a document asks for it. A `Level` is all that a field may use while it is
begun: the objects that it is begun for, its arguments, the loaders, and the places for its values. Nothing here
parses, executes or loads.
"""

from __future__ import annotations

import json
from abc import abstractmethod
from collections import OrderedDict
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from enum import Enum, IntEnum, auto
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar, cast

from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLLeafType,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    get_named_type,
    is_leaf_type,
    print_ast,
)
from graphql.execution.collect_fields import FieldDetails
from strawberry.annotation import StrawberryAnnotation
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.base import StrawberryObjectDefinition, StrawberryType
from strawberry.types.field import StrawberryField
from strawberry.types.fields.resolver import StrawberryResolver
from strawberry.types.lazy_type import LazyType
from strawberry.types.union import StrawberryUnion
from strawberry.utils.str_converters import to_camel_case

from db.fast import Values
from db.own import Feature
from db.statements import Key
from graph.prepare.arguments import Arguments

if TYPE_CHECKING:
    from graph.context import RequestContext
    from graph.loading.level_loader import LevelLoader
    from graph.viewer import Viewer

T = TypeVar("T")


class CostRule(Enum):
    """What a field adds to the cost of an operation (see `graph.prepare.cost`)."""

    NOTHING = auto()
    """Its value is among the columns of its row."""
    ROW = auto()
    """A statement for all parents, and a row for each."""
    CONNECTION = auto()
    """Nothing by itself; `limit` says how many rows the pages inside it have."""
    PAGE = auto()
    """Part of a connection: all of these share one statement, and rows up to the connection's limit."""
    PAGE_INFO = auto()
    """The same, with what is told of a page as a whole: what is below it is read once for each page."""
    TOTAL = auto()
    """A statement for all parents, and a row for each parent."""
    LIST = auto()
    """A statement, and rows up to `limit`."""
    MEASURE = auto()
    """Nothing by itself; the statement around it computes one thing more over all rows of its list."""


class Weight(IntEnum):
    """What is certain of the work that a field, or an operation, makes (see `graph.prepare.weight`)."""

    LOOK_UP = 0
    """Rows by their keys alone."""
    PAGE = auto()
    """A few rows in the order of an index, where whoever asks has chosen no condition."""
    DEAR = auto()
    """Nothing."""


Resolver = Callable[..., Any]
"""As graphql-core calls it: `(source, info, **arguments)`, arguments keyed by their GraphQL names."""


class Reading(NamedTuple):
    """How a value is made of the attributes of a row."""

    names: tuple[str, ...]
    convert: Callable[..., Any] | None = None
    """From their values to the field's; None: the one attribute's value is the field's."""


class Rows(NamedTuple):
    """Rows whose first values are these columns; a page's rows carry a cursor and a parent's key behind them."""

    rows: Sequence[Values]
    columns: tuple[str, ...]
    instance: Callable[[tuple[str, ...], Values], Any]
    """A row as an object of its type, for resolvers."""

    def objects(self) -> list[Any]:
        """The rows as resolvers know them."""
        return [self.instance(self.columns, row) for row in self.rows]


class Level(Protocol):
    """The objects of one type on one level of the response, for which one field is begun together.

    A field loads what all of them need at once, and gives each its value: with `fill` what `rows` and `objects` have
    made, with `complete` what a resolver would return. An exception that leaves `begin` is the field's error for all.
    """

    @property
    def context(self) -> RequestContext:
        """The operation's session, loaders and viewer."""

    @property
    def field(self) -> FieldPlan:
        """The field, as the document selects it."""

    @property
    def sources(self) -> Sequence[Any]:
        """The objects as resolvers know them."""

    @property
    def arguments(self) -> Mapping[str, Any]:
        """The field's arguments by their GraphQL names, coerced. Raises `GraphQLError`."""

    def arguments_of(self, field: FieldPlan) -> Mapping[str, Any]:
        """The same of a field below. Raises `GraphQLError`."""

    def keys(self, names: Sequence[str]) -> list[Key]:
        """The values of these attributes for each object."""

    def below(self, field: FieldPlan | None = None, type_: GraphQLObjectType | None = None) -> Selection:
        """What is selected below a field, or below the one that is begun, of objects of a type."""

    def load(self, loader: LevelLoader[T], keys: Sequence[Key], then: Callable[[list[T]], None]) -> None:
        """Ask a loader for the values of keys, with all others of this level; `then` gets the values in key order."""

    def rows(self, selection: Selection, rows: Rows) -> list[Any]:
        """An object of the response for each row, with what is selected of it."""

    def objects(self, selection: Selection, sources: Sequence[Any]) -> list[Any]:
        """An object of the response for each of these objects, whose fields are begun now."""

    def fill(self, values: Iterable[Any]) -> None:
        """Give each object its value: an object of the response, a list of such, or None."""

    def share(self, made: list[Any], lists: Sequence[Sequence[object]]) -> None:
        """Give each object a list: its part of what was made for the members of all lists, one after the other."""

    def complete(self, values: Iterable[Any]) -> None:
        """Give each object its value, completed as the value of a resolver is."""

    def share_at_most(self, times: int) -> None:
        """Say that up to so many objects are given one and the same, before it is filled in: it is written often."""

    def fail(self, error: Exception) -> None:
        """Leave the field without a value in every object, because of an error."""


def resolved(annotation: Any) -> Any:
    """An annotation in Strawberry's own form. What is in that form already stays, the rest is looked up once."""
    is_plain = isinstance(annotation, type)  # asked first, for Strawberry's types are slow to ask
    return annotation if not is_plain and isinstance(annotation, _WHOLE) else _resolved(annotation)


def is_shared(type_: Any) -> bool:
    """Whether many fields lead to a type: each type that is made late, and each union, is of one field."""
    return not isinstance(type_, LazyType) and type(type_) is not StrawberryUnion


_WHOLE = (StrawberryType, LazyType)


@cache
def _resolved(annotation: Any) -> Any:
    return StrawberryAnnotation(annotation).resolve()


class WholeAnnotation(StrawberryAnnotation):
    """An annotation in Strawberry's own form: there is nothing to find out. All fields that have it share it."""

    __slots__ = ()

    def evaluate(self) -> Any:
        """The annotation itself: it names nothing."""
        return self.raw_annotation

    def resolve(self, *, type_definition: StrawberryObjectDefinition | None = None, origin: Any = None) -> Any:
        """The annotation itself: it has no type parameters."""
        return self.raw_annotation


_shared = cache(WholeAnnotation)


def whole(annotation: Any) -> StrawberryAnnotation:
    """The annotation of a field or an argument that is made: a type, not the name of one."""
    if isinstance(annotation, str):
        return StrawberryAnnotation(annotation)
    found = resolved(annotation)
    return _shared(found) if is_shared(getattr(found, "of_type", found)) else WholeAnnotation(found)


NOTHING: Any = ()
"""What no field of ours has: https://strawberry.rocks/docs/guides/permissions, field extensions, schema directives."""


class Resolved(StrawberryField):
    """A field whose annotation is whole when the field is made: it names no type parameters, and no name is looked up.

    Strawberry asks each field for its type some ten times, and looks for names and parameters each time. It gives each
    three lists of its own besides, which stay empty: 500 tables have 80,000 fields.
    """

    def __init__(self, **told: Any) -> None:
        super().__init__(**told)
        self.permission_classes = self.directives = self.extensions = NOTHING

    def resolve_type(self, *, type_definition: StrawberryObjectDefinition | None = None) -> Any:
        """The type. That of a resolver of somebody's own is Strawberry's affair."""
        annotation = None if self.type_annotation is None else self.type_annotation.raw_annotation
        if annotation is None or isinstance(annotation, str):
            return super().resolve_type(type_definition=type_definition)
        return annotation if isinstance(self.type_annotation, WholeAnnotation) else resolved(annotation)


class PlannedField(Resolved):
    """A field of a mapped type, or one that leads to mapped types.

    Its values come one of four ways: of columns (`reading`), of the object above (`read`), for all objects of a level
    together (`LevelField`), or by a resolver that is called for each object (`resolver`, or Strawberry's own).
    """

    cost = CostRule.NOTHING
    needs: tuple[str, ...] = ()
    """Attributes of the row that must be fetched for it."""
    sizes: tuple[str, ...] = ()
    """The arguments, by their GraphQL names, that `statements`, `limit` and `work` look at; of lists, the lengths."""
    scan = 0
    """The work of a statement of its own that reads every row of a list: see `graph.prepare.work`."""
    reading: Reading | None = None
    """How its value is made of columns."""
    read: Callable[[Any], Any] | None = None
    """How its value is made of the object above it, when that is all it takes."""
    resolver: Resolver | None = None
    """Takes graphql-core's arguments as they are; None: Strawberry's resolver."""
    seen_by: Callable[[Viewer], bool] | None = None
    """Whether a viewer may see its values; None: everybody who sees the object may."""
    begins_last = False
    """Whether it begins after its siblings: rows are read before they are counted."""
    computed_by_database = False
    """Whether an attribute that it needs is no stored column, but an expression of any kind."""
    never_null = False
    """Whether the database has a value for every row, so that a null tells of a policy that withholds it."""
    most_characters: int | None = None
    """The length of its longest value, in a database that holds to the types of columns; None: nothing says."""
    own_feature: Feature | None = None
    """What it needs tables of Trellis's own for."""
    joins_others = False
    """Whether it changes something in such a way that an `@atomic` operation can undo it."""
    shows_viewer = False
    """Whether its value hangs on who asks, besides what the viewer may see."""

    def __init__(
        self,
        name: str,
        annotation: object,
        description: str | None,
        arguments: tuple[StrawberryArgument, ...] = (),
    ) -> None:
        super().__init__(
            python_name=name,
            graphql_name=to_camel_case(name),
            type_annotation=whole(annotation),
            description=description,
        )
        self.arguments = list(arguments) if arguments else NOTHING

    def shows(self) -> type[Any] | None:
        """The type whose rows it is about, where its own type does not say so: those of a page, or of an aggregate."""
        return None

    def statements(self, arguments: Mapping[str, Any]) -> int:
        """How many statements it needs at most for all parents together, with these arguments."""
        return 1

    def work(self, arguments: Mapping[str, Any]) -> int:
        """What arguments ask of each row of a list besides what their types say, as a text to look for does."""
        return 0

    def limit(self, arguments: Mapping[str, Any], max_page: int) -> int:
        """How many rows it yields at most for each parent, with these arguments."""
        return 1

    def skipped(self, arguments: Mapping[str, Any]) -> int:
        """How many rows are read for each parent and not yielded, with these arguments; they count as rows."""
        return 0

    def weight(self, given: Collection[str]) -> Weight:
        """What is certain of its work, without what is selected below it, where these arguments are written.

        What it adds to the cost is bounded by the cost. Of what loads, nothing is certain unless the field says so.
        """
        is_read = self.cost is CostRule.NOTHING and not self.computed_by_database
        return Weight.LOOK_UP if is_read else Weight.DEAR


class LevelField(PlannedField):
    """A field that is begun for all objects of a level together: the one way to load."""

    def weight(self, given: Collection[str]) -> Weight:
        """As above; whatever it costs, it may load."""
        return Weight.DEAR

    @abstractmethod
    def begin(self, level: Level) -> None:
        """Load what all objects of the level need, and give each its value. What it raises is the error of all."""

    def apart(self, source: Any) -> Hashable:
        """What of an object tells apart those that cannot begin the field together."""
        return None


def argument(name: str, annotation: object, description: str) -> StrawberryArgument:
    """An argument that may be left out, called `name` in Python and in camel case outside."""
    return StrawberryArgument(
        python_name=name,
        graphql_name=to_camel_case(name),
        type_annotation=whole(annotation),
        description=description,
    )


def planned(field: GraphQLField) -> PlannedField | None:
    """The planned field behind a field of the schema, if it is one."""
    definition = field.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    return definition if isinstance(definition, PlannedField) else None


def own_resolver(field: GraphQLField) -> StrawberryResolver[Any] | None:
    """The resolver of somebody's own behind a field of the schema, if there is one."""
    definition = field.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    return definition.base_resolver if isinstance(definition, StrawberryField) else None


class Call(NamedTuple):
    """What a value hangs on besides its object: fields with equal calls have equal values."""

    name: str
    arguments: tuple[tuple[str, str], ...]
    """Names and values, as they are written."""

    @classmethod
    def of(cls, definition: GraphQLField, node: FieldNode) -> Call | None:
        """The call of a node; None where its value may hang on more: a resolver with `info` knows its place."""
        field, resolver = planned(definition), own_resolver(definition)
        is_read = field is not None and field.read is not None
        if not is_read and (resolver is None or resolver.info_parameter is not None):
            return None
        written = sorted((argument.name.value, print_ast(argument.value)) for argument in node.arguments or ())
        return cls(node.name.value, tuple(written))


class FieldPlan:
    """A field of a selection: every node that asks for it under one key, and where it leads."""

    def __init__(
        self, parent: GraphQLObjectType, key: str, definition: GraphQLField, details: list[FieldDetails], depth: int
    ) -> None:
        self.parent = parent
        self.key = key
        self.depth = depth
        self.details = details
        self.nodes: list[FieldNode] = [detail.node for detail in details]
        self.name = self.nodes[0].name.value
        self.definition = definition
        self.type = definition.type
        self.nullable = not isinstance(definition.type, GraphQLNonNull)
        self.planned: PlannedField | None = planned(definition)
        self.begin = self.planned.begin if isinstance(self.planned, LevelField) else None
        """Begins it for all objects of a level; None: it is read or resolved for each."""
        self.twins: list[FieldPlan] = []
        """Fields beside it that get their value from the same call."""
        self.selections: OrderedDict[Hashable, Selection] = OrderedDict()
        """The selections below it that were met, by type and, under conditions, by the fields left in."""

    @cached_property
    def leaf(self) -> GraphQLLeafType | None:
        """The type of its value, when that is neither a list nor an object."""
        inner = self.type.of_type if isinstance(self.type, GraphQLNonNull) else self.type
        return inner if is_leaf_type(inner) else None

    @cached_property
    def named_type(self) -> GraphQLNamedType:
        """The type that it leads to, through lists and non-null."""
        return get_named_type(self.type)

    @cached_property
    def takes_arguments(self) -> bool:
        """Whether there are arguments to work out."""
        return bool(self.definition.args or self.nodes[0].arguments)

    @cached_property
    def arguments(self) -> Arguments | None:
        """The arguments, as far as they can be worked out once; None: each run coerces them.

        Fields that are begun do not change what they are given, so that all runs may share it; resolvers may.
        """
        if self.begin is None or self.details[0].fragment_variable_values is not None:
            return None
        return Arguments.of(self.definition, self.nodes[0])


def _called_once(fields: Iterable[FieldPlan]) -> list[FieldPlan]:
    """Fields without those whose value comes from the call of another one, which knows them as its twins."""
    found: list[FieldPlan] = []
    callers: dict[Call, FieldPlan] = {}
    for field in fields:
        varies = field.details[0].fragment_variable_values is not None
        call = None if varies else Call.of(field.definition, field.nodes[0])
        caller = field if call is None else callers.setdefault(call, field)
        if caller is field:
            found.append(field)
        else:
            caller.twins.append(field)
    return found


class Selection:
    """The fields asked of the objects of one type, in the order of the response."""

    def __init__(
        self, type_: GraphQLObjectType, fields: Iterable[FieldPlan], *, fixed: bool, serial: bool = False
    ) -> None:
        """Make it. Of a `serial` selection each field is called for itself: it changes something."""
        self.type = type_
        self.fields = tuple(fields)
        self.fixed = fixed
        """Whether no variable changes what is selected here and below."""
        names = {field.key: type_.name for field in self.fields if field.name == "__typename"}
        self.blank: dict[str, Any] = dict.fromkeys(field.key for field in self.fields) | names
        """An object whose values are still to come, with its keys in order and the name of its type in place."""
        steps = [field for field in self.fields if field.name != "__typename"]
        steps = steps if serial else _called_once(steps)
        self.steps = sorted(steps, key=lambda field: field.planned is not None and field.planned.begins_last)
        """The fields whose values are still to come, in the order in which they begin."""
        self._remembered: dict[tuple[type[object], Hashable], object] = {}

    @cached_property
    def key_bytes(self) -> int:
        """The bytes of an object as JSON, each value a null, with a comma behind it."""
        nulls = sum(len(f'"{key}":{"null" if name is None else json.dumps(name)},') for key, name in self.blank.items())
        return len("{},") + nulls

    @cached_property
    def by_name(self) -> Mapping[str, list[FieldPlan]]:
        """The fields by their names in the schema; one name may stand under several keys."""
        found: dict[str, list[FieldPlan]] = {}
        for field in self.fields:
            found.setdefault(field.name, []).append(field)
        return found

    @cached_property
    def needs(self) -> tuple[str, ...]:
        """The attributes that the fields need of a row, sorted, so that equal needs are equal."""
        needs = {name for field in self.fields if field.planned is not None for name in field.planned.needs}
        return tuple(sorted(needs))

    def remember(self, kind: type[T], make: Callable[[], T], identity: Hashable = None) -> T:
        """What was worked out about the selection, by its class and an identity; made once for all runs."""
        known: Any = self._remembered.get((kind, identity))
        if known is None:
            known = self._remembered[kind, identity] = make()
        found: T = known
        return found

    def remembered(self, kind: type[T]) -> dict[Hashable, T]:
        """All of a class that was worked out, by identity."""
        return {identity: cast(T, found) for (made, identity), found in self._remembered.items() if made is kind}
