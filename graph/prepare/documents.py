"""Documents, parsed and validated once.

Text enters, a `Prepared` leaves and is kept in a bounded cache; variables never enter the key. Documents that are
refused are remembered apart, so that they push no good one out. Limits are checked before anything is run.
"""

import sys
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    NameNode,
    NoSchemaIntrospectionCustomRule,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    get_operation_ast,
    parse,
    specified_rules,
    validate,
)
from graphql.execution.collect_fields import FragmentDetails
from graphql.validation.rules import overlapping_fields_can_be_merged as overlapping
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

from db.kept import MAX_CACHE_BYTES, Cache, Figures, Kept
from graph.errors import TooCostly
from graph.prepare.atomic import AtomicRule
from graph.prepare.error_behavior import ErrorBehavior
from graph.prepare.limits import Limits
from graph.prepare.live import LIVE_QUERY, AnyKind, LiveRule
from graph.prepare.mistakes import bytes_of, found_by, most_errors, most_suggested, told
from graph.prepare.operation import CheckedOperation, PreparedOperation, refuse_costly, size_arguments
from graph.prepare.work import InputWorks

BYTES_PER_TOKEN = 1_200
"""What a token's nodes and its share of the plan take, measured; the shortest tokens take the most."""

MAX_REFUSED = 1_000
BYTES_PER_OPERATION = 1_000
"""What the kind and the name of an operation take."""

overlapping.MAX_COMPLEXITY_BUDGET = 50_000
"""Comparing fields of one name pair by pair is all that grows faster than the document; graphql-core would allow ten
times as much, which takes seconds. Setting it here is the way that graphql-core offers."""

TOO_MUCH_WORK = "The document nests or repeats fragments and fields too often; ask for less, and for each field once."
"""graphql-core stops validating when the work grows beyond the document's length, and does not say why."""


@dataclass(frozen=True)
class Prepared:
    """A valid document."""

    document: DocumentNode
    fragments: dict[str, FragmentDefinitionNode]
    details: dict[str, FragmentDetails]
    """The fragments as graphql-core's executor takes them."""
    size: int
    """About how many bytes it takes."""
    operations: dict[str | None, PreparedOperation] = field(default_factory=dict)
    """Those that were run, by the names that asked for them."""


class NotAllowed(Exception):
    """An operation of this kind is not answered here."""

    def __init__(self, kind: AnyKind) -> None:
        self.kind = kind
        super().__init__(f"A {kind.value} is not answered here.")


class InvalidDocument(Exception):
    """The document, or an operation of it, cannot be run; `errors` says why."""

    def __init__(self, errors: Iterable[GraphQLError], document: DocumentNode | None = None) -> None:
        self.errors = list(errors)
        self.document = document
        """Its operations by kind and name, perhaps without what they select; None for text that is no document."""
        super().__init__("; ".join(error.message for error in self.errors))


class OperationRequest(NamedTuple):
    """What a client asks for."""

    query: str
    variables: Mapping[str, Any] | None = None
    operation_name: str | None = None
    extensions: Mapping[str, Any] | None = None
    document_id: str | None = None
    """What the client calls its document, instead of sending the text or beside it."""
    prepared: Prepared | None = None
    """The document, where it is a registered one."""
    on_error: ErrorBehavior | None = None
    """What an error does to the rest of the response, where the client says so."""
    checked: CheckedOperation | InvalidDocument | None = None
    """What `Preparer.tried` has found already."""


class Refusal(NamedTuple):
    """Why a document was refused, for whoever sends it again."""

    errors: list[GraphQLError]
    document: DocumentNode | None
    size: int
    """About how many bytes it takes."""


def no_such_operation() -> GraphQLError:
    """Said when `operationName` is unknown, or left out where there are several."""
    message = "The document has no such operation; name one of it in `operationName`."
    return GraphQLError(message, extensions={"code": "OPERATION_NOT_FOUND"})


