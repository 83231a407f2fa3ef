"""What docs/add-a-noun.md says is true: its blocks, done in their order, make a noun that answers."""

import asyncio
from pathlib import Path

from tests.databases import Database
from tests.docs.following import ADDRESS, page, run_in, write
from tests.docs.test_excerpts import EXCERPTS

PAGE = page("docs/add-a-noun.md")
SIGN_IN = page("docs/demo.md").blocks("sh")[0].partition("\n\n")[0]


async def test_a_noun_is_added_as_the_page_says(blank_database: Database, clone: Path, unused_tcp_port: int) -> None:
    *steps, (_, asked) = [(language, body) for language, body in PAGE.all_blocks if body not in EXCERPTS]

    def run(*scripts: str) -> str:
        return run_in(clone, blank_database, *scripts).replace("\n", "")

    await asyncio.to_thread(run, "trellis db upgrade")
    for language, body in steps:
        if language == "sh" and "pytest" in body and blank_database.dialect == "sqlite":
            continue  # those tests run on both databases, and take a third of the time of this one
        if language == "sh":
            await asyncio.to_thread(run, body)
        else:
            write(clone, language, body)
    here = f"http://127.0.0.1:{unused_tcp_port}"
    answers = await asyncio.to_thread(
        run,
        "trellis demo --if-empty",
        f"trellis serve --port {unused_tcp_port} & trap 'kill $!' EXIT",
        f"until curl -sf {here}/healthz > var/health; do sleep 0.2; done",
        SIGN_IN.replace(ADDRESS, here),
        asked.replace(ADDRESS, here),
    )
    assert '{"createEvent":{"event":{"startsAt":"2026-05-01T10:00:00+00:00"},"errors":[]}}' in answers
    assert '{"events":{"totalCount":1,"nodes":[{"title":"Open day"}]},"event":{"title":"Open day"}}' in answers
