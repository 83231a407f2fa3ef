"""What MariaDB and MySQL say when something goes wrong: numbers of errors become words that all databases share.

Errors of SQLAlchemy and of the driver enter; rules, failures and outages leave. The driver's errors have a number and a
sentence as their arguments, those of the server a state as well.
Sources: https://mariadb.com/kb/en/mariadb-error-code-reference/,
https://dev.mysql.com/doc/mysql-errors/8.4/en/server-error-reference.html
"""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import CheckConstraint, Index, PrimaryKeyConstraint, Table, UniqueConstraint, event
from sqlalchemy.dialects import mysql
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.schema import Constraint

from db.dialects.errors import Failure, Outage, ReportedViolation, Rule

RULES: Mapping[int, Rule] = {
    1022: Rule.UNIQUE,
    1062: Rule.UNIQUE,
    1169: Rule.UNIQUE,
    1586: Rule.UNIQUE,
    1859: Rule.UNIQUE,
    1048: Rule.NOT_NULL,
    1364: Rule.NOT_NULL,
    1216: Rule.FOREIGN_KEY,
    1217: Rule.FOREIGN_KEY,
    1451: Rule.FOREIGN_KEY,
    1452: Rule.FOREIGN_KEY,
    1761: Rule.FOREIGN_KEY,
    1762: Rule.FOREIGN_KEY,
    4025: Rule.CHECK,
    3819: Rule.CHECK,
}
"""Rules by the numbers of errors; 3819 is MySQL's."""

NO_SUCH = 1305
"""A routine that is not there, or a savepoint."""
TRANSIENT = (1020, 1205, 1213, 1613, 1614, 3101, 3572)
"""A row has changed since the snapshot, a lock was not given in time, deadlocks, commits that a cluster takes back.

After 1205 the server has undone the statement alone; what does the work again undoes the rest itself.
Source: https://mariadb.com/kb/en/innodb-system-variables/#innodb_rollback_on_timeout
"""
BUSY = (1205, 3572)
"""A lock that another connection holds; 3572 is MySQL's word for NOWAIT."""

STOPPED = (1317, 1969, 3024)
"""KILL QUERY, `max_statement_time` of MariaDB, `max_execution_time` of MySQL."""

NO_TABLE = (1146, 1109, 1051)
NO_ROUTINE = 1305
PROCEDURE = "PROCEDURE "
"""How the sentence about one begins that is missing: ours come with our tables. Functions are missing in statements."""
UNFIT = (1265, 1292, 1366, 1367, 1406, 1411, 1426, 3140, 3141, 3156, 3903, 4038, 4079)
"""Values of another type than the column, texts that are too long, moments out of range, texts that are no JSON."""
OUT_OF_RANGE = (1264, 1365, 1690)
"""A number is larger than its type holds; a division by zero, in a change."""
UNCOMPUTABLE = (1139, 1210, 1242, 1411, 1582, 3143, 3146, 3685, 3686, 3687, 3688, 3691, 3692, 3696, 4035, 4036, 4037)
"""A pattern, a path or another argument that a function does not take; a subquery with too many rows."""
RAISED = 1644
RAISED_STATE = "45000"
"""The state that SIGNAL is given for an error of an application, which may choose a number, too."""

OUTAGES: Mapping[int, Outage] = {
    0: Outage.LOST,  # the driver's own, of a connection that is closed
    2000: Outage.LOST,
    2002: Outage.UNREACHABLE,
    2003: Outage.UNREACHABLE,
    2005: Outage.UNREACHABLE,
    2006: Outage.LOST,
    2012: Outage.UNREACHABLE,
    2013: Outage.LOST,
    2014: Outage.LOST,
    2027: Outage.LOST,
    2045: Outage.LOST,
    2055: Outage.LOST,
    1152: Outage.LOST,
    1158: Outage.LOST,
    1159: Outage.LOST,
    1160: Outage.LOST,
    1161: Outage.LOST,
    1184: Outage.LOST,
    1927: Outage.LOST,
    4031: Outage.LOST,
    1047: Outage.STOPPING,  # of a node that has not joined its cluster yet
    1053: Outage.STOPPING,
    1079: Outage.STOPPING,
    3032: Outage.STOPPING,
    3168: Outage.STOPPING,
    1043: Outage.REFUSING,
    1044: Outage.REFUSING,
    1045: Outage.REFUSING,
    1049: Outage.REFUSING,
    1129: Outage.REFUSING,
    1130: Outage.REFUSING,
    1251: Outage.REFUSING,
    1275: Outage.REFUSING,
    1524: Outage.REFUSING,
    1698: Outage.REFUSING,
    1820: Outage.REFUSING,
    1862: Outage.REFUSING,
    2026: Outage.REFUSING,
    2054: Outage.REFUSING,
    2058: Outage.REFUSING,
    2059: Outage.REFUSING,
    2061: Outage.REFUSING,
    3118: Outage.REFUSING,
    3159: Outage.REFUSING,
    4151: Outage.REFUSING,
    1040: Outage.CROWDED,
    1041: Outage.CROWDED,
    1135: Outage.CROWDED,
    1203: Outage.CROWDED,
    1226: Outage.CROWDED,
    1021: Outage.FULL,
    1114: Outage.FULL,
    1792: Outage.READ_ONLY,
    1836: Outage.READ_ONLY,
    3: Outage.BROKEN,
    5: Outage.CROWDED,
    1016: Outage.BROKEN,
    1017: Outage.BROKEN,
    1023: Outage.BROKEN,
    1024: Outage.BROKEN,
    1026: Outage.BROKEN,
    1030: Outage.BROKEN,
    1033: Outage.BROKEN,
    1034: Outage.BROKEN,
    1035: Outage.BROKEN,
    1036: Outage.READ_ONLY,
    1037: Outage.CROWDED,
    1194: Outage.BROKEN,
    1195: Outage.BROKEN,
    1696: Outage.BROKEN,
    1712: Outage.BROKEN,
    1932: Outage.BROKEN,
}
"""Numbers below 1000 are those of the operating system's files; from 2000 to 2999 they are the driver's."""

