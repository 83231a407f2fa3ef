"""`trellis schema check`: two schemas enter, a report leaves on stdout, and the status says whether a change fails.

Whatever keeps the check from running ends with status 2, so that 1 means a failing change and nothing else.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import typer

from graph.cli.actions.schema import SCHEMA, own_schema
from graph.cli.errors import CommandError, Exit
from graph.cli.failures import explained
from graph.cli.output import destination, writing
from graph.contract.allowances import Allowance, read_allowances
from graph.contract.errors import ContractError
from graph.contract.git import file_at, is_ref
from graph.contract.introspection import introspect, parsed_headers
from graph.contract.kinds import Criticality
from graph.contract.options import FailOn, Format
from graph.contract.reports import Files, written
from graph.contract.sources import Contract, read_contract, read_contract_file
from graph.contract.usage import Usage, read_usage_file
from graph.contract.verdicts import Terms, check
from graph.usage.reading import DAYS, is_database, read_usage

ALLOWED = Path("schema-changes.toml")
"""The file of allowed changes that is read where there is one."""


@dataclass(frozen=True)
class Question:
    """What is asked for on the command line."""

    against: str
    schema: Path | None
    headers: Sequence[str]
    form: Format
    fail_on: FailOn
    allow: Path | None
    usage: str | None
    days: int | None
    allow_unused: bool


def run(question: Question) -> None:
    """Print the report. Raises `CommandError` for what cannot be read, `typer.Exit` for changes that fail."""
    try:
        new, old = _new(question.schema), _old(question)
        report = check(old, new, _terms(question))
    except Exception as error:
        raise _refusal(error) or error from None
    text = written(report, question.form, Files(old.file, new.file))
    with destination(None) as stdout, writing():
        stdout.write(text.encode(errors="backslashreplace"))
    if question.fail_on is not FailOn.NONE and report.fails(Criticality[question.fail_on.name]):
        raise typer.Exit(Exit.FAILED)


def _refusal(error: Exception) -> CommandError | None:
    """Why the check could not run, with the status that says so; None for an exception without a known cause."""
    if isinstance(error, ContractError):
        return CommandError(str(error), Exit.USAGE)
    failure = explained(error)
    return failure and CommandError(str(failure), Exit.USAGE)


def _old(question: Question) -> Contract:
    """The schema of an address, of a file, or of the same file at a Git ref, in this order."""
    against = question.against
    if against.startswith(("http://", "https://")):
        return read_contract(introspect(against, parsed_headers(question.headers)), against.partition("?")[0])
    if question.headers:
        raise ContractError(f"{against} is asked for without headers; --header is for addresses, https://….")
    if _is_there(Path(against)):
        return read_contract_file(Path(against))
    return _at_ref(against, question.schema or SCHEMA)


def _is_there(file: Path) -> bool:
    try:
        return file.exists()
    except OSError:  # a name that is longer than names of files may be
        return False


def _at_ref(against: str, file: Path) -> Contract:
    ref, colon, path = against.partition(":")
    if not is_ref(ref, file.parent):
        raise ContractError(
            f"{against} is no file, no commit that Git knows in {file.parent.resolve()}, and no address. Correct the"
            " name; fetch a branch with `git fetch origin` (in CI, check out with its history); begin an address with"
            " https://."
        )
    name = path if colon else f"./{file.name}"
    return read_contract(file_at(ref, name, file.parent), against, _shown(file))


def _new(file: Path | None) -> Contract:
    """The schema of a file, or that of the code, whose text is kept in `schema.graphql`."""
    if file is not None:
        return read_contract_file(file)
    return read_contract(own_schema().encode(), "The schema of the code", _shown(SCHEMA))


def _shown(file: Path) -> str:
    """A path as it is written from here, as annotations need it."""
    here = Path.cwd()
    return str(file.relative_to(here) if file.is_relative_to(here) else file)


def _terms(question: Question) -> Terms:
    usage = None if question.usage is None else _usage(question.usage, question.days)
    if usage is None and question.allow_unused:
        raise ContractError("--allow-unused needs to know what is used; name the counts with --usage.")
    return Terms(datetime.now(UTC).date(), usage, question.allow_unused, _allowances(question.allow))


def _usage(source: str, days: int | None) -> Usage:
    if is_database(source):
        return read_usage(source, days or DAYS)
    usage = read_usage_file(Path(source))
    if days is not None and days != usage.days:
        raise ContractError(f"{source} has the counts of {usage.days} days. Leave --days out, or export {days} days.")
    return usage


def _allowances(file: Path | None) -> Sequence[Allowance]:
    if file is None:
        return read_allowances(ALLOWED) if ALLOWED.exists() else ()
    return read_allowances(file)
