"""The pytest plugin: databases, clients and viewers as fixtures, snapshots by a mark and an option.

pytest loads it wherever Trellis is installed. Nothing is imported here but pytest and the standard library, and nothing
is made or started before a test asks for a fixture. Why: docs/decisions/0071-a-pytest-plugin.md.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest

from graph.testing.choices import DIALECTS, SQLITE, Choice, UnknownDatabase, choices_of
from graph.testing.options import (
    DATABASES,
    DATABASES_INI,
    DATABASES_VARIABLE,
    OPERATIONS,
    PREFIXES,
    UPDATE,
    URL_VARIABLE,
)
from graph.testing.runs import Run, begin
from graph.testing.snapshots import NoOperations, operations

if TYPE_CHECKING:
    from graph.domain import Domain
    from graph.settings import Settings
    from graph.testing.databases import Database, DatabaseServers
    from graph.viewer import Viewer

CHOICE = "_chosen_database"
"""The fixture that has a value for each database; whoever overrides `database` is left alone."""
OPERATION = "operation"
RUN_FOLDER = "trellis_run"
"""What the controller of xdist tells its workers: the folder that they share."""

MARKS = (
    f"{OPERATIONS}(folder): run the test for each operation, a file *.graphql, of a folder beside it",
    "sqlite: about SQLite alone",
    "postgresql: about PostgreSQL alone",
    "mysql: about MariaDB and MySQL alone",
)

run_key = pytest.StashKey[Run]()
cleanup_key = pytest.StashKey[ExitStack]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("trellis", "tests of an API (Trellis)")
    group.addoption(
        DATABASES,
        metavar="NAMES",
        help="what tests with a database run on: sqlite (the default), postgresql, mariadb, or the URL of a server"
        f" whose user may create databases; several with commas. Also {DATABASES_VARIABLE}, and {DATABASES_INI}.",
    )
    group.addoption(UPDATE, action="store_true", help="write the snapshots of operations anew, instead of comparing")
    parser.addini(DATABASES_INI, "What tests with a database run on, unless an option says so.", type="args")


def pytest_configure(config: pytest.Config) -> None:
    """Tell pytest of the marks, and of the fixtures that need pytest-asyncio."""
    for mark in MARKS:
        config.addinivalue_line("markers", mark)
    if config.getoption(UPDATE) and config.getoption("numprocesses", None):
        raise pytest.UsageError(f"{UPDATE} writes files that several tests share; leave out --numprocesses.")
    kind = "waiting" if find_spec("pytest_asyncio") else "missing"
    config.pluginmanager.register(import_module(f"graph.testing.fixtures_{kind}"), "trellis-fixtures")


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: object) -> None:
    """Tell a worker of xdist which run it belongs to."""
    config: pytest.Config = node.config  # type: ignore[attr-defined]  # xdist has no types for its nodes
    if run_key not in config.stash:
        config.stash[cleanup_key] = ExitStack()
        config.stash[run_key] = config.stash[cleanup_key].enter_context(begin())
    node.workerinput[RUN_FOLDER] = str(config.stash[run_key].folder)  # type: ignore[attr-defined]


def pytest_unconfigure(config: pytest.Config) -> None:
    """End the run of the workers, also after Ctrl-C."""
    if cleanup_key in config.stash:
        _tidy(config.stash[run_key])
        config.stash[cleanup_key].close()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test with a database on all that are chosen, and one with operations for each of them."""
    if CHOICE in metafunc.fixturenames:
        metafunc.parametrize(CHOICE, _choices(metafunc), indirect=True)
    mark = metafunc.definition.get_closest_marker(OPERATIONS)
    if mark is not None:
        _parametrize_operations(metafunc, mark)


def _choices(metafunc: pytest.Metafunc) -> list[object]:
    """The databases of a test, or one that leaves it out."""
    chosen = chosen_databases(metafunc.config)
    about = [dialect for dialect in DIALECTS if metafunc.definition.get_closest_marker(dialect)]
    fitting = [choice for choice in chosen if not about or choice.dialect in about]
    if fitting:
        return [pytest.param(choice, id=choice.dialect) for choice in fitting]
    skip = pytest.mark.skip(reason=f"about {about[0]}, and the tests run without; try {DATABASES}={about[0]}")
    return [pytest.param(None, id=about[0], marks=skip)]


def chosen_databases(config: pytest.Config) -> list[Choice]:
    """What tests with a database run on: the option says so, else the variable, else the ini file, else SQLite."""
    option, variable = config.getoption(DATABASES), os.environ.get(DATABASES_VARIABLE)
    try:
        return choices_of(option or variable or " ".join(config.getini(DATABASES_INI)) or SQLITE)
    except UnknownDatabase as error:
        _fail(str(error))


