"""The plugin in projects of others: what it gives, what it costs, and what it says where something is missing."""

import pytest

import graph.testing.application
import migrations.comparison

pytest_plugins = ["pytester"]

LOADED = (graph.testing.application, migrations.comparison)
"""A run within this process forgets what it imports, and some modules may be loaded but once in a process."""

ASKS = """
    async def test_it(client):
        assert await client.query("{ __typename }") == {"__typename": "Query"}
"""
QUIET = ("-q", "-p", "no:cacheprovider", "-p", "no:schemathesis")


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    """A folder of tests of somebody's, in pytest-asyncio's auto mode."""
    pytester.makeini("[pytest]\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = function\n")
    return pytester


def run(project: pytest.Pytester, *options: str) -> pytest.RunResult:
    """Run the tests of the folder within this process."""
    return project.runpytest_inprocess(*QUIET, *options)


def test_a_client_is_there_without_a_line_of_configuration(project: pytest.Pytester) -> None:
    project.makepyfile(ASKS)
    run(project).assert_outcomes(passed=1)


def test_strict_mode_wants_the_mark_alone(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\nasyncio_mode = strict\nasyncio_default_fixture_loop_scope = function\n")
    pytester.makepyfile(
        """
        import pytest

        pytestmark = pytest.mark.asyncio

        async def test_over_http(client):
            assert await client.query("{ __typename }") == {"__typename": "Query"}

        async def test_past_http(schema_client):
            assert await schema_client.query("{ __typename }") == {"__typename": "Query"}
        """
    )
    run(pytester).assert_outcomes(passed=2)


def test_the_databases_are_those_of_the_option_or_the_variable_or_the_ini_file(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.makepyfile("def test_it(blank_database): print(blank_database.dialect)")
    listed = ("--collect-only",)
    run(project, *listed).stdout.fnmatch_lines(["*test_it[[]sqlite]", "1 test collected*"])
    with (project.path / "tox.ini").open("a") as ini:
        ini.write("\ntrellis_databases = sqlite postgresql\n")
    run(project, *listed).stdout.fnmatch_lines(["*test_it[[]sqlite]", "*test_it[[]postgresql]", "2 tests collected*"])
    monkeypatch.setenv("TEST_DATABASES", "postgresql")
    run(project, *listed).stdout.fnmatch_lines(["*test_it[[]postgresql]", "1 test collected*"])
    option = "--trellis-databases=sqlite,postgresql"
    run(project, *listed, option).stdout.fnmatch_lines(["2 tests collected*"])


def test_a_test_about_another_database_is_skipped_with_the_reason(project: pytest.Pytester) -> None:
    project.makepyfile("import pytest\n\n@pytest.mark.postgresql\ndef test_it(database): raise AssertionError")
    result = run(project, "-rs")
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["*about postgresql, and the tests run without; try --trellis-databases=postgresql"])


@pytest.mark.parametrize(
    ("word", "cure"),
    [
        (
            "oracle",
            "'oracle' is no database of tests. Write `sqlite`, `postgresql`, `mariadb`, or a server whose*",
        ),
        ("sqlite:///x.db", "'sqlite:///x.db' is no database of tests. Write `sqlite` alone: each test gets a file*"),
    ],
)
def test_a_database_that_cannot_be_had_is_refused_with_the_cure(project: pytest.Pytester, word: str, cure: str) -> None:
    project.makepyfile("def test_it(database): pass")
    result = run(project, f"--trellis-databases={word}")
    assert result.ret != 0
    result.stdout.fnmatch_lines([f"*{cure}"])


def test_a_server_that_cannot_be_reached_is_told(project: pytest.Pytester, unused_tcp_port: int) -> None:
    project.makepyfile("def test_it(database): pass")
    result = run(project, f"--trellis-databases=postgresql://nobody@127.0.0.1:{unused_tcp_port}/x")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([f"*127.0.0.1:{unused_tcp_port}*cannot be used: *"])


def test_settings_of_the_developer_reach_no_test_and_code_is_led_to_the_tests_database(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRELLIS_DATABASE_URL", "postgresql://production.example/x")
    monkeypatch.setenv("TRELLIS_DIRECT_URL", "postgresql://production.example/x")
    monkeypatch.setenv("TRELLIS_REPLICA_URLS", "postgresql://production.example/x")
    project.makepyfile(
        """
        from graph.settings import Settings

        def test_it(settings, database):
            assert settings.database_url.get_secret_value() == database.url
            assert Settings().database_url.get_secret_value() == database.url
            assert (settings.direct_url, settings.replica_urls) == (None, ())
        """
    )
    run(project).assert_outcomes(passed=1)


def test_who_has_fixtures_of_these_names_keeps_them(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import pytest

        @pytest.fixture
        def database():
            return "mine"

        @pytest.fixture
        def client(database):
            return f"{database}, too"

        def test_it(client):
            assert client == "mine, too"
        """
    )
    run(project).assert_outcomes(passed=1)


def test_without_the_plugin_nothing_of_it_is_there(project: pytest.Pytester) -> None:
    project.makepyfile(ASKS)
    result = run(project, "-p", "no:trellis")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*fixture 'client' not found"])


def test_tests_of_something_else_load_nothing_and_make_nothing(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import sys

        def test_it():
            assert not {"sqlalchemy", "strawberry", "starlette", "asyncpg", "db"} & sys.modules.keys()
        """
    )
    result = project.runpytest_subprocess(*QUIET)
    result.assert_outcomes(passed=1)


def test_without_pytest_asyncio_a_client_says_what_to_install(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("graph.testing.plugin.find_spec", lambda _name: None)
    project.makepyfile("def test_it(client): pass")
    run(project).stdout.fnmatch_lines(["*which is not installed: pip install 'trellis[[]testing]'"])


def test_a_viewer_that_nobody_has_named_is_told_with_those_that_are_known(project: pytest.Pytester) -> None:
    project.makepyfile('async def test_it(client): await client.query("{ __typename }", viewer="nobdy")')
    result = run(project)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*There is no viewer 'nobdy'. Did you mean 'nobody'? Known are 'nobody'; others are*"])


def test_errors_of_an_answer_are_told_line_by_line(project: pytest.Pytester) -> None:
    project.makepyfile('async def test_it(client): await client.query("{ nowhere }")')
    result = run(project)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*- the document: Cannot query field 'nowhere'*(GRAPHQL_VALIDATION_FAILED)"])


SNAPSHOTS = """
    import pytest

    @pytest.mark.operations("operations")
    async def test_it(operation, client):
        await operation.check(client)
"""


def test_snapshots_are_written_on_request_alone_and_compared_afterwards(project: pytest.Pytester) -> None:
    project.makepyfile(SNAPSHOTS)
    folder = project.mkdir("operations")
    (folder / "name.graphql").write_text("{ __typename }")
    missing = run(project)
    missing.assert_outcomes(failed=1)
    missing.stdout.fnmatch_lines(["*name.json has no answer; run pytest with --trellis-update, and read what comes."])
    assert [file.name for file in folder.iterdir()] == ["name.graphql"]
    run(project, "--trellis-update").assert_outcomes(passed=1)
    assert (folder / "name.json").read_text() == '{\n  "data": {\n    "__typename": "Query"\n  }\n}\n'
    run(project).assert_outcomes(passed=1)
    (folder / "name.json").write_text('{"data": {"__typename": "Mutation"}}')
    changed = run(project)
    changed.assert_outcomes(failed=1)
    changed.stdout.fnmatch_lines(
        ["*name.json differs; *", '*-    "__typename": "Mutation"', '*+    "__typename": "Query"']
    )


def test_snapshots_are_not_written_by_several_workers(project: pytest.Pytester) -> None:
    result = run(project, "--trellis-update", "-n", "2")
    result.stderr.fnmatch_lines(["*--trellis-update writes files that several tests share; leave out --numprocesses."])


@pytest.mark.parametrize(
    ("test", "cure"),
    [
        (SNAPSHOTS, "*operations has no file [*].graphql; name a folder with operations, beside the test."),
        (SNAPSHOTS.replace("operation, client", "client"), "*and take `operation`."),
        ("def test_it(operation): pass", '*Mark the test: @pytest.mark.operations("folder").'),
    ],
)
def test_a_test_without_operations_says_how_to_name_them(project: pytest.Pytester, test: str, cure: str) -> None:
    project.makepyfile(test)
    result = run(project)
    assert result.ret != 0
    result.stdout.fnmatch_lines([cure])


def test_a_missing_revision_is_told_with_the_cure(project: pytest.Pytester) -> None:
    project.makeconftest(
        """
        from sqlalchemy.orm import Mapped

        from db.base import Base, Id

        class Kite(Base):
            __module__ = "db.models.kite"
            __tablename__ = "kites"
            id: Mapped[Id]
        """
    )
    project.makepyfile("def test_it(database): pass")
    result = project.runpytest_subprocess(*QUIET)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["No revision in migrations/versions makes kites, which the models want.*"])


def test_each_worker_has_databases_of_its_own(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import pytest

        @pytest.mark.parametrize("number", range(2))
        async def test_it(number, blank_database, database, client):
            assert await client.query("{ __typename }") == {"__typename": "Query"}
            assert blank_database.url != database.url
        """
    )
    result = project.runpytest_subprocess(*QUIET, "-n", "2", "--trellis-databases=sqlite,postgresql")
    result.assert_outcomes(passed=4)
