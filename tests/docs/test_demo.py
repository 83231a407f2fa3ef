"""What docs/demo.md says is true: people sign in and write as it says, and its commands run."""

import asyncio
import json
import subprocess
from pathlib import Path

from tests.databases import Database
from tests.docs.following import ADDRESS, page, run_in, serving

PAGE = page("docs/demo.md")


async def test_who_signs_in_writes_as_the_page_says(database: Database, unused_tcp_port: int) -> None:
    (commands,), (answer,) = [block for block in PAGE.blocks("sh") if "curl" in block], PAGE.blocks("json")

    def ask() -> str:
        with serving(database, unused_tcp_port) as address:
            line = ["bash", "-c", commands.replace(ADDRESS, address)]
            return subprocess.run(line, capture_output=True, text=True, check=True).stdout

    assert json.loads(await asyncio.to_thread(ask)) == json.loads(answer)


async def test_the_commands_of_the_page_run(database: Database, clone: Path) -> None:
    commands = [block for block in PAGE.blocks("sh") if "curl" not in block]
    assert len(commands) == 2
    await asyncio.to_thread(run_in, clone, database, "trellis demo --if-empty", *commands)  # as after `make serve`
    assert (clone / "var" / "tags.ndjson").read_text(encoding="utf-8").count("\n") > 0
