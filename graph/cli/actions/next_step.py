"""`trellis` alone: a folder and settings enter; where one is and what to do next leave on stdout.

The database is looked at as a start looks at it. No schema is made, nothing is written, and what is wrong is told, not
raised: only settings that cannot be read end the command.
"""

import asyncio
import os
import shutil
import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import typer
from sqlalchemy import ColumnElement, literal_column, select, table
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from db.dialects import dialect_of
from db.probing import Finding, Problem
from db.revisions import history
from db.settings import HOUSE
from graph import VERSION
from graph.cli import COMMANDS_OF_THE_HOUSE
from graph.cli.database import engines
from graph.cli.environment import settings_of_the_environment
from graph.cli.first_rows import FirstRows
from graph.errors import CannotStart
from graph.findings import SENTENCES
from graph.manual import address, whereabouts
from graph.projects.checkout import IN_A_WHEEL
from graph.settings import Settings
from graph.startup import find_primary
from graph.terminal import may_colour

OF_A_PROJECT = ("alembic.ini", "db", "graph", "migrations", "pyproject.toml")
"""What every project has at its top."""

CONNECT_S = 0.2
"""Seconds that a server on this machine may take to let a connection in."""


class Step(NamedTuple):
    """Something to do next."""

    command: str
    what: str


class Said(NamedTuple):
    """Where one is, and what to do next."""

    place: Sequence[str]
    steps: Sequence[Step]


def tell() -> None:
    """Say where one is and what to do next. Raises what settings that cannot be read raise."""
    typer.echo("\n".join(_lines(_without_project() if (HOUSE / IN_A_WHEEL).is_dir() else _of_project())))


def _lines(said: Said) -> Iterator[str]:
    is_coloured = may_colour(sys.stdout)
    called = typed()
    width = max(len(step.command) for step in said.steps) + len(called) - len("trellis")
    yield from said.place
    yield ""
    yield "Next:"
    for step in said.steps:
        command = step.command.replace("trellis", called, 1).ljust(width)
        yield f"  {typer.style(command, bold=True) if is_coloured else command}   {step.what}"
    yield ""
    yield f"{called} --help lists every command; the manual begins at {whereabouts(address('tutorial'))}"


def typed() -> str:
    """The command as whoever has called it would type it here."""
    program = Path(sys.argv[0])
    found = shutil.which("trellis")
    if program.name != "trellis" or not program.is_file() or (found and Path(found).samefile(program)):
        return "trellis"
    return os.path.relpath(program)


def _without_project() -> Said:
    """Of a command that was installed as a package."""
    project = _project_above(Path.cwd())
    if project is not None:
        there = project / ".venv" / "bin" / "trellis"
        return Said(
            [f"Trellis {VERSION}, as a package. {project} is a project, with a command of its own."],
            [Step(str(there), "what to do next there" if there.exists() else "comes with `make setup`")],
        )
    return Said(
        [f"Trellis {VERSION}, as a package. There is no project here."],
        [
            Step("trellis init --empty shop", "a new project, without tables"),
            Step("trellis init postgresql://… shop", "a new project for a database that is there"),
            Step("trellis serve --reflect postgresql://…", "look at any database; nothing is written"),
        ],
    )


def _project_above(folder: Path) -> Path | None:
    """The project that a folder is in."""
    return next((it for it in (folder, *folder.parents) if all((it / name).exists() for name in OF_A_PROJECT)), None)


def _of_project() -> Said:
    settings = settings_of_the_environment()
    place = [f"Trellis {VERSION} in {HOUSE}"]
    here = _project_above(Path.cwd())
    if here not in (None, HOUSE):
        place.append(f"You are in another project, {here}, which has a command of its own: .venv/bin/trellis")
    if not history().known:
        what = "the first noun: model, type, policy, changes, revision, test"
        return Said([*place, "There are no nouns yet."], [Step("trellis noun add book title:str", what)])
    state, steps = asyncio.run(_state(settings))
    return Said([*place, state], steps)


async def _state(settings: Settings) -> tuple[str, Sequence[Step]]:
    """How the database is found, and what that asks for."""
    url = settings.primary
    dialect = dialect_of(url.get_backend_name())
    where = dialect.place(url)
    file = dialect.connections.file(url)
    upgrade = Step("trellis db upgrade", "make the tables")
    if file is not None and not file.exists():
        return f"The database {where} is not there yet.", [upgrade]
    async with engines(settings) as made:
        try:
            finding = await find_primary(made, settings, 0)
        except CannotStart as refused:
            return str(refused), [Step("trellis doctor", "look for what is wrong")]
        if finding.problem is Problem.NO_TABLES:
            return f"The database {where} has no tables yet.", [upgrade]
        if finding.problem is Problem.OLDER_REVISION:
            what = "bring the tables up to date"
            return f"The database {where} is at an older revision than the code.", [Step(upgrade.command, what)]
        if finding.problem is not None:
            said = f"The database {where} {SENTENCES[finding.problem]}"
            return said, [Step("trellis doctor", "look for what else is wrong")]
        rows = _first_rows()
        if rows is not None and await _are_empty(made.primary, rows.tables):
            return f"The database {where} has tables, and no rows.", [
                Step(rows.command, "fill it with rows to try"),
                _serve(settings),
            ]
    return f"The database {where} {_at(finding)}.", [_serve(settings)]


def _at(finding: Finding) -> str:
    return f"is at revision {finding.revision}" if finding.revision else "has tables"


def _first_rows() -> FirstRows | None:
    """What the application tells of its first rows, if it tells anything."""
    if find_spec(COMMANDS_OF_THE_HOUSE) is None:
        return None
    told: FirstRows | None = getattr(import_module(COMMANDS_OF_THE_HOUSE), "FIRST_ROWS", None)
    return told


async def _are_empty(engine: AsyncEngine, tables: Sequence[str]) -> bool:
    """Whether no row is in any of these tables; no, where one cannot be read."""
    with suppress(DBAPIError):
        async with engine.connect() as connection:
            for name in tables:
                one: ColumnElement[int] = literal_column("1")
                if (await connection.execute(select(one).select_from(table(name)).limit(1))).first() is not None:
                    return False
            return True
    return False


def _serve(settings: Settings) -> Step:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    origin = f"http://{host}:{settings.port}"
    for_browsers = "; GraphiQL for browsers" if settings.explorer else ""
    if _is_served(settings):
        return Step("trellis status --server " + origin, f"something is served at {origin} already; see how it fares")
    return Step("trellis serve", f"serve {origin}/graphql{for_browsers}")


def _is_served(settings: Settings) -> bool:
    """Whether something listens at the address of the settings."""
    try:
        with socket.create_connection((settings.host, settings.port), CONNECT_S):
            return True
    except OSError:
        return False
