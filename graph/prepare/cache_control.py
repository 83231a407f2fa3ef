"""Hints: for how long what a type or a field shows may be shown again, and to whom.

A hint stands in the schema as `@cacheControl(maxAge: 60)`, with the meaning that Apollo has given it. What an operation
comes to is worked out once, from the hints of all fields that it may select: the shortest age of all, and private where
any of them is. Nothing is kept here.
Source: https://www.apollographql.com/docs/apollo-server/performance/caching
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any

import strawberry
from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLID,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
)
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.schema_directive import Location

from graph.prepare.fields import own_resolver, planned

if TYPE_CHECKING:
    from graph.viewer import Viewer


@strawberry.enum(name="CacheControlScope", description="To whom an answer may be shown again.")
class Scope(Enum):
    """To whom an answer may be shown again."""

    PUBLIC = "PUBLIC"
    """To everybody who may see the same."""
    PRIVATE = "PRIVATE"
    """To the same viewer alone."""


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION, Location.OBJECT, Location.INTERFACE, Location.UNION],
    name="cacheControl",
    description="For how long, and to whom, what is found here may be shown again.",
)
class CacheControl:
    """A hint. It is made by `graph.entity.cache_control`."""

    max_age: int | None = strawberry.UNSET
    scope: Scope | None = strawberry.UNSET
    inherit_max_age: bool | None = strawberry.UNSET
    tables: strawberry.Private[tuple[str, ...]] = ()
    """What a resolver of somebody's own reads; the schema does not tell it."""

    @property
    def is_private(self) -> bool:
        """Whether it is for the same viewer alone."""
        return self.scope is Scope.PRIVATE

    @property
    def seconds(self) -> int | None:
        """The age that it says, if it says any."""
        return self.max_age if isinstance(self.max_age, int) else None


@dataclass(frozen=True, slots=True)
class CachePolicy:
    """What the hints of an operation come to."""

    max_age_s: int = 0
    """0: the answer is not shown again."""
    is_private: bool = False
    of_viewer: bool = False
    """Whether a field shows who asks, in whichever way."""
    is_told: bool = True
    """Whether a hint speaks for each resolver of somebody's own that may look at the request, or at anything else."""
    tables: frozenset[str] = frozenset()
    """What hints say that resolvers read."""
    ids: frozenset[str] = frozenset()
    """Under which names ids of objects stand in the answer."""
    seen_by: tuple[Callable[["Viewer"], bool], ...] = ()
    """What decides, for fields that are selected, whether a viewer sees their values."""


ID = "id"
NEVER = CachePolicy(is_told=False)
"""Of what is never shown again."""


def hints_in(schema: GraphQLSchema) -> Iterator[CacheControl]:
    """Every hint of a schema."""
    for type_ in schema.type_map.values():
        if (hint := _hint_of_type(type_)) is not None:
            yield hint
        for definition in type_.fields.values() if isinstance(type_, GraphQLObjectType) else ():
            if (hint := _hint_of_field(definition)) is not None:
                yield hint


def policy_of(
    schema: GraphQLSchema, operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]
) -> CachePolicy:
    """What the hints of an operation come to, whatever `@skip` and `@include` leave out of it."""
    if operation.operation is not OperationType.QUERY or schema.query_type is None:
        return NEVER
    walk = _Walk(schema, fragments)
    walk.enter(schema.query_type, operation.selection_set)
    return CachePolicy(
        min(walk.ages, default=0),
        walk.is_private,
        walk.of_viewer,
        walk.is_told,
        frozenset(walk.tables),
        frozenset(walk.ids),
        tuple(dict.fromkeys(walk.seen_by)),
    )


