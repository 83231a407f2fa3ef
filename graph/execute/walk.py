"""Mapped fields where graphql-core walks from object to object: `@defer`, `@stream`, middleware, abort signals.

graphql-core calls a resolver for each object. The sources of one field that are asked in one tick are collected by a
DataLoader and the field is begun for all of them, as on a level of ours; what it gives are the objects that
graphql-core walks on with. So there is one way to resolve a mapped field: `LevelField.begin`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, cast

from aiodataloader import DataLoader
from graphql import (
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLSchema,
    OperationDefinitionNode,
    Undefined,
    is_leaf_type,
)
from graphql.execution.collect_fields import FieldDetails, FragmentDetails
from graphql.execution.values import VariableValues, get_argument_values

from db.unreadable import UnreadableValue
from graph import errors
from graph.errors import Withheld
from graph.execute.reference import RowReference
from graph.execute.response import completed, is_key
from graph.loading.asking import Asking
from graph.prepare.fields import FieldPlan, LevelField, PlannedField, Reading, Resolver, Rows, Selection
from graph.prepare.late import holds_late, in_time
from graph.prepare.plan import Plan

if TYPE_CHECKING:
    from graph.context import RequestContext
    from graph.loading.level_loader import LevelLoader

Info: TypeAlias = GraphQLResolveInfo[Any]


def resolver_of(field: PlannedField, otherwise: Callable[[PlannedField], Resolver]) -> Resolver:
    """What graphql-core calls for the values of a planned field; `otherwise` gives that of one with a resolver."""
    resolver = _resolver_of(field) or otherwise(field)
    return resolver if field.seen_by is None else _guarded(field, resolver)


async def read_row(info: Info, reference: RowReference) -> Any:
    """The row of a reference as an object of its type, with what is selected of it; None where there is none."""
    return await _Walk.of(info).row(_field_of(info), reference)


class RootField(NamedTuple):
    """A field of the operation's root."""

    plan: FieldPlan
    arguments: Mapping[str, Any]
    asking: Asking
    """Who asks for the statements that are sent for it."""


def root_fields(info: Info) -> list[RootField]:
    """The fields of the operation's root that have a value still to come, in order.

    Raises `GraphQLError` for arguments that do not fit.
    """
    return _Walk.of(info).root_fields(info.schema, info.operation)


def coerced_variables(info: Info) -> Mapping[str, Any]:
    """The variables that have a value, given or by default. Strawberry gives resolvers a plain dict of them."""
    given: Any = info.variable_values
    return given.coerced if isinstance(given, VariableValues) else given


def called_in_time(resolver: Resolver) -> Resolver:
    """A resolver of somebody's own, whose arguments are what they are in this run."""

    def resolve(source: Any, info: Info, **arguments: Any) -> Any:
        if holds_late(arguments):
            arguments = {name: in_time(value, info.context) for name, value in arguments.items()}
        return resolver(source, info, **arguments)

    return resolve


def _resolver_of(field: PlannedField) -> Resolver | None:
    if field.resolver is not None:
        return field.resolver
    if isinstance(field, LevelField):
        return _Begun(field)
    if field.read is not None:
        return _Above(field.read)
    return None if field.reading is None else _OfColumns(field, field.reading)


@dataclass(slots=True, eq=False)
class _Above:
    """The resolver of a value that the object above has. Every field has one: a closure is five times as large."""

    read: Callable[[Any], Any]

    def __call__(self, source: Any, info: Info, **_: Any) -> Any:
        """The value. Raises `UnreadableField`."""
        try:
            return _checked(info, self.read(source))
        except UnreadableValue:
            raise errors.UnreadableField from None


def _guarded(field: PlannedField, resolve: Resolver) -> Resolver:
    """The resolver for viewers who may see its values; for others there is none, and an error where null may not be."""

    def guarded(source: Any, info: Info, **arguments: Any) -> Any:
        if field.seen_by is None or field.seen_by(info.context.viewer):
            return resolve(source, info, **arguments)
        if isinstance(info.return_type, GraphQLNonNull):
            raise Withheld(info.parent_type.name, info.field_name)
        return None

    return guarded


