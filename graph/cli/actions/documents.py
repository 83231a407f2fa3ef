"""`trellis documents`: manifests enter, or the registered documents; sentences about them leave on stdout.

What is wrong with a document is named by app, version, operation, id and line. Nothing is registered by halves.
"""

import asyncio
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import typer

from db.own.documents import MAX_NAME
from graph.cli.database import transaction
from graph.cli.documents import Format
from graph.cli.errors import CommandError, Exit
from graph.cli.failures import explained
from graph.cli.output import printable
from graph.documents import store
from graph.documents.manifests import InvalidManifest, Listed, read_manifest
from graph.documents.vetting import Problem, operation_names, problems_in
from graph.prepare.documents import Preparer
from graph.schema import DOMAIN
from graph.settings import Settings

MAX_SHOWN = 50
"""Findings that refuse a registration by name; `check` names all of them."""


class Sent(NamedTuple):
    """A document, and who sends it."""

    origin: str
    """A file, or an app with its version."""
    id: str
    text: str


class Finding(NamedTuple):
    """Something that is wrong with a document that somebody sends."""

    origin: str
    operation: str
    id: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.origin}: {self.operation or 'a document'} ({self.id}), line {self.line}: {self.message}"


def register(files: Sequence[Path], app: str, version: str) -> None:
    """Register the documents of these files. Raises `CommandError` that names what is wrong with them."""
    _check_name("--app", app)
    _check_name("--version", version)
    listed = [(file, entry) for file in files for entry in _read(file)]
    findings = _findings(Sent(str(file), entry.id, entry.text) for file, entry in listed)
    if findings:
        raise CommandError("\n".join([*map(_line, findings[:MAX_SHOWN]), "Nothing was registered."]))
    new = asyncio.run(_registered([entry for _, entry in listed], app, version))
    count = len({entry.id for _, entry in listed})
    typer.echo(f"{printable(app)} {printable(version)} sends {_counted(count)}; {new} of them had not been known.")


def check(files: Sequence[Path], output: Format) -> None:
    """Check the documents of these files, or without files the registered ones, and print what is wrong.

    Raises `typer.Exit` with 1 when something is, and `CommandError` with 2 when nothing could be checked.
    """
    with _unable_is_usage():
        sent = [Sent(str(file), *entry) for file in files for entry in _read(file)] if files else asyncio.run(_sent())
        findings = _findings(sent)
    typer.echo(WRITTEN[output](findings, len({it.text for it in sent})))
    if findings:
        raise typer.Exit(Exit.FAILED)


def print_list(app: str | None) -> None:
    """Print a line for each use of a document."""
    for it in asyncio.run(_listed(app)):
        typer.echo("\t".join(map(printable, it)))


def retire(app: str | None, version: str | None, document_id: str | None) -> None:
    """Take documents away. Raises `CommandError` when there are none, or when it is not said which."""
    if document_id is None and app is not None and version is not None:
        count = asyncio.run(_ended_version(app, version))
        what = f"{app} {version}"
    elif document_id is not None and app is None and version is None:
        count = asyncio.run(_ended_id(document_id))
        what = document_id
    else:
        raise CommandError("Say what to retire: --app and --version, or --id.", Exit.USAGE)
    if not count:
        raise CommandError(f"Nothing is registered for {printable(what)}; `trellis documents list` shows what is.")
    typer.echo(f"{printable(what)} was retired: {count} id{'s' if count > 1 else ''}.")


def _check_name(option: str, name: str) -> None:
    if not 0 < len(name) <= MAX_NAME or not name.isprintable():
        raise CommandError(f"{option} has 1 to {MAX_NAME} printable characters.", Exit.USAGE)


def _read(file: Path) -> Sequence[Listed]:
    try:
        return read_manifest(file.read_bytes())
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}. Name a manifest.", Exit.UNAVAILABLE) from None
    except InvalidManifest as invalid:
        raise CommandError(f"{file}: {printable(str(invalid))}") from None


def _findings(sent: Iterable[Sent]) -> list[Finding]:
    """What is wrong with documents, each looked at once."""
    preparer = DOMAIN.schema(Settings()).preparer
    known: dict[str, tuple[str, Sequence[Problem]]] = {}
    return [finding for it in sent for finding in _findings_of(preparer, it, known)]