@dataclass
class _Walk:
    """What was met in an operation so far."""

    schema: GraphQLSchema
    fragments: Mapping[str, FragmentDefinitionNode]
    ages: set[int] = field(default_factory=set)
    is_private: bool = False
    of_viewer: bool = False
    is_told: bool = True
    tables: set[str] = field(default_factory=set)
    ids: set[str] = field(default_factory=set)
    seen_by: list[Callable[["Viewer"], bool]] = field(default_factory=list)
    _left: list[tuple[GraphQLNamedType, SelectionSetNode]] = field(default_factory=list)
    _seen: set[str] = field(default_factory=set)

    def enter(self, root: GraphQLNamedType, selections: SelectionSetNode) -> None:
        """Meet all that is selected; each fragment is read once, for its type is always the same."""
        self._left = [(root, selections)]
        while self._left:
            type_, selection_set = self._left.pop()
            for selection in selection_set.selections:
                if isinstance(selection, FieldNode):
                    self._meet(type_, selection)
                elif isinstance(selection, FragmentSpreadNode):
                    self._spread(selection.name.value)
                elif isinstance(selection, InlineFragmentNode):
                    condition = selection.type_condition
                    inner = type_ if condition is None else self.schema.type_map[condition.name.value]
                    self._left.append((inner, selection.selection_set))

    def _spread(self, name: str) -> None:
        if name not in self._seen and name in self.fragments:
            self._seen.add(name)
            fragment = self.fragments[name]
            self._left.append((self.schema.type_map[fragment.type_condition.name.value], fragment.selection_set))

    def _meet(self, type_: GraphQLNamedType, node: FieldNode) -> None:
        name = node.name.value
        if name == "__typename":
            return
        definition: GraphQLField | None = getattr(type_, "fields", {}).get(name)
        if definition is None:  # about the schema itself, or the document was not validated
            self.ages.add(0)
            self.is_told = False
            return
        is_root = type_ is self.schema.query_type
        named = get_named_type(definition.type)
        if name == ID and named is GraphQLID:
            self.ids.add(node.alias.value if node.alias else name)
        hint = _hint_of_field(definition)
        self._judge(definition, named, hint, is_root=is_root)
        age = _age(definition, named, hint, is_root=is_root)
        if age is not None:
            self.ages.add(age)
        if node.selection_set is not None:
            self._left.append((named, node.selection_set))

    def _judge(
        self, definition: GraphQLField, named: GraphQLNamedType, hint: CacheControl | None, *, is_root: bool
    ) -> None:
        """Note what besides its age a field says."""
        for told in (hint, _hint_of_type(named)):
            if told is not None:
                self.is_private = self.is_private or told.is_private
                self.tables.update(told.tables)
        known = planned(definition)
        if known is not None:
            self.of_viewer = self.of_viewer or known.shows_viewer
            if known.seen_by is not None:
                self.seen_by.append(known.seen_by)
            if (shown := _hint_of_class(known.shows())) is not None:
                self.is_private = self.is_private or shown.is_private
                self.tables.update(shown.tables)
        if _is_guarded(definition) and not (hint is not None and hint.is_private):
            self.is_told = False
        resolver = own_resolver(definition)
        if resolver is not None and hint is None and (is_root or known is None or resolver.info_parameter is not None):
            self.is_told = False


def _age(definition: GraphQLField, named: GraphQLNamedType, hint: CacheControl | None, *, is_root: bool) -> int | None:
    """The age that a field allows; None: that of what is around it."""
    for told in (hint, _hint_of_type(named)):
        if told is not None and told.inherit_max_age is True and not is_root:
            return None
        if told is not None and told.seconds is not None:
            return told.seconds
    known = planned(definition)
    if known is not None and own_resolver(definition) is None:
        cls = known.shows()
        if cls is not None:
            shown = _hint_of_class(cls)
            return 0 if shown is None or shown.seconds is None else shown.seconds
        if not (is_root or is_abstract_type(named) or _is_entity(named)):
            return None  # a value of a row, or a part of a page
    return None if is_leaf_type(named) and not is_root else 0


def _is_guarded(definition: GraphQLField) -> bool:
    """Whether permissions of Strawberry's, or extensions of the field, see who asks before its value is shown."""
    told = definition.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    return bool(getattr(told, "permission_classes", None) or getattr(told, "extensions", None))


def _hint_of_field(definition: GraphQLField) -> CacheControl | None:
    told = definition.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    return _hint_among(getattr(told, "directives", None) or ())


def _hint_of_type(type_: GraphQLNamedType) -> CacheControl | None:
    told = type_.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    return _hint_among(getattr(told, "directives", None) or ())


def _hint_of_class(cls: type[Any] | None) -> CacheControl | None:
    told = getattr(cls, "__strawberry_definition__", None)
    return _hint_among(getattr(told, "directives", None) or ())


def _hint_among(directives: Iterable[object]) -> CacheControl | None:
    return next((it for it in directives if isinstance(it, CacheControl)), None)


def _is_entity(type_: GraphQLNamedType) -> bool:
    told = type_.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    return hasattr(getattr(told, "origin", None), "__entity__")
