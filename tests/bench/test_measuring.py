"""A small run from end to end: servers start, agree, are measured and stop."""

import os
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from bench import answers, cold, load
from bench.answers import ask, first_difference
from bench.backends import times
from bench.data import Size
from bench.database import database
from bench.measuring import Plan, begin, measure
from bench.operations import CHANGES, OPERATIONS, READER, Sender
from bench.processes import Running, running
from bench.results import figures
from bench.servers import SERVERS

pytestmark = pytest.mark.postgresql

SMALL = Size(users=800, posts=1_200, tags=100, prolific=100)
BRIEF = Plan(rounds=1, seconds=0.2, longest_s=0.2, warm_up_s=0.1, longest_warm_up_s=0.1, watch_all=False)
NAMES = ("trellis", "strawberry", "one-statement", "limit")


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    """The URL of a small database."""
    with database(SMALL) as url:
        yield url


@pytest.fixture(scope="module")
def servers(postgres: str) -> Iterator[list[Running]]:
    """Four servers on it."""
    cores = frozenset(os.sched_getaffinity(0))
    with ExitStack() as stack:
        yield [stack.enter_context(running(SERVERS[name], postgres, cores)) for name in NAMES]


@pytest.mark.parametrize("name", OPERATIONS)
def test_trellis_and_a_peer_answer_as_the_limit_does(servers: list[Running], name: str) -> None:
    operation = OPERATIONS[name]
    if name == "flat":
        operation = operation._replace(arguments={"first": 50})
    found_by = {server.server.name: ask(server, operation) for server in servers if server.server.answers(operation)}
    limit = found_by.pop("limit")
    assert limit
    assert {name: first_difference(limit, found) for name, found in found_by.items()} == dict.fromkeys(found_by)
    absent = (
        {"strawberry", "one-statement"}
        if name in CHANGES
        else {"strawberry"}
        if operation.sender is not Sender.ADMIN
        else set()
    )
    assert found_by.keys() == {"trellis", "strawberry", "one-statement"} - absent


@pytest.mark.parametrize("name", ["hidden", "signed_in"])
def test_a_member_sees_one_of_twenty_posts_and_their_own(servers: list[Running], name: str) -> None:
    *_, limit = servers
    posts = ask(limit, OPERATIONS[name])
    assert len(posts) == 50
    assert all(post["id"] % 20 == 0 or post["author"]["id"] == READER for post in posts)
    everything = ask(limit, OPERATIONS["feed"])
    assert len({post["id"] for post in everything} & {post["id"] for post in posts}) < 10


def test_a_token_that_is_not_ours_is_refused(servers: list[Running], monkeypatch: pytest.MonkeyPatch) -> None:
    trellis, *_ = servers
    monkeypatch.setattr(answers, "headers_of", lambda _operation: {"authorization": "Bearer nobody"})
    with pytest.raises(answers.NoAnswer):
        ask(trellis, OPERATIONS["signed_in"])


def test_a_measured_operation_has_figures_for_every_server(servers: list[Running]) -> None:
    told = list[str]()
    measured = measure(OPERATIONS["feed"], servers, BRIEF, told.append)
    assert measured.unanswered == {}
    assert measured.samples.keys() == set(NAMES)
    for samples in measured.samples.values():
        found = figures(samples)
        assert found.rps > 0
        assert 0 < found.p50_ms <= found.p99_ms
        assert found.memory_mib > 10
        if times(servers[0].database):  # PostgreSQL runs on this machine
            assert found.postgresql_ms is not None
            assert found.postgresql_ms > 0
    assert "feed: round 1 of 1, Trellis" in told


def test_the_first_answer_and_the_memory_of_a_server_are_told(servers: list[Running]) -> None:
    trellis, *_ = servers
    start = begin(trellis)
    assert start.first_ms is not None
    assert start.cpu_s > 0 < start.first_ms
    assert 10 < trellis.memory_mib() <= trellis.peak_memory_mib()


def test_wrk_is_used_where_it_is_installed(servers: list[Running], monkeypatch: pytest.MonkeyPatch) -> None:
    if not load.generator():
        pytest.skip("wrk is not installed")
    *_, limit = servers
    sample = load.apply(limit, OPERATIONS["lookup"], 1)
    assert sample.requests > 10
    monkeypatch.setattr(load, "generator", str)
    assert load.apply(limit, OPERATIONS["lookup"], 1).requests > 10


def test_first_runs_cost_more_on_new_connections_than_on_warm_ones(servers: list[Running], postgres: str) -> None:
    chosen = [running for running in servers if running.server.name in ("trellis", "limit")]
    found = cold.measure(chosen, postgres, 1, lambda _doing: None)
    assert found.missing == {}
    if not times(chosen[0].database):
        pytest.skip("PostgreSQL runs on another machine")
    for by_way in found.runs.values():
        assert list(by_way) == list(cold.WAYS)
        warm, new = by_way["warm"].first_postgresql_ms, by_way["on new connections"].first_postgresql_ms
        assert warm is not None
        assert new is not None
        assert 0 < warm < new  # a back end starts, and plans
    assert found.as_json()["feed"]["limit"]["warm"]["first_ms"] > 0


def test_a_server_that_stops_gives_no_number() -> None:
    url = "postgresql://nobody@127.0.0.1:1/nothing"  # it is not spoken to
    cores = frozenset(os.sched_getaffinity(0))
    with running(SERVERS["strawberry"], url, cores) as strawberry:
        strawberry.process.terminate()
        strawberry.process.wait()
        with pytest.raises(load.LoadFailed, match="the server stopped"):
            load.apply(strawberry, OPERATIONS["feed"], 0.1)
