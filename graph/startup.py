"""What a server sees to before it listens: its database, and what its domain needs.

Settings and engines enter; nothing leaves, or `CannotStart` with one sentence and the cure. Nothing is written and no
file of a database is made. What can be served nevertheless is said to the log alone:
docs/decisions/0036-start-and-access.md.
"""

import asyncio
import logging
import multiprocessing
import os
import shutil
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TypeAlias
from urllib.parse import unquote, urlsplit

from sqlalchemy import URL, inspect
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from db.dialects import dialect_of
from db.probing import MIN_FREE_BYTES, Finding, Note, Probe, Problem, wanted_by
from db.session.engines import Engines
from graph.errors import CannotStart, TrellisError
from graph.findings import PRIMARY, SENTENCES
from graph.mounts import local_file_system
from graph.settings import LimitsStorage, Settings

logger = logging.getLogger("trellis")

TRY_S = 5.0
"""Seconds that a database may take to give a connection."""
TRY_AGAIN_S = 0.25

VARIABLE = "TRELLIS_DATABASE_URL"
"""What tells which database is meant, unless an option of a command does."""

IN_MEMORY = (LimitsStorage.AUTO, LimitsStorage.MEMORY)
"""Where operations are counted by each process for itself."""

SERVED = {Problem.READ_ONLY, Problem.FULL}
"""Problems with which reads are answered: `/readyz` says them, and a start does not fail."""

Step: TypeAlias = Callable[[], Awaitable[None]]


def unreachable(url: URL, variable: str, reason: str) -> str:
    """The sentence about a database that does not answer, or does not let us in."""
    place = dialect_of(url.get_backend_name()).place(url)
    return f"The database {place} cannot be reached: {reason}. See that it is there and that {variable} is right."


def refuse_what_is_kept_apart(settings: Settings, processes: int, *, signs_in: bool = False) -> None:
    """Refuse what each process, or each machine, would have for itself although all of them have to share it.

    `signs_in`: whether attempts to sign in are counted. Raises `CannotStart`. Keys of tokens are looked at by whoever
    signs any. What else there is: docs/scaling.md.
    """
    if settings.several_machines or processes > 1:
        _refuse_in_memory(settings, "machine" if settings.several_machines else "process", signs_in=signs_in)
    if settings.several_machines:
        _refuse_on_one_machine(settings)


def _refuse_in_memory(settings: Settings, each: str, *, signs_in: bool) -> None:
    storage = settings.limits_storage.get_secret_value()
    counted = {
        "Operations": storage in IN_MEMORY and (settings.rate_limit or settings.rate_limit_per_address),
        "Attempts to sign in": storage == LimitsStorage.MEMORY and signs_in,
    }
    for what, is_apart in counted.items():
        if is_apart:
            raise CannotStart(
                f"{what} would be counted in each {each} apart, so that clients have a multiple of the limit. Set"
                " TRELLIS_LIMITS_STORAGE to `database`, or to the URL of a Redis."
            )
    if settings.files.startswith("memory:"):
        raise CannotStart(
            f"TRELLIS_FILES leads to the memory of each {each}, where the others do not find a file. Name a folder, or"
            " a bucket such as s3://bucket/folder."
        )


def _refuse_on_one_machine(settings: Settings) -> None:
    if dialect_of(settings.primary.get_backend_name()).connections.is_of_one_machine:
        raise CannotStart(
            "TRELLIS_DATABASE_URL leads to a file of this machine, and TRELLIS_SEVERAL_MACHINES says that others serve,"
            " too. Name a database that all of them reach, such as postgresql://user@host/database."
        )
    store = urlsplit(settings.files)
    kind = local_file_system(Path(unquote(store.path))) if store.scheme == "file" else None
    if kind is not None:
        raise CannotStart(
            f"TRELLIS_FILES leads to a folder of this machine ({kind}), where the others do not find a file. Name a"
            " bucket such as s3://bucket/folder, or a folder that all machines have mounted."
        )


def see_to_the_database(settings: Settings, wait_s: float | None, processes: int = 1) -> None:
    """See that the database is right, and what has to be shared is, once for all workers. Raises `CannotStart`.

    The settings say how many seconds to wait where that is None.
    """
    if settings.start_checks:
        refuse_what_is_kept_apart(settings, processes)
        waits = {} if wait_s is None else {"wait_for_database_s": wait_s}
        asyncio.run(check_database(settings.model_copy(update=waits)))


async def check_database(settings: Settings) -> None:
    """Check the primary alone, before anything of the application is made. Raises `CannotStart`."""
    engines = Engines(settings)
    try:
        _refuse(await find_primary(engines, settings, settings.wait_for_database_s))
    finally:
        await engines.dispose()


