"""Where the primary's log of changes ends: what was committed before this is asked is up to there.

The engines enter, a position leaves. Nothing is asked for any read.
Why: docs/decisions/0063-replicas.md.
"""

import asyncio

from sqlalchemy import text

from db.session.engines import Engines
from db.session.positions import NOT_KNOWN, Position
from db.session.session import Mode, RequestSession

PATIENCE_S = 0.5
"""Seconds that an answer waits for it: a change that was made is to be told."""


async def end_of_log(engines: Engines) -> Position:
    """The end of what was written on the primary; `NOT_KNOWN` where it does not tell, or not soon."""
    question = engines.connections.position
    if question is None:
        return NOT_KNOWN
    try:
        async with asyncio.timeout(PATIENCE_S), RequestSession(engines, Mode.CURRENT) as session:
            position: Position | None = (await session.rows(text(question)))[0][0]
    except Exception:  # whatever it is, the answer is no other for it
        return NOT_KNOWN
    return NOT_KNOWN if position is None else position
