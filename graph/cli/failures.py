"""Exceptions of settings, declarations and databases enter; `CommandError`s leave, each a sentence with the cure.

No value of a setting is repeated, because any of them may hold a password.
"""

from pydantic import SecretStr, ValidationError
from pydantic_core import ErrorDetails
from sqlalchemy.exc import DBAPIError

from db.dialects import Failure, Outage, failure_of
from db.migrate import NoDirectUrl
from db.refusals import Refused
from graph.cli.errors import CommandError, Exit
from graph.errors import CannotStart, DeclarationError, UnknownVariable
from graph.settings import Settings
from graph.startup import unreachable


def explained(error: Exception) -> CommandError | None:
    """The failure to show; None for an exception without a known cause, which keeps its traceback."""
    if isinstance(error, ValidationError) and error.title.endswith("Settings"):
        return CommandError("\n".join(map(_wrong_setting, error.errors(include_input=False))), Exit.USAGE)
    if isinstance(error, DeclarationError):
        return CommandError(str(error), Exit.FAILED)
    if isinstance(error, Refused):
        return CommandError(str(error), Exit.FAILED)
    if isinstance(error, NoDirectUrl):
        return CommandError(str(error), Exit.USAGE)
    if isinstance(error, CannotStart):
        return CommandError(str(error), Exit.USAGE if isinstance(error, UnknownVariable) else Exit.UNAVAILABLE)
    if isinstance(error, DBAPIError):
        return _database_failure(error)
    if isinstance(error, OSError):
        return _unreachable(error.strerror or str(error) or type(error).__name__)
    return None


def _wrong_setting(problem: ErrorDetails) -> str:
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
        )
    if failure is Outage.READ_ONLY:
        return CommandError(f"The database takes no changes: {said}. Let it be written.", Exit.UNAVAILABLE)
    if failure is Outage.FULL:
        return CommandError(f"The database has no room left: {said}. Make room; nothing was changed.", Exit.UNAVAILABLE)
    if failure is Failure.BUSY:
        return CommandError(f"The database is busy: {said}. Nothing was changed; try again.", Exit.UNAVAILABLE)
    return CommandError(f"The database refused: {said}. Nothing was changed.", Exit.FAILED)


def _unreachable(reason: str) -> CommandError:
    settings = Settings()
    name = "TRELLIS_DIRECT_URL" if settings.direct_url else "TRELLIS_DATABASE_URL"
    return CommandError(unreachable(settings.direct, name, reason), Exit.UNAVAILABLE)
