"""Idempotency keys: a change that a client may send again, without its being made twice.

A client names a change. The first call under a name claims it in its own transaction, and its answer is kept with the
change itself; another call under the name waits for it meanwhile, and later gets the same answer. Errors of the work
are kept too, in a transaction after the one that was undone; a call that is rejected before any work begins is not.
Where keys are kept is not known here: no noun is. Source: https://docs.stripe.com/api/idempotent_requests
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, NamedTuple, Protocol, TypeAlias

from pydantic import Field, StringConstraints

from db.session import RequestSession
from graph.context import RequestContext
from graph.entity.ids import key_in
from graph.entity.scalars import without_zeros
from graph.errors import DeclarationError
from graph.execute.reference import RowReference
from graph.writing.change import Change, global_id
from graph.writing.errors import IdempotencyConflict, Place, UserError
from graph.writing.inputs import Guard, Input
from graph.writing.payload import ERRORS, Answer, Member, Payload

FIELD = "idempotency_key"
MAX_KEY = 100

IdempotencyKey = Annotated[
    str,
    StringConstraints(min_length=1, max_length=MAX_KEY),
    Guard("the change would be made again with each call"),
]
"""The annotation of the field, with `| None`; `idempotency_key()` is its default."""

StoredAnswer: TypeAlias = Mapping[str, Any]
"""An answer as JSON: `{"members": {name: value}, "errors": [{type, code, message, path, data}]}`, with ids for rows."""


def idempotency_key() -> Any:
    """The field of an input of an idempotent mutation."""
    description = (
        "Your own name for this change, for instance a UUID. Sent again within a day, it gives the same answer and"
        " changes nothing, so that you may repeat a call whose answer was lost."
    )
    return Field(None, description=description)


class Claim(NamedTuple):
    """What is known of a key that was claimed before."""

    fingerprint: str
    answer: StoredAnswer


class Keys(Protocol):
    """Where keys are kept. An owner's keys are nobody else's."""

    async def claim(self, change: Change, owner: str, key: str, fingerprint: str) -> Claim | None:
        """Claim a key in the transaction of this change, waiting for others that have claimed it; None: it is ours."""

    async def keep(self, change: Change, owner: str, key: str, answer: StoredAnswer) -> None:
        """Keep the answer under a key that this change has claimed."""


class Repeated(Exception):
    """The change was made before, or its key was: this is the answer, and no work is to be done."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        super().__init__("This was done before.")


def check_idempotent(name: str, model: type[Input], members: Mapping[str, Member]) -> None:
    """Raise `DeclarationError` for a mutation that cannot be idempotent: no key, or members that cannot be kept."""
    if FIELD not in model.model_fields:
        raise DeclarationError(f"{model.__name__} has no {FIELD}; add one, or leave idempotent=True of {name} out.")
    for member_name, member in members.items():
        if not member.is_kept:
            message = f"{name}: {member_name} cannot be kept; give an entity, text, a number or a truth value."
            raise DeclarationError(message)


def used_before(place: Place) -> IdempotencyConflict:
    """`IdempotencyConflict` for a key, at its place in the arguments, that was used for something else."""
    message = "This key was used before, for something else; choose another key for another change."
    return IdempotencyConflict(message, place)


@dataclass(frozen=True)
class IdempotentCall:
    """One call of an idempotent mutation under a key."""

    keys: Keys
    payload: Payload
    owner: str
    key: str
    fingerprint: str
    place: Place
    """Where the key stands in the arguments."""

    async def begin(self, change: Change) -> None:
        """Claim the key. Raises `Repeated` when it was claimed before."""
        claim = await self.keys.claim(change, self.owner, self.key, self.fingerprint)
        if claim is None:
            return
        if claim.fingerprint != self.fingerprint:
            raise Repeated(self.payload.rejection([used_before(self.place)]))
        raise Repeated(restored(claim.answer, self.payload))

    async def done(self, result: object, change: Change) -> None:
        """Keep the answer to work that was done."""
        await self.keys.keep(change, self.owner, self.key, stored(result, self.payload))

    async def rejected(self, errors: Iterable[UserError], context: RequestContext) -> Answer:
        """Keep the answer to work that was rejected and undone. The answer to give leaves.

        Between the two transactions another call may have come through with the same key: then its answer counts.
        """
        kept = stored_errors(errors)

        async def work(session: RequestSession) -> Answer:
            change = Change(session, context)
            await self.begin(change)
            await self.keys.keep(change, self.owner, self.key, kept)
            return self.payload.rejection(errors)

        try:
            return await context.session.write(work)
        except Repeated as repeated:
            return repeated.answer


def fingerprint_of(name: str, values: Input) -> str:
    """A digest of a call: equal for calls that ask for the same, however their numbers are written."""
    asked = values.model_dump(exclude={FIELD}, exclude_unset=True)
    text = json.dumps([name, asked], default=_canonical, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _canonical(value: Any) -> str:
    if isinstance(value, Decimal):
        return format(without_zeros(value), "f") if value else "0"
    if isinstance(value, Enum):
        return value.name
    return str(value.isoformat()) if hasattr(value, "isoformat") else str(value)


def stored_errors(errors: Iterable[UserError]) -> StoredAnswer:
    """The answer to a call that was rejected, to be kept."""
    return {ERRORS: [_stored_error(error) for error in errors]}


def stored(result: object, payload: Payload) -> StoredAnswer:
    """The answer to a call that was done, to be kept."""
    values = payload.values(result)
    members = {name: _stored_value(values.get(name), member) for name, member in payload.members.items()}
    errors: Any = values.get(ERRORS, ())
    return {"members": members, ERRORS: [_stored_error(error) for error in errors]}


def _stored_value(value: object, member: Member) -> object:
    if isinstance(value, list):
        return [_stored_value(item, member) for item in value]
    return value if value is None or member.entity is None else global_id(value)


def _stored_error(error: UserError) -> Mapping[str, object]:
    data = {name: value for name, value in vars(error).items() if name not in ("message", "code", "path")}
    return {
        "type": type(error).__name__,
        "code": error.code,
        "message": error.message,
        "path": error.path,
        "data": data,
    }


def restored(kept: StoredAnswer, payload: Payload) -> Answer:
    """The answer again; a member that the payload has got since then is empty."""
    errors = restored_errors(kept, payload)
    members = kept.get("members", {})
    known = {name: member for name, member in payload.members.items() if name in members}
    values = {name: _restored_value(members[name], member) for name, member in known.items()}
    return {**payload.rejection(errors), **values}


def restored_errors(kept: StoredAnswer, payload: Payload) -> list[UserError]:
    """The errors of an answer again. Raises `Undeclared` for one that the mutation does not declare any more."""
    return [_restored_error(it, payload) for it in kept[ERRORS]]


def _restored_error(stored: Mapping[str, Any], payload: Payload) -> UserError:
    cls = payload.error_named(stored["type"])
    if cls is None:
        raise payload.undeclared(stored["type"], stored.get("code", ""), stored["message"], stored["path"])
    return cls(stored["message"], tuple(stored["path"]), **stored["data"])


def _restored_value(value: Any, member: Member) -> object:
    if isinstance(value, list):
        return [_restored_value(item, member) for item in value]
    return (
        value if value is None or member.entity is None else RowReference(member.entity, key_in(value, member.entity))
    )
