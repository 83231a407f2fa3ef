"""A disk that takes no more: reads go on, changes are refused in words, and then all is well again (promise 27)."""

import resource

from tests.promises.process import ServerProcess
from tests.promises.trials.finding import Finding, broken
from tests.promises.trials.soak import CREATE_TAG
from tests.promises.trials.stage import FEED, Clients, admin_headers, stage

TRIES = 20
ROOM_BYTES = 64 * 1024
"""No file may be written beyond it: room for SQLite's index of its log, and in the log for a few changes."""


async def full(_dialect: str, _minutes: float) -> Finding:
    """The system lets the server write nothing, as where a quota is used up."""
    async with stage("sqlite", scale=1) as made, ServerProcess(made.url) as server:
        clients = Clients(server.origin, await admin_headers(made.settings))
        before = resource.prlimit(server.pid, resource.RLIMIT_FSIZE)
        async with clients.open() as http:
            first = await clients.ask(http, CREATE_TAG, i={"name": "before", "slug": "before"})
            resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (ROOM_BYTES, before[1]))
            names = [f"full-{number}" for number in range(TRIES)]
            changes = [await clients.ask(http, CREATE_TAG, i={"name": name, "slug": name}) for name in names]
            reads = [await clients.ask(http, FEED) for _ in range(TRIES)]
            resource.prlimit(server.pid, resource.RLIMIT_FSIZE, before)
            last = await clients.ask(http, CREATE_TAG, i={"name": "after", "slug": "after"})
    refused = [one for one in changes if not one.fine]
    figure = f"{len(refused)} of {TRIES} changes refused, {sum(one.fine for one in reads)} of {TRIES} reads answered"
    return Finding(
        f"{figure}; {dict(clients.codes())}",
        broken(
            the_disk_was_full=first.fine and len(refused) > TRIES / 2,
            no_internal_error="INTERNAL_SERVER_ERROR" not in clients.codes(),
            reads_go_on=all(one.fine for one in reads),
            healed=last.fine,
        ),
    )
