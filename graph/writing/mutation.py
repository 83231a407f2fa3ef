"""Mutations: from an input to a payload, all of it at one place.

Declarations enter; `mutation_type` makes fields of them. A field checks the viewer's right and the input, does the work
in one transaction, records and commits it; or undoes it, with errors in the payload. Loaders forget what they read, and
the payload is read back through the plan. Work never commits, and no rejection leaves as an exception, unless it is one
that the mutation does not declare: that undoes the work, too.
Source: https://spec.graphql.org/September2025/#sec-Mutation; docs/decisions/0012-writes.md.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar, cast, get_type_hints

from graphql import FieldNode
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError
from strawberry.utils.str_converters import to_camel_case

from db.dialects import Failure, failure_of
from db.own import Feature
from db.session import RequestSession
from graph.context import RequestContext
from graph.entity.fields import first_paragraph, object_type
from graph.errors import DeclarationError
from graph.execute.walk import Info, coerced_variables
from graph.prepare.atomic import ATOMIC, is_atomic
from graph.prepare.fields import PlannedField, argument
from graph.viewer import Viewer
from graph.writing.atomic import answer_together
from graph.writing.change import INPUT, PLACE, Asked, Change
from graph.writing.error_types import ErrorTypes
from graph.writing.errors import (
    ErrorClass,
    IdempotencyConflict,
    InvalidInput,
    NotFound,
    Place,
    Rejected,
    Undone,
    UserError,
    is_user_error,
)
from graph.writing.idempotency import FIELD, IdempotentCall, Keys, Repeated, check_idempotent, fingerprint_of
from graph.writing.inputs import Input, InputT, input_type, parsed
from graph.writing.left_out import left_out
from graph.writing.payload import Answer, Member, Payload, error_codes
from graph.writing.rights import SIGNED_IN, Right
from graph.writing.violations import refused_by_rule, unstorable_errors, violation_errors

ResultT = TypeVar("ResultT")

Work: TypeAlias = Callable[[InputT, Change], Awaitable[ResultT]]
"""From the input and the change to the payload's value: a mapped row, several, or a dict of the payload's members.

It may be done several times, each time in a transaction of its own, where others stand in its way."""

Prepare: TypeAlias = Callable[[Any, RequestContext], Awaitable[object]]
"""Done before the transaction begins, without holding a connection: to hash a password, to ask another service."""

Record: TypeAlias = Callable[[Change, str], Awaitable[None]]
"""Writes down who did what, by the mutation's name, in the transaction of the change."""


@dataclass(frozen=True)
class MutationDeclaration(Generic[InputT, ResultT]):
    """A mutation as a noun declares it. `mutation_type` makes a field of it, with a recorder and a key store."""

    name: str
    """The field's name, in Python's spelling."""
    description: str
    input: type[InputT]
    members: Mapping[str, Member]
    """The payload's fields besides `errors`."""
    right: Right
    work: Work[InputT, ResultT]
    prepare: Prepare | None = None
    idempotent: bool = False
    """Whether the input has an `idempotency_key`, and the work is done once for each key of a viewer."""
    errors: tuple[ErrorClass, ...] = ()
    """What it may answer besides what every mutation may."""
    needs: Feature | None = None
    """What it needs tables of Trellis's own for."""
    joins_others: bool = True
    """Whether it may be a part of an `@atomic` operation: undone, it leaves nothing, and the viewer stays the same."""

    def __post_init__(self) -> None:
        """Raise `DeclarationError` for what cannot be kept under a key, and for errors that are none."""
        if self.idempotent:
            check_idempotent(self.name, self.input, self.members)
        for error in self.errors:
            if not is_user_error(error):
                raise DeclarationError(f"{self.name}: {error.__name__} is no user error; put @user_error above it.")

    @property
    def answers(self) -> frozenset[ErrorClass]:
        """All that it may answer instead of doing what is asked.

        Each input may be invalid. Each change writes down who made it, at least, and that row may refer to one that
        has just been deleted.
        """
        keys = (IdempotencyConflict,) if self.idempotent else ()
        together = (Undone,) if self.joins_others else ()
        return frozenset((InvalidInput, NotFound, *self.right.errors, *keys, *together, *self.errors))


AnyMutation: TypeAlias = MutationDeclaration[Any, Any]


