"""`trellis explain`: a document enters, is run on the configured database, and the doctor's report leaves on stdout."""

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import typer
from graphql import OperationType
from strawberry.types import ExecutionResult

from db.relations import EVERYTHING
from graph.cli.database import engines
from graph.cli.environment import settings_of_the_environment
from graph.cli.errors import CommandError, Exit
from graph.context import ContextFactory
from graph.doctor.text import as_text
from graph.masking import for_client
from graph.prepare.documents import NotAllowed, OperationRequest
from graph.schema import DOMAIN
from graph.viewer import Viewer

READING = {OperationType.QUERY}
WRITING = {OperationType.QUERY, OperationType.MUTATION}


@dataclass(frozen=True)
class Asked:
    """What is to be run, and what is to be told."""

    variables: str | None
    operation: str | None
    analyze: bool
    values: bool
    write: bool
    as_json: bool


def viewer(user: str | None, roles: Sequence[str], *, nobody: bool) -> Viewer | None:
    """Who asks; None: somebody who sees everything. Raises `CommandError` for two answers."""
    if nobody and (roles or user is not None):
        raise CommandError("--nobody excludes --user and --role; leave one of them out.", Exit.USAGE)
    if user is None and not roles and not nobody:
        return None
    return Viewer(user, frozenset(roles))


def explain(file: str, asked: Asked, viewer: Viewer | None) -> None:
    """Run the operation and print the report. Raises `CommandError`."""
    doctor = {"explain": True, "analyze": asked.analyze, "values": asked.values}
    request = OperationRequest(_document(file), _variables(asked.variables), asked.operation, {"doctor": doctor})
    try:
        result = asyncio.run(_run(request, WRITING if asked.write else READING, viewer))
    except NotAllowed as refused:
        if refused.kind is not OperationType.MUTATION:
            cure = "explain the query below, or the query without `@live`"
            raise CommandError(f"What is answered more than once is not explained; {cure}.", Exit.USAGE) from None
        raise CommandError("This is a mutation, and what it changes is kept: say --write.", Exit.USAGE) from None
    _print(result, as_json=asked.as_json)
    if result.errors:
        messages = "\n".join(error.message for error in for_client(result.errors))
        raise CommandError(messages, Exit.FAILED)


async def _run(request: OperationRequest, allowed: set[OperationType], viewer: Viewer | None) -> ExecutionResult:
    settings = settings_of_the_environment()
    schema = DOMAIN.schema(settings)
    async with engines(settings) as made:
        started = DOMAIN.start(made, settings)
        contexts = ContextFactory(
            made,
            viewer=viewer or Viewer(),
            visible=EVERYTHING if viewer is None else DOMAIN.visibility(viewer),
            services=[DOMAIN.settings(), *started.services],
            may_diagnose=lambda _viewer: True,
        )
        try:
            return await schema.operations.answer(request, contexts, allowed, for_json=True)
        finally:
            started.close()


def _print(result: ExecutionResult, *, as_json: bool) -> None:
    report = (result.extensions or {}).get("doctor")
    if report is None:  # the document is not valid
        return
    if as_json:
        typer.echo(orjson.dumps(report, option=orjson.OPT_INDENT_2).decode())
    else:
        typer.echo(as_text(report))


def _document(file: str) -> str:
    return sys.stdin.read() if file == "-" else _read(Path(file))


def _variables(given: str | None) -> dict[str, Any] | None:
    if given is None:
        return None
    text = given if given.lstrip().startswith("{") else _read(Path(given))
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise CommandError(f"The variables are not JSON: {error}.", Exit.USAGE) from None
    if not isinstance(found, dict):
        raise CommandError('The variables are an object by their names, such as {"first": 10}.', Exit.USAGE)
    return found


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}. Name a file.", Exit.USAGE) from None
    except UnicodeDecodeError:
        raise CommandError(f"{file} is not a text in UTF-8. Save it as one.", Exit.USAGE) from None