async def find_primary(engines: Engines, settings: Settings, wait_s: float) -> Finding:
    """How the primary is found, without the schema. Raises `CannotStart` where there is no connection in that time.

    Its tables are not looked at one by one: that wants the schema, and its revision tells nearly as much. Nor are
    Trellis's own, without which a server starts.
    """
    engine = engines.probing()[PRIMARY]
    await until_it_answers(engine, wait_s)
    probe = Probe(engine, wanted_by(settings, (), ()), takes_changes=True)
    finding = await probe.look(settings.readiness_timeout_s)
    if Note.NO_REVISION in finding.notes and await _is_empty(engine):
        return Finding(Problem.NO_TABLES)
    return finding


async def check(engines: Engines, settings: Settings, look: Callable[[], Awaitable[Mapping[str, Finding]]]) -> None:
    """Check the primary with the tables that the schema shows, and say to the log what else there is to know."""
    await until_it_answers(engines.probing()[PRIMARY], settings.wait_for_database_s)
    findings = await look()
    _refuse(findings[PRIMARY])
    for name, finding in findings.items():
        for word in (finding.problem, *finding.notes):
            if word is not None:
                logger.warning("The database `%s` %s", name, SENTENCES[word])


async def until_it_answers(engine: AsyncEngine, wait_s: float, *, told_by: str = VARIABLE) -> None:
    """Return once the database gives a connection; wait so many seconds for one that is down or starts.

    Raises `CannotStart`; at once where waiting cannot help: a wrong password, a wrong name, no file.
    """
    deadline, waiting = time.monotonic() + wait_s, False
    while True:
        refused = await _refusal_of(engine, told_by)
        if refused is None:
            return
        may_come, reason = refused
        if not may_come or time.monotonic() >= deadline:
            raise CannotStart(reason)
        if not waiting:
            logger.warning("%s Waiting up to %g s for it.", reason, wait_s)
            waiting = True
        await asyncio.sleep(min(TRY_AGAIN_S, max(0.0, deadline - time.monotonic())))


async def _refusal_of(engine: AsyncEngine, told_by: str) -> tuple[bool, str] | None:
    """None if the database gives a connection; else whether it may do so soon, and why it does not now."""
    connections = dialect_of(engine.dialect.name).connections
    file = connections.file(engine.url)
    if file is not None and not file.exists():
        return False, _missing(file, told_by)
    try:
        async with asyncio.timeout(TRY_S), engine.connect():
            return None
    except TimeoutError:
        return True, unreachable(engine.url, told_by, f"no answer within {TRY_S:g} s")
    except Exception as error:  # whatever it is, there is no connection
        if connections.is_busy(error):
            return None
        if file is not None and shutil.disk_usage(file.parent).free < MIN_FREE_BYTES:
            return False, f"The database {file} has a full disk, and cannot be opened. Make room."
        return connections.may_come(error), unreachable(engine.url, told_by, connections.said(error))


def _missing(file: Path, told_by: str) -> str:
    if told_by != VARIABLE:  # a database of somebody's, which is not ours to make
        return f"The database {file} is not there. Correct {told_by}."
    if file.parent.exists() and not os.access(file.parent, os.W_OK):
        return f"The database {file} is not there, and its folder cannot be written. Let the server write there."
    return f"The database {file} is not there. Run `trellis db upgrade`, or correct {VARIABLE}."


async def _is_empty(engine: AsyncEngine) -> bool:
    async with engine.connect() as connection:
        return not await connection.run_sync(lambda sync: inspect(sync).get_table_names())


def _refuse(primary: Finding) -> None:
    if primary.problem is not None and primary.problem not in SERVED:
        raise CannotStart(f"The database {SENTENCES[primary.problem]}")


class StartChecks:
    """Lets an application start when a check has passed; else the server ends with the check's sentence alone.

    A worker of a server with several says the sentence and starts: whoever has started it has looked, and started anew
    while the database is away, it would serve nobody. One that is to take the place of another which serves ends
    (`app.state.starts_unchecked` is false).
    Source: `keep_subprocess_alive` in uvicorn/supervisors/multiprocess.py.
    """

    def __init__(self, app: ASGIApp, check: Step, close: Step) -> None:
        self._app = app
        self._check = check
        self._close = close

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on, the start once it may be."""
        if scope["type"] != "lifespan":
            await self._app(scope, receive, send)
            return
        messages = [await receive()]
        refused = await self._refusal(scope)
        if refused is not None:
            await self._close()
            await send({"type": "lifespan.startup.failed", "message": refused})
            return

        async def received() -> Message:
            return messages.pop() if messages else await receive()

        await self._app(scope, received, send)

    async def _refusal(self, scope: Scope) -> str | None:
        """Why the application must not start; without a traceback, which would hide the sentence."""
        is_worker = multiprocessing.parent_process() is not None
        try:
            await self._check()
        except TrellisError as error:
            if not getattr(scope["app"].state, "starts_unchecked", is_worker):
                return str(error)
            logger.error(str(error))
        return None