class MutationField(PlannedField):
    """A field of the mutation type."""

    def __init__(self, declaration: AnyMutation, types: ErrorTypes, record: Record | None, keys: Keys | None) -> None:
        camel = to_camel_case(declaration.name)
        payload = Payload(camel, declaration.members, declaration.answers, types)
        model: type[Input] = declaration.input
        required = any(field.is_required() for field in model.model_fields.values())
        given = input_type(model)
        super().__init__(
            declaration.name,
            payload.type,
            f"{declaration.description} {declaration.right}",
            (argument(INPUT, given if required else given | None, "What is to be done."),),
        )
        self.declaration = declaration
        self.resolver = self._resolve
        self.joins_others = declaration.joins_others
        self._name = camel
        self.payload = payload
        self._record = record
        self.keys = keys

    async def _resolve(self, _source: object, info: Info, **arguments: Mapping[str, object]) -> Answer:
        is_one_of_many = is_atomic(info.operation)
        answer = await (answer_together(info) if is_one_of_many else self._answer(info, arguments.get(INPUT) or {}))
        if codes := error_codes(answer):
            info.context.note_user_errors(codes)
        return answer

    async def _answer(self, info: Info, given: Mapping[str, object]) -> Answer:
        try:
            return self.payload.answer(await self._done(info, given))
        except Repeated as repeated:
            return repeated.answer
        except Rejected as rejected:
            return self.payload.rejection(rejected.errors)

    async def _done(self, info: Info, given: Mapping[str, object]) -> object:
        """The result of a call that is right and whose work is committed. Raises `Rejected` and `Repeated`."""
        context = info.context
        values = self.checked(given, info.field_nodes[0], coerced_variables(info), context.viewer)
        call = self._idempotent_call(values, context)
        prepared = await self.prepared(values, context)
        result, change = await self._committed(values, prepared, call, context, given)
        for then in change.afterwards:
            await then()
        return result

    def checked(
        self, given: Mapping[str, object], node: FieldNode, variables: Mapping[str, object], viewer: Viewer
    ) -> Input:
        """The input of a viewer who has the right. Raises `Rejected`."""
        model: type[Input] = self.declaration.input
        error = self.declaration.right(viewer)
        if error is not None:
            raise Rejected(error)
        missing = left_out(node, model, variables, PLACE)
        if missing:
            raise Rejected(*missing)
        return parsed(model, given, PLACE)

    async def prepared(self, values: Input, context: RequestContext) -> object:
        """What is to be done before the transaction. Raises `Rejected`."""
        prepare = self.declaration.prepare
        return await prepare(values, context) if prepare is not None else None

    async def changed(self, values: Input, change: Change) -> object:
        """The result of the work, which is recorded. Raises `Rejected`, and what databases and work raise."""
        result = await self.declaration.work(values, change)
        self.payload.errors_in(result)  # before anything is kept: it raises for those that are not declared
        await change.flush()
        if self._record is not None:
            await self._record(change, self._name)
        return result

    def errors_of(self, rejection: StatementError | Rejected) -> list[UserError]:
        """Why a change was rejected. Raises an error of the database again that no input can have caused."""
        return self.payload.declared(_errors_of(rejection, self.declaration.input))

    async def _committed(
        self,
        values: Input,
        prepared: object,
        call: IdempotentCall | None,
        context: RequestContext,
        given: Mapping[str, object],
    ) -> tuple[object, Change]:
        """The result of the work in a transaction of its own, and the change of the attempt that was committed."""
        asked = Asked(self.declaration.input, given)

        async def work(session: RequestSession) -> tuple[object, Change]:
            change = Change(session, context, PLACE, prepared, asked)
            if call is not None:
                await call.begin(change)
            result = await self.changed(values, change)
            if call is not None:
                await call.done(result, change)
            return result, change

        try:
            return await context.session.write(work)
        except (StatementError, Rejected) as rejection:
            errors = self.errors_of(rejection)
            if call is None:
                raise Rejected(*errors) from None
            raise Repeated(await call.rejected(errors, context)) from None
        finally:
            context.loaders.clear()

    def _idempotent_call(self, values: Input, context: RequestContext) -> IdempotentCall | None:
        """The call of an idempotent mutation under the client's key; None without one."""
        key = self.key_of(values)
        if key is None or self.keys is None:
            return None
        fingerprint = self.fingerprint_of(values)
        return IdempotentCall(self.keys, self.payload, context.viewer.name, key, fingerprint, self.key_place)

    def key_of(self, values: Input) -> str | None:
        """The client's own name for the change; None where there is none, or none is heeded."""
        return getattr(values, FIELD) if self.declaration.idempotent and self.keys is not None else None

    @property
    def key_place(self) -> Place:
        """Where the client's own name for the change stands among the arguments."""
        return (*PLACE, str(self.declaration.input.model_fields[FIELD].alias))

    @property
    def is_kept(self) -> bool:
        """Whether its answers may be kept under another change's key. Text may be a secret, unless that was meant."""
        members = self.declaration.members.values()
        return self.declaration.idempotent or all(member.is_kept and member.type is not str for member in members)

    def fingerprint_of(self, values: Input) -> str:
        """A digest of a call: equal for calls that ask for the same."""
        return fingerprint_of(self._name, values)


