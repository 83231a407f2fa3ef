"""`trellis explain`: an operation, and what it costs, in the terminal."""

import json
from pathlib import Path

import pytest

from db import demo
from db.session.engines import Engines
from graph.cli.errors import Exit
from tests.cli.running import trellis
from tests.databases import Database

FEED = "query Feed($first: Int = 2) { posts(first: $first) { nodes { title author { name } } } }"
NEW = 'mutation { createTag(input: {name: "New", slug: "new"}) { tag { name } errors { ... on UserError { code } } } }'


@pytest.fixture
async def url(database: Database, engines: Engines) -> str:
    """A database with the demo."""
    await demo.fill(engines, scale=1)
    return database.url


def test_each_statement_is_printed_with_its_fields_its_plan_and_a_summary(url: str) -> None:
    printed = trellis("explain", "-", given=FEED, TRELLIS_DATABASE_URL=url).stdout
    assert ". posts.nodes (Post, 1 key): 3 rows in " in printed
    assert ". posts.nodes.author (User, " in printed
    assert printed.count("    plan:\n") == 2
    assert "values:" not in printed
    assert "\n2 statements, and " in printed
    assert "\nPrice: 2 statements, 5 rows, 9 values; real: 2, " in printed


def test_the_same_is_printed_as_json(url: str, tmp_path: Path) -> None:
    document, variables = tmp_path / "feed.graphql", tmp_path / "variables.json"
    document.write_text(f"{FEED} query Other {{ tags {{ totalCount }} }}")
    variables.write_text('{"first": 1}')
    given = ("--variables", variables, "--operation", "Feed", "--values", "--format", "json")
    report = json.loads(trellis("explain", document, *given, TRELLIS_DATABASE_URL=url).stdout)
    first, second = (one for one in report["statements"] if one["kind"] == "read")
    assert (first["paths"], first["rows"], first["parameters"][0]) == (["posts.nodes"], 2, 2)
    assert (second["paths"], second["batch"]) == (["posts.nodes.author"], 1)


def test_who_asks_decides_what_is_visible(url: str) -> None:
    def orders(*who: str) -> int:
        given = "{ orders(first: 100) { nodes { status } } }"
        printed = trellis("explain", "-", *who, "--format", "json", given=given, TRELLIS_DATABASE_URL=url).stdout
        rows: int = json.loads(printed)["real"]["rows"]
        return rows

    assert orders() == orders("--role", "admin") == 40
    assert orders("--nobody") == 0
    assert 0 < sum(orders("--user", str(number)) for number in range(1, 8)) < 40


def test_a_mutation_runs_only_if_that_is_said(url: str) -> None:
    refused = trellis("explain", "-", "--role", "admin", given=NEW, status=Exit.USAGE, TRELLIS_DATABASE_URL=url)
    assert "say --write" in refused.stderr
    who = ("--user", "1", "--role", "admin", "--write")
    assert ". createTag: " in trellis("explain", "-", *who, given=NEW, TRELLIS_DATABASE_URL=url).stdout
    again = trellis("explain", "-", given='{ tag(slug: "new") { name } }', TRELLIS_DATABASE_URL=url).stdout
    assert ". tag (Tag, 1 key): 1 row in " in again


def test_what_is_wrong_is_said_with_its_cure(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'none.db'}"
    for arguments, given, status, said in (
        (("-",), "{ nothing }", Exit.FAILED, "Cannot query field 'nothing'"),
        (("-", "--variables", "{"), FEED, Exit.USAGE, "The variables are not JSON"),
        (("-", "--variables", str(tmp_path / "none.json")), FEED, Exit.USAGE, "cannot be read"),
        (("-", "--nobody", "--user", "1"), FEED, Exit.USAGE, "excludes"),
        ((str(tmp_path / "none.graphql"),), "", Exit.USAGE, "cannot be read"),
    ):
        finished = trellis("explain", *arguments, given=given, status=status, TRELLIS_DATABASE_URL=url)
        assert said in finished.stderr
