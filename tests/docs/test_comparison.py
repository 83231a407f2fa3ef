"""docs/comparison.md says of speed what the bench has measured; `TRELLIS_WRITE_SNAPSHOTS=1` writes it anew.

Its commands are there: tests that are named, and promises by their numbers.
"""

import json
import os
import re

from db.settings import HOUSE

WRITE = "TRELLIS_WRITE_SNAPSHOTS" in os.environ
PAGE = HOUSE / "docs" / "comparison.md"
SERVERS = {
    "limit": "hand-written SQL on the driver, without GraphQL",
    "mercurius": "Mercurius by hand",
    "postgraphile": "PostGraphile 5",
    "fraiseql": "FraiseQL",
    "strawberry": "Strawberry by hand",
    "strawchemy": "strawchemy",
    "strawberry-sqlalchemy-mapper": "strawberry-sqlalchemy-mapper",
}


def times() -> str:
    """The least and the most of each server over all operations that were measured, and when."""
    results = json.loads((HOUSE / "bench" / "results.json").read_text(encoding="utf-8"))
    rows = [f"| on {results['date'][:10]} | operations | least | most |", "|---|---|---|---|"]
    for server, name in SERVERS.items():
        found = [
            measured[server]["cpu_ms"] / measured["trellis"]["cpu_ms"]
            for measured in results["operations"].values()
            if "cpu_ms" in measured.get(server, {})
        ]
        if found:
            rows.append(f"| {name} | {len(found)} | {_shown(min(found))} | {_shown(max(found))} |")
    return "\n".join(rows)


def _shown(factor: float) -> str:
    return f"{factor:.2f}" if factor < 1 else f"{factor:.1f}" if factor < 10 else f"{factor:.0f}"


def test_the_page_says_of_speed_what_was_measured() -> None:
    text = PAGE.read_text(encoding="utf-8")
    begin, rest = text.split("<!-- times -->\n")
    made = f"{begin}<!-- times -->\n\n{times()}\n\n<!-- end -->{rest.split('<!-- end -->', 1)[1]}"
    if WRITE:
        PAGE.write_text(made, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == made


def test_what_the_page_tells_to_run_is_there() -> None:
    text = PAGE.read_text(encoding="utf-8")
    tests = re.findall(r"pytest (tests/[\w/.]+)", text)
    assert tests
    assert [name for name in tests if not (HOUSE / name).exists()] == []
    promises = (HOUSE / "docs" / "promises.md").read_text(encoding="utf-8")
    numbers = re.findall(r"make promises ONLY=(\d+)", text)
    assert numbers
    assert [number for number in numbers if f"\n| {number} | **" not in promises] == []