def _errors_of(rejection: StatementError | Rejected, model: type[Input]) -> Iterable[UserError]:
    """Why a change was rejected. Raises an error of the database again that no input can have caused."""
    if isinstance(rejection, Rejected):
        return rejection.errors
    if isinstance(rejection, IntegrityError):
        return violation_errors(rejection, model, PLACE)
    if isinstance(rejection, DBAPIError) and failure_of(rejection) in (Failure.UNFIT_VALUE, Failure.OUT_OF_RANGE):
        return [InvalidInput("A value is not of the kind that its column holds, or does not fit; send another.", PLACE)]
    if isinstance(rejection, DBAPIError) and failure_of(rejection) in (Failure.REFUSED, Failure.UNCOMPUTABLE):
        return [refused_by_rule(PLACE)]
    return unstorable_errors(rejection, PLACE)


def mutation(
    *,
    right: Right = SIGNED_IN,
    prepare: Prepare | None = None,
    idempotent: bool = False,
    errors: Iterable[ErrorClass] = (),
    needs: Feature | None = None,
    joins_others: bool = True,
    **members: tuple[object, str] | type[object],
) -> Callable[[Work[InputT, ResultT]], MutationDeclaration[InputT, ResultT]]:
    """Declare a mutation: `@mutation(post=Post)` above `async def publish_post(input: PublishPost, change: Change)`.

    The function's name is the field's, its docstring the description, its first parameter's annotation the input. Each
    keyword is a field of the payload: an entity's class, a list of one, or any type with a description. One that is
    `idempotent` has an `idempotency_key` in its input, and is done once for each key of a viewer. `errors` are the user
    errors that its work answers with, besides those that every mutation may: an invalid input, something that is not
    there, the want of a right. `needs` says what it needs tables of Trellis's own for. One that does more than its
    transaction can undo, or lets the operation go on as another viewer, does not join others in an `@atomic` operation.
    Raises `DeclarationError` for a function without an input, and for an idempotent one whose payload cannot be kept.
    """

    def decorate(work: Work[InputT, ResultT]) -> MutationDeclaration[InputT, ResultT]:
        name, model = work.__name__, next(iter(get_type_hints(work).values()), None)
        if not (isinstance(model, type) and issubclass(model, Input)):
            raise DeclarationError(f"{name}: the first parameter must be annotated with a class of Input.")
        description = first_paragraph(work.__doc__)
        given = cast(type[InputT], model)
        declared = members_of(members)
        return MutationDeclaration(
            name, description, given, declared, right, work, prepare, idempotent, tuple(errors), needs, joins_others
        )

    return decorate


def members_of(members: Mapping[str, tuple[object, str] | type[object]]) -> dict[str, Member]:
    """The members of a payload as `mutation` takes them."""
    return {
        name: Member(*member)
        if isinstance(member, tuple)
        else Member(member, f"The {name.replace('_', ' ')} as it is now; null if nothing was done.")
        for name, member in members.items()
    }


def mutation_type(
    mutations: Iterable[AnyMutation | Callable[[], AnyMutation]],
    record: Record | None = None,
    keys: Keys | None = None,
) -> type[Any]:
    """The mutation type. Each change is written down by `record` before it is committed.

    `keys` keeps the answers to calls with an idempotency key; without it, such keys are not heeded. A function (such as
    `posts.create`) is called now, when every entity is declared. What either needs tables of Trellis's own for, its
    `own` says (`own_features` of the type).
    """
    declarations = [it if isinstance(it, MutationDeclaration) else it() for it in mutations]
    description = (
        "Everything that can be changed. Fields are done one after the other, each in its own transaction; or with"
        " `@atomic` behind `mutation`, all in one."
    )
    types = ErrorTypes(error for it in declarations for error in it.answers)
    made = object_type("Mutation", description, *(MutationField(it, types, record, keys) for it in declarations))
    needed = (*(getattr(it, "own", None) for it in (record, keys)), *(it.needs for it in declarations))
    made.operation_directives = (ATOMIC,)
    made.own_features = frozenset(it for it in needed if it is not None)
    return made
