"""A process that follows, for tests that kill it: the URL of a database enters, a line for each thing heard leaves."""

import asyncio
import sys

from pydantic import SecretStr

from db.changes.feed import Batch, Lost
from db.session.engines import Engines
from db.settings import DatabaseSettings
from tests.db.changes.logs import becomes, following


def say(what: object) -> None:
    """Write a line."""
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


async def main(url: str) -> None:
    """Follow for ever; say `relay` once this process gives positions."""

    def tell(heard: Batch | Lost) -> None:
        say(heard)

    async with following(Engines(DatabaseSettings(database_url=SecretStr(url)))) as follower:
        follower.listen(tell)
        await becomes(lambda: follower.is_relay)
        say("relay")
        await asyncio.Event().wait()


asyncio.run(main(sys.argv[1]))
