"""Follows the newest posts: prints their titles whenever they are others, also after the server was started again.

`python live.py` goes on until Ctrl-C. Nothing has to be remembered between two connections: a query with `@live` is
answered at once, so what has changed meanwhile is in the first answer.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import suppress

from gql import Client, gql
from gql.transport.exceptions import TransportClosed, TransportConnectionFailed
from gql.transport.websockets import WebsocketsTransport

LATEST = gql("""
query Latest @live {
  posts(first: 5, orderBy: [{ publishedAt: DESC }]) {
    nodes {
      title
    }
  }
}
""")
FIRST_WAIT_S = 0.2
LONGEST_WAIT_S = 10.0
AWAY = (TransportClosed, TransportConnectionFailed, OSError, TimeoutError)


async def follow(url: str) -> AsyncIterator[list[str]]:
    """The titles of the newest posts, now and whenever they are others. Raises `TransportQueryError` if refused."""
    told: list[str] | None = None
    wait_s = FIRST_WAIT_S
    while True:
        with suppress(*AWAY):  # the server stops, or the network is away
            async with Client(transport=WebsocketsTransport(url.replace("http", "ws", 1))) as session:
                async for answer in session.subscribe(LATEST):
                    wait_s = FIRST_WAIT_S
                    titles = [post["title"] for post in answer["posts"]["nodes"]]
                    if titles != told:
                        told = titles
                        yield titles
        await asyncio.sleep(wait_s)
        wait_s = min(2 * wait_s, LONGEST_WAIT_S)


async def main() -> None:
    """Print what is followed."""
    async for titles in follow(os.environ.get("TRELLIS_URL", "http://127.0.0.1:8000/graphql")):
        print(" · ".join(titles), flush=True)


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(main())