class Preparer:
    """Prepares documents for one schema and keeps the most recently used ones."""

    def __init__(
        self,
        schema: GraphQLSchema,
        limits: Limits,
        capacity: int,
        max_cache_bytes: int = MAX_CACHE_BYTES,
        largest_budget: float = 1,
    ) -> None:
        self.limits = limits
        self._limits: dict[float, Limits] = {1: limits}
        """By budget."""
        self._largest = self.limits_of(max(largest_budget, 1))
        self._schema = schema
        self._kept: Kept[str, Prepared] = Kept(capacity, Cache.DOCUMENTS.share_of(max_cache_bytes), _size)
        self._refused: Kept[str, Refusal] = Kept(MAX_REFUSED, Cache.REFUSED_DOCUMENTS.share_of(max_cache_bytes), _size)
        hidden = () if limits.introspection else (NoSchemaIntrospectionCustomRule,)
        self._sizes = size_arguments(schema)
        self._works = InputWorks()
        self._suggested = most_suggested(schema)
        self._rules = (
            *specified_rules,
            MaybeNullValidationRule,
            OneOfInputValidationRule,
            AtomicRule,
            LiveRule,
            *hidden,
        )

    @property
    def figures(self) -> Mapping[str, Figures]:
        """How full its caches are."""
        return {Cache.DOCUMENTS: self._kept.figures, Cache.REFUSED_DOCUMENTS: self._refused.figures}

    def knows(self, request: OperationRequest) -> bool:
        """Whether the document that is asked for was prepared, or refused, before."""
        return request.prepared is not None or request.query in self._kept or request.query in self._refused

    def prepare(self, text: str) -> Prepared:
        """Parse and validate a document, or take it from the cache. Raises `InvalidDocument`."""
        prepared = self._kept.get(text)
        if prepared is None:
            prepared = self._prepare_once(text)
            self._kept[text] = prepared
        return prepared

    def _prepare_once(self, text: str) -> Prepared:
        """Prepare a document that was not refused before."""
        refusal = self._refused.get(text)
        if refusal is not None:
            raise InvalidDocument(refusal.errors, refusal.document)
        try:
            return self._prepare(text)
        except InvalidDocument as invalid:
            self._refused[text] = _refusal(text, invalid)
            raise

    def prepare_for_good(self, text: str) -> Prepared:
        """Prepare a document with all of its operations, for somebody else to keep. Raises `InvalidDocument`.

        Each operation is planned, and priced as it costs with the defaults of its variables.
        """
        prepared = self._prepare(text)
        nodes = [node for node in prepared.document.definitions if isinstance(node, OperationDefinitionNode)]
        for node in nodes:
            operation = self.operation(prepared, node.name.value if node.name else None)
            try:
                operation.price()
            except TooCostly as error:
                raise InvalidDocument([GraphQLError(error.message, node, extensions=error.extensions)]) from None
        if len(nodes) == 1:
            prepared.operations[None] = operation
        return prepared

    def document(self, request: OperationRequest) -> Prepared:
        """The document that is asked for. Raises `InvalidDocument`."""
        return request.prepared or self.prepare(request.query)

    def operation(self, prepared: Prepared, name: str | None) -> PreparedOperation:
        """The operation of this name. Raises `InvalidDocument` when there is none."""
        found = prepared.operations.get(name)
        if found is None:
            node = get_operation_ast(prepared.document, name)
            if node is None:
                raise InvalidDocument([no_such_operation()])
            found = prepared.operations[name] = self.derived(prepared, node)
        return found

    def derived(self, prepared: Prepared, node: OperationDefinitionNode) -> PreparedOperation:
        """An operation of a valid document, or made of its nodes, so that it is valid, too; nobody keeps it."""
        return PreparedOperation(
            self._schema, node, prepared.fragments, prepared.details, self._sizes, self._works, self.limits
        )

    def limits_of(self, budget: float) -> Limits:
        """What viewers may ask for who have this many times the limits."""
        if budget not in self._limits:
            self._limits[budget] = self.limits.share(budget)
        return self._limits[budget]

    def checked(self, request: OperationRequest, allowed: Container[AnyKind], budget: float = 1) -> CheckedOperation:
        """The operation that is asked for: known, allowed, with variables that fit, and within its viewer's budget.

        Raises `InvalidDocument`, and `NotAllowed` for an operation of another kind, also where its document is wrong.
        Among
        the kinds that are allowed, `LIVE_QUERY` allows queries with `@live`.
        """
        found = request.checked or self.tried(request)
        if isinstance(found, InvalidDocument):
            if found.document is not None:
                self._check_kind(get_operation_ast(found.document, request.operation_name), allowed)
            raise InvalidDocument(found.errors, found.document)  # kept with the request, it would keep these frames
        if found.operation.kind not in allowed:
            raise NotAllowed(found.operation.kind)
        if found.operation.is_live and LIVE_QUERY not in allowed:
            raise NotAllowed(LIVE_QUERY)
        limits = self._limits.get(budget) or self.limits_of(budget)
        return found if found.limits is limits else _within(found, limits)

    def kind_of(self, request: OperationRequest) -> OperationType | None:
        """Of what kind the operation is; None for text that is no document, or has no such operation."""
        found = request.checked or self.tried(request)
        if isinstance(found, CheckedOperation):
            return found.operation.kind
        node = None if found.document is None else get_operation_ast(found.document, request.operation_name)
        return None if node is None else node.operation

    def is_live(self, request: OperationRequest) -> bool:
        """Whether it is a query whose answer is told again when it has changed."""
        found = request.checked or self.tried(request)
        return isinstance(found, CheckedOperation) and found.operation.is_live

    def is_incremental(self, request: OperationRequest) -> bool:
        """Whether it is a query, parts of whose answer may come later."""
        found = request.checked or self.tried(request)
        if not isinstance(found, CheckedOperation) or found.operation.kind is not OperationType.QUERY:
            return False
        return found.operation.plan.incremental

    def tried(self, request: OperationRequest) -> CheckedOperation | InvalidDocument:
        """The operation that is asked for, of whatever kind, within the largest budget; or what is wrong with it."""
        try:
            prepared = request.prepared or self.prepare(request.query)
        except InvalidDocument as invalid:
            return InvalidDocument(invalid.errors, invalid.document)  # as above
        name = request.operation_name
        try:
            operation = prepared.operations.get(name) or self.operation(prepared, name)
            return self.check(operation, request.variables, self._largest)
        except InvalidDocument as invalid:
            return InvalidDocument(invalid.errors, prepared.document)

    def check(
        self, operation: PreparedOperation, given: Mapping[str, Any] | None, limits: Limits | None = None
    ) -> CheckedOperation:
        """The operation with its variables. Raises `InvalidDocument` when they do not fit, or ask for too much."""
        try:
            return operation.check(given or {}, limits)
        except TooCostly as error:
            raise InvalidDocument([error]) from None
        except ExceptionGroup as errors:
            wrong = [error for error in errors.exceptions if isinstance(error, GraphQLError)]
            raise InvalidDocument(self._coded(error, "BAD_USER_INPUT") for error in wrong) from None

    def _check_kind(self, operation: OperationDefinitionNode | None, allowed: Container[AnyKind]) -> None:
        """Raise `NotAllowed` for the kind of an operation that is wrong besides.

        A subscription of a schema without any is allowed nowhere: what is wrong with it says so, and nobody is sent to
        another address. A mutation is no GET's whatever the schema has.
        """
        if operation is None:
            raise InvalidDocument([no_such_operation()])
        kind = operation.operation
        has_none = kind is OperationType.SUBSCRIPTION and self._schema.subscription_type is None
        if kind not in allowed and not has_none:
            raise NotAllowed(kind)

    def _prepare(self, text: str) -> Prepared:
        limit = self.limits.max_tokens
        try:
            document = parse(text, max_lexical_tokens=limit, max_comments=limit)
        except GraphQLError as error:
            raise InvalidDocument([self._coded(error, "GRAPHQL_PARSE_FAILED")]) from None
        _unchain(document)
        errors = self._mistakes(document)
        if errors:
            wrong = [self._coded(error, "GRAPHQL_VALIDATION_FAILED") for error in errors]
            raise InvalidDocument(wrong, _operations_of(document))
        fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
        details = {name: FragmentDetails(fragment) for name, fragment in fragments.items()}
        return Prepared(document, fragments, details, sys.getsizeof(text) + BYTES_PER_TOKEN * document.token_count)

    def _mistakes(self, document: DocumentNode) -> list[GraphQLError]:
        def check(most: int, hide_suggestions: bool) -> list[GraphQLError]:
            return validate(self._schema, document, self._rules, most, hide_suggestions=hide_suggestions)

        return found_by(
            check,
            hide_suggestions=not self.limits.introspection,
            most=most_errors(document),
            suggested=self._suggested,
        )

    def _coded(self, error: GraphQLError, code: str) -> GraphQLError:
        """The client's own mistake, without the exception of ours that found it."""
        message = TOO_MUCH_WORK if error.message == "Validation aborted." else error.message
        if not self.limits.introspection:  # graphql-core hides all suggestions but one
            message = message.partition(" Did you mean")[0]
        return told(error, message, code)


