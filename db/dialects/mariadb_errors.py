"""What MariaDB and MySQL say when something goes wrong: numbers of errors become words that all databases share.

Errors of SQLAlchemy and of the driver enter; rules, failures and outages leave. Nothing is raised here.
Sources: https://mariadb.com/kb/en/mariadb-error-code-reference/,
https://dev.mysql.com/doc/mysql-errors/8.4/en/server-error-reference.html
"""

from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError

from db.dialects.errors import Failure, Outage, ReportedViolation, Rule

RULES = {
    1048: Rule.NOT_NULL,
    1364: Rule.NOT_NULL,
    1062: Rule.UNIQUE,
    1451: Rule.FOREIGN_KEY,
    1452: Rule.FOREIGN_KEY,
    3819: Rule.CHECK,
    4025: Rule.CHECK,
}
"""Rules by the numbers of errors."""

TRANSIENT = frozenset({1205, 1213})
"""A lock that was waited for in vain, and a deadlock."""

OUTAGES = {
    1040: Outage.CROWDED,
    1203: Outage.CROWDED,
    1045: Outage.REFUSING,
    1049: Outage.REFUSING,
    1053: Outage.STOPPING,
    1021: Outage.FULL,
    1290: Outage.READ_ONLY,
    1792: Outage.READ_ONLY,
    1836: Outage.READ_ONLY,
    2003: Outage.UNREACHABLE,
    2006: Outage.LOST,
    2013: Outage.LOST,
    2014: Outage.LOST,
    1927: Outage.LOST,
}
"""Outages by the numbers of errors."""

TOO_MUCH_TO_DO = frozenset({1040, 1203, 1205, 1969, 3024})
STOPPED = frozenset({1969, 3024})
"""`max_statement_time` of MariaDB, and `max_execution_time` of MySQL."""
NO_TABLE = 1146


def number_of(error: BaseException) -> int | None:
    """The number of an error of the driver, wrapped or not; None for errors of others."""
    driver_error = getattr(error, "orig", error)
    is_drivers = type(driver_error).__module__.partition(".")[0] in ("asyncmy", "pymysql")
    first = driver_error.args[0] if is_drivers and driver_error.args else None
    return first if isinstance(first, int) else None


def violation(error: IntegrityError) -> ReportedViolation | None:
    """Read from the error's number."""
    number = number_of(error)
    return None if number is None else ReportedViolation(RULES.get(number, Rule.OTHER))


def failure(error: DBAPIError) -> Failure | None:
    """Read from the error's number."""
    number = number_of(error)
    if number is None:
        return None
    if number in OUTAGES:
        return Failure.UNREACHABLE
    return {NO_TABLE: Failure.NO_TABLE, 1205: Failure.BUSY, 1264: Failure.OUT_OF_RANGE}.get(number)


def outage(error: DBAPIError) -> Outage | None:
    """Read from the error's number."""
    number = number_of(error)
    return None if number is None else OUTAGES.get(number)


def is_transient(error: DBAPIError) -> bool:
    """Whether others were in the way."""
    return number_of(error) in TRANSIENT


def is_busy(error: BaseException) -> bool:
    """Whether there is no room for a connection, or a short question has waited too long."""
    return number_of(error) in TOO_MUCH_TO_DO


def stopped_by_server(error: DBAPIError) -> bool:
    """Whether the server's limit of time for a statement came first."""
    return number_of(error) in STOPPED


def may_come(error: BaseException) -> bool:
    """Whether nobody listens yet, or the server starts or stops."""
    cause = getattr(error, "orig", error)
    return isinstance(cause, OSError) or number_of(error) in (1040, 1053, 2003, 2006, 2013)


def could_not_read(error: BaseException) -> bool:
    """Whether it is Python's own error about a value that was sent."""
    if number_of(error) is not None:
        return False
    return isinstance(error, Exception) and not isinstance(error, SQLAlchemyError | OSError | AssertionError)


def is_harmless(error: BaseException) -> bool:
    """Whether the server has reported it, as one that ends a statement and nothing more."""
    number = number_of(error)
    return number is not None and number < 2000 and number not in OUTAGES
