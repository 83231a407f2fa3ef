"""What makes the comparison fair: same rows, same versions, same options, same questions."""

import importlib.metadata
from itertools import islice, pairwise

import pytest

from bench import data, installing
from bench.measuring import steady
from bench.operations import OPERATIONS, document
from bench.peers import tables
from bench.servers import LEVELS, SERVERS, settings_of_trellis, uvicorn
from graph.settings import Settings

ONLY_THEIRS = {"strawchemy", "strawberry-sqlalchemy-mapper"}


def test_the_python_peers_run_on_the_versions_that_trellis_runs_on() -> None:
    shared = {name: version for name, version in installing.pins().items() if name not in ONLY_THEIRS}
    assert shared == {name: importlib.metadata.version(name) for name in shared}


def test_fraiseql_has_the_server_that_all_python_servers_have() -> None:
    theirs, ours = installing.pins(installing.FRAISEQL / "requirements.txt"), installing.pins()
    assert theirs.pop("fraiseql").startswith("1.9.")
    assert theirs == {name: ours[name] for name in ("uvicorn", "uvloop", "httptools")}


def test_trellis_reads_level_by_level_where_there_is_a_choice() -> None:
    launch = SERVERS[LEVELS].launch
    if "prefetch" in Settings.model_fields:
        assert launch("postgresql://host/database", 8000).environment["TRELLIS_PREFETCH"] == "false"
    else:
        with pytest.raises(installing.Unavailable, match="always reads level by level"):
            launch("postgresql://host/database", 8000)


def test_every_python_server_keeps_as_many_connections() -> None:
    ours = settings_of_trellis("postgresql://host/database")
    assert ours["TRELLIS_POOL_SIZE"] == str(tables.POOL["pool_size"])
    assert ours["TRELLIS_POOL_MAX_OVERFLOW"] == str(tables.POOL["max_overflow"])


def test_every_server_of_graphql_has_a_document_for_every_operation() -> None:
    for server in SERVERS.values():
        for operation in OPERATIONS.values():
            if server.documents is not None and server.answers(operation):
                assert document(server.documents, operation)


def test_the_python_servers_have_the_loop_and_the_parser_that_uvicorn_chooses() -> None:
    command = uvicorn("peer:app", 8000)
    assert command[command.index("--loop") + 1] == "uvloop"
    assert command[command.index("--http") + 1] == "httptools"


def test_the_rows_are_the_same_every_time_and_as_many_as_the_readme_says() -> None:
    once, again = ({content.table: list(content.records) for content in data.content()} for _ in range(2))
    assert once == again
    assert {table: len(records) for table, records in once.items()} == {
        "users": 2_001,  # the last one is the prolific one
        "sign_ins": 1,
        "tags": 200,
        "posts": 50_000,  # 40,000 and the 10,000 of the prolific one
        "post_tags": 150_000,  # three of each post
        "accounts": 2_000,
        "transfers": 20_000,
    }


def test_no_two_posts_share_a_date() -> None:
    posts = next(content for content in data.content() if content.table == "posts")
    created = [record[posts.columns.index("created_at")] for record in islice(posts.records, 100)]
    assert all(earlier < later for earlier, later in pairwise(created))


@pytest.mark.parametrize(("before", "after", "warm"), [(1.0, 1.0, True), (1.0, 0.97, True), (1.47, 1.37, False)])
def test_a_server_is_warm_when_a_request_costs_what_it_cost_before(before: float, after: float, warm: bool) -> None:
    assert steady(before, after) is warm
