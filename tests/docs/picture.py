"""The picture on top of the README: a query, and the statements that answer it, as the doctor reports them.

A query and its report enter, SVG leaves. `python -m tests.docs.picture` asks the README's query of a new database with
the demo, and writes docs/images/query.svg.
"""

import asyncio
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import httpx
from graphql import FieldNode, OperationDefinitionNode, SelectionSetNode, parse, print_ast
from graphql.language import get_location

from bench.svg import Drawing
from db.settings import HOUSE
from tests.docs.following import page
from tests.explorer.application import demo_application, fill_tables, make_tables
from tests.explorer.serving import serving

FILE = HOUSE / "docs" / "images" / "query.svg"
TITLE = "A query, and the statements that answer it"
STYLE = """
.code { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace }
.card { fill: none; stroke: #d0d7de }
@media (prefers-color-scheme: dark) {
  .card { stroke: #30363d }
}
"""
WIDTH = 960
LINE, LETTER = 18, 7.3
"""The height of a line, and the width of a letter of code."""
CARDS, CARD, GAP = 520, 56, 16
"""Where cards begin, how high they are, and how far apart."""
LONGEST = 60
"""So many letters of SQL stand on a card."""
BY_KEYS = re.compile(r".* IN \([^)]*\)")


class Read(NamedTuple):
    """A statement that reads: what it is for, and what went in and out."""

    path: str
    keys: int
    rows: int
    sql: str


def drawing(query: str, report: Mapping[str, Any]) -> str:
    """The picture of a query and of the doctor's report."""
    printed = print_ast(parse(query))
    lines, places, reads = printed.splitlines(), dict(_places(printed)), list(_reads(report))
    height = max(len(lines) * LINE, len(reads) * (CARD + GAP) - GAP)
    top = (height - len(lines) * LINE) / 2
    picture = Drawing(WIDTH, TITLE, STYLE)
    for number, line in enumerate(lines):
        indent = len(line) - len(line.lstrip())
        picture.text(indent * LETTER, top + number * LINE + 13, line.strip(), "code")
    for number, read in enumerate(reads):
        place = places[read.path]
        picture.disc((len(lines[place]) * LETTER + 20, top + place * LINE + 9), str(number + 1))
        _card(picture, read, str(number + 1), (height - len(reads) * (CARD + GAP) + GAP) / 2 + number * (CARD + GAP))
    return picture.document(height)


def _card(picture: Drawing, read: Read, number: str, y: float) -> None:
    keys = "" if read.keys == 1 else f"{read.keys} keys, "
    picture.rectangle(CARDS, y, WIDTH - CARDS, CARD, "card")
    picture.disc((CARDS, y + CARD / 2), number)
    picture.text(CARDS + 20, y + 22, f"{read.path}: {keys}{read.rows} rows", "strong")
    picture.text(CARDS + 20, y + 42, _told(read.sql), "code note")


def _told(sql: str) -> str:
    """By which keys a statement reads, up to those; or else what it reads."""
    lines = [" ".join(line.split()) for line in sql.splitlines()]
    found = next(filter(None, map(BY_KEYS.match, lines)), None)
    return lines[0][:LONGEST] if found is None else found[0]


def _reads(report: Mapping[str, Any]) -> Iterator[Read]:
    for statement in report["statements"]:
        if statement["kind"] == "read":
            yield Read(statement["paths"][0], statement["batch"], statement["rows"], statement["sql"])


def _places(query: str) -> Iterator[tuple[str, int]]:
    """Each path of a query, with the number of its line."""
    (operation,) = parse(query).definitions
    assert isinstance(operation, OperationDefinitionNode)

    def walked(selected: SelectionSetNode | None, before: str) -> Iterator[tuple[str, int]]:
        for field in selected.selections if selected else ():
            assert isinstance(field, FieldNode)
            assert field.loc
            path = f"{before}{(field.alias or field.name).value}"
            yield path, get_location(field.loc.source, field.loc.start).line - 1
            yield from walked(field.selection_set, f"{path}.")

    yield from walked(operation.selection_set, "")


async def examined(query: str, database_url: str) -> Any:
    """The doctor's report of a query over the demo."""
    await fill_tables(database_url, 1)
    body = {"query": query, "extensions": {"doctor": True}}
    async with serving(demo_application(database_url)) as origin, httpx.AsyncClient(verify=False) as client:
        answer = await client.post(f"{origin}/graphql", json=body)
    return answer.json()


def main() -> None:
    """Write the picture."""
    query = page("README.md").blocks("graphql")[0]
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'trellis.db'}"
        make_tables(url)
        answer = asyncio.run(examined(query, url))
    FILE.write_text(drawing(query, answer["extensions"]["doctor"]), encoding="utf-8")
    sys.stdout.write(f"{FILE.relative_to(HOUSE)}: {FILE.stat().st_size} bytes\n")


if __name__ == "__main__":
    main()
