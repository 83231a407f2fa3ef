"""How the log of changes fares: what is recorded, how far it is told, and what it waits for.

A connection enters, on which nothing is begun; figures leave. Nothing is changed.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, cast

from sqlalchemy import Table, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from db.changes.log import ChangeLog
from db.dialects.change_log import LongWriter, Recorded
from db.own import ChangePosition

_POSITIONS = cast(Table, ChangePosition.__table__)


class Relay(NamedTuple):
    """The process that gives positions."""

    process: int
    """Of the database, as it counts connections."""
    name: str | None
    address: str | None
    """Where it runs; None: on the database's own machine, or nobody may know."""


class State(NamedTuple):
    """The log at one moment."""

    recorded: Sequence[Recorded]
    newest: int
    """The newest position; 0: there is none."""
    kept: int
    """How many positions are kept."""
    since: datetime | None
    """When the oldest of them was given."""
    is_held: bool
    """Whether changes wait for an older transaction."""
    waits_for: LongWriter | None
    relay: Relay | None
    """None: no process follows, or each gives positions."""


async def state(connection: AsyncConnection, log: ChangeLog) -> State:
    """How the log fares. Raises what the database raises."""
    columns = _POSITIONS.c
    figures = select(func.max(columns.position), func.count(), func.min(columns.numbered_at))
    newest, kept, since = (await connection.execute(figures)).one()
    waiting = await log.waiting(connection)
    return State(
        await log.recorded(connection),
        newest or 0,
        kept,
        since,
        waiting.is_held,
        await log.long_writer(connection) if waiting.is_held else None,
        await _relay(connection, log),
    )


async def _relay(connection: AsyncConnection, log: ChangeLog) -> Relay | None:
    if log.dialect.holder is None:
        return None
    found = (await connection.execute(text(log.dialect.holder), {"number": log.names.number})).first()
    return None if found is None else Relay(*found)
