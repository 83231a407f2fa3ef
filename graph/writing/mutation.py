"""Mutations: from an input to a payload, all of it at one place.

A root field of a mutation is checked (may the viewer do it, is the input right), done in one transaction, recorded,
and committed; or undone, with errors in its payload. Loaders forget what they read, and the payload is read back
through the plan. Source: https://spec.graphql.org/September2025/#sec-Mutation; docs/decisions/0012-writes.md.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from inspect import cleandoc
from typing import Any, get_type_hints

from sqlalchemy.exc import IntegrityError
from strawberry.utils.str_converters import to_camel_case

from db.session import RequestSession
from graph.context import RequestContext
from graph.entity.fields import object_type
from graph.errors import DeclarationError
from graph.prepare.fields import PlannedField, argument
from graph.prepare.selection import Info
from graph.writing.change import Change
from graph.writing.errors import SIGNED_IN, Rejected, Right
from graph.writing.idempotency import FIELD, Keys, Once, Repeated, check_idempotent, fingerprint_of
from graph.writing.inputs import Input, input_type, parsed
from graph.writing.payload import Member, Payload
from graph.writing.rejections import rejections_of

Work = Callable[[Any, Change], Awaitable[Any]]
"""From the input and the change to the payload's value: a mapped row, several, or a dict of the payload's members."""

Prepare = Callable[[Any, RequestContext], Awaitable[Any]]
"""Done before the transaction begins, without holding a connection: to hash a password, to ask another service."""

Record = Callable[[Change, str], Awaitable[None]]
"""Crud down who did what, in the same transaction."""

INPUT = "input"


class Mutation(PlannedField):
    """A field of the mutation type."""

    record: Record | None = None
    """Set by `mutation_type`."""
    prepare: Prepare | None = None
    idempotent = False
    keys: Keys | None = None
    """Set by `mutation_type`, as `record` is."""

    def __init__(
        self, name: str, description: str, model: type[Input], members: Mapping[str, Member], work: Work, right: Right
    ) -> None:
        required = any(field.is_required() for field in model.model_fields.values())
        given = input_type(model)
        payload = Payload(f"{name[0].upper()}{to_camel_case(name)[1:]}Payload", members)
        super().__init__(
            name,
            payload.type,
            f"{description} {right}",
            (argument(INPUT, given if required else given | None, "What is to be done."),),
        )
        self.model = model
        self.right = right
        self.planned_resolver = self._resolve
        self.members = members
        self._payload = payload
        self._work = work

    async def _resolve(self, _source: Any, info: Info, **arguments: Any) -> dict[str, Any]:
        context: RequestContext = info.context
        try:
            return self._payload.answer(await self._done(context, arguments.get(INPUT) or {}))
        except Repeated as repeated:
            return repeated.answer
        except Rejected as refused:
            return self._payload.refusal(refused.errors)

    async def _done(self, context: RequestContext, given: Mapping[str, Any]) -> Any:
        refusal = self.right(context.viewer)
        if refusal is not None:
            raise Rejected(refusal)
        checked = parsed(self.model, given, (INPUT,))
        once = self._once(checked, context)
        prepared = await self.prepare(checked, context) if self.prepare else None
        changes: list[Change] = []

        async def work(transaction: RequestSession) -> Any:
            if once is not None:
                await once.begin(transaction)
            change = Change(transaction, context, (INPUT,), prepared)
            changes[:] = [change]
            result = await self._work(checked, change)
            await transaction.flush()
            if self.record is not None:
                await self.record(change, str(self.graphql_name))
            if once is not None:
                await once.done(transaction, result)
            return result

        try:
            result = await context.session.write(work)
        except (IntegrityError, Rejected) as error:
            errors = error.errors if isinstance(error, Rejected) else rejections_of(error, self.model, (INPUT,))
            if once is None:
                raise Rejected(*errors) from None
            raise Repeated(await once.refused(context, errors)) from None
        finally:
            context.loaders.clear()
        for then in changes[0].afterwards:
            then()
        return result

    def _once(self, values: Input, context: RequestContext) -> Once | None:
        """The key of a call that has one."""
        key = getattr(values, FIELD) if self.idempotent else None
        if key is None or self.keys is None:
            return None
        place = (INPUT, str(self.model.model_fields[FIELD].alias))
        fingerprint = fingerprint_of(str(self.graphql_name), values)
        return Once(self.keys, self._payload, context.viewer.name, key, fingerprint, place)


def mutation(
    *,
    right: Right = SIGNED_IN,
    prepare: Prepare | None = None,
    idempotent: bool = False,
    **members: tuple[Any, str] | type[Any],
) -> Callable[[Callable[..., Awaitable[Any]]], Mutation]:
    """Declare a mutation: `@mutation(post=Post)` above `async def publish_post(input: PublishPost, change: Change)`.

    The function's name is the field's, its docstring the description, its first parameter's annotation the input. Each
    keyword is a field of the payload: an entity's class, a list of one, or any type with a description. One that is
    `idempotent` has an `idempotency_key` in its input, and is done once for each key of a viewer.
    """

    def decorate(work: Callable[..., Awaitable[Any]]) -> Mutation:
        hints = get_type_hints(work)
        model = next(iter(hints.values()))
        if not (isinstance(model, type) and issubclass(model, Input)):
            raise DeclarationError(f"{work.__name__}: the first parameter must be annotated with a class of Input.")
        description = cleandoc(work.__doc__ or "").split("\n\n")[0].replace("\n", " ")
        made = Mutation(work.__name__, description, model, members_of(members), work, right)
        made.prepare = prepare
        made.idempotent = idempotent
        if idempotent:
            check_idempotent(work.__name__, model, made.members)
        return made

    return decorate


def members_of(members: Mapping[str, tuple[Any, str] | Any]) -> dict[str, Member]:
    """The members of a payload as `mutation` takes them."""
    return {
        name: Member(*member)
        if isinstance(member, tuple)
        else Member(member, "What it is now; null if nothing was done.")
        for name, member in members.items()
    }


def mutation_type(
    mutations: Iterable[Mutation | Callable[[], Mutation]], record: Record | None = None, keys: Keys | None = None
) -> type[Any]:
    """The mutation type. Each change is written down by `record` before it is committed.

    `keys` keeps the answers to calls with an idempotency key; without it, such keys are not heeded.

    What is not a field yet is made now, when every entity is declared.
    """
    fields = [field if isinstance(field, Mutation) else field() for field in mutations]
    for field in fields:
        field.record, field.keys = record, keys
    description = "Everything that can be changed. Fields are done one after the other, each in its own transaction."
    return object_type("Mutation", description, *fields)
