"""A server starts right or not at all, and says why in one sentence."""

import asyncio
import logging
import multiprocessing
import os
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from asyncpg._testbase.fuzzer import TCPFuzzingProxy
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings
from sqlalchemy import make_url, text
from starlette.types import ASGIApp, Message

from db.session.engines import Engines
from db.settings import DatabaseSettings
from graph.app import create_app
from graph.auth.key_file import kept_key
from graph.auth.limiting import SignInLimits
from graph.auth.tokens import Tokens
from graph.domain import Domain, Started
from graph.errors import CannotStart, UnknownVariable
from graph.rates.storage import sign_in_counters
from graph.settings import Settings
from graph.startup import check_database, refuse_what_is_kept_apart, see_to_the_database
from graph.telemetry.shared import LedgerFiles, SharedLedgers
from graph.variables import refuse_unknown_variables
from tests.databases import Database
from tests.http.conftest import DOMAIN
from tests.http.test_probes import plain

NO_SERVER = "postgresql://trellis:s3cret@127.0.0.1:1/trellis"
PLAIN = Domain(plain, DOMAIN.visibility)


def settings_of(url: str, **more: Any) -> Settings:
    """Settings of a server that looks before it starts, on a machine that may be busy."""
    return Settings(database_url=SecretStr(url), start_checks=True, readiness_timeout_s=10, **more)


async def nothing() -> None:
    """Do nothing while a server runs."""


async def started(app: ASGIApp, meanwhile: Callable[[], Awaitable[None]] = nothing) -> str | None:
    """Start an application and stop it: None, or the sentence that a server would end with."""
    answers: list[Message] = []
    messages = [{"type": "lifespan.shutdown"}, {"type": "lifespan.startup"}]

    async def receive() -> Message:
        if len(messages) == 1:
            await meanwhile()
        return messages.pop()

    async def send(message: Message) -> None:
        answers.append(message)

    await app({"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}, receive, send)
    last = answers[-1]
    assert last["type"] in ("lifespan.startup.failed", "lifespan.shutdown.complete")
    return str(last["message"]) if last["type"] == "lifespan.startup.failed" else None


async def refusal(settings: Settings, domain: Domain = PLAIN) -> str:
    """Why a server does not start, which the application and the command say in the same words."""
    with pytest.raises(CannotStart) as refused:
        await check_database(settings)
    assert await started(create_app(settings, domain=domain)) == str(refused.value)
    assert "s3cret" not in str(refused.value)
    return str(refused.value)


async def test_a_whole_database_is_started_on(database: Database) -> None:
    await check_database(settings_of(database.url))
    assert await started(create_app(settings_of(database.url), domain=PLAIN)) is None


async def test_the_first_request_finds_a_connection(database: Database) -> None:
    app, found = create_app(settings_of(database.url), domain=PLAIN), []

    async def look() -> None:
        (pool,) = (await app.state.health.detail())["pools"].values()
        found.append((pool["checked_in"], pool["checked_out"]))

    assert await started(app, look) is None
    assert found == [(1, 0)]


@pytest.mark.postgresql
async def test_a_server_that_is_down_is_named() -> None:
    said = await refusal(settings_of(NO_SERVER))
    assert said.startswith("The database trellis at 127.0.0.1:1 cannot be reached: ")
    assert said.endswith("See that it is there and that TRELLIS_DATABASE_URL is right.")


@pytest.mark.postgresql
@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"username": "nobody_of_ours", "password": "s3cret"}, "nobody_of_ours"),
        ({"database": "nowhere"}, 'database "nowhere" does not exist'),
        ({"host": "nowhere.invalid"}, "nowhere.invalid"),
    ],
)
async def test_a_wrong_url_is_not_started_on(database: Database, wrong: Mapping[str, str], reason: str) -> None:
    url = make_url(database.url).set(**wrong).render_as_string(hide_password=False)  # type: ignore[arg-type]  # of these fields
    assert reason in await refusal(settings_of(url))