OPTION = 1290
"""An option of the server forbids a statement: several do."""
READ_ONLY_OPTION = re.compile(r"--(?:super-)?read-only", re.IGNORECASE)
NO_SPACE = re.compile(r"\b(?:Errcode|errno|error):? *28\b|No space left", re.IGNORECASE)
"""The operating system's number, in sentences about files and engines."""
OF_FILES = (3, 1016, 1023, 1024, 1026, 1030)

UNCERTAIN = (Outage.LOST, Outage.STOPPING, Outage.CROWDED, Outage.FULL, Outage.BROKEN, Outage.UNREACHABLE)
"""Outages after which a connection may not be itself. A change that was refused leaves it as it was."""
TOO_LARGE = 1153
"""A packet that is larger than the server takes; it closes the connection."""
UNKNOWN = (1105, 1815)
"""Errors of the server's own making."""
ABORTED_STATE = "08"
"""The class of states of connections."""

CURES: Mapping[int, str] = {
    1045: "check the user and the password of the URL",
    1049: "create it with CREATE DATABASE … CHARACTER SET utf8mb4",
    1130: "the server lets this machine's address not in; see the host part of its users",
    1129: "run FLUSH HOSTS on the server",
    1251: "the server wants a way to log in that the driver does not have; give the user another plugin",
    1419: (
        "the server writes a binary log; set log_bin_trust_function_creators = 1, or run it as a user who may"
        " administer the server"
    ),
    1153: "the server takes no packets of this size; raise max_allowed_packet",
    1698: "this user logs in through the operating system; give it a password, or make another user",
    1820: "change the password of this user",
    1862: "change the password of this user",
    3159: "the server takes encrypted connections alone; add ssl=true to the URL",
    2059: "give the user another plugin",
    4151: "unlock the user",
    3118: "unlock the user",
}

COMING = (1047, 1053, 1079, 2002, 2003, 2005, 2012, 2013, 3032)
"""No server listens yet, its name is not known yet, or it starts or stops."""

_QUOTED = r"`((?:[^`]|``)*)`"
DUPLICATE = re.compile(r"Duplicate entry '.*' for key '(.+)'", re.DOTALL)
COLUMN = re.compile(r"(?:Column|Field) '(.*)' (?:cannot be null|doesn't have a default value)", re.DOTALL)
REFERENCE = re.compile(
    rf"\({_QUOTED}\.{_QUOTED}, CONSTRAINT {_QUOTED} FOREIGN KEY \((.*?)\) REFERENCES {_QUOTED}", re.DOTALL
)
"""Schema, table, constraint, its columns; the table that is referred to."""
CHECK = re.compile(rf"CONSTRAINT {_QUOTED} failed for {_QUOTED}\.{_QUOTED}", re.DOTALL)
CHECK_OF_MYSQL = re.compile(r"Check constraint '(.*)' is violated", re.DOTALL)
QUOTED = re.compile(_QUOTED)
CHANGED = re.compile(
    rf"\s*(?:INSERT\s+(?:IGNORE\s+)?INTO|REPLACE\s+INTO|UPDATE(?:\s+IGNORE)?|DELETE\s+FROM)\s+"
    rf"(?:(?:{_QUOTED}|\w+)\s*\.\s*)?(?:{_QUOTED}|(\w+))",
    re.IGNORECASE,
)
"""The table that a statement changes: some sentences do not name it."""

PREPARER = mysql.dialect().identifier_preparer
PRIMARY = "PRIMARY"
"""How every primary key is called."""


