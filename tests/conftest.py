"""Fixtures that every test may use, besides those of the plugin: settings of the data layer, a session, a recorder.

Databases come from the plugin, `graph.testing.plugin`: one PostgreSQL server per run, and a new database for each test.
"""

import gc
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from db.session import RequestSession
from db.session.engines import Engines
from db.settings import DatabaseSettings
from graph import app
from graph.testing import recorded_statements
from graph.testing.options import DATABASES
from graph.testing.runs import Run
from tests.databases import (
    FAST_PATH,
    THROUGH_PGBOUNCER,
    WITH_MARIADB,
    Database,
    DatabaseServers,
    LentDatabases,
    PostgreSQLDatabases,
    SQLiteDatabases,
    StatementRecorder,
    settings_for,
)

pytest_plugins = ["tests.execute.core.summary"]

collect_ignore = ["empty/tree"]
"""Files of the tree without nouns: its tests run there (`make check-empty`)."""

TESTS = Path(__file__).parent

SLOW = (
    "accessibility",  # a browser, and axe of npm
    "admission/test_claims.py",
    "admission/test_overload.py",  # a server and a crowd for each
    "api_keys",  # a server for each
    "attacks",  # everything that might hold the server, over thousands of rows
    "audit",
    "auth/test_limiting.py",
    "auth/test_passwords.py",
    "auth/test_tokens.py",
    "bench",  # about measuring, not about the API
    "changes",  # servers
    "cli/test_explain.py",  # a database with demo rows for each
    "cli/test_key.py",
    "cli/test_live.py",
    "cli/test_main.py",
    "cli/test_schema_check.py",
    "cli/test_status.py",
    "cli/test_user.py",  # processes
    "contract/test_laws.py",  # laws
    "contract/test_private_names.py",  # about other libraries
    "contract/test_schema.py",
    "db/care/test_online.py",
    "db/changes",  # a database for each
    "db/importing",  # files, by the hundred
    "db/reflection",
    "db/session/test_after_errors.py",  # every error on every road
    "db/session/test_engines.py",
    "db/session/test_entities.py",
    "db/session/test_healing.py",  # seconds of faults
    "db/session/test_replicas.py",
    "db/session/test_replication.py",  # replicas of its own
    "db/session/test_session_ends.py",  # timeouts
    "db/session/test_streams.py",
    "db/test_called_functions.py",
    "db/test_demo.py",
    "db/test_exporting.py",
    "db/test_functions.py",  # laws
    "db/test_money.py",
    "db/test_patterns.py",
    "db/test_search",
    "db/test_slugs.py",
    "docs",  # the commands of pages
    "doctor/test_doctor.py",
    "doctor/test_hints.py",  # thousands of rows, and an index for each case
    "doctor/test_log.py",
    "doctor/test_operations.py",
    "documents/test_caching.py",  # a server for each
    "documents/test_commands.py",
    "documents/test_modes.py",
    "documents/test_registry.py",
    "entity/test_awkward_names.py",
    "entity/test_bounds.py",
    "entity/test_chinook_lists.py",
    "entity/test_chinook_relations.py",
    "entity/test_database_types.py",  # every type, in every order
    "entity/test_distinct.py",
    "entity/test_ends_of_time.py",
    "entity/test_exact_numbers.py",
    "entity/test_groups.py",
    "entity/test_growth.py",
    "entity/test_guarded.py",
    "entity/test_keys_of_every_type.py",  # every type, on every road
    "entity/test_locales.py",  # a database for each locale
    "entity/test_moments.py",
    "entity/test_narrow_types.py",
    "entity/test_odd_values.py",
    "entity/test_paging_laws.py",
    "entity/test_questions.py",
    "entity/test_related_measures.py",
    "entity/test_relations.py",
    "entity/test_row_laws.py",
    "entity/test_rows_without_key.py",
    "entity/test_semantic_nullability.py",
    "entity/test_unreadable_values.py",
    "entity/test_value_sorts.py",
    "entity/test_viewers.py",
    "entity/test_write_only_relations.py",
    "execute/agreement",
    "execute/core",  # graphql-core's own tests
    "execute/test_answer_size.py",
    "execute/test_calls.py",
    "execute/test_direct.py::test_an_answer_leaves_nothing_to_the_garbage_collector",
    "execute/test_error_behaviors.py",
    "execute/test_prefetch.py",  # a market of its own for some
    "execute/test_resolvers.py",
    "explorer",  # a browser
    "export/test_exports.py",  # a server for each
    "federation",  # off unless a setting says otherwise
    "files/test_uploads.py",  # a server for each
    "http/test_audits.py",
    "http/test_batches.py",  # a server for each, and for the next
    "http/test_budgets.py",
    "http/test_compression.py",
    "http/test_cors.py",
    "http/test_deadlines.py",  # waits
    "http/test_editions.py",
    "http/test_ends.py",  # clients that leave, and timeouts
    "http/test_exact_numbers.py",
    "http/test_healing.py",  # waits
    "http/test_hostile",  # every value that might do harm, in every place
    "http/test_logs.py",
    "http/test_metrics.py",
    "http/test_operators.py",
    "http/test_own_writes.py",  # replicas of its own
    "http/test_probes.py",  # seconds of silence, and of waiting for a lock
    "http/test_proxies.py",
    "http/test_read_only.py",
    "http/test_requests.py",
    "http/test_startup.py",  # databases of their own
    "identity/test_identify.py",
    "identity/test_identity.py",
    "identity/test_in_a_browser.py",
    "identity/test_over_http.py",  # a server for each
    "identity/test_requests.py",
    "manual",  # every page
    "migrations",  # revisions, up and down
    "mutations/test_documents.py",
    "mutations/test_hostile.py",
    "mutations/test_idempotency.py",
    "mutations/test_money.py",
    "mutations/test_orders.py",
    "mutations/test_people.py",
    "operations/test_hostile",  # the same for our nouns
    "outside",  # providers that are away
    "policies/test_indexes.py",
    "policies/test_injection.py",
    "policies/test_mutations.py",
    "policies/test_nobody_can_tell.py",
    "policies/test_rows.py",
    "policies/test_viewer_in_filters.py",
    "prepare/test_cost.py::test_no_operation_needs_more_than_its_price",
    "prepare/test_documents.py",
    "prepare/test_limits.py",
    "prepare/test_mistakes.py",
    "prepare/test_plan.py",
    "prepare/test_price_and_truth.py",
    "prepare/test_work.py",
    "projects/test_empty.py",
    "projects/test_merging.py",
    "projects/test_wheel.py",
    "promises",  # seconds of load and of faults
    "rates/test_counters.py",
    "rates/test_operations.py",  # a server for each
    "rates/test_redis.py",
    "reflected",  # a database for each
    "reflected/test_every_type.py",  # a column for each, and every value
    "response_cache/test_answers.py",  # a server for each
    "response_cache/test_every_type.py",
    "response_cache/test_http.py",
    "response_cache/test_over_sockets.py",
    "response_cache/test_races.py",
    "response_cache/test_resolvers.py",
    "response_cache/test_with_the_log.py",
    "serving/test_draining.py",
    "serving/test_limits.py::test_a_head_without_an_end",  # megabytes, sent in vain
    "serving/test_limits.py::test_five_hundred",
    "serving/test_limits.py::test_who_",  # seconds of silence
    "serving/test_rolling.py",
    "serving/test_size.py",
    "serving/test_supervisor.py",
    "telemetry/test_exported.py",
    "telemetry/test_ledger.py::test_ten_thousand",
    "telemetry/test_ledgers.py",
    "telemetry/test_traces.py",  # a server for each
    "test_databases.py",
    "test_maintenance.py",
    "testing/example",
    "testing/test_databases.py",
    "testing/test_plugin.py",  # a run of pytest for each
    "testing/test_statements.py",
    "usage/test_bounds.py",
    "usage/test_coordinates.py::test_coordinates_are_those_of_a_naive_walk",
    "usage/test_deprecations.py",
    "usage/test_inspector.py",  # npm
    "usage/test_server.py",  # a server for each
    "writing/test_left_out.py",
    "writing/test_many.py",
    "writing/test_many_laws.py",
)
"""Left out by `make test-fast`, beside tests that start processes: a third of the time, for what breaks seldom."""

