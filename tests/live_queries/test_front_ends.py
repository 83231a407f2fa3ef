"""Apollo Client and urql of npm follow a live query over each transport they have, and leave nothing when they go."""

import asyncio
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests import node
from tests.http.test_audits import output_of
from tests.live.test_front_ends import FORWARD, PACKAGES
from tests.live_queries.conftest import PATIENCE_S, Shown, Write
from tests.live_queries.test_answers import TAGS, first

pytestmark = pytest.mark.nouns

SCRIPT = Path(__file__).parent / "front_ends.mjs"
FOLLOWING = ("Apollo Client, WebSocket", "urql, WebSocket", "urql, graphql-sse", "urql, its own")
REFUSED = "Apollo Client, HttpLink"
"""It asks for one answer, as for any query's."""


async def names(shown: Shown) -> list[str]:
    """The tags that the query itself answers."""
    answer = await shown.answer(TAGS)
    return [tag["name"] for tag in answer["data"]["tags"]["nodes"]]


@pytest.mark.npm
async def test_front_ends_follow_a_live_query_until_they_leave(
    shown: Shown, write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", node.path() + os.pathsep + os.environ["PATH"])
    await output_of("npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", *PACKAGES, folder=tmp_path)
    shutil.copy(FORWARD, tmp_path)
    script = shutil.copy(SCRIPT, tmp_path)  # Node.js looks for packages beside the script
    process = await asyncio.create_subprocess_exec(
        "node",
        script,
        f"{shown.origin}/graphql",
        TAGS,
        cwd=tmp_path,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    told: dict[str, list[Any]] = {}

    async def told_to(ways: tuple[str, ...], count: int) -> None:
        """Read until each of these was told so often."""
        assert process.stdout is not None
        async with asyncio.timeout(PATIENCE_S):
            while any(len(told.get(way, [])) < count for way in ways):
                line = await process.stdout.readline()
                assert line, f"The script has ended: {told}"
                way, what = json.loads(line)
                told.setdefault(way, []).append(what)

    try:
        before = await names(shown)
        await told_to((*FOLLOWING, REFUSED), 1)
        [[sentence]] = told[REFUSED]
        assert "over a WebSocket at this address" in sentence
        await write(first("00"))
        await told_to(FOLLOWING, 2)
        after = await names(shown)
        assert (after[0], after[1:]) == ("00", before[:-1])
        assert {way: told[way] for way in FOLLOWING} == {way: [before, after] for way in FOLLOWING}
        process.stdin.close()
        await shown.until(lambda: not shown.queries.groups and not shown.app.state.live.sockets.open)
        assert await asyncio.wait_for(process.wait(), PATIENCE_S) == 0
        assert await process.stdout.read() == b""
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
