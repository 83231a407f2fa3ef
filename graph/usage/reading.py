"""Reading: a database or a file enters, who used what in some days leaves, and which operations were run.

Where nothing was counted, nothing is answered: an error says so, for "nobody uses it" must never be guessed.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple, TypeVar

from pydantic import SecretStr, ValidationError
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from db.dialects import Failure, dialect_of, failure_of
from db.session.engines import Engines
from db.settings import DatabaseSettings
from graph.client import Client
from graph.contract.errors import ContractError
from graph.contract.usage import Usage, Used, read_usage_file
from graph.usage.batch import LOST, OperationText, Runs
from graph.usage.counting import today
from graph.usage.writing import COUNTS, OPERATIONS, RUNS, first_day

T = TypeVar("T")

DAYS = 30
"""How many days are looked at, where nobody says."""


class RunsOfADay(NamedTuple):
    """How often a client ran an operation on a day; the operation is empty where its document was not kept."""

    day: date
    client: Client
    operation: str
    runs: Runs


class Recorded(NamedTuple):
    """The operations that were run, and by whom."""

    runs: Sequence[RunsOfADay]
    operations: Mapping[str, OperationText]


def is_database(source: str) -> bool:
    """Whether a source is the URL of a database, and no file."""
    return "://" in source


def read_usage(source: str, days: int) -> Usage:
    """Who used what in the last days, today included: from a file of counts, or from the database at a URL.

    `days` of the answer are those of which there are counts, when there are fewer. Raises `ContractError` for what
    cannot be read, and where nothing was counted.
    """
    if not is_database(source):
        return read_usage_file(Path(source))
    return _read(source, lambda connection: _usage(connection, days))


def read_runs(source: str, days: int) -> Recorded:
    """The operations that were run in the last days, from the database at a URL. Raises `ContractError`."""
    if not is_database(source):
        raise ContractError("A file of counts does not have operations; name the database, as in TRELLIS_DATABASE_URL.")
    return _read(source, lambda connection: _recorded(connection, days))


def _read(url: str, question: Callable[[AsyncConnection], Awaitable[T]]) -> T:
    try:
        settings = DatabaseSettings(database_url=SecretStr(url))
    except ValidationError:
        raise ContractError(
            "The URL of the counts is not that of a database that Trellis knows; write it as TRELLIS_DATABASE_URL."
        ) from None
    try:
        return asyncio.run(_asked(settings, question))
    except (DBAPIError, OSError) as error:
        raise ContractError(_sentence(settings, error)) from None


async def _asked(settings: DatabaseSettings, question: Callable[[AsyncConnection], Awaitable[T]]) -> T:
    engines = Engines(settings)
    try:
        async with engines.snapshot().connect() as connection:
            return await question(connection)
    finally:
        await engines.dispose()


def _sentence(settings: DatabaseSettings, error: Exception) -> str:
    place = dialect_of(settings.primary.get_backend_name()).place(settings.primary)
    if isinstance(error, DBAPIError) and failure_of(error) is Failure.NO_TABLE:
        return f"The database {place} has no counts of usage. Run `trellis db upgrade` there, and let a server count."
    return f"The counts of usage in {place} cannot be read: {getattr(error, 'orig', error)}. See that the URL is right."


async def _usage(connection: AsyncConnection, days: int) -> Usage:
    until = today()
    since = await _since(connection, days, until)
    statement = (
        select(COUNTS.c.coordinate, COUNTS.c.client, COUNTS.c.version, func.sum(COUNTS.c.uses), func.max(COUNTS.c.day))
        .where(COUNTS.c.day >= since)
        .group_by(COUNTS.c.coordinate, COUNTS.c.client, COUNTS.c.version)
        .order_by(COUNTS.c.coordinate, COUNTS.c.client, COUNTS.c.version)
    )
    uses: dict[str, list[Used]] = {}
    for coordinate, client, version, times, last in await connection.execute(statement):
        uses.setdefault(coordinate, []).append(Used(client, version, int(times), last))
    lost = sum(used.count for used in uses.pop(LOST, ()))
    return Usage((until - since).days + 1, until, uses, lost)


async def _since(connection: AsyncConnection, days: int, until: date) -> date:
    """The first of the days of which there are counts. Raises `ContractError` when there is none."""
    wanted = first_day(until, days)
    counted = await connection.execute(select(func.min(RUNS.c.day), func.max(RUNS.c.day)))
    first, last = counted.one()
    if first is None:
        raise ContractError(
            "Nothing was counted yet, so nothing can be said to be unused."
            " Let a server run with TRELLIS_RECORD_USAGE=true for some days."
        )
    if last < wanted:
        raise ContractError(
            f"Nothing was counted since {last}, so nothing can be said of the last {days} days."
            f" See that the server counts (TRELLIS_RECORD_USAGE), or ask for more days with --days."
        )
    since: date = max(first, wanted)
    return since


async def _recorded(connection: AsyncConnection, days: int) -> Recorded:
    since = await _since(connection, days, today())
    statement = select(RUNS).where(RUNS.c.day >= since).order_by(*RUNS.primary_key.columns)
    runs = [
        RunsOfADay(
            row.day, Client(row.client, row.version), row.operation, Runs(row.runs, row.failed, row.duration_us / 1e6)
        )
        for row in await connection.execute(statement)
    ]
    texts = (
        OperationText(row.hash, row.name, row.document, row.coordinates)
        for row in await connection.execute(select(OPERATIONS).order_by(OPERATIONS.c.hash))
    )
    return Recorded(runs, {text.hash: text for text in texts})