def _parametrize_operations(metafunc: pytest.Metafunc, mark: pytest.Mark) -> None:
    if len(mark.args) != 1 or OPERATION not in metafunc.fixturenames:
        _fail(
            f'{metafunc.definition.nodeid}: say which folder, @pytest.mark.{OPERATIONS}("…"), and take `{OPERATION}`.'
        )
    try:
        found = operations(metafunc.definition.path.parent / mark.args[0], update=metafunc.config.getoption(UPDATE))
    except NoOperations as error:
        _fail(str(error))
    metafunc.parametrize(OPERATION, found, ids=[operation.name for operation in found])


@pytest.fixture
def operation() -> NoReturn:
    """An operation of a folder, where a mark names one."""
    _fail(f'Which operations? Mark the test: @pytest.mark.{OPERATIONS}("folder").')


@pytest.fixture(scope="session")
def trellis_run(request: pytest.FixtureRequest) -> Iterator[Run]:
    """The folder that all processes of this run share."""
    shared: str | None = getattr(request.config, "workerinput", {}).get(RUN_FOLDER)
    if shared is not None:
        yield Run(Path(shared))
        return
    with begin() as run:
        yield run
        _tidy(run)


@pytest.fixture(scope="session")
def database_servers(trellis_run: Run) -> "Iterator[DatabaseServers]":
    """Where the databases of this process come from."""
    from graph.testing.databases import DatabaseServers

    servers = DatabaseServers(trellis_run)
    yield servers
    servers.close()


@pytest.fixture
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the developer's own settings from the test. Override it to let some of them pass, or to add some."""
    for name in [name for name in os.environ if name.startswith(PREFIXES)]:
        monkeypatch.delenv(name)


@pytest.fixture(name=CHOICE)
def _chosen_database(request: pytest.FixtureRequest) -> Choice:
    """The database of this run of the test; for one that asks late for it, the first that is chosen."""
    choice: Choice | None = getattr(request, "param", None)
    return choice or chosen_databases(request.config)[0]


@pytest.fixture
def database(
    _chosen_database: Choice,
    clean_environment: None,
    database_servers: "DatabaseServers",
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> "Iterator[Database]":
    """A database with all tables, as the revisions leave them: a new one for each test, on all that are chosen."""
    with ExitStack() as stack:
        try:
            found = stack.enter_context(database_servers.migrated(_chosen_database, tmp_path))
        except _refusals() as error:
            _fail(str(error))
        monkeypatch.setenv(URL_VARIABLE, found.url)  # code that reads its settings by itself is led here, too
        yield found


@pytest.fixture
def blank_database(
    _chosen_database: Choice,
    clean_environment: None,
    database_servers: "DatabaseServers",
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> "Iterator[Database]":
    """A database without any table: a new one for each test, on all that are chosen."""
    with ExitStack() as stack:
        try:
            found = stack.enter_context(database_servers.blank(_chosen_database, tmp_path))
        except _refusals() as error:
            _fail(str(error))
        monkeypatch.setenv(URL_VARIABLE, found.url)
        yield found


@pytest.fixture
def settings(database: "Database") -> "Settings":
    """The server's settings. Override it for others: `return settings_for(database, max_page=10)`."""
    from graph.testing.databases import settings_for

    return settings_for(database)


@pytest.fixture
def domain() -> "Domain":
    """What is served: the `DOMAIN` of `graph/schema.py`. Override it for another one."""
    from graph.schema import DOMAIN

    return DOMAIN


@pytest.fixture
def viewers() -> "Mapping[str, Viewer]":
    """The viewers that tests call by a name. Override it to name yours."""
    from graph.viewer import NOBODY

    return {"nobody": NOBODY}


def _refusals() -> tuple[type[Exception], ...]:
    """Errors that say all there is to know in one sentence: a traceback would hide it."""
    from graph.testing.databases import MissingRevisions, UnfitServer
    from graph.testing.mariadb import MariaDBUnavailable
    from graph.testing.postgresql import PostgresUnavailable

    return MariaDBUnavailable, MissingRevisions, PostgresUnavailable, UnfitServer


def _tidy(run: Run) -> None:
    """Take along what is left on servers that are not ours."""
    if any(run.folder.glob("foreign_*")):
        from graph.testing.databases import drop_left_databases

        drop_left_databases(run)


def _fail(sentence: str) -> NoReturn:
    pytest.fail(sentence, pytrace=False)
