"""Relations that never load (`WriteOnlyMapped`, `DynamicMapped`) are lists as all others are."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from db.session.engines import Engines
from graph.viewer import Viewer
from tests.databases import Database, StatementRecorder
from tests.entity.conftest import Filled
from tests.entity.serving import Api, fill, global_id, serve, settings_of
from tests.entity.stations_types import STATIONS, AskingStations, Station

EVERY_LIST = """{ stations(orderBy: {name: ASC}) { nodes {
  name
  readings(first: 2, orderBy: {degrees: DESC}) { totalCount nodes { degrees } aggregate { avg { degrees } } }
  alarms { nodes { level } }
  frosts { nodes { degrees } }
  watchers { nodes { name stations { totalCount } } }
  below { nodes { name } }
} } }"""


def avg(degrees: float | None) -> Any:
    return {"avg": {"degrees": degrees}}


@pytest.fixture
async def stations(dialect: str, filled: Filled) -> AsyncIterator[Api]:
    async with serve(await filled(STATIONS, dialect), STATIONS) as api:
        yield api


@pytest.fixture
async def changing(blank_database: Database) -> AsyncIterator[AskingStations]:
    await fill(blank_database, STATIONS)
    engines = Engines(settings_of(blank_database))
    yield AskingStations(engines, Viewer(1))
    await engines.dispose()


async def test_each_is_a_page_per_parent_in_one_statement(stations: Api, statements: StatementRecorder) -> None:
    with statements() as seen:
        found = await stations.ask(EVERY_LIST)
    ann = {"name": "Ann", "stations": {"totalCount": 2}}
    empty: dict[str, Any] = {"nodes": []}
    assert found["stations"]["nodes"] == [
        {
            "name": "Bern",
            "readings": {"totalCount": 2, "nodes": [{"degrees": 4}, {"degrees": -3}], "aggregate": avg(0.5)},
            "alarms": empty,
            "frosts": {"nodes": [{"degrees": -3}]},
            "watchers": {"nodes": [ann]},
            "below": empty,
        },
        {
            "name": "Oslo",
            "readings": {"totalCount": 0, "nodes": [], "aggregate": avg(None)},
            "alarms": empty,
            "frosts": empty,
            "watchers": empty,
            "below": empty,
        },
        {
            "name": "Ulm",
            "readings": {"totalCount": 3, "nodes": [{"degrees": 9}, {"degrees": 5}], "aggregate": avg(5.0)},
            "alarms": {"nodes": [{"level": 7}, {"level": 4}, {"level": 2}]},  # in the order of the relation
            "frosts": empty,
            "watchers": {"nodes": [ann]},
            "below": {"nodes": [{"name": "Bern"}, {"name": "Oslo"}]},
        },
    ]
    # stations, five lists of them (5), totals and averages of readings (2), and how many stations the watchers have
    assert len(seen) == 9


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        ("where: {readings: {some: {degrees: {gt: 4}}}}", ["Ulm"]),
        ("where: {alarms: {none: {level: {gt: 1}}}}", ["Bern", "Oslo"]),
        ("where: {frosts: {count: {eq: 0}}}", ["Ulm", "Oslo"]),
        ('where: {watchers: {some: {name: {eq: "Ann"}}}}', ["Ulm", "Bern"]),
        ("where: {below: {some: {readings: {every: {degrees: {lt: 0}}}}}}", ["Ulm"]),
        ("orderBy: [{below: {count: ASC}}, {readings: {count: ASC}}]", ["Oslo", "Bern", "Ulm"]),
    ],
)
async def test_lists_are_filtered_and_ordered_by_them(stations: Api, arguments: str, names: list[str]) -> None:
    found = await stations.ask(f"{{ stations({arguments}) {{ nodes {{ name }} }} }}")
    assert [node["name"] for node in found["stations"]["nodes"]] == names


async def test_pages_of_them_have_cursors(stations: Api) -> None:
    page = 'station(name: "Ulm") {{ alarms(first: 2{}) {{ nodes {{ level }} pageInfo {{ hasNextPage endCursor }} }} }}'
    first = (await stations.ask("{" + page.format("") + "}"))["station"]["alarms"]
    assert [node["level"] for node in first["nodes"]] == [7, 4]
    after = f', after: "{first["pageInfo"]["endCursor"]}"'
    second = (await stations.ask("{" + page.format(after) + "}"))["station"]["alarms"]
    assert ([node["level"] for node in second["nodes"]], second["pageInfo"]["hasNextPage"]) == ([2], False)


async def test_they_are_written_with_their_parents(changing: AskingStations) -> None:
    selection = "station { id watchers(orderBy: {name: ASC}) { nodes { name } } }"
    new = {"name": "Rome", "watchers": {"set": [{"name": "Bob"}, {"create": {"name": "Cleo"}}]}}
    made = (await changing.do("createStation", new, selection))["station"]
    assert made["watchers"]["nodes"] == [{"name": "Bob"}, {"name": "Cleo"}]
    change = {"id": made["id"], "name": "Roma", "watchers": {"remove": [{"name": "Bob"}], "add": [{"name": "Ann"}]}}
    changed = (await changing.do("updateStation", change, selection))["station"]
    assert changed["watchers"]["nodes"] == [{"name": "Ann"}, {"name": "Cleo"}]


async def test_parents_go_with_what_the_database_lets_go(changing: AskingStations) -> None:
    """Nothing is loaded for it: the database itself deletes the readings, and refuses for the sake of alarms."""
    bern, ulm = global_id(Station, 2), global_id(Station, 1)
    await changing.do("updateStation", {"id": bern, "watchers": {"set": []}}, "station { id }")
    assert await changing.do("deleteStation", {"id": bern}, "deletedId") == {"deletedId": bern, "errors": []}
    assert (await changing("{ readingsTotal: readings { totalCount } }")) == {"readingsTotal": {"totalCount": 3}}
    assert await changing.refused("deleteStation", {"id": ulm}, "deletedId") == [("StillReferenced", ("input", "id"))]
