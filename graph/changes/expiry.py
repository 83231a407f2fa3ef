"""Which changes have run out: positions that are old enough, and then what stood behind them."""

from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import ColumnElement, Table, func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from db.care.expiry import Expiring
from db.changes.log import ChangeLog
from db.own import Change, ChangePosition

_CHANGES = cast(Table, Change.__table__)
_POSITIONS = cast(Table, ChangePosition.__table__)


def expiring_changes(hours: int) -> list[Expiring]:
    """What is kept for so many hours after it got its position.

    Positions go first: whoever wants to go on from one hears `Resync`, and never finds one without its changes.
    """
    life = timedelta(hours=hours)

    def is_old(now: datetime) -> ColumnElement[bool]:
        newest = select(func.max(_POSITIONS.c.position)).scalar_subquery()
        return (_POSITIONS.c.numbered_at < now - life) & (_POSITIONS.c.position < newest)

    def is_left(_now: datetime) -> ColumnElement[bool]:
        return _CHANGES.c.transaction_id < select(func.min(_POSITIONS.c.transaction_id)).scalar_subquery()

    return [
        Expiring("positions of changes", _POSITIONS, is_old, _number_all),
        Expiring("changes", _CHANGES, is_left),
    ]


async def _number_all(engine: AsyncEngine) -> None:
    """Give positions to what has none, where nobody follows: without one, nothing ever runs out."""
    log = ChangeLog(engine.dialect, [])
    numbered: int | None = 1
    while numbered:
        async with engine.begin() as connection:
            numbered = await log.number(connection)
