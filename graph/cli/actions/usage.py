"""`trellis schema unused` and `trellis schema usage`: counts of a database or a file enter, lists and files leave."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

import typer
from graphql import GraphQLSchema

from graph.cli.actions.schema import own_schema
from graph.cli.errors import CommandError, Exit
from graph.cli.output import destination, printable, writing
from graph.client import Client
from graph.contract.errors import ContractError
from graph.contract.sources import read_contract, read_contract_file
from graph.contract.usage import Usage
from graph.settings import Settings
from graph.usage import exporting
from graph.usage.options import Form
from graph.usage.reading import read_runs, read_usage
from graph.usage.unused import Unused, unused


def list_unused(source: str | None, days: int, schema: Path | None) -> None:
    """Print what nobody used. Raises `CommandError` where that is not known."""
    with _sentences():
        usage = read_usage(source or _own_database(), days)
        found = unused(_schema(schema), usage)
    for part in found:
        typer.echo(_line(part))
    typer.echo(_summary(found, usage), err=True)


def show(source: str | None, days: int) -> None:
    """Print who ran how many operations."""
    with _sentences():
        recorded = read_runs(source or _own_database(), days)
    runs: Counter[Client] = Counter()
    last: dict[Client, date] = {}
    for entry in recorded.runs:
        runs[entry.client] += entry.runs.runs
        last[entry.client] = max(entry.day, last.get(entry.client, entry.day))
    for client, times in runs.most_common():
        who, often = printable(f"{client.name} {client.version}".strip()), f"{times:,} run{'s' if times > 1 else ''}"
        typer.echo(f"{who}: {often}, last on {last[client]}")


def export(form: Form, output: Path | None, source: str | None, days: int, schema: Path | None) -> None:
    """Write who used what, in one of the forms."""
    with _sentences():
        text = _exported(form, source or _own_database(), days, schema)
    with destination(output) as file, writing():
        file.write(text.encode())


def _exported(form: Form, source: str, days: int, schema: Path | None) -> str:
    if form is Form.HIVE:
        return exporting.hive(read_runs(source, days), _schema(schema))
    usage = read_usage(source, days)
    return exporting.ours(usage) if form is Form.TRELLIS else exporting.inspector(usage, _schema(schema))


def _schema(file: Path | None) -> GraphQLSchema:
    if file is not None:
        return read_contract_file(file).schema
    return read_contract(own_schema().encode(), "The schema of the code").schema


def _own_database() -> str:
    return Settings().database_url.get_secret_value()


def _line(part: Unused) -> str:
    return part.coordinate if part.reason is None else f"{part.coordinate}  deprecated: {printable(part.reason)}"


def _summary(found: list[Unused], usage: Usage) -> str:
    deprecated = sum(part.reason is not None for part in found)
    since = usage.until - timedelta(days=usage.days - 1)
    days = f"{usage.days} {'day' if usage.days == 1 else 'days'}"
    return f"{len(found):,} unused since {since} ({days}), {deprecated:,} of them deprecated."


@contextmanager
def _sentences() -> Iterator[None]:
    """Errors of what is read, as failures of the command."""
    try:
        yield
    except ContractError as error:
        raise CommandError(str(error), Exit.UNAVAILABLE) from None