def _unchain(document: DocumentNode) -> None:
    """Let tokens go: they know their neighbours, so that all of them would wait for the garbage collector together.

    Nodes keep those that they begin and end with, and errors need no others.
    """
    token = document.loc.start_token if document.loc else None
    while token is not None:
        following, token.prev, token.next = token.next, None, None
        token = following


def _within(found: CheckedOperation, limits: Limits) -> CheckedOperation:
    """An operation within the limits of its viewer, who is known by now. Raises `InvalidDocument`."""
    try:
        refuse_costly(found.cost, limits)
    except TooCostly as error:
        raise InvalidDocument([error]) from None
    return replace(found, limits=limits)


def _size(_text: str, found: Prepared | Refusal) -> int:
    return found.size


def _operations_of(document: DocumentNode) -> DocumentNode:
    """The kinds and names of a document's operations. Its own nodes would keep all of its tokens alive."""
    return DocumentNode(
        definitions=tuple(
            OperationDefinitionNode(
                operation=node.operation,
                name=NameNode(value=node.name.value) if node.name else None,
                selection_set=SelectionSetNode(selections=()),
            )
            for node in document.definitions
            if isinstance(node, OperationDefinitionNode)
        )
    )


def _refusal(text: str, invalid: InvalidDocument) -> Refusal:
    operations = len(invalid.document.definitions) if invalid.document else 0
    size = sys.getsizeof(text) + bytes_of(invalid.errors) + BYTES_PER_OPERATION * operations
    return Refusal(invalid.errors, invalid.document, size)