LONG = (
    "admission/test_overload.py",
    "api_keys",
    "attacks",
    "bench",
    "checkup/test_pgbouncer.py",
    "cli/test_completion.py",  # shells
    "cli/test_content.py",  # processes, as all of these
    "cli/test_db.py",
    "cli/test_doctor.py",  # the whole schema, and alembic, for each
    "cli/test_explain.py",
    "cli/test_maintain.py",
    "cli/test_next_step.py",
    "cli/test_reflect.py",
    "cli/test_schema.py",
    "cli/test_serve.py",
    "cli/test_terminals.py",
    "contract/test_laws.py",
    "contract/test_private_names.py",
    "db/changes/test_processes.py",
    "db/changes/test_recording.py::test_what_is_told_adds_up",
    "db/importing",
    "db/reflection",
    "db/session/test_after_errors.py",
    "db/session/test_failover.py",
    "db/session/test_healing.py",
    "db/session/test_replicas.py",
    "db/session/test_replication.py",
    "db/test_demo.py",
    "db/test_exporting.py",
    "db/test_functions.py",
    "db/test_search_laws.py",
    "deploy",  # all of deploy/compose.yaml, and an environment as in the image
    "docs/test_add_a_noun.py",  # a clone, and every command
    "docs/test_demo.py",
    "docs/test_readme.py",
    "docs/test_schema_checks.py",
    "doctor/test_doctor.py",
    "documents/test_caching.py",
    "documents/test_commands.py",
    "documents/test_modes.py",
    "documents/test_registry.py",
    "entity/test_awkward_names.py",
    "entity/test_bounds.py",
    "entity/test_database_types.py",  # every type, in every order
    "entity/test_ends_of_time.py",
    "entity/test_exact_numbers.py",
    "entity/test_groups.py",
    "entity/test_growth.py",
    "entity/test_guarded.py",
    "entity/test_keys_of_every_type.py",
    "entity/test_locales.py",  # a database for each
    "entity/test_moments.py",
    "entity/test_narrow_types.py",
    "entity/test_odd_values.py",
    "entity/test_paging_laws.py",
    "entity/test_questions.py",
    "entity/test_related_measures.py",
    "entity/test_row_laws.py",
    "entity/test_unreadable_values.py",
    "entity/test_value_sorts.py",
    "execute/agreement",
    "execute/core",
    "execute/test_answer_size.py",
    "execute/test_calls.py",
    "explorer/demo",
    "explorer/test_home.py",  # an application for each
    "export",
    "federation",
    "files/test_uploads.py",
    "following",  # a server for each, and clients that wait
    "following/test_matrix.py",  # every viewer, noun and column
    "http/test_batches.py",
    "http/test_budgets.py",
    "http/test_caches.py",  # memory is watched
    "http/test_deadlines.py",
    "http/test_ends.py",
    "http/test_healing.py",
    "http/test_hostile",
    "http/test_logs.py",
    "http/test_own_writes.py",  # a replica that is behind
    "http/test_probes.py",
    "http/test_startup.py",
    "identity/test_in_a_browser.py",
    "identity/test_over_http.py",
    "identity/test_over_sockets.py",  # a server
    "identity/test_requests.py",
    "live",  # a server for each, clients that wait
    "migrations",
    "mutations/test_hostile.py",
    "operations/test_hostile_values.py",
    "outside",
    "policies/test_indexes.py",
    "policies/test_injection.py",
    "policies/test_mutations.py",
    "policies/test_nobody_can_tell.py",
    "policies/test_rows.py::test_search_finds",
    "prepare/test_cost.py",
    "prepare/test_limits.py::test_twice_the_document_is_twice_the_work",
    "prepare/test_mistakes.py",
    "prepare/test_plan.py",
    "prepare/test_price_and_truth.py",
    "projects/test_empty.py",
    "projects/test_found.py",  # mypy over a whole project, and servers
    "projects/test_from_nothing.py",  # mypy over a whole project
    "projects/test_merging.py",
    "projects/test_sync.py",
    "projects/test_tutorial.py",
    "projects/test_wheel.py",
    "promises",
    "rates/test_operations.py",
    "rates/test_redis.py",
    "reflected",  # a database for each
    "response_cache/test_answers.py",
    "response_cache/test_every_type.py",
    "response_cache/test_http.py",
    "response_cache/test_over_sockets.py",
    "response_cache/test_races.py",
    "response_cache/test_resolvers.py",
    "response_cache/test_with_the_log.py",
    "serving/test_draining.py",
    "serving/test_limits.py",
    "serving/test_rolling.py",
    "serving/test_size.py",
    "serving/test_supervisor.py",
    "telemetry/test_exported.py",
    "telemetry/test_ledger.py::test_ten_thousand",
    "telemetry/test_traces.py",
    "telemetry/test_workers.py",
    "test_databases.py",
    "test_maintenance.py",
    "testing/test_plugin.py",
    "usage/test_bounds.py",
    "usage/test_coordinates.py",
    "usage/test_killed.py",
    "usage/test_server.py",
)
"""What `make test` leaves out and `make test-long` runs: half of all the time, and what breaks seldom."""

