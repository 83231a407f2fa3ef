"""Exceptions of the settings and of the databases enter; `CommandError`s leave, each a sentence with the cure.

No value of a setting is repeated, because any of them may hold a password.
"""

from pydantic import SecretStr, ValidationError
from pydantic_core import ErrorDetails
from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError

from db.migrate import NoDirectUrl
from graph.cli.errors import CommandError, Exit
from graph.settings import Settings

NO_CONNECTION = ("08", "28", "3D", "53", "57P")
"""Classes of PostgreSQL's states: no connection, no right to connect, no such database, no resources, shutting down.

Source: https://www.postgresql.org/docs/current/errcodes-appendix.html
"""
LOCKED = "55P03"
NO_TABLE = "42P01"
NO_FILE = ("unable to open database file", "attempt to write a readonly database", "file is not a database")


def explained(error: Exception) -> CommandError | None:
    """The failure to show; None for an exception without a known cause, which keeps its traceback."""
    if isinstance(error, ValidationError) and error.title in ("Settings", "DatabaseSettings"):
        return CommandError("\n".join(map(_wrong_setting, error.errors(include_input=False))), Exit.USAGE)
    if isinstance(error, NoDirectUrl):
        return CommandError(str(error), Exit.USAGE)
    if isinstance(error, DBAPIError):
        return _database_failure(error)
    if isinstance(error, OSError):
        return _unreachable(error.strerror or str(error) or type(error).__name__)
    return None


def _wrong_setting(problem: ErrorDetails) -> str:
    """`TRELLIS_POOL_SIZE should be a valid integer; …`, or the sentence of the setting's own check."""
    name = str(problem["loc"][0])
    said = problem["msg"].removeprefix("Value error, ").removeprefix("Input ")
    default = Settings.model_fields[name].default
    if isinstance(default, SecretStr):
        default = "a SQLite file in var/"
    return f"TRELLIS_{name.upper()} {said}. Correct it, or unset it for the default: {default or 'none'}."


def _database_failure(error: DBAPIError) -> CommandError:
    said = str(error.orig).partition("\n")[0]
    state = str(getattr(error.orig, "sqlstate", None) or "")
    if state.startswith(NO_CONNECTION) or said.startswith(NO_FILE):
        return _unreachable(said)
    if state == NO_TABLE or said.startswith("no such table"):
        return CommandError(f"The database lacks a table: {said}. Run `trellis db upgrade`.", Exit.UNAVAILABLE)
    if state == LOCKED or said == "database is locked":
        return CommandError(f"The database is busy: {said}. Nothing was changed; try again.", Exit.UNAVAILABLE)
    return CommandError(f"The database refused: {said}. Nothing was changed.", Exit.FAILED)


def _unreachable(reason: str) -> CommandError:
    settings = Settings()
    name = "TRELLIS_DIRECT_URL" if settings.direct_url else "TRELLIS_DATABASE_URL"
    return CommandError(
        f"The database {_place(settings.direct)} cannot be reached: {reason}. See that it is there and that"
        f" {name} is right.",
        Exit.UNAVAILABLE,
    )


def _place(url: URL) -> str:
    """A file, or a name and a host; never a user or a password."""
    if url.get_backend_name() == "sqlite":
        return str(url.database)
    return f"{url.database} at {url.host or 'localhost'}:{url.port or 5432}"
