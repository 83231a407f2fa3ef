"""A Strawberry schema whose mapped fields are planned, and whose documents are prepared once and have a cost."""

from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any

from graphql import (
    GraphQLError,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    NamedTypeNode,
    NameNode,
    OperationType,
    OperationTypeDefinitionNode,
    SchemaDefinitionNode,
    StringValueNode,
    get_named_type,
    print_ast,
)
from sqlalchemy import Column, FromClause, Table
from sqlalchemy.sql import visitors
from strawberry.exceptions import DuplicatedTypeName
from strawberry.extensions import SchemaExtension
from strawberry.schema.config import StrawberryConfig
from strawberry.schema.schema import DEFAULT_ALLOWED_OPERATION_TYPES
from strawberry.types import ExecutionContext, ExecutionResult
from strawberry.types.graphql import OperationType as StrawberryOperationType

from db.dialects.own_names import OwnName
from db.own import Feature
from db.views import is_view
from graph.building import building
from graph.context import ContextFactory
from graph.entity.conversion import ConvertedSchema
from graph.entity.registry import Entity
from graph.entity.types import TYPES
from graph.errors import EqualNames
from graph.execute.extensions import ExtendedOperations
from graph.execute.graphql_core import LevelExecutor
from graph.execute.operation import Operations
from graph.prepare.cache_control import CacheControl, hints_in
from graph.prepare.documents import OperationRequest, Preparer
from graph.prepare.error_behavior import ErrorBehavior
from graph.prepare.introspection import most_introspected
from graph.prepare.limits import Limits
from graph.prepare.live import LIVE
from graph.settings import Settings

if TYPE_CHECKING:
    from graph.federation.subgraph import Subgraph


