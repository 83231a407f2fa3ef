"""A crowd asks the same: one change is one run, one statement and as many answers as there are sockets."""

import asyncio

import pytest

from tests.databases import StatementRecorder
from tests.live_queries.conftest import Show, Watch, Watcher, Write
from tests.live_queries.test_answers import TAGS, first

pytestmark = pytest.mark.nouns

CROWD = 300


async def test_one_change_is_one_run_and_an_answer_for_everybody(
    show: Show, watch: Watch, write: Write, statements: StatementRecorder
) -> None:
    shown = await show()

    async def begun() -> Watcher:
        watcher = await watch(shown)
        await watcher.begin("a", TAGS)
        return watcher

    crowd = await asyncio.gather(*[begun() for _ in range(CROWD)])
    queries, counts = shown.queries, shown.queries.counts
    assert (queries.groups, queries.members, counts.answers) == (1, CROWD, CROWD)
    assert counts.runs < CROWD  # who joins while a run lasts shares the next one
    runs = counts.runs
    with statements() as seen:
        await write(first("00"))
        for watcher in crowd:
            await watcher.hear()
            assert watcher.newest["a"]["data"]["tags"]["nodes"][0] == {"name": "00"}
    assert (counts.runs, counts.answers, len(seen)) == (runs + 1, 2 * CROWD, 1)
    for watcher in crowd:
        watcher.client.leave()
    await shown.until(lambda: not queries.groups and not shown.app.state.live.sockets.open)
