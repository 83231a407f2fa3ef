"""How soon sockets hear that who has opened them may not any more, under load: promise 14.

`python -m bench.rights 100` opens sockets, each of a user of its own with a live query, while what they show changes.
Then a quarter is signed out, one is switched off, one loses a role, and the tokens of one end. It prints for each the
seconds from the commit, or from the end of the token, until the socket was closed or its query ended. All of them have
5 s by promise, of which `TRELLIS_SOCKET_IDENTITY_S` is 3.
"""

import argparse
import asyncio
import json
import os
import statistics
import sys
import time
import uuid
from contextlib import suppress
from datetime import timedelta
from typing import Any

import asyncpg
from pydantic import SecretStr

from bench import live
from bench.cores import divide
from bench.data import Size
from bench.database import database
from bench.operations import TOKEN_KEY
from bench.processes import Running, running
from db.base import utcnow
from graph.auth.tokens import Tokens
from graph.settings import Settings

WAYS = ("signed out", "switched off", "another role", "token ended")
ROLE = "editor"
UNTIL_TOKENS_END_S = 45
"""From the first token on; so long may it take to open all sockets."""
TOGETHER = 5
"""Users of each way to whom it happens in one transaction."""
BETWEEN_S = 0.37
"""So that it happens at any time between two questions."""
CHANGE_EVERY_S = 0.1
PATIENCE_S = 60

SIGN_INS = """
    INSERT INTO sign_ins (id, user_id, secret_hash, in_cookie, created_at, expires_at)
    SELECT lpad(to_hex(number), 32, '0')::uuid, number, '', false, now(), now() + interval '1 day'
    FROM generate_series(1, $1::integer) AS number
    ON CONFLICT DO NOTHING
"""
ROLE_THERE = "INSERT INTO roles (name) VALUES ($1) ON CONFLICT DO NOTHING"
ROLES = """
    INSERT INTO user_roles (user_id, role_id)
    SELECT number, (SELECT id FROM roles WHERE name = $2) FROM generate_series(1, $1::integer) AS number
"""
DO = {
    "signed out": "UPDATE sign_ins SET revoked_at = now() WHERE user_id = ANY($1::bigint[])",
    "switched off": "UPDATE users SET is_active = false WHERE id = ANY($1::bigint[])",
    "another role": "DELETE FROM user_roles WHERE user_id = ANY($1::bigint[])",
}


class User:
    """One user's socket."""

    def __init__(self, number: int, way: str) -> None:
        self.asked = live.ASKED["live"]
        self.number = number
        self.way = way
        self.answers = 0
        self.happened_s = 0.0
        """When the right ended, by the clock of the system."""
        self.ended_s = 0.0
        self.ended_by: str | int = ""

    def hear(self, text: str) -> None:
        """Note an answer, or the end of the query."""
        message: dict[str, Any] = json.loads(text)
        if message["type"] == "next":
            self.answers += 1
        elif message["type"] == "error":
            self._end(message["payload"][0]["extensions"]["code"])

    def _end(self, reason: str | int) -> None:
        if not self.ended_s:
            self.ended_s, self.ended_by = time.time(), reason

    async def listen(self, port: int, ready: asyncio.Event, token: str) -> None:
        """Have a socket until it is closed."""
        try:
            await live.socket(port, self, ready, token)
        except live.Closed as closed:
            self._end(closed.code)


async def _change(url: str) -> None:
    """Change what is shown, again and again."""
    writer = await asyncpg.connect(url)
    try:
        await writer.execute(live.PUBLISH, live.POST)
        number = 0
        while True:
            number += 1
            await writer.execute(live.CHANGE, live.POST, f"Roses {number}")
            await asyncio.sleep(CHANGE_EVERY_S)
    finally:
        await writer.close()


async def _end_rights(url: str, users: list[User]) -> None:
    """Take everybody's rights, some at a time."""
    writer = await asyncpg.connect(url)
    try:
        for start in range(0, len(users) // len(WAYS), TOGETHER):
            for way, statement in DO.items():
                some = [user for user in users if user.way == way][start : start + TOGETHER]
                await writer.execute(statement, [user.number for user in some])
                for user in some:
                    user.happened_s = time.time()
            await asyncio.sleep(BETWEEN_S)
    finally:
        await writer.close()


async def measured(server: Running, url: str, count: int) -> list[User]:
    """Open the sockets, end their rights, and wait for all of them."""
    settings = Settings(token_keys=(SecretStr(TOKEN_KEY),))
    tokens, life = Tokens(settings), timedelta(seconds=settings.access_token_s)
    setup = await asyncpg.connect(url)
    await setup.execute(SIGN_INS, count)
    await setup.execute(ROLE_THERE, ROLE)
    await setup.execute(ROLES, count, ROLE)
    await setup.close()
    users = [User(number, WAYS[number % len(WAYS)]) for number in range(1, count + 1)]
    first_end = utcnow() + timedelta(seconds=UNTIL_TOKENS_END_S)
    async with asyncio.TaskGroup() as group:
        changing = group.create_task(_change(url))
        await asyncio.sleep(0.5)
        for start in range(0, count, live.OPENED_AT_ONCE):
            some = users[start : start + live.OPENED_AT_ONCE]
            ready = [asyncio.Event() for _ in some]
            for user, each in zip(some, ready, strict=True):
                issued = utcnow()
                if user.way == "token ended":  # one after the other, as they were given
                    issued = first_end + timedelta(seconds=BETWEEN_S * (user.number // (len(WAYS) * TOGETHER))) - life
                token = tokens.issue(user.number, uuid.UUID(int=user.number), now=issued)
                if user.way == "token ended":
                    user.happened_s = token.expires_at.timestamp()
                group.create_task(user.listen(server.port, each, token.text))
            await asyncio.wait_for(asyncio.gather(*(each.wait() for each in ready)), PATIENCE_S)
        assert utcnow() < first_end, "tokens have ended before all sockets were open"
        await _end_rights(url, users)
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_S + UNTIL_TOKENS_END_S):
                while not all(user.ended_s for user in users):  # noqa: ASYNC110 - nobody tells
                    await asyncio.sleep(0.1)
        changing.cancel()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
    return users


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.rights", description="How soon rights end on sockets.")
    parser.add_argument("sockets", type=int, nargs="?", default=100)
    count, cores = parser.parse_args().sockets, divide()
    sys.stdout.write(f"{count:,} sockets, load average {os.getloadavg()[0]:.1f}\n")
    size = Size(users=count, posts=4_000, tags=50)
    with live.many_files(count), database(size) as url, running(live.served(count), url, cores.server) as server:
        users = asyncio.run(measured(server, url, count))
    for way in WAYS:
        some = [user for user in users if user.way == way]
        took = sorted(user.ended_s - user.happened_s for user in some if user.ended_s)
        reasons = ", ".join(sorted({str(user.ended_by) for user in some}))
        late = took[min(len(took) - 1, int(0.99 * len(took)))]
        sys.stdout.write(
            f"{way}: {len(took)} of {len(some)} ended ({reasons}); median {statistics.median(took):.2f} s,"
            f" p99 {late:.2f} s, latest {took[-1]:.2f} s\n"
        )


if __name__ == "__main__":
    main()
