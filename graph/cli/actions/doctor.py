"""`trellis doctor`: an environment enters; results leave on stdout as they are found, or as JSON, with a status."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import httpx
import typer
from pydantic import ValidationError

from db.settings import HOUSE
from graph import VERSION
from graph.building import building
from graph.checkup.examination import examine
from graph.checkup.installation import installed
from graph.checkup.result import Result, State, broken, ok, warning
from graph.cli.actions.schema import SCHEMA, own_schema
from graph.cli.actions.serve import bound
from graph.cli.errors import CommandError, Exit
from graph.cli.failures import explained, wrong_setting
from graph.cli.output import printable
from graph.domain import Domain
from graph.errors import CannotStart, UnknownVariable
from graph.manual import START, address, whereabouts
from graph.outside.announcement import announcement
from graph.projects.checkout import Checkout
from graph.projects.errors import NoCheckout
from graph.settings import Settings
from graph.terminal import may_colour
from graph.variables import refuse_unknown_variables

SETTINGS = address("settings")
SCHEMA_CHECKS = address("schema-checks")
COLOURS = {State.OK: typer.colors.GREEN, State.WARNING: typer.colors.YELLOW, State.BROKEN: typer.colors.RED}
INDENT = " " * 23
ANSWER_S = 2.0
"""Seconds that a server at the address may take to say that it lives."""


def doctor(workers: int, *, as_json: bool) -> None:
    """Say what is wrong. Raises `typer.Exit` with 1 when something is broken."""
    results = asyncio.run(_told(workers, shown=not as_json))
    counts = {state: sum(it.state is state for it in results) for state in State}
    status = next((state for state in (State.BROKEN, State.WARNING) if counts[state]), State.OK)
    if as_json:
        told = {"trellis": VERSION, "status": status, "results": [it._asdict() for it in results]}
        typer.echo(json.dumps(told, indent=2))
    else:
        typer.echo("\n" + _summary(counts))
    if status is State.BROKEN:
        raise typer.Exit(Exit.FAILED)


def _summary(counts: Mapping[State, int]) -> str:
    warnings = "1 warning" if counts[State.WARNING] == 1 else f"{counts[State.WARNING]} warnings"
    return f"{counts[State.OK]} ok, {warnings}, {counts[State.BROKEN]} broken."


async def _told(workers: int, *, shown: bool) -> list[Result]:
    """All results; each is shown as it is found."""
    results = []
    async for result in _results(workers):
        results.append(result)
        if shown:
            typer.echo("\n".join(_lines(result)))
    return results


def _lines(result: Result) -> Iterator[str]:
    state = f"{result.state:<8}"
    if may_colour(sys.stdout):
        state = typer.style(state, fg=COLOURS[result.state], bold=result.state is not State.OK)
    said, *more = result.said.splitlines()
    yield f"{state} {result.check:<13} {printable(said)}"
    yield from (INDENT + printable(line) for line in (*more, *result.cure.splitlines()))
    if result.page:
        yield f"{INDENT}See {whereabouts(result.page)}"


async def _results(workers: int) -> AsyncIterator[Result]:
    for found in _installation():
        yield found
    try:
        settings = Settings()
    except ValidationError as wrong:
        for found in _wrong(wrong):
            yield found
        return
    yield await asyncio.to_thread(_port, settings)
    try:
        with building():
            from graph.schema import DOMAIN  # late: what is wrong with its declarations is told, too

            schema = own_schema()
    except Exception as error:
        failure = explained(error)
        if failure is None:
            raise
        yield broken("schema", "The types do not fit the models.", str(failure), failure.page or "")
        return
    yield _schema(schema)
    for found in _environment(DOMAIN):
        yield found
    async for found in examine(settings, DOMAIN, workers):
        yield found


def _installation() -> Iterator[Result]:
    try:
        pyproject = Checkout(HOUSE).place(Path("pyproject.toml")).read_text(encoding="utf-8")
    except (NoCheckout, OSError):  # of an image that has the packages alone
        return
    yield from installed(pyproject)


def _wrong(wrong: ValidationError) -> Iterator[Result]:
    for problem in wrong.errors(include_input=False):
        said, _, cure = wrong_setting(problem).partition(". ")
        yield broken("settings", f"{said}.", cure, address("settings", f"TRELLIS_{problem['loc'][0]}"))


def _environment(domain: Domain) -> Iterator[Result]:
    """Variables that nobody reads, and those of the domain that cannot be read."""
    try:
        refuse_unknown_variables(os.environ, Settings, domain.settings)
        domain.settings()
    except UnknownVariable as unknown:
        yield broken("settings", str(unknown), "", SETTINGS)
    except ValidationError as wrong:
        yield from _wrong(wrong)
    else:
        yield ok("settings", "Every variable that begins with TRELLIS_ is a setting, and can be read.")


def _port(settings: Settings) -> Result:
    """Whether the address of the settings can be listened on."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    origin = f"http://{host}:{settings.port}"
    try:
        with bound(settings.host, settings.port) as sockets:
            announcement(settings, [each.getsockname()[0] for each in sockets])
    except CannotStart as refused:
        said, _, cure = str(refused).partition(". ")
        return broken("port", f"{said}.", cure, address("identity", "While you develop"))
    except CommandError as taken:
        if _serves(origin):
            return ok("port", f"Trellis serves {origin} already.")
        said, _, cure = str(taken).partition(". ")
        return broken("port", f"{said}.", cure, START)
    return ok("port", f"{settings.host}:{settings.port} is free.")


def _serves(origin: str) -> bool:
    """Whether a server of ours lives at an address."""
    with suppress(httpx.HTTPError, ValueError), httpx.Client(timeout=ANSWER_S, trust_env=False) as client:
        answered: object = client.get(f"{origin}/livez").json()
        return answered == {"status": "ok"}
    return False


def _schema(text: str) -> Result:
    """Whether the contract that is kept is that of the code."""
    if not SCHEMA.is_file():
        return ok("schema", "The types fit the models; there is no schema.graphql to compare with.")
    if SCHEMA.read_text(encoding="utf-8") == text:
        return ok("schema", f"{SCHEMA.name} is that of the code.")
    cure = "Run `trellis schema export --output schema.graphql`, and read the difference."
    return warning("schema", f"{SCHEMA.name} is not that of the code.", cure, SCHEMA_CHECKS)