# The examples of a law are the same at every run and share a database, which they only read. `max_examples` is in per
# cent of what each law asks for; `pytest --hypothesis-profile=many` tries twenty times as much.
hypothesis_settings.register_profile(
    "ci",
    max_examples=100,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
hypothesis_settings.register_profile("many", hypothesis_settings.get_profile("ci"), max_examples=2_000)
hypothesis_settings.load_profile("ci")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Do not even look into files that the marks leave out as a whole: to list them takes a quarter of a short run."""
    wanted: str = config.option.markexpr
    left_out = (*SLOW, *LONG) if "not slow" in wanted else LONG if "not long" in wanted else ()
    whole = tuple(entry for entry in left_out if "::" not in entry)
    return collection_path.relative_to(TESTS).as_posix().startswith(whole) or None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is slow, and begin with that: a worker that is done takes over what others have not begun."""
    for item in items:
        name = item.nodeid.removeprefix("tests/")
        if name.startswith((*SLOW, *LONG)):
            item.add_marker(pytest.mark.slow)
        if name.startswith(LONG):
            item.add_marker(pytest.mark.long)
        if THROUGH_PGBOUNCER and item.get_closest_marker("direct"):
            item.add_marker(pytest.mark.skip(reason="about connections to PostgreSQL itself"))
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


def pytest_configure(config: pytest.Config) -> None:
    """Choose the database of the run."""
    if WITH_MARIADB and not config.getoption(DATABASES):
        config.option.trellis_databases = "mariadb"


def pytest_collection_finish() -> None:
    """Leave what lives as long as the tests out of garbage collection: modules, models, the tests themselves."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)


@pytest.fixture(autouse=True)
def _many_servers_in_one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server looks for garbage when it starts, and keeps the rest for ever; this process starts hundreds of them."""
    monkeypatch.setattr(app, "_spare_the_collector", lambda: None)


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The developer's own settings do not reach a test, except that the fast path may be off for a whole run."""
    for name in [name for name in os.environ if name.startswith(("TRELLIS_", "OTEL_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("TRELLIS_FAST_PATH", str(FAST_PATH))
    # Most applications of tests have no database, or one without revisions; tests of the start turn the checks on.
    monkeypatch.setenv("TRELLIS_START_CHECKS", "false")
    monkeypatch.setenv("TRELLIS_MAINTENANCE", "false")  # it would send statements while others are counted


@pytest.fixture(scope="session")
def database_servers(trellis_run: Run) -> Iterator[DatabaseServers]:
    """Where the databases of this process come from; PgBouncer may lend the connections for a whole run."""
    servers = DatabaseServers(trellis_run, LentDatabases if THROUGH_PGBOUNCER else None)
    yield servers
    servers.close()


@pytest.fixture(scope="session")
def _sqlite(database_servers: DatabaseServers) -> SQLiteDatabases:
    return database_servers.sqlite


@pytest.fixture(scope="session")
def _postgresql(database_servers: DatabaseServers) -> PostgreSQLDatabases:
    return database_servers.postgresql()


@pytest.fixture
def settings(database: Database) -> DatabaseSettings:
    """Settings that lead to `database`, of the data layer alone."""
    return settings_for(database)


@pytest.fixture
async def session(engines: Engines) -> AsyncIterator[RequestSession]:
    """A session for reading `database`, not yet connected."""
    async with RequestSession(engines) as session:
        yield session


@pytest.fixture
def statements() -> StatementRecorder:
    """Note what sessions send.

    `with statements() as seen: …`, then `assert len(seen) == 2`.
    """
    return recorded_statements