class Said(NamedTuple):
    """What the driver's error says."""

    number: int
    sentence: str
    state: str | None
    """Only the server tells one."""


def said_by(error: BaseException) -> Said | None:
    """The number and the sentence of a driver's error, wrapped or not; None for errors without."""
    raised = error.orig if isinstance(error, DBAPIError) else error
    if not _is_of_driver(raised):
        return None
    given: Sequence[object] = getattr(raised, "args", ())
    number = next(iter(given), 0)
    if not isinstance(number, int):  # the driver's own words about a connection that it does not understand any more
        number, given = 0, (0, *given)
    return Said(number, " ".join(map(str, given[1:])), getattr(raised, "sqlstate", None))


def _is_of_driver(raised: BaseException | None) -> bool:
    return type(raised).__module__.partition(".")[0] == "asyncmy"


def violation(error: IntegrityError) -> ReportedViolation | None:
    """Read from the error's number and sentence; where that has no table, from the statement."""
    said = said_by(error)
    if said is None:
        return None
    rule = RULES.get(said.number)
    if rule is None:
        return ReportedViolation(Rule.OTHER)
    if rule is Rule.FOREIGN_KEY:
        return _broken_reference(said.sentence)
    if rule is Rule.CHECK:
        return _broken_check(said.sentence, error)
    if rule is Rule.NOT_NULL:
        column = COLUMN.fullmatch(said.sentence)
        return ReportedViolation(rule, changed_table(error.statement), () if column is None else (column[1],))
    key = DUPLICATE.fullmatch(said.sentence)
    table = changed_table(error.statement)
    if key is None:
        return ReportedViolation(rule, table)
    # MySQL puts the table's name in front. Source: https://dev.mysql.com/doc/relnotes/mysql/8.0/en/news-8-0-19.html
    name = key[1] if table is None else key[1].removeprefix(f"{table}.")
    return ReportedViolation(rule, table, constraint=name)


def _broken_reference(sentence: str) -> ReportedViolation:
    found = REFERENCE.search(sentence)
    if found is None:
        return ReportedViolation(Rule.FOREIGN_KEY)
    columns = tuple(_bare(column) for column in QUOTED.findall(found[4]))
    return ReportedViolation(Rule.FOREIGN_KEY, _bare(found[2]), columns, _bare(found[3]))


def _broken_check(sentence: str, error: IntegrityError) -> ReportedViolation:
    found = CHECK.search(sentence)
    if found is not None:
        return ReportedViolation(Rule.CHECK, _bare(found[3]), constraint=_bare(found[1]))
    named = CHECK_OF_MYSQL.search(sentence)
    return ReportedViolation(Rule.CHECK, changed_table(error.statement), constraint=None if named is None else named[1])


def changed_table(statement: str | None) -> str | None:
    """The name of the table that a statement changes, without its schema; None for other statements."""
    found = CHANGED.match(statement or "")
    if found is None:
        return None
    return found[3] or _bare(found[2])


def _bare(name: str) -> str:
    return name.replace("``", "`")


def constraint_name(constraint: Constraint | Index, table: Table) -> str:
    """The name in the model, cut to 64 characters; without one, the one that the server makes up."""
    if isinstance(constraint, PrimaryKeyConstraint):
        return PRIMARY
    if isinstance(constraint.name, str):
        given = str(PREPARER.truncate_and_render_constraint_name(constraint.name))
        return _bare(given[1:-1]) if given.startswith("`") else given
    if isinstance(constraint, UniqueConstraint):
        return _made_up_key(constraint, table)
    if isinstance(constraint, CheckConstraint):
        return _made_up_check(constraint, table)
    return ""


def _made_up_key(constraint: UniqueConstraint, table: Table) -> str:
    """The name of its first column; where a key before it is called like this, a number as well, from 2 on."""
    unnamed = [it for it in _in_order(table) if isinstance(it, UniqueConstraint) and not isinstance(it.name, str)]
    taken = {it.name for it in _in_order(table) if isinstance(it, UniqueConstraint) and isinstance(it.name, str)}
    for each in unnamed:
        first = next(column.name for column in each.columns)
        names = (first, *(f"{first}_{number}" for number in range(2, len(unnamed) + len(taken) + 2)))
        name = next(name for name in names if name not in taken and name.upper() != PRIMARY)
        if each is constraint:
            return name
        taken.add(name)
    return ""


def _made_up_check(constraint: CheckConstraint, table: Table) -> str:
    """Of a column, the table's name and the column's; of a table, a number among those without a name."""
    column = next((it for it in table.columns if constraint in it.constraints), None)
    if column is not None:
        return f"{table.name}.{column.name}" if len(column.constraints) == 1 else ""
    unnamed = [
        it
        for it in _in_order(table)
        if isinstance(it, CheckConstraint)
        and not isinstance(it.name, str)
        and not any(it in column.constraints for column in table.columns)
    ]
    return next((f"CONSTRAINT_{number}" for number, it in enumerate(unnamed, 1) if it is constraint), "")