@pytest.mark.postgresql
async def test_a_wrong_name_is_not_waited_for(database: Database) -> None:
    url = make_url(database.url).set(database="nowhere").render_as_string(hide_password=False)
    begun = time.monotonic()
    await refusal(settings_of(url, wait_for_database_s=60))
    assert time.monotonic() - begun < 30


@pytest.mark.postgresql
async def test_a_server_that_starts_later_is_waited_for(
    database: Database, unused_tcp_port: int, caplog: pytest.LogCaptureFixture
) -> None:
    there = make_url(database.url)
    proxy = TCPFuzzingProxy(
        listening_port=unused_tcp_port, backend_host=str(there.host), backend_port=there.port or 5432
    )
    url = there.set(host="127.0.0.1", port=unused_tcp_port).render_as_string(hide_password=False)
    checking = asyncio.create_task(check_database(settings_of(url, wait_for_database_s=60)))
    await asyncio.sleep(0.4)
    assert not checking.done()
    proxy.start()
    await checking
    proxy.stop()
    (line,) = (record.getMessage() for record in caplog.records if record.name == "trellis")
    assert line.endswith("Waiting up to 60 s for it.")


@pytest.mark.postgresql
async def test_waiting_ends() -> None:
    begun = time.monotonic()
    await refusal(settings_of(NO_SERVER, wait_for_database_s=0.2))
    assert 0.2 <= time.monotonic() - begun < 20


def test_a_file_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    file = tmp_path / "trellis.db"
    said = asyncio.run(refusal(settings_of(f"sqlite:///{file}")))
    assert said == f"The database {file} is not there. Run `trellis db upgrade`, or correct TRELLIS_DATABASE_URL."
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_which_no_file_can_be_made_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.access", lambda _path, mode: mode != os.W_OK)  # whoever is root may write everywhere
    said = asyncio.run(refusal(settings_of(f"sqlite:///{tmp_path / 'trellis.db'}")))
    assert said.endswith("is not there, and its folder cannot be written. Let the server write there.")


def test_a_file_that_cannot_be_opened_for_want_of_room_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "trellis.db"
    file.write_text("no database, so that it cannot be opened")
    assert "file is not a database" in asyncio.run(refusal(settings_of(f"sqlite:///{file}")))
    monkeypatch.setattr("graph.startup.MIN_FREE_BYTES", 2**62)
    said = asyncio.run(refusal(settings_of(f"sqlite:///{file}")))
    assert said == f"The database {file} has a full disk, and cannot be opened. Make room."


@pytest.mark.postgresql
async def test_a_database_without_tables_wants_to_be_upgraded(blank_database: Database) -> None:
    said = "The database lacks tables that the API shows. Run `trellis db upgrade`."
    assert await refusal(settings_of(blank_database.url), DOMAIN) == said


@pytest.mark.nouns
@pytest.mark.parametrize(
    ("at", "said"),
    [
        ("0001", "The database is at an older revision than the code wants. Run `trellis db upgrade`."),
        (
            "9999",
            "The database is at a revision that the code does not know. Deploy the code that belongs to it; if the"
            " table of revisions is another application's, name one of Trellis's own by TRELLIS_VERSION_TABLE.",
        ),
    ],
)
async def test_another_revision_is_not_started_on(database: Database, at: str, said: str) -> None:
    settings = settings_of(database.url)
    engines = Engines(settings)
    async with engines.writing().begin() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = :at"), {"at": at})
    assert await refusal(settings) == said
    await engines.dispose()