@dataclass(slots=True, eq=False)
class _OfColumns:
    """The resolver of a value that is made of columns."""

    field: PlannedField
    reading: Reading

    def __call__(self, source: Any, info: Info, **_: Any) -> Any:
        """The value. Raises `UnreadableField` and `Withheld`."""
        names, convert = self.reading
        values = [getattr(source, name) for name in names]
        try:
            value = convert(*values) if convert is not None else values[0]
        except UnreadableValue:
            raise errors.UnreadableField from None
        return _checked(info, _seen(self.field, info.parent_type, value))


def _checked(info: Info, value: Any) -> Any:
    """A value that graphql-core can complete. Raises `UnreadableField`, where graphql-core would show the value."""
    type_ = info.return_type.of_type if isinstance(info.return_type, GraphQLNonNull) else info.return_type
    if value is not None and value is not Undefined and is_leaf_type(type_):
        completed(type_, value, is_stored=True)
    return value


@dataclass(slots=True, eq=False)
class _Begun:
    """The resolver of a field that is begun for all objects of a level together."""

    field: LevelField

    def __call__(self, source: Any, info: Info, **arguments: Any) -> Any:
        """The value to come. Raises `UnreadableField`."""
        field = self.field
        if field.needs and not is_key(getattr(source, name) for name in field.needs):
            raise errors.UnreadableField
        identity = ("walk", info.parent_type.name, *map(id, info.field_nodes), field.apart(source))
        loader = info.context.loaders.once(identity, lambda: _SourceLoader(info, field, arguments))
        return loader.load((source,))  # at the root there is no source, and no loader takes None


def _seen(field: PlannedField, parent: GraphQLObjectType, value: Any) -> Any:
    """A value, or null. Raises `Withheld` for null where the database has none: a policy has taken its place."""
    if value is None and field.never_null:
        raise Withheld(parent.name, str(field.graphql_name))
    return value


class _SourceLoader(DataLoader[tuple[Any], Any]):
    """Collects the sources of one field, and begins it for all of one tick."""

    def __init__(self, info: Info, field: LevelField, arguments: Mapping[str, Any]) -> None:
        super().__init__(cache=False)  # objects may be equal and yet not the same
        self._info = info
        self._field = field
        self._arguments = arguments

    async def batch_load_fn(self, keys: list[tuple[Any]]) -> list[Any]:
        """The field's values, or the errors in their places."""
        level = WalkedLevel(self._info, [source for (source,) in keys], self._arguments)
        try:
            self._field.begin(level)
        except Exception as error:
            level.fail(error)
        return await level.values()


class _Walk:
    """What is known of an operation that graphql-core walks through."""

    def __init__(self, info: Info) -> None:
        fragments = {name: FragmentDetails(fragment) for name, fragment in info.fragments.items()}
        given: Any = info.variable_values
        self._variables = given if isinstance(given, VariableValues) else VariableValues({}, given)
        self._plan = Plan(info.schema, info.operation, fragments)
        self._schema = info.schema
        self._loaders = info.context.loaders

    @classmethod
    def of(cls, info: Info) -> _Walk:
        """The one of this operation."""
        made: _Walk = info.context.loaders.once(("walk", id(info.operation)), lambda: cls(info))
        return made

    def below(self, field: FieldPlan, type_: GraphQLObjectType) -> Selection:
        """What is asked of objects of this type below a field, deferred or not."""
        return self._plan.below(field, type_, self._variables, hide_suggestions=False)

    def root_fields(self, schema: GraphQLSchema, operation: OperationDefinitionNode) -> list[RootField]:
        """The fields of the root."""
        root = schema.get_root_type(operation.operation)
        assert root is not None  # the document is valid
        steps = self._plan.root(root, self._variables, hide_suggestions=False).steps
        return [RootField(field, self.arguments(field), Asking(self._plan, (field,))) for field in steps]

    def arguments(self, field: FieldPlan) -> Mapping[str, Any]:
        """The arguments of a field, coerced. Raises `GraphQLError`."""
        given = field.details[0].fragment_variable_values
        return get_argument_values(field.definition, field.nodes[0], self._variables, given)

    async def row(self, field: FieldPlan, reference: RowReference) -> Any:
        """The row of a reference as an object."""
        type_ = cast(GraphQLObjectType, self._schema.get_type(reference.type_name))
        columns = self.below(field, type_).needs
        found = await reference.loader(self._loaders, columns).load(reference.key)
        return None if found is None else reference.rows([found], columns).objects()[0]