def _findings_of(preparer: Preparer, sent: Sent, known: dict[str, tuple[str, Sequence[Problem]]]) -> Iterator[Finding]:
    if sent.text not in known:
        found = problems_in(preparer, sent.text)
        known[sent.text] = operation_names(sent.text) if found else "", found
    operation, problems = known[sent.text]
    for problem in problems:
        yield Finding(sent.origin, operation, sent.id, problem.line, problem.message)


async def _registered(listed: Sequence[Listed], app: str, version: str) -> int:
    async with transaction() as session:
        try:
            return await store.register(session, listed, app, version)
        except store.Taken as taken:
            raise CommandError(f"{taken} Nothing was registered.") from None


async def _sent() -> list[Sent]:
    async with transaction() as session:
        used = await store.uses(session)
        texts = await store.texts(session, {it.sha256 for it in used})
    return [Sent(f"{it.app} {it.version}", it.id, texts[it.sha256]) for it in used]


async def _listed(app: str | None) -> list[tuple[str, ...]]:
    async with transaction() as session:
        used = [it for it in await store.uses(session) if app in (None, it.app)]
        texts = await store.texts(session, {it.sha256 for it in used})
    names = {sha256: operation_names(text) for sha256, text in texts.items()}
    return [(it.app, it.version, it.id, names[it.sha256]) for it in used]


async def _ended_version(app: str, version: str) -> int:
    async with transaction() as session:
        return await store.retire_version(session, app, version)


async def _ended_id(document_id: str) -> int:
    async with transaction() as session:
        return await store.retire_id(session, document_id)


@contextmanager
def _unable_is_usage() -> Iterator[None]:
    """Give whatever keeps a check from running one status, apart from that of a check that says no."""
    try:
        yield
    except Exception as error:
        failure = error if isinstance(error, CommandError) else explained(error)
        if failure is None:
            raise
        raise CommandError(str(failure), Exit.USAGE) from None


def _line(finding: Finding) -> str:
    return printable(str(finding))


def _counted(documents: int) -> str:
    return f"{documents} document{'' if documents == 1 else 's'}"


def _summary(findings: Sequence[Finding], documents: int) -> str:
    if not documents:
        return "No documents are registered."
    if not findings:
        return f"All of {_counted(documents)} fit this schema."
    broken = len({(finding.origin, finding.id) for finding in findings})
    origins = ", ".join(sorted({printable(finding.origin) for finding in findings}))
    return f"{_counted(broken)} of {origins} would break."


def _as_text(findings: Sequence[Finding], documents: int) -> str:
    return "\n".join([*map(_line, findings), _summary(findings, documents)])


def _as_json(findings: Sequence[Finding], documents: int) -> str:
    return json.dumps({"documents": documents, "findings": [finding._asdict() for finding in findings]}, indent=2)


def _as_github(findings: Sequence[Finding], documents: int) -> str:
    """Annotations, as https://docs.github.com/actions/reference/workflow-commands-for-github-actions has them."""
    errors = [f"::error title={_escaped(it.origin, '%,:')}::{_escaped(_line(it), '%')}" for it in findings]
    return "\n".join([*errors, _summary(findings, documents)])


def _escaped(text: str, meaning: str) -> str:
    """A text in a workflow command, in whose place these characters have a meaning."""
    return "".join(f"%{ord(it):02X}" if it in meaning else it for it in printable(text))


def _as_markdown(findings: Sequence[Finding], documents: int) -> str:
    lines = [f"**{_summary(findings, documents)}**"]
    for origin, found in groupby(findings, lambda finding: finding.origin):
        lines += ["", f"### {_cell(origin)}", "", "| operation | id | line | what is wrong |", "|---|---|---|---|"]
        lines += [f"| {_cell(it.operation)} | `{it.id}` | {it.line} | {_cell(it.message)} |" for it in found]
    return "\n".join(lines)


def _cell(text: str) -> str:
    return printable(text).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")


WRITTEN: dict[Format, Callable[[Sequence[Finding], int], str]] = {
    Format.TEXT: _as_text,
    Format.JSON: _as_json,
    Format.GITHUB: _as_github,
    Format.MARKDOWN: _as_markdown,
}