class Schema(ConvertedSchema):
    """What a Trellis server answers to. `query` comes from `query_type`; `types` are those that no field names."""

    def __init__(
        self,
        query: type[Any],
        settings: Settings,
        types: Iterable[type[Any]] = (),
        mutation: type[Any] | None = None,
        extensions: Iterable[type[SchemaExtension] | Callable[[], SchemaExtension]] = (),
        description: str | None = None,
        subscription: type[Any] | None = None,
    ) -> None:
        """Make it. The `description` is the first sentence that a reader of the schema meets; GraphiQL shows it.

        `subscription`: a type of Strawberry's, whose fields are `@strawberry.subscription`.
        """
        with building():
            self._make(query, settings, types, mutation, extensions, description, subscription)

    def _make(
        self,
        query: type[Any],
        settings: Settings,
        types: Iterable[type[Any]],
        mutation: type[Any] | None,
        extensions: Iterable[type[SchemaExtension] | Callable[[], SchemaExtension]],
        description: str | None,
        subscription: type[Any] | None,
    ) -> None:
        extensions = list(extensions)
        self._subgraph = _subgraph(query, settings, self._plain_text) if settings.federation else None
        scalars = {**TYPES.definitions(), **(self._subgraph.scalars if self._subgraph else {})}
        try:
            super().__init__(
                query=self._subgraph.query if self._subgraph else query,
                mutation=mutation,
                subscription=subscription,
                types=types,
                execution_context_class=LevelExecutor,
                config=StrawberryConfig(
                    scalar_map=scalars,
                    disable_field_suggestions=not settings.introspection,
                    enable_experimental_incremental_execution=settings.incremental and not extensions,
                ),
                extensions=extensions,
            )
        except DuplicatedTypeName as error:
            raise EqualNames(error.message) from None
        self._schema.description = description
        # Given to Strawberry, they would wrap each resolver in an extension.
        of_mutations = getattr(mutation, "operation_directives", ())
        of_queries = (LIVE,) if settings.max_sockets else ()
        self._schema.directives = (*self._schema.directives, *of_mutations, *of_queries)
        limits = Limits.of(settings, most_introspected(self._schema))
        self.preparer = Preparer(
            self._schema,
            limits,
            settings.prepared_operations,
            settings.max_cache_bytes,
            max(settings.anonymous_budget, settings.operator_budget),
        )
        self.operations = (
            ExtendedOperations(self._schema, self.preparer, self)
            if self.extensions
            else Operations(self._schema, self.preparer)
        )
        """The one way into an operation."""
        self.own_features = frozenset[Feature]().union(*(getattr(it, "own_features", ()) for it in (query, mutation)))
        """What its fields need tables of Trellis's own for."""

    @cached_property
    def cache_hints(self) -> tuple[CacheControl, ...]:
        """Every `@cacheControl` of it."""
        return tuple(hints_in(self._schema))

    def fields_that_show(self, cls: type[object]) -> dict[str, list[str]]:
        """The fields that lead to the type of a class, without arguments, by the object types that have them."""
        known = self.schema_converter.type_map.items()
        shown = {name for name, it in known if getattr(it.definition, "origin", None) is cls}
        found: dict[str, list[str]] = {}
        for type_ in self._schema.type_map.values():
            for field, definition in type_.fields.items() if isinstance(type_, GraphQLObjectType) else ():
                if get_named_type(definition.type).name in shown and not definition.args:
                    found.setdefault(type_.name, []).append(field)
        return found

    def takes(self, annotation: object) -> bool:
        """Whether a value of this type may be sent."""
        entry = TYPES.of(annotation)
        return entry is not None and isinstance(self._schema.type_map.get(entry.name), GraphQLScalarType)

    def tables(self) -> tuple[FromClause, ...]:
        """The tables whose rows the schema shows."""
        return tuple(dict.fromkeys(table for it in self._entities() for table in it.mapper.tables))

    def changing_tables(self) -> tuple[Table, ...]:
        """The tables whose changes show in answers: those that it shows, and those between them.

        Views are none, and neither are tables of Trellis's own.
        """
        between = (link.secondary for it in self._entities() for link in it.mapper.relationships)
        found = dict.fromkeys((*self.tables(), *between))
        return tuple(
            it for it in found if isinstance(it, Table) and not is_view(it) and not isinstance(it.name, OwnName)
        )

    def discriminators(self) -> dict[str, frozenset[str]]:
        """By table that several classes share, the columns that tell of which class a row is.

        SQLAlchemy adds them to statements when it compiles, so that they stand in none before.
        """
        found: dict[str, set[str]] = {}
        mappers = {it for entity in self._entities() for it in entity.mapper.registry.mappers}
        for expression in (it.polymorphic_on for it in mappers if it.polymorphic_on is not None):
            for column in visitors.iterate(expression):
                if isinstance(column, Column) and isinstance(column.table, Table):
                    found.setdefault(column.table.fullname, set()).add(column.name)
        return {table: frozenset(columns) for table, columns in found.items()}

    def _entities(self) -> Iterator[Entity]:
        origins = (getattr(known.definition, "origin", None) for known in self.schema_converter.type_map.values())
        entities = (getattr(origin, "__entity__", None) for origin in origins)
        return (it for it in entities if isinstance(it, Entity))

    def as_str(self) -> str:
        """The schema in its own language; of a subgraph, as gateways compose it."""
        return self._subgraph.text if self._subgraph else self._plain_text()

    __str__ = as_str

    def _plain_text(self) -> str:
        """The schema without a word to gateways. Strawberry's printer leaves the description of the schema out."""
        described = _definition(self._schema)
        return super().as_str() if described is None else f"{described}\n\n{super().as_str()}"

    async def execute(
        self,
        query: str | None,
        variable_values: dict[str, Any] | None = None,
        context_value: ContextFactory | None = None,
        root_value: Any | None = None,
        operation_name: str | None = None,
        allowed_operation_types: Iterable[StrawberryOperationType] | None = None,
        operation_extensions: dict[str, Any] | None = None,
        on_error: ErrorBehavior | None = None,
    ) -> ExecutionResult:
        """Answer one operation as a server does, called as Strawberry's method is; `context_value` is a factory.

        Raises `NotAllowed` for an operation of a kind that is not among those allowed.
        """
        assert context_value is not None, "give a ContextFactory: an operation needs a session"
        assert root_value is None, "operations start from no object"
        kinds = DEFAULT_ALLOWED_OPERATION_TYPES if allowed_operation_types is None else allowed_operation_types
        request = OperationRequest(
            query or "", variable_values, operation_name, operation_extensions, on_error=on_error
        )
        return await self.operations.answer(request, context_value, {OperationType(kind.value) for kind in kinds})

    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        """Log nothing here: `graph.masking` logs what is our own fault, and clients' mistakes are theirs."""


def _subgraph(query: type[Any], settings: Settings, text: Callable[[], str]) -> "Subgraph":
    # Imported here: a subgraph is made of entities, and most servers are none.
    from graph.federation.subgraph import Subgraph

    return Subgraph(query, settings, text)


def _definition(schema: GraphQLSchema) -> str | None:
    """`schema { … }` with its description; None for a schema without one, whose roots go without saying."""
    if schema.description is None:
        return None
    roots = ((kind, schema.get_root_type(kind)) for kind in OperationType)
    operations = tuple(_root(kind, type_) for kind, type_ in roots if type_ is not None)
    described = StringValueNode(value=schema.description, block=True)
    return print_ast(SchemaDefinitionNode(description=described, directives=(), operation_types=operations))


def _root(operation: OperationType, type_: GraphQLObjectType) -> OperationTypeDefinitionNode:
    return OperationTypeDefinitionNode(operation=operation, type=NamedTypeNode(name=NameNode(value=type_.name)))