def _field_of(info: Info) -> FieldPlan:
    details = [FieldDetails(node, None) for node in info.field_nodes]
    definition = info.parent_type.fields[info.field_name]
    return FieldPlan(info.parent_type, str(info.path.key), definition, details, 1)


class WalkedLevel:
    """The level of a walk: sources that were asked for one field in one tick. Implements `Level`."""

    def __init__(self, info: Info, sources: Sequence[Any], arguments: Mapping[str, Any]) -> None:
        self.context: RequestContext = info.context
        self.sources = sources
        self.arguments = in_time(arguments, self.context) if holds_late(arguments) else arguments
        self.field = _field_of(info)
        self._walk = _Walk.of(info)
        self._values: list[Any] = [None] * len(sources)
        self._loads: list[tuple[LevelLoader[Any], Sequence[Any], Callable[[list[Any]], None]]] = []

    def keys(self, names: Sequence[str]) -> list[tuple[Any, ...]]:
        """The values of these attributes for each source."""
        return [tuple([getattr(source, name) for name in names]) for source in self.sources]

    def below(self, field: FieldPlan | None = None, type_: GraphQLObjectType | None = None) -> Selection:
        """What is selected below a field."""
        field = field or self.field
        return self._walk.below(field, type_ or cast(GraphQLObjectType, field.named_type))

    def arguments_of(self, field: FieldPlan) -> Mapping[str, Any]:
        """The arguments of a field below, coerced."""
        return self._walk.arguments(field)

    def load(self, loader: LevelLoader[Any], keys: Sequence[Any], then: Callable[[list[Any]], None]) -> None:
        """Ask a loader; its values come when the level is waited for."""
        self._loads.append((loader, keys, then))

    def rows(self, selection: Selection, rows: Rows) -> list[Any]:
        """The rows as objects of their type, which graphql-core walks on with."""
        return rows.objects()

    def objects(self, selection: Selection, sources: Sequence[Any]) -> list[Any]:
        """The sources themselves, which graphql-core walks on with."""
        return list(sources)

    def fill(self, values: Iterable[Any]) -> None:
        """Give each source its value."""
        for index, (_, value) in enumerate(zip(self.sources, values, strict=True)):
            try:
                self._values[index] = _seen(self._planned, self.field.parent, value)
            except Withheld as error:
                self._values[index] = error

    def share(self, made: list[Any], lists: Sequence[Sequence[object]]) -> None:
        """Give each source its part of what was made for the members of all lists."""
        left = iter(made)
        self.fill([list(islice(left, len(members))) for members in lists])

    def complete(self, values: Iterable[Any]) -> None:
        """Give each source its value, which graphql-core completes; references to rows are read before."""
        self.fill(values)

    def share_at_most(self, times: int) -> None:
        """Nothing is shared: graphql-core makes an object of the response for each."""

    def fail(self, error: Exception) -> None:
        """Give each source the error."""
        self._values = [error] * len(self.sources)

    async def values(self) -> list[Any]:
        """The value, or the error, of each source, once everything is loaded."""
        while self._loads:
            loader, keys, then = self._loads.pop(0)
            try:
                then(await loader.load_many(keys))
            except Exception as error:
                self.fail(error)
        return list(await asyncio.gather(*map(self._read, self._values)))

    async def _read(self, value: Any) -> Any:
        if isinstance(value, RowReference):
            try:
                return await self._walk.row(self.field, value)
            except Exception as error:
                return error
        return await asyncio.gather(*map(self._read, value)) if isinstance(value, list) else value

    @property
    def _planned(self) -> PlannedField:
        assert self.field.planned is not None
        return self.field.planned
