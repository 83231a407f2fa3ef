"""The hook for graphql-inspector, run by graphql-inspector itself."""

import asyncio
from datetime import date
from pathlib import Path

import pytest
from graphql import build_schema

from graph.contract.usage import Usage, Used
from graph.usage.exporting import inspector

PACKAGES = ("@graphql-inspector/cli@7.0.0", "graphql@16.15.0")

OLD = """
enum Kind { SOFT HARD }
enum Colour { RED BLUE }
input Wish { word: String kind: Kind }
type Toy { name: String title: String kind: Kind }
type Query { toys(wish: Wish, first: Int, last: Int, colour: Colour): [Toy] old: Int gone: Toy }
"""
NEW = """
enum Kind { SOFT }
enum Colour { RED }
input Wish { kind: Kind must: Int! }
type Toy { name: String }
type Query { toys(wish: Wish, first: Int!, colour: Colour, now: Int!): [Toy] gone: Toy }
"""
SAFE = ("Field title was", "Argument last: Int was", "Field old was", "Enum value BLUE was")
BREAKING = ("field word", "Field kind", "field must", "Argument now", "Enum value HARD", "argument first")


@pytest.mark.npm
async def test_graphql_inspector_takes_the_hook(tmp_path: Path) -> None:
    day = date(2026, 11, 30)
    coordinates = ("Query.toys", "Query.toys(wish:)", "Toy.kind", "Wish", "Wish.word", "Toy.name")
    usage = Usage(30, day, {coordinate: [Used("web", "3.2", 4, day)] for coordinate in coordinates})
    (tmp_path / "usage.cjs").write_text(inspector(usage, build_schema(OLD)))
    (tmp_path / "old.graphql").write_text(OLD)
    (tmp_path / "new.graphql").write_text(NEW)
    await _run(tmp_path, "npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", *PACKAGES)
    command = ("npx", "graphql-inspector", "diff", "old.graphql", "new.graphql")
    lines = await _run(tmp_path, *command, "--rule", "considerUsage", "--onUsage", "usage.cjs")
    safe = [line for line in lines if "non-breaking based on usage" in line]
    for found in SAFE:
        assert any(found in line for line in safe), (found, lines)
    for found in BREAKING:
        assert not any(found in line for line in safe), (found, lines)
        assert any(found in line for line in lines), (found, lines)


async def _run(folder: Path, *command: str) -> list[str]:
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    printed, _ = await process.communicate()
    return printed.decode().splitlines()
