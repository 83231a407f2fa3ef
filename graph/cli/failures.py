"""Exceptions of settings, declarations and databases enter; `CommandError`s leave, each a sentence with the cure.

Each has the page of the manual that says more. No value of a setting is repeated, because any of them may hold a
password.
"""

from pydantic import SecretStr, ValidationError
from pydantic_core import ErrorDetails
from sqlalchemy.exc import DBAPIError

from db.dialects import Failure, Outage, failure_of
from db.migrate import NoDirectUrl
from db.refusals import Refused
from graph.cli.errors import CommandError, Exit
from graph.errors import CannotStart, DeclarationError, UnknownVariable
from graph.manual import SHARED_DATABASE, START, address
from graph.settings import Settings
from graph.startup import unreachable

SETTINGS = "settings"
"""The page with an entry for each setting: `manual/settings.py`."""


def explained(error: Exception) -> CommandError | None:
    """The failure to show; None for an exception without a known cause, which keeps its traceback."""
    if isinstance(error, ValidationError) and error.title.endswith("Settings"):
        return _wrong_settings(error.errors(include_input=False))
    if isinstance(error, DeclarationError):
        name = type(error).__name__
        page = address("python/graph.errors")
        return CommandError(str(error), Exit.FAILED, f"{page}#graph.errors.{name}")
    if isinstance(error, Refused):
        return CommandError(str(error), Exit.FAILED, SHARED_DATABASE)
    if isinstance(error, NoDirectUrl):
        return CommandError(str(error), Exit.USAGE, address(SETTINGS, "TRELLIS_DIRECT_URL"))
    if isinstance(error, UnknownVariable):
        return CommandError(str(error), Exit.USAGE, address(SETTINGS))
    if isinstance(error, CannotStart):
        return CommandError(str(error), Exit.UNAVAILABLE, START)
    if isinstance(error, DBAPIError):
        return _database_failure(error)
    if isinstance(error, OSError):
        return _unreachable(error.strerror or str(error) or type(error).__name__)
    return None


def _wrong_settings(problems: list[ErrorDetails]) -> CommandError:
    """A line for each; the page is that of the setting, where it is one."""
    names = {str(problem["loc"][0]).upper() for problem in problems}
    page = address(SETTINGS, f"TRELLIS_{names.pop()}") if len(names) == 1 else address(SETTINGS)
    return CommandError("\n".join(map(wrong_setting, problems)), Exit.USAGE, page)


def wrong_setting(problem: ErrorDetails) -> str:
    """`TRELLIS_POOL_SIZE should be a valid integer; …`, or the sentence of the setting's own check."""
    name = str(problem["loc"][0])
    said = problem["msg"].removeprefix("Value error, ").removeprefix("Input ")
    field = Settings.model_fields.get(name)
    if field is None:  # of a domain's own settings
        return f"TRELLIS_{name.upper()} {said}. Correct it, or unset it for the default."
    default = "a SQLite file in var/" if isinstance(field.default, SecretStr) else field.default
    if isinstance(default, bool):
        default = str(default).lower()
    return f"TRELLIS_{name.upper()} {said}. Correct it, or unset it for the default: {default or 'none'}."


def _database_failure(error: DBAPIError) -> CommandError:
    said = str(error.orig).partition("\n")[0]
    failure = failure_of(error)
    if failure is Failure.UNREACHABLE:
        return _unreachable(said)
    if failure is Failure.NO_TABLE:
        return CommandError(
            f"The database lacks a table: {said}. Run `trellis db upgrade`. Tables of Trellis's own come with the"
            " setting that needs them (TRELLIS_DOCUMENTS, TRELLIS_RECORD_USAGE).",
            Exit.UNAVAILABLE,
            SHARED_DATABASE,
        )
    if failure is Outage.READ_ONLY:
        page = address("operations", "A database that takes no changes")
        return CommandError(f"The database takes no changes: {said}. Let it be written.", Exit.UNAVAILABLE, page)
    if failure is Outage.FULL:
        return CommandError(f"The database has no room left: {said}. Make room; nothing was changed.", Exit.UNAVAILABLE)
    if failure is Failure.BUSY:
        return CommandError(f"The database is busy: {said}. Nothing was changed; try again.", Exit.UNAVAILABLE)
    return CommandError(f"The database refused: {said}. Nothing was changed.", Exit.FAILED)


def _unreachable(reason: str) -> CommandError:
    settings = Settings()
    name = "TRELLIS_DIRECT_URL" if settings.direct_url else "TRELLIS_DATABASE_URL"
    return CommandError(unreachable(settings.direct, name, reason), Exit.UNAVAILABLE, START)