@pytest.mark.sqlite
async def test_a_file_that_cannot_be_written_is_served(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    url = f"sqlite:///file:{make_url(database.url).database}?mode=ro&uri=true"
    await check_database(settings_of(url))
    assert await started(create_app(settings_of(url), domain=PLAIN)) is None
    assert "takes no changes" in caplog.text


async def test_a_replica_that_is_away_is_a_line_in_the_log(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    lost = "sqlite:////nowhere/trellis.db" if database.dialect == "sqlite" else NO_SERVER
    caplog.set_level(logging.WARNING, "trellis")
    assert await started(create_app(settings_of(database.url, replica_urls=(lost,)), domain=PLAIN)) is None
    assert "The database `replica 1` " in caplog.text


async def test_nothing_is_looked_at_where_the_settings_say_so(no_database: str) -> None:
    settings = settings_of(no_database).model_copy(update={"start_checks": False, "record_usage": False})
    assert await started(create_app(settings, domain=PLAIN)) is None


async def test_a_worker_does_not_end_the_others_for_a_database_that_is_away(
    no_database: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(multiprocessing, "parent_process", lambda: "somebody")
    assert await started(create_app(settings_of(no_database, record_usage=False), domain=PLAIN)) is None
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == [
        f"The database {make_url(no_database).database} is not there. Run `trellis db upgrade`, or correct"
        " TRELLIS_DATABASE_URL."
    ]


async def test_a_domain_says_what_it_needs(database: Database, tmp_path: Path) -> None:
    closed: list[bool] = []

    def check() -> None:
        kept_key(tmp_path)  # a folder

    domain = replace(PLAIN, start=lambda *_: Started(check=check, close=lambda: closed.append(True)))
    said = await started(create_app(settings_of(database.url), domain=domain))
    assert said is not None
    assert said.startswith(f"The key in {tmp_path}, which signs access tokens, cannot be used: Is a directory.")
    assert closed == [True]


def limited(settings: Settings) -> Domain:
    """A domain that counts attempts to sign in."""
    counters = sign_in_counters(Engines(settings), settings)
    return replace(PLAIN, start=lambda *_: Started(limits=[SignInLimits(settings, counters)]))


APART = "would be counted in each {} apart, so that clients have a multiple of the limit. Set TRELLIS_LIMITS_STORAGE to"


@pytest.mark.parametrize("limit", ["rate_limit", "rate_limit_per_address"])
@pytest.mark.parametrize("storage", ["auto", "memory"])
async def test_limits_that_several_processes_count_in_memory_are_refused(
    database: Database, limit: str, storage: str
) -> None:
    settings = settings_of(database.url, limits_storage=SecretStr(storage), **{limit: "10/minute"})
    assert await started(create_app(settings, domain=PLAIN)) is None, "one process may"
    said = await started(create_app(settings, domain=PLAIN, ledgers=SharedLedgers(LedgerFiles(2))))
    assert said == f"Operations {APART.format('process')} `database`, or to the URL of a Redis."
    with pytest.raises(CannotStart, match="Operations would be counted"):
        see_to_the_database(settings, None, processes=2)

    shared = settings.model_copy(update={"limits_storage": SecretStr("database")})
    assert await started(create_app(shared, domain=PLAIN, ledgers=SharedLedgers(LedgerFiles(2)))) is None


async def test_attempts_to_sign_in_that_several_processes_count_in_memory_are_refused(database: Database) -> None:
    settings = settings_of(database.url, limits_storage=SecretStr("memory"))
    ledgers = SharedLedgers(LedgerFiles(2))
    assert await started(create_app(settings, domain=PLAIN, ledgers=ledgers)) is None, "nobody signs in"
    said = await started(create_app(settings, domain=limited(settings), ledgers=ledgers))
    assert said is not None
    assert said.startswith(f"Attempts to sign in {APART.format('process')}")
    by_default = settings_of(database.url)
    assert await started(create_app(by_default, domain=limited(by_default), ledgers=ledgers)) is None


@pytest.mark.postgresql
async def test_what_one_machine_of_several_would_have_alone_is_refused(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    several = settings_of(database.url, several_machines=True)
    assert await started(create_app(several, domain=PLAIN)) is None
    here = {
        "rate_limit": "10/minute",
        "files": "memory:///",
        "database_url": SecretStr(f"sqlite:///{tmp_path / 'trellis.db'}"),
    }
    said = {}
    for name, value in here.items():
        settings = several.model_copy(update={name: value})
        said[name] = await started(create_app(settings, domain=PLAIN))
        alone = settings.model_copy(update={"several_machines": False})
        refuse_what_is_kept_apart(alone, 1)
    assert [str(sentence).split(".")[0] for sentence in said.values()] == [
        "Operations would be counted in each machine apart, so that clients have a multiple of the limit",
        "TRELLIS_FILES leads to the memory of each machine, where the others do not find a file",
        "TRELLIS_DATABASE_URL leads to a file of this machine, and TRELLIS_SEVERAL_MACHINES says that others serve,"
        " too",
    ]

    in_folder = several.model_copy(update={"files": f"file://{tmp_path}"})
    monkeypatch.setattr("graph.startup.local_file_system", lambda folder: "ext4" if folder == tmp_path else None)
    sentence = await started(create_app(in_folder, domain=PLAIN))
    assert str(sentence).startswith(
        "TRELLIS_FILES leads to a folder of this machine (ext4), where the others do not find"
    )
    monkeypatch.setattr("graph.startup.local_file_system", lambda _folder: None)
    assert await started(create_app(in_folder, domain=PLAIN)) is None


@pytest.mark.postgresql
async def test_keys_of_tokens_that_one_machine_of_several_would_make_are_refused(
    database: Database, tmp_path: Path
) -> None:
    file = tmp_path / "token.key"

    async def start(**settings: Any) -> str | None:
        made = settings_of(database.url, **settings)
        return await started(create_app(made, domain=replace(PLAIN, start=lambda *_: _signing(made, file))))

    assert str(await start(several_machines=True)).startswith("TRELLIS_TOKEN_KEYS is empty, and")
    assert not file.exists()
    assert await start(several_machines=True, token_keys=(SecretStr("k" * 40),)) is None
    assert not file.exists()
    assert await start() is None
    assert file.exists()


def _signing(settings: Settings, file: Path) -> Started:
    return Started(check=Tokens(settings, file).check)


class OfADomain(BaseSettings):
    """Settings of nouns."""

    model_config = DatabaseSettings.model_config

    volts: int = Field(default=230)


def unknown(**variables: str) -> str:
    """What is said of an environment; empty for one in which every variable is read."""
    try:
        refuse_unknown_variables(variables, Settings, OfADomain)
    except UnknownVariable as refused:
        return str(refused)
    return ""


def test_a_misspelt_variable_is_named_with_what_was_meant() -> None:
    assert unknown(TRELLIS_DATABSE_URL="s3cret") == (
        "TRELLIS_DATABSE_URL is no setting of this server; did you mean TRELLIS_DATABASE_URL? Correct it, or unset it."
    )
    assert "did you mean TRELLIS_VOLTS?" in unknown(TRELLIS_VOLT="1")
    assert unknown(TRELLIS_WOMBAT="1", trellis_wombats="1").splitlines() == [
        "TRELLIS_WOMBAT is no setting of this server; unset it. docs/settings.md lists all.",
        "trellis_wombats is no setting of this server; unset it. docs/settings.md lists all.",
    ]


def test_variables_that_somebody_reads_are_known() -> None:
    assert unknown(TRELLIS_VOLTS="1", TRELLIS_PORT="1", trellis_pool_size="1", TRELLISES="1", MY_TRELLIS_X="1") == ""


def test_what_kubernetes_says_of_a_service_of_this_name_is_no_mistake() -> None:
    of_a_service = {
        "TRELLIS_SERVICE_HOST": "10.0.0.11",
        "TRELLIS_SERVICE_PORT_HTTP": "80",
        "TRELLIS_API_PORT": "tcp://10.0.0.11:80",
        "TRELLIS_API_PORT_80_TCP_ADDR": "10.0.0.11",
        "TRELLIS_PORT_80_TCP": "tcp://10.0.0.11:80",
    }
    assert unknown(**of_a_service) == ""
    assert unknown(TRELLIS_API_PORT="80")