def _in_order(table: Table) -> list[Constraint]:
    """The constraints as CREATE TABLE has them."""
    return list(table._sorted_constraints)  # noqa: SLF001 - the order in which SQLAlchemy writes them


def failure(error: DBAPIError) -> Failure | None:
    """Read from the error's number and state."""
    said = said_by(error)
    if said is None:
        return None
    if _outage(said) is not None:
        return None if _outage(said) in (Outage.FULL, Outage.READ_ONLY) else Failure.UNREACHABLE
    if said.number == RAISED or said.state == RAISED_STATE:
        return Failure.REFUSED
    if said.number == NO_ROUTINE and said.sentence.startswith(PROCEDURE):
        return Failure.NO_TABLE
    kinds = {
        NO_TABLE: Failure.NO_TABLE,
        BUSY: Failure.BUSY,
        UNFIT: Failure.UNFIT_VALUE,
        OUT_OF_RANGE: Failure.OUT_OF_RANGE,
        UNCOMPUTABLE: Failure.UNCOMPUTABLE,
    }
    return next((kind for numbers, kind in kinds.items() if said.number in numbers), None)


def outage(error: DBAPIError) -> Outage | None:
    """Read from the error's number; where one stands for several, from its sentence."""
    said = said_by(error)
    return None if said is None else _outage(said)


def _outage(said: Said) -> Outage | None:
    if said.number == OPTION:
        return Outage.READ_ONLY if READ_ONLY_OPTION.search(said.sentence) else None
    if said.number in OF_FILES and NO_SPACE.search(said.sentence):
        return Outage.FULL
    return OUTAGES.get(said.number)


def is_transient(error: DBAPIError) -> bool:
    """Whether others were in the way, and the same work may well succeed when it is done again."""
    said = said_by(error)
    if said is None:
        return False
    # A deadlock ends the whole transaction, and whoever goes back to a savepoint hears that there is none.
    return said.number in TRANSIENT or (said.number == NO_SUCH and said.sentence.startswith("SAVEPOINT "))


def is_busy(error: BaseException) -> bool:
    """Whether every connection that the server allows is taken, or a short question has waited too long."""
    said = said_by(error)
    return said is not None and (_outage(said) is Outage.CROWDED or said.number in STOPPED)


def stopped_by_server(error: DBAPIError) -> bool:
    """Whether the server's own time for a statement was over, or somebody has ended the statement."""
    said = said_by(error)
    return said is not None and said.number in STOPPED


def is_harmless(error: BaseException) -> bool:
    """Whether the server has reported it, as one that ends a statement and nothing more.

    Only the server's own errors have a state, and numbers from 1000 on that are not the driver's.
    """
    said = said_by(error)
    if said is None or said.state is None or said.state.startswith(ABORTED_STATE):
        return False
    return _outage(said) not in UNCERTAIN and said.number not in (TOO_LARGE, *UNKNOWN)


def could_not_read(error: BaseException) -> bool:
    """Whether it is Python's own error about a value that was sent."""
    if said_by(error) is not None:
        return False
    return isinstance(error, Exception) and not isinstance(error, SQLAlchemyError | OSError | AssertionError)


def may_come(error: BaseException) -> bool:
    """Whether no server listens yet, its name is not known yet, or the server starts or stops."""
    if isinstance(getattr(error, "orig", error), OSError):
        return True
    said = said_by(error)
    return said is not None and said.number in COMING


def said(error: BaseException) -> str | None:
    """What the server says, in one line, with the cure where it is known; None for errors of others."""
    found = said_by(error)
    if found is None:
        return None
    sentence = found.sentence.partition("\n")[0] or type(getattr(error, "orig", error)).__name__
    cure = CURES.get(found.number)
    return sentence if cure is None else f"{sentence} ({cure})"


def tell_violations(engine: AsyncEngine) -> None:
    """Let every broken rule of an engine be SQLAlchemy's `IntegrityError`.

    For drivers a CHECK and a missing value are errors of operation, as the server going away is.
    """

    @event.listens_for(engine.sync_engine, "handle_error", retval=True)
    def tell(failed: ExceptionContext) -> IntegrityError | None:
        wrapped = failed.sqlalchemy_exception
        if not isinstance(wrapped, DBAPIError) or isinstance(wrapped, IntegrityError):
            return None
        found = said_by(wrapped)
        if found is None or found.number not in RULES or wrapped.orig is None:
            return None
        return IntegrityError(
            wrapped.statement,
            wrapped.params,
            wrapped.orig,
            hide_parameters=wrapped.hide_parameters,
            ismulti=wrapped.ismulti,
        )
