"""What PostgreSQL says when something goes wrong: states of errors become words that all databases share.

Errors of SQLAlchemy and of asyncpg enter; rules, failures and the server's own errors leave. Nothing is raised here.
Source: https://www.postgresql.org/docs/current/errcodes-appendix.html
"""

import asyncpg
from sqlalchemy.exc import DBAPIError, EmulatedDBAPIException, IntegrityError

from db.dialects.errors import Failure, ReportedViolation, Rule
from db.dialects.postgresql_texts import ICU

RULES = {"23505": Rule.UNIQUE, "23503": Rule.FOREIGN_KEY, "23514": Rule.CHECK, "23502": Rule.NOT_NULL}
"""Rules by the states of errors."""

OUT_OF_RANGE = ("22003", "22012")
"""A number is larger than its type holds; a division by zero."""

UNREACHABLE = ("08", "28", "3D", "53", "57P")
"""Classes of states that say: not now, or not you."""

NO_TABLE = "42P01"
NO_OBJECT = "42704"
RAISED = "P0001"
NO_SCHEMA = "3F000"
ABORTED = "25P02"
LOCKED = "55P03"
UNFIT = ("22000", "22001", "22007", "22008", "22021", "22P02", "22P03")
"""Values that the driver cannot encode, texts that are too long, moments out of range, characters and forms that a
type does not have."""

FAULTS_OF_SQL = ("42", "3F", "22023")
"""The classes of syntax errors, and of names that are not there; and what a function does not take, a client's value
or one of a row in a view."""
FORBIDDEN = "42501"
DATA_EXCEPTION = "22"
"""The class of states of these, and of all that a function does not take: a time zone, a pattern, a path."""


def state_of(error: DBAPIError) -> str | None:
    """The state that PostgreSQL, or its driver, has given an error; None for errors of other databases."""
    if not isinstance(error.orig, EmulatedDBAPIException | asyncpg.PostgresError | asyncpg.InterfaceError):
        return None
    state: str | None = getattr(error.orig, "sqlstate", None)
    return state


def violation(error: IntegrityError) -> ReportedViolation | None:
    """Read from the error's state and fields; the driver's own exception knows table, column and constraint."""
    state = state_of(error)
    if state is None:
        return None
    if state not in RULES:
        return ReportedViolation(Rule.OTHER)
    driver_error = getattr(error.orig, "__cause__", None) or error.orig
    column = getattr(driver_error, "column_name", None) if RULES[state] is Rule.NOT_NULL else None
    return ReportedViolation(
        RULES[state],
        getattr(driver_error, "table_name", None),
        (column,) if column else (),
        getattr(driver_error, "constraint_name", None),
    )


def failure(error: DBAPIError) -> Failure | None:
    """Read from the error's state."""
    state = state_of(error) or ""
    if state.startswith(UNREACHABLE):
        return Failure.UNREACHABLE
    if state in UNFIT:
        return Failure.UNFIT_VALUE
    if state in OUT_OF_RANGE:
        return Failure.OUT_OF_RANGE
    if state == NO_OBJECT and f'{ICU}"' in (error.statement or ""):
        return Failure.NO_COLLATION
    if _is_about_a_value(error, state):
        return Failure.UNFIT_VALUE
    if state.startswith(DATA_EXCEPTION):
        return Failure.UNCOMPUTABLE
    if state == RAISED:
        return Failure.REFUSED
    return {
        NO_TABLE: Failure.NO_TABLE,
        NO_SCHEMA: Failure.NO_TABLE,
        LOCKED: Failure.BUSY,
        ABORTED: Failure.ABORTED,
    }.get(state)


def reported_by_server(error: BaseException) -> asyncpg.PostgresError | None:
    """The error of the server itself, wrapped or not; None for any other, and for one that ends the connection."""
    wrapped = error.orig if isinstance(error, DBAPIError) else error
    for raised in (wrapped, getattr(wrapped, "__cause__", None)):
        if isinstance(raised, asyncpg.PostgresError):
            severity: object = getattr(raised, "severity_en", None) or getattr(raised, "severity", None)
            return raised if severity == "ERROR" else None
    return None


def _is_about_a_value(error: DBAPIError, state: str) -> bool:
    """Whether a fault of SQL is none of the statement's: the server tells where in its text each of those is.

    Types whose texts are names or a language of their own have such faults for values: a table that is not there for
    `regclass`, a syntax error for `tsquery`.
    """
    reported = reported_by_server(error)
    takes_values = "$1" in (error.statement or "")
    if reported is None or state == FORBIDDEN or not state.startswith(FAULTS_OF_SQL) or not takes_values:
        return False
    return getattr(reported, "position", None) is None and getattr(reported, "internal_position", None) is None
