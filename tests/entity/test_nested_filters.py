"""Relations behind relations: twice the rows take twice the work, not four times and not sixteen."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, text

from tests.databases import Database
from tests.entity import chinook
from tests.entity.chinook_rows import CHINOOK
from tests.entity.serving import Rows, Sample, fill, serve

PLAYLISTS = 4
IN_PLAYLISTS = "playlists: {{ {0}: {{ tracks: {{ {0}: {{ {1} }} }} }} }}"
HARDLY = "milliseconds: { lt: 0 }"
ALL = "milliseconds: { gte: 0 }"

QUESTIONS = {
    "some": f"where: {{ {IN_PLAYLISTS.format('some', IN_PLAYLISTS.format('some', HARDLY))} }}",
    "none": f"where: {{ {IN_PLAYLISTS.format('none', IN_PLAYLISTS.format('none', HARDLY))} }}",
    "every": f"where: {{ {IN_PLAYLISTS.format('every', IN_PLAYLISTS.format('every', ALL))} }}",
    "counts": "where: { mediaType: { tracks: { count: { gt: 1000000 } } } }",
    "an order": "orderBy: { mediaType: { tracks: { count: ASC } } }",
}


def crowded(scale: int) -> Rows:
    """Tracks of which each is on every playlist, and all of one medium."""
    tracks = range(1, 40 * scale + 1)
    medium: dict[str, Any] = {"media_type_id": 1, "name": "File"}
    return {
        chinook.MediaType: [medium],
        chinook.Playlist: [{"playlist_id": number, "name": f"List {number}"} for number in range(1, PLAYLISTS + 1)],
        chinook.Track: [
            {"track_id": number, "name": f"Track {number}", "media_type_id": 1, "milliseconds": number, "unit_price": 1}
            for number in tracks
        ],
        chinook.PlaylistTrack: [
            {"playlist_id": playlist, "track_id": track} for playlist in range(1, PLAYLISTS + 1) for track in tracks
        ],
    }


async def steps(database: Database, scale: int) -> dict[str, int]:
    """How many hundreds of SQLite's steps each question takes."""
    crowd = Sample("crowd", CHINOOK.metadata, crowded, CHINOOK.query)
    await fill(database, crowd, scale=scale)
    found: dict[str, int] = {}
    async with serve(database, crowd) as api:
        async with api.engines.primary.connect() as connection:
            driver: Any = (await connection.get_raw_connection()).driver_connection
            taken = 0

            def step() -> int:
                nonlocal taken
                taken += 1
                return 0

            await driver.set_progress_handler(step, 100)
        for name, arguments in QUESTIONS.items():
            taken = 0
            await api.ask(f"{{ tracks({arguments}) {{ nodes {{ id }} }} }}")
            found[name] = taken
    return found


async def test_relations_behind_relations_take_time_as_rows_do(tmp_path: Path) -> None:
    few, many = [
        await steps(Database(f"sqlite:///{tmp_path}/crowd_{scale}.db", "sqlite"), scale=scale) for scale in (2, 4)
    ]
    # Row by row, each question would go from each track to all: twice the tracks would take four times the steps.
    for name, taken in few.items():
        assert 0 < taken < many[name] < 3 * taken, name


async def rows_met(database: Database, scale: int) -> dict[str, int]:
    """How many rows PostgreSQL meets for each question, in all parts of its plan together."""
    crowd = Sample("crowd", CHINOOK.metadata, crowded, CHINOOK.query)
    await fill(database, crowd, scale=scale)
    found: dict[str, int] = {}
    async with serve(database, crowd) as api:
        async with api.engines.writing().begin() as connection:
            for table in CHINOOK.metadata.sorted_tables:
                await connection.execute(text(f'ANALYZE "{table.name}"'))
        sent: list[tuple[str, Any]] = []
        engine = api.engines.primary.sync_engine

        def note(_connection: object, _cursor: object, sql: str, values: Any, *_: object) -> None:
            sent.append((sql, values))

        for name, arguments in QUESTIONS.items():
            event.listen(engine, "before_cursor_execute", note)
            await api.ask(f"{{ tracks({arguments}) {{ nodes {{ id }} }} }}")
            event.remove(engine, "before_cursor_execute", note)
            sql, values = sent[-1]
            async with api.engines.primary.connect() as connection:
                driver: Any = (await connection.get_raw_connection()).driver_connection
                plan = await driver.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", *values)
            found[name] = _rows_of(plan[0]["Plan"])
        async with api.engines.writing().begin() as connection:
            await connection.run_sync(CHINOOK.metadata.drop_all)
    return found


def _rows_of(plan: dict[str, Any]) -> int:
    removed = sum(value for key, value in plan.items() if key.startswith("Rows Removed"))
    own: int = round((plan["Actual Rows"] + removed) * plan["Actual Loops"])
    return own + sum(map(_rows_of, plan.get("Plans", [])))


@pytest.mark.postgresql
async def test_postgresql_meets_rows_behind_relations_as_often_as_there_are_rows(blank_database: Database) -> None:
    few, many = [await rows_met(blank_database, scale=scale) for scale in (4, 8)]
    for name, met in few.items():
        assert 0 < met < many[name] < 3 * met, (name, few, many)
