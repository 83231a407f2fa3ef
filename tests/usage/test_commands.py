"""`trellis schema unused`, `usage show`, `usage export` and `check --usage`, on what a server has counted."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import pytest
from pydantic import BaseModel, ConfigDict, Field

from db.session.engines import Engines
from graph.cli.errors import Exit
from graph.client import Client
from graph.contract.usage import read_usage_file
from graph.usage.batch import LOST, Batch, OperationText, Run, Runs, Use
from graph.usage.counting import today
from graph.usage.reading import read_usage
from graph.usage.writing import write
from tests.cli.running import trellis
from tests.databases import Database

SHOP = """
interface Thing { id: ID! kind: Kind }
type Toy implements Thing {
  id: ID! kind: Kind name(long: Boolean): String title: String @deprecated(reason: "Use name.")
}
enum Kind { SOFT HARD }
enum Order { UP DOWN @deprecated(reason: "Goes on 2027-06-01.") }
input Wish { word: String order: Order }
type Query { things(wish: Wish, first: Int): [Thing] toy: Toy old: Int }
"""
WEB, APP = Client("web", "3.2"), Client("app")
DOCUMENT = "query Wished($wish: Wish) {\n  things(wish: $wish) {\n    id\n    kind\n  }\n}"
USED = ("Query.things", "Query.things(wish:)", "Thing.id", "Thing.kind", "Wish", "Wish.word")


@pytest.fixture
def schema(tmp_path: Path) -> Path:
    file = tmp_path / "shop.graphql"
    file.write_text(SHOP)
    return file


async def counted(engines: Engines, *, days_ago: int = 0, lost: int = 0) -> None:
    """Four runs by two clients, one of them failed."""
    batch, day = Batch(), today() - timedelta(days=days_ago)
    text = OperationText("1" * 64, "Wished", DOCUMENT, "\n".join((*USED[:4], "Wish")))
    for client, times in ((WEB, 3), (APP, 1)):
        for coordinate in USED:
            batch.use(Use(day, client, coordinate), times)
        batch.run(Run(day, client, text.hash), Runs(times, times // 3, times * 0.002), text)
    if lost:
        batch.use(Use(day, WEB, LOST), lost)
    await write(engines, batch)


async def test_what_nobody_used_is_listed_with_what_is_deprecated_first(
    database: Database, engines: Engines, schema: Path
) -> None:
    await counted(engines, days_ago=2)
    done = trellis("schema", "unused", "--schema", schema, TRELLIS_DATABASE_URL=database.url)
    # Toy.id and Toy.kind are answered through Thing, and Kind's values in answers.
    assert done.stdout.splitlines() == [
        "Toy.title  deprecated: Use name.",
        "Order.DOWN  deprecated: Goes on 2027-06-01.",
        *("Toy.name", "Toy.name(long:)", "Order.UP", "Wish.order"),
        *("Query.things(first:)", "Query.toy", "Query.old"),
    ]
    assert done.stderr == f"9 unused since {today() - timedelta(days=2)} (3 days), 2 of them deprecated.\n"


async def test_nothing_is_unused_where_nothing_was_counted(database: Database, engines: Engines, schema: Path) -> None:
    command = ("schema", "unused", "--schema", schema, "--usage", database.url)
    assert "Nothing was counted yet" in trellis(*command, status=Exit.UNAVAILABLE).stderr
    await counted(engines, days_ago=40)
    assert (
        f"Nothing was counted since {today() - timedelta(days=40)}" in trellis(*command, status=Exit.UNAVAILABLE).stderr
    )
    await counted(engines, lost=7)
    assert "7 uses were lost" in trellis(*command, status=Exit.UNAVAILABLE).stderr


async def test_a_database_without_tables_is_told_what_to_run(blank_database: Database) -> None:
    done = trellis("schema", "unused", "--usage", blank_database.url, status=Exit.UNAVAILABLE)
    assert "Run `trellis db upgrade` there" in done.stderr


@pytest.mark.parametrize("source", ["mysql://nowhere/x", "sqlite:////nowhere/at/all.db", "nothing.json"])
def test_a_source_that_cannot_be_read_is_named_with_the_cure(source: str) -> None:
    done = trellis("schema", "unused", "--usage", source, status=Exit.UNAVAILABLE)
    assert done.stderr.startswith("Error: ")
    assert done.stderr.count("\n") == 2  # the sentence, and where the manual says more


async def test_the_clients_are_shown_by_what_they_ran(database: Database, engines: Engines) -> None:
    await counted(engines, days_ago=1)
    await counted(engines)
    done = trellis("schema", "usage", "show", TRELLIS_DATABASE_URL=database.url)
    assert done.stdout == f"web 3.2: 6 runs, last on {today()}\napp: 2 runs, last on {today()}\n"


async def test_a_file_says_what_the_database_says(database: Database, engines: Engines, tmp_path: Path) -> None:
    await counted(engines, days_ago=1)
    await counted(engines, lost=2)
    file = tmp_path / "usage.json"
    trellis("schema", "usage", "export", "--output", file, "--usage", database.url)
    assert read_usage_file(file) == read_usage(str(file), 30)
    usage = read_usage_file(file)
    assert (usage.days, usage.until, usage.overflow) == (2, today(), 2)
    assert [(used.client, used.version, used.count, used.last) for used in usage.of("Wish.word")] == [
        ("app", "", 2, today()),
        ("web", "3.2", 6, today()),
    ]


async def test_a_check_knows_who_uses_what_goes(
    database: Database, engines: Engines, schema: Path, tmp_path: Path
) -> None:
    await counted(engines)
    new = tmp_path / "new.graphql"
    new.write_text(SHOP.replace("word: String ", "").replace(" old: Int", ""))
    done = trellis("schema", "check", "--against", schema, "--schema", new, "--usage", database.url, status=Exit.FAILED)
    assert f"Used 4 times in 1 day by web 3.2, app, last on {today()}." in done.stdout
    assert "Unused for 1 day" in done.stdout


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class HiveOperation(Strict):
    operation: str
    operationName: str  # noqa: N815 - Hive's
    fields: Annotated[list[str], Field(min_length=1)]


class HiveExecution(Strict):
    ok: bool
    duration: Annotated[int, Field(ge=0)]
    errorsTotal: Annotated[int, Field(ge=0)]  # noqa: N815


class HiveClient(Strict):
    name: Annotated[str, Field(min_length=1)]
    version: Annotated[str, Field(min_length=1)]


class HiveMetadata(Strict):
    client: HiveClient


class HiveRun(Strict):
    operationMapKey: str  # noqa: N815
    timestamp: Annotated[int, Field(ge=1_600_000_000_000)]  # milliseconds
    execution: HiveExecution
    metadata: HiveMetadata


class HiveReport(Strict):
    """https://the-guild.dev/graphql/hive/docs/api-reference/usage-reports."""

    size: Annotated[int, Field(ge=0)]
    map: dict[str, HiveOperation]
    operations: list[HiveRun]


async def test_hive_gets_an_entry_for_each_run(database: Database, engines: Engines, schema: Path) -> None:
    await counted(engines)
    command = ("schema", "usage", "export", "--format", "hive", "--schema", schema, "--usage", database.url)
    report = HiveReport.model_validate_json(trellis(*command).stdout)
    assert report.size == len(report.operations) == 4
    ((key, operation),) = report.map.items()
    assert {run.operationMapKey for run in report.operations} == {key}
    assert operation.operationName == "Wished"
    assert operation.operation == DOCUMENT
    # Of the values in a variable, everything that its type allows.
    assert operation.fields == [
        *("Order.DOWN", "Order.UP", "Query.things", "Query.things.wish", "String"),
        *("Thing.id", "Thing.kind", "Wish.order", "Wish.word"),
    ]
    assert [run.execution.ok for run in report.operations].count(False) == 1
    assert {run.metadata.client.name for run in report.operations} == {"web", "app"}
    assert {run.execution.duration for run in report.operations} == {2_000_000}


async def test_hives_report_takes_no_file(schema: Path) -> None:
    done = trellis("schema", "usage", "export", "--format", "hive", "--usage", schema, status=Exit.UNAVAILABLE)
    assert "name the database" in done.stderr
