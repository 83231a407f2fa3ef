"""Where idempotency keys are kept: a table, in which every key belongs to whoever sent it."""

import itertools
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import JSON, String, Table, bindparam, delete, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite

from db import models
from db.base import UtcDateTime
from db.fast import CompiledStatement
from db.session import RequestSession
from graph.writing.idempotency import Claim

KEPT_FOR = timedelta(hours=48)
"""Clients are promised a day."""

SWEEP_EVERY = 100
"""After so many claims old keys are looked for. As each look may delete ten times as many, they never pile up."""
SWEEP_AFTER_S = 3600
"""Where few keys come, old ones are looked for once in this time."""
MAX_SWEPT = 1_000

_KEYS = cast(Table, models.IdempotencyKey.__table__)
_INSERTS: Mapping[str, Any] = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}


def _text(name: str) -> Any:
    return bindparam(name, type_=String())


_THIS = (_KEYS.c.owner == _text("whose"), _KEYS.c.key == _text("name"))
_MOMENT = bindparam("now", type_=UtcDateTime())

_CLAIMED = {
    dialect: CompiledStatement(
        insert(_KEYS)
        .values(owner=_text("whose"), key=_text("name"), fingerprint=_text("asked"), answer=None, created_at=_MOMENT)
        .on_conflict_do_nothing(index_elements=["owner", "key"])
        .returning(_KEYS.c.key)
    )
    for dialect, insert in _INSERTS.items()
}
_FOUND = CompiledStatement(select(_KEYS.c.fingerprint, _KEYS.c.answer).where(*_THIS))
_ANSWERED = CompiledStatement(update(_KEYS).where(*_THIS).values(answer=bindparam("answered", type_=JSON())))

# What others are deleting, nobody waits for.
_OLD = (
    select(_KEYS.c.owner, _KEYS.c.key)
    .where(_KEYS.c.created_at < bindparam("before", type_=UtcDateTime()))
    .order_by(_KEYS.c.created_at)
    .limit(MAX_SWEPT)
    .with_for_update(skip_locked=True)
)
_SWEPT = CompiledStatement(delete(_KEYS).where(tuple_(_KEYS.c.owner, _KEYS.c.key).in_(_OLD)))


class StoredKeys:
    """The table of keys. One for each process."""

    def __init__(self, sweep_every: int = SWEEP_EVERY) -> None:
        self._sweep_every = sweep_every
        self._claims = itertools.count(1)
        self._swept_at = time.monotonic()

    async def claim(
        self, transaction: RequestSession, owner: str, key: str, fingerprint: str, now: datetime
    ) -> Claim | None:
        """Claim a key. On PostgreSQL it waits for whoever has claimed it; on SQLite one writes at a time anyway."""
        this = {"whose": owner, "name": key}
        statement = _CLAIMED[transaction.dialect]
        while True:
            if await transaction.rows(statement, {**this, "asked": fingerprint, "now": now}):
                await self._sweep_now_and_then(transaction, now)  # only here, where something will be committed
                return None
            for found, answer in await transaction.rows(_FOUND, this):
                return Claim(found, answer)
            # Somebody has just swept it away: claim it again.

    async def keep(self, transaction: RequestSession, owner: str, key: str, answer: Mapping[str, Any]) -> None:
        """Keep an answer. A claim and its answer are committed together, so a claim that is seen has its answer."""
        await transaction.rows(_ANSWERED, {"whose": owner, "name": key, "answered": answer})

    async def _sweep_now_and_then(self, transaction: RequestSession, now: datetime) -> None:
        due = next(self._claims) % self._sweep_every == 0 or time.monotonic() - self._swept_at > SWEEP_AFTER_S
        if due:
            self._swept_at = time.monotonic()
            await transaction.rows(_SWEPT, {"before": now - KEPT_FOR})
