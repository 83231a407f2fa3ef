"""Where idempotency keys are kept: a table of Trellis's own, in which each key belongs to its sender.

A domain that gives `StoredKeys` to `mutation_type` says so: `Domain.own` has `Feature.IDEMPOTENCY`. A server that finds
it otherwise does not start.

A key and a fingerprint enter, a claim leaves; later an answer enters. Nothing is committed here.
"""

from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from typing import Any, ClassVar, cast

from sqlalchemy import JSON, String, Table, bindparam, select, update

from db.base import UtcDateTime
from db.care.expiry import Expiring
from db.dialects import dialect_of
from db.fast import CompiledStatement
from db.own import Feature, IdempotencyKey
from graph.writing.change import Change
from graph.writing.idempotency import Claim

KEPT_FOR = timedelta(hours=48)
"""Clients are promised a day."""

_KEYS = cast(Table, IdempotencyKey.__table__)


def _text(name: str) -> Any:
    return bindparam(name, type_=String())


_THIS = (_KEYS.c.owner == _text("whose"), _KEYS.c.key == _text("name"))
_MOMENT = bindparam("now", type_=UtcDateTime())


@cache
def _claiming(dialect: str) -> CompiledStatement:
    return CompiledStatement(
        dialect_of(dialect)
        .insert_missing(_KEYS, ["owner", "key"])
        .values(owner=_text("whose"), key=_text("name"), fingerprint=_text("asked"), answer=None, created_at=_MOMENT)
        .returning(_KEYS.c.key)
    )


_FOUND = CompiledStatement(select(_KEYS.c.fingerprint, _KEYS.c.answer).where(*_THIS))
_ANSWERED = CompiledStatement(update(_KEYS).where(*_THIS).values(answer=bindparam("answered", type_=JSON())))

EXPIRING_KEYS = Expiring("idempotency keys", _KEYS, lambda now: _KEYS.c.created_at < now - KEPT_FOR)


class StoredKeys:
    """The table of keys. One for each process."""

    own: ClassVar[Feature] = Feature.IDEMPOTENCY

    async def claim(self, change: Change, owner: str, key: str, fingerprint: str) -> Claim | None:
        """Claim a key, waiting for another transaction that has claimed it; SQLite has one writer at a time."""
        this = {"whose": owner, "name": key}
        statement = _claiming(change.dialect)
        while True:
            if await change.rows(statement, {**this, "asked": fingerprint, "now": change.now}):
                return None
            for found, answer in await change.rows(_FOUND, this):
                return Claim(found, answer)
            # The key has just run out and was deleted: claim it again.

    async def keep(self, change: Change, owner: str, key: str, answer: Mapping[str, Any]) -> None:
        """Keep an answer. A claim and its answer are committed together, so a claim that is seen has its answer."""
        await change.rows(_ANSWERED, {"whose": owner, "name": key, "answered": answer})
