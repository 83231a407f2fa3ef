"""The processor time of PostgreSQL: whose it is, and how it adds up."""

import time
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import make_url

from bench.backends import seconds_between, times
from tests.databases import Database

BUSY_S = 0.05
LONGEST_S = 30


def make_process(processes: Path, number: int, title: str, ns: int) -> None:
    """A process as /proc shows it."""
    (processes / str(number)).mkdir()
    (processes / str(number) / "cmdline").write_bytes(title.encode() + b"\0")
    (processes / str(number) / "schedstat").write_text(f"{ns} 1 1\n")


def test_only_back_ends_of_the_database_count(tmp_path: Path) -> None:
    make_process(tmp_path, 1, "postgres: ada bench 127.0.0.1(5000) idle", 7)
    make_process(tmp_path, 2, "postgres: ours: ada bench [local] SELECT", 8)  # the server has a name
    make_process(tmp_path, 3, "postgres: ada bench_2 127.0.0.1(5001) idle", 9)
    make_process(tmp_path, 4, "python -m bench bench", 10)
    (tmp_path / "5").mkdir()  # it has just ended
    assert times("bench", tmp_path) == {1: 7, 2: 8}


def test_a_new_back_end_counts_and_one_that_has_ended_does_not() -> None:
    assert (
        seconds_between({1: 10**9, 2: 5 * 10**9}, {1: 3 * 10**9, 3: 10**9}) == 3.0
    )  # 2 s of the first, 1 of the third


def test_without_back_ends_nothing_is_known() -> None:
    assert seconds_between({}, {}) is None


@pytest.mark.nouns
@pytest.mark.postgresql
async def test_what_postgresql_works_is_seen_from_outside(database: Database) -> None:
    name = str(make_url(database.url).database)
    connection = await asyncpg.connect(database.url)
    try:
        await connection.fetchval("SELECT 1")
        before, began = times(name), time.monotonic()
        if not before:
            pytest.skip("PostgreSQL runs on another machine")
        while (used := seconds_between(before, times(name)) or 0.0) < BUSY_S:
            assert time.monotonic() - began < LONGEST_S
            await connection.fetchval("SELECT sum(number) FROM generate_series(1, 100000) AS number")
        assert used <= time.monotonic() - began
    finally:
        await connection.close()
