"""Follows every change of the posts, each once and in order, also after the server was started again.

`python follow.py` goes on until Ctrl-C. Between two connections a position is remembered: that of the last change which
was dealt with. Whoever wants to go on after this program was stopped, too, keeps the position in a table, and writes it
in the same transaction as what was done with the change.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

from gql import Client, gql
from gql.transport.exceptions import TransportClosed, TransportConnectionFailed, TransportQueryError
from gql.transport.websockets import WebsocketsTransport

CHANGES = gql("""
subscription Changes($after: String) {
  postsChanged(after: $after) {
    kind
    id
    node {
      title
    }
    position
  }
}
""")
FIRST_WAIT_S = 0.2
LONGEST_WAIT_S = 10.0
AWAY = (TransportClosed, TransportConnectionFailed, OSError, TimeoutError)
IN_A_MOMENT = {"UNAVAILABLE", "OVERLOADED", "SHUTTING_DOWN"}
"""Errors that pass by themselves."""


async def follow(url: str, after: str | None = None) -> AsyncIterator[dict[str, Any]]:
    """Every change behind a position, or from now on.

    Raises `TransportQueryError` if refused. Its code `RESYNC` says that the position is too old: what is shown has to
    be read again, and followed without a position.
    """
    wait_s = FIRST_WAIT_S
    while True:
        try:
            async with Client(transport=WebsocketsTransport(url.replace("http", "ws", 1))) as session:
                async for answer in session.subscribe(CHANGES, variable_values={"after": after}):
                    wait_s = FIRST_WAIT_S
                    change = answer["postsChanged"]
                    yield change
                    after = change["position"]  # after the work, so that a change is rather done twice than not at all
        except AWAY:
            pass  # the server stops, or the network is away
        except TransportQueryError as error:
            if not passes(error):
                raise
        await asyncio.sleep(wait_s)
        wait_s = min(2 * wait_s, LONGEST_WAIT_S)


def passes(error: TransportQueryError) -> bool:
    """Whether the server only asks to come back in a moment."""
    codes = {each.get("extensions", {}).get("code") for each in error.errors or ()}
    return bool(codes) and codes <= IN_A_MOMENT


async def main() -> None:
    """Print what is followed."""
    async for change in follow(os.environ.get("TRELLIS_URL", "http://127.0.0.1:8000/graphql")):
        shown = change["node"]["title"] if change["node"] else change["id"]
        print(change["kind"], shown, flush=True)


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(main())
