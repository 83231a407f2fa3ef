"""Tables change under load, and reads do not notice (promise 16)."""

import asyncio

from tests.promises.process import ServerProcess
from tests.promises.trials.finding import Finding, broken
from tests.promises.trials.stage import Clients, stage

PEOPLE = "{ users(first: 5) { nodes { name posts(first: 2) { nodes { title } } } } }"
CHANGES = (
    "ALTER TABLE users ALTER COLUMN name TYPE text",
    "ALTER TABLE tags ADD COLUMN note text",
    "ALTER TABLE users ALTER COLUMN name TYPE varchar(300)",
    "ALTER TABLE tags DROP COLUMN note",
    "ALTER TABLE users ADD COLUMN note text",
    "ALTER TABLE users DROP COLUMN note",
)
ROUNDS = 3


async def ddl(_dialect: str, _minutes: float) -> Finding:
    """Columns change their types, come and go, while clients read."""
    async with stage("postgresql") as made, ServerProcess(made.url) as server, made.connection() as connection:
        clients, until = Clients(server.origin), asyncio.Event()
        async with clients.open() as http, asyncio.TaskGroup() as group:
            for _ in range(6):
                group.create_task(clients.ask_on(http, PEOPLE, until, 0.01))
            for change in CHANGES * ROUNDS:
                await asyncio.sleep(0.15)
                await connection.execute(change)
            await asyncio.sleep(0.3)
            until.set()
    wrong = [one for one in clients.told if not one.fine]
    figure = (
        f"{len(wrong)} of {len(clients.told)} reads wrong over {len(CHANGES) * ROUNDS} changes; {dict(clients.codes())}"
    )
    return Finding(figure, broken(no_read_is_wrong=not wrong, enough_were_asked=len(clients.told) > 100))
