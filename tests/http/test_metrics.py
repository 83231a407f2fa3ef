"""What `/metrics` tells of one server: what was refused and why, who could not sign in, caches, pools, what runs."""

import re
from collections.abc import Mapping
from importlib.metadata import Distribution, PackageNotFoundError
from typing import TypeAlias

import pytest
from sqlalchemy.exc import TimeoutError as PoolTimeout

from db.session.engines import Engines
from db.settings import DatabaseSettings
from graph import VERSION
from tests.databases import Database
from tests.http.client import Client
from tests.http.conftest import Serve

Figures: TypeAlias = Mapping[str, float]

GENRES = "{ genres { totalCount } }"


async def figures(client: Client) -> Figures:
    """What a server tells, by series."""
    lines = (await client.http.get("/metrics")).text.splitlines()
    return {name: float(value) for name, value in (re.split(r" (?=\S+$)", line) for line in lines if line[0] != "#")}


def refusals(found: Figures) -> Figures:
    """How often something was refused, by code and status."""
    pairs = (
        (re.fullmatch(r'trellis_refusals_total\{code="(.*)",status="(.*)"\}', name), found[name]) for name in found
    )
    return {f"{match[1]} {match[2]}": number for match, number in pairs if match}


async def test_refusals_are_told_by_code_and_status(filled: Database, serve: Serve) -> None:
    client = await serve(filled.url, max_body_bytes=2_000, max_rows=1_000, http_edition="2025")
    await client.ask(GENRES)
    assert refusals(await figures(client)) == {}
    await client.ask("{ nothing }")
    await client.ask("{ nothing }")
    await client.ask("{ albums(first: 100) { nodes { artist { albums(first: 100) { nodes { id } } } } } }")
    await client.ask("{ albums(first: 100000) { nodes { id } } }")
    await client.ask("{" + "a" * 3_000 + "}")
    assert refusals(await figures(client)) == {
        "GRAPHQL_VALIDATION_FAILED 400": 2,
        "TOO_COSTLY 400": 1,
        "INVALID_PAGE 200": 1,
        "BAD_REQUEST 413": 1,
    }


async def test_too_many_points_are_told_as_refused(filled: Database, serve: Serve) -> None:
    client = await serve(filled.url, rate_limit_per_address="1/minute")
    for _ in range(3):
        await client.ask(GENRES)
    assert refusals(await figures(client)) == {"RATE_LIMITED 429": 2}


async def test_caches_tell_how_often_they_served(api: Client) -> None:
    before = await figures(api)
    for _ in range(3):
        await api.ask(GENRES)
    after = await figures(api)
    for cache in ("documents", "statements"):
        hits, misses = (
            after[name] - before[name]
            for name in (
                f'trellis_cache_hits_total{{cache="{cache}"}}',
                f'trellis_cache_misses_total{{cache="{cache}"}}',
            )
        )
        assert (hits, misses) == (2, 1), cache


async def test_a_server_tells_what_runs_and_whether_its_databases_do(filled: Database, serve: Serve) -> None:
    client = await serve(filled.url, commit='0a171bb "fast"')
    found = await figures(client)
    (build,) = [name for name in found if name.startswith("trellis_build_info")]
    assert 'commit="0a171bb \\"fast\\""' in build
    assert f'version="{VERSION}"' in build
    assert re.search(r'python="3\.\d+\.\d+', build)
    assert found['trellis_database_ready{database="primary"}'] == found['trellis_workers{state="serving"}'] == 1


async def test_a_project_with_a_name_of_its_own_tells_of_itself(
    filled: Database, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No package of its environment is called as ours is."""
    of_others = Distribution.from_name

    def installed(name: str) -> Distribution:
        if name == "trellis":
            raise PackageNotFoundError(name)
        return of_others(name)

    monkeypatch.setattr(Distribution, "from_name", installed)
    client = await serve(filled.url)
    assert any(f'version="{VERSION}"' in name for name in await figures(client))


async def test_a_database_that_is_away_is_told(serve: Serve, no_database: str) -> None:
    client = await serve(no_database)
    await client.ask(GENRES)
    found = await figures(client)
    assert found['trellis_database_ready{database="primary"}'] == 0
    assert found['trellis_operations_total{operation="",outcome="UNAVAILABLE",type="query"}'] == 1
    assert refusals(found) == {}


async def test_who_finds_no_connection_ready_is_counted_with_the_time(filled: Database) -> None:
    settings = DatabaseSettings.model_validate(
        {"database_url": filled.url, "pool_size": 1, "pool_max_overflow": 0, "pool_timeout_s": 0.05}
    )
    engines = Engines(settings)
    waits = engines.waits["primary"]
    try:
        held = await engines.connect(primary=True)
        assert (dict(waits.buckets)["+Inf"], waits.timeouts) == (1, 0)
        with pytest.raises(PoolTimeout):
            await engines.connect(primary=True)
        await held.give_back()
        assert (dict(waits.buckets)["+Inf"], waits.timeouts) == (2, 1)
        assert waits.seconds >= 0.05
    finally:
        await engines.dispose()
