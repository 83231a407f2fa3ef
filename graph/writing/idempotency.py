"""Idempotency keys: a change that a client may send again, without its being made twice.

A client names a change. The first call under a name claims it in its own transaction, and its answer is kept with the
change itself; whoever calls again meanwhile waits for it, and later gets the same answer. What stands against the work
is kept too, in a transaction after the one that was undone; what was refused before any work began is not. Where
keys are kept is not known here: no noun is. Source: https://docs.stripe.com/api/idempotent_requests
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, NamedTuple, Protocol, get_args, get_origin

import strawberry
from pydantic import Field, StringConstraints

from db.base import utcnow
from db.session import RequestSession
from graph.context import RequestContext
from graph.entity.ids import key_in
from graph.entity.registry import Entity, entity_of
from graph.entity.row_reference import RowReference
from graph.errors import DeclarationError
from graph.writing.errors import ERROR_TYPES, IdempotencyConflict, Place
from graph.writing.inputs import Input
from graph.writing.payload import Member, Payload
from graph.writing.written import id_of_row

FIELD = "idempotency_key"
MAX_KEY = 100

IdempotencyKey = Annotated[str, StringConstraints(min_length=1, max_length=MAX_KEY)]
"""The annotation of the field, with `| None`; `idempotency_key()` is its default."""

_PLAIN = (str, int, bool, strawberry.ID)
_KINDS = {kind.__name__: kind for kind in ERROR_TYPES}


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
    answer: Mapping[str, Any]


class Keys(Protocol):
    """Where keys are kept."""

    async def claim(
        self, transaction: RequestSession, owner: str, key: str, fingerprint: str, now: datetime
    ) -> Claim | None:
        """Claim a key for this transaction, waiting for others that have claimed it; None: it is ours now."""

    async def keep(self, transaction: RequestSession, owner: str, key: str, answer: Mapping[str, Any]) -> None:
        """Keep the answer under a key that this transaction has claimed."""


class Repeated(Exception):
    """The change was made before, or its key was: this is to be answered, and nothing to be done."""

    def __init__(self, answer: dict[str, Any]) -> None:
        self.answer = answer
        super().__init__("This was done before.")


def check_idempotent(name: str, model: type[Input], members: Mapping[str, Member]) -> None:
    """Raise `DeclarationError` for a mutation that cannot be idempotent: no key, or members that cannot be kept."""
    if FIELD not in model.model_fields:
        raise DeclarationError(f"{model.__name__} has no {FIELD}; add one, or leave idempotent=True of {name} out.")
    for member, (annotation, _) in members.items():
        if _entity(annotation) is None and _inner(annotation) not in _PLAIN:
            raise DeclarationError(f"{name}: {member} cannot be kept; give an entity, text, a number or a truth value.")


@dataclass(frozen=True)
class Once:
    """One call under a key."""

    keys: Keys
    payload: Payload
    owner: str
    key: str
    fingerprint: str
    place: Place
    """Where the key stands in the arguments."""

    async def begin(self, transaction: RequestSession) -> None:
        """Claim the key. Raises `Repeated` when it was claimed before."""
        claim = await self.keys.claim(transaction, self.owner, self.key, self.fingerprint, utcnow())
        if claim is None:
            return
        if claim.fingerprint != self.fingerprint:
            message = "This key was used before, for something else; choose another key for another change."
            raise Repeated(self.payload.refusal([IdempotencyConflict(message, self.place)]))
        raise Repeated(_restored(claim.answer, self.payload))

    async def done(self, transaction: RequestSession, result: Any) -> None:
        """Keep the answer to work that was done."""
        await self.keys.keep(transaction, self.owner, self.key, _kept(result, self.payload))

    async def refused(self, context: RequestContext, errors: Iterable[Any]) -> dict[str, Any]:
        """Keep the answer to work that was refused and undone; what is to be answered.

        Between the two transactions somebody else may have come through with the same key: then theirs is the answer.
        """
        errors = list(errors)

        async def work(transaction: RequestSession) -> dict[str, Any]:
            await self.begin(transaction)
            answer = {"errors": [_kept_error(error) for error in errors]}
            await self.keys.keep(transaction, self.owner, self.key, answer)
            return self.payload.refusal(errors)

        try:
            return await context.session.write(work)
        except Repeated as repeated:
            return repeated.answer


def fingerprint_of(name: str, values: Input) -> str:
    """A digest of what is asked for: equal for equal calls, however their numbers are written."""
    asked = values.model_dump(exclude={FIELD}, exclude_unset=True)
    text = json.dumps([name, asked], default=_canonical, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _canonical(value: Any) -> Any:
    if isinstance(value, Decimal):
        return format(value.normalize(), "f") if value else "0"
    if isinstance(value, Enum):
        return value.name
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _kept(result: Any, payload: Payload) -> dict[str, Any]:
    """An answer as JSON: ids for rows, and everything else as it is."""
    values = result if isinstance(result, dict) else dict.fromkeys(payload.members, result)
    kept = {name: _kept_value(values.get(name), member.annotation) for name, member in payload.members.items()}
    return {"members": kept, "errors": [_kept_error(error) for error in values.get("errors", ())]}


def _kept_value(value: Any, annotation: Any) -> Any:
    if isinstance(value, list):
        return [_kept_value(item, annotation) for item in value]
    return value if value is None or _entity(annotation) is None else id_of_row(value)


def _kept_error(error: Any) -> dict[str, Any]:
    data = {name: value for name, value in vars(error).items() if name not in ("message", "code", "path")}
    return {"type": type(error).__name__, "message": error.message, "path": error.path, "data": data}


def _restored(answer: Mapping[str, Any], payload: Payload) -> dict[str, Any]:
    errors = [_KINDS[it["type"]](it["message"], it["path"], **it["data"]) for it in answer["errors"]]
    empty = payload.refusal(errors)
    kept = answer.get("members", {})
    return empty | {
        name: _restored_value(kept[name], member.annotation) for name, member in payload.members.items() if name in kept
    }


def _restored_value(value: Any, annotation: Any) -> Any:
    if isinstance(value, list):
        return [_restored_value(item, annotation) for item in value]
    entity = _entity(annotation)
    return value if value is None or entity is None else RowReference(entity, key_in(value, entity))


def _inner(annotation: Any) -> Any:
    return get_args(annotation)[0] if get_origin(annotation) is list else annotation


def _entity(annotation: Any) -> Entity | None:
    inner = _inner(annotation)
    return entity_of(inner) if isinstance(inner, type) and "__entity__" in vars(inner) else None
