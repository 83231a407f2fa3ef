"""How the primary is found, beyond whether it can serve: what it says of itself enters, results leave.

Whether it can serve, `graph.health` says.
"""

import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from sqlalchemy import FromClause

from db.care.facts import Facts
from db.dialects import EXTENSION_OF
from graph.checkup.result import Result, broken, ok, warning
from graph.manual import START, address
from graph.settings import Settings

UTF8 = "UTF"
"""How the names of encodings begin that have all characters: UTF8, UTF-8, UTF-16le."""
SKEW_S = 2.0
"""By how much two clocks may differ; tokens and expiries are about seconds."""
ROOM_BYTES = 64 * 1024 * 1024
"""What the log of a SQLite database and a copy need besides the size of the database itself."""
BESIDE = 1
"""Connections of a process besides its pool: that of the probe."""

SCALING = address("scaling", "The arithmetic")
PGBOUNCER = address("replicas", "PgBouncer")
BEHIND_PGBOUNCER = address("deploy", "Behind PgBouncer")


def of_facts(facts: Facts, settings: Settings, tables: Iterable[FromClause], workers: int) -> Iterator[Result]:
    """What the facts mean for these settings and tables."""
    yield _encoding(facts)
    if facts.ahead_s is not None:
        yield _clock(facts.ahead_s)
    if facts.max_connections is not None:
        yield _connections(facts.max_connections, settings, workers)
        yield _pooler(settings, is_pooled=facts.is_pooled)
        yield from _names(facts.first_schema, settings)
        yield from _extensions(facts.extensions, tables)


def _encoding(facts: Facts) -> Result:
    zone = "" if facts.time_zone is None else f", time zone {facts.time_zone}"
    said = f"{facts.product} {facts.version}, encoding {facts.encoding}{zone}."
    if facts.encoding.upper().startswith(UTF8):
        return ok("database", said)
    return warning(
        "database",
        f"{said} That encoding has no room for most characters; texts with others are refused.",
        "Make a database with ENCODING 'UTF8', and move the rows there.",
        START,
    )


def _clock(ahead_s: float) -> Result:
    if abs(ahead_s) <= SKEW_S:
        return ok("clock", "The database's clock agrees with this machine's.")
    direction = "ahead of" if ahead_s > 0 else "behind"
    return warning(
        "clock",
        f"The database's clock is {abs(ahead_s):,.0f} s {direction} this machine's; what runs out does so too early or"
        " too late.",
        "Let both machines keep their time by NTP.",
        START,
    )


def _connections(allowed: int, settings: Settings, workers: int) -> Result:
    each = settings.pool_size + settings.pool_max_overflow + BESIDE
    wanted = workers * each
    processes = "process" if workers == 1 else "processes"
    said = f"{workers} {processes} may open {wanted} connections, and the database allows {allowed}."
    if wanted <= allowed:
        return ok("connections", said)
    return broken(
        "connections",
        said,
        f"Set TRELLIS_POOL_SIZE to {max(1, allowed // workers - BESIDE)} or less, raise max_connections, or put"
        " PgBouncer in between.",
        SCALING,
    )


def _pooler(settings: Settings, *, is_pooled: bool) -> Result:
    if is_pooled and not settings.pgbouncer:
        return warning(
            "pooler",
            "Something that lends connections (PgBouncer?) stands in front of the database, and the settings do not say"
            " so: prepared statements fail where a connection is lent for one transaction.",
            "Set TRELLIS_PGBOUNCER=true and TRELLIS_DIRECT_URL, unless connections are lent for whole sessions.",
            PGBOUNCER,
        )
    if settings.pgbouncer and not is_pooled:
        return warning(
            "pooler",
            "TRELLIS_PGBOUNCER is on, and the URL leads to PostgreSQL itself: nothing is prepared, in vain.",
            "Unset TRELLIS_PGBOUNCER, or correct TRELLIS_DATABASE_URL.",
            PGBOUNCER,
        )
    return ok("pooler", "PgBouncer stands in between." if is_pooled else "Nothing stands in front of the database.")


def _names(first_schema: str | None, settings: Settings) -> Iterator[Result]:
    if first_schema == settings.own_schema:
        yield broken(
            "names",
            f"A name without a schema is looked for in {first_schema} first, where Trellis's own tables are: a table of"
            " the application that is called like one of those is not found.",
            "Run ALTER ROLE … SET search_path = public for the role of TRELLIS_DATABASE_URL, and RECONNECT in"
            " PgBouncer's console.",
            BEHIND_PGBOUNCER,
        )


def _extensions(there: frozenset[str], tables: Iterable[FromClause]) -> Iterator[Result]:
    wanted: Mapping[str, str] = {
        extension: f"{table}.{column.name}"
        for table in tables
        for column in table.columns
        if (extension := EXTENSION_OF.get(type(column.type))) is not None
    }
    for name, column in wanted.items():
        if name not in there:
            yield broken(
                "extensions",
                f"The column {column} is of a type of the extension {name}, which is not installed.",
                f"Run CREATE EXTENSION {name} as a superuser.",
                address("types"),
            )
    if wanted and there >= wanted.keys():
        yield ok("extensions", f"The database has {', '.join(sorted(wanted))}.")


def disk(file: Path, size: int) -> Result:
    """Whether there is room for a SQLite database to grow, and for a copy of it."""
    free = shutil.disk_usage(file.parent).free
    said = f"{free / 1e9:,.1f} GB are free where {file} is, which has {size / 1e9:,.1f} GB."
    if free >= size + ROOM_BYTES:
        return ok("disk", said)
    return warning("disk", f"{said} A copy of it has no room.", "Make room.", address("backup", "SQLite"))
