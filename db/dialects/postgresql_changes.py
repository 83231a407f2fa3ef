"""The change log on PostgreSQL: a trigger for each statement, transactions in the order of their ids, NOTIFY.

Sources: https://www.postgresql.org/docs/current/plpgsql-trigger.html,
https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-PG-SNAPSHOT,
https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from sqlalchemy.dialects import postgresql

from db.dialects.change_log import TRIGGER, ChangeLogDialect, HearWord, LogNames, Recorded, TableKey, literal

OLD, NEW = "trellis_old", "trellis_new"
"""The rows of a statement, before and after it."""

TABLES_OF_EVENT = {
    "insert": f"REFERENCING NEW TABLE AS {NEW}",
    "update": f"REFERENCING OLD TABLE AS {OLD} NEW TABLE AS {NEW}",
    "delete": f"REFERENCING OLD TABLE AS {OLD}",
    "truncate": "",
}

# As JSON, whose texts may hold what those of JSONB may not: a write must not fail because it is recorded.
_KEY = """CASE TG_NARGS
            WHEN 2 THEN json_build_array(content -> TG_ARGV[1])::text
            ELSE (SELECT json_agg(content -> TG_ARGV[part] ORDER BY part)::text
                FROM generate_series(1, TG_NARGS - 1) AS part)
        END"""

# A column of JSON may hold escapes of characters that PostgreSQL, or the encoding of this database, does not have; then
# nothing reads it as JSON. Its escapes lose their meaning here, but those of ASCII: the others are not ours.
_READABLE = r"""CASE position('\u' IN content::text)
            WHEN 0 THEN content
            ELSE regexp_replace(content::text, '(?<!\\)((\\\\)*)\\u(?=0000|(?!00[0-7]))', '\1\\\\u', 'g')::json
        END"""


def _rows(table: str) -> str:
    """The rows of a statement, each with its key and its content as JSON. OFFSET keeps each from being made twice."""
    contents = f"SELECT to_json(trellis_row) AS content, trellis_row AS image FROM {table} AS trellis_row OFFSET 0"
    readable = f"SELECT {_READABLE} AS content, image FROM ({contents}) AS contents OFFSET 0"
    return f"(SELECT {_KEY} AS row_key, content, image FROM ({readable}) AS readable OFFSET 0)"


_INTO = "(transaction_id, id, table_name, row_key, kind, changed_columns)"
_FUNCTION = """
CREATE FUNCTION {names.function}() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO {names.changes} {into}
        SELECT pg_current_xact_id()::text::bigint, nextval({sequence}), TG_ARGV[0], row_key, 'insert', '[]'
        FROM {inserted} AS later;
    ELSIF TG_OP = 'UPDATE' THEN
        INSERT INTO {names.changes} {into}
        SELECT pg_current_xact_id()::text::bigint, nextval({sequence}), TG_ARGV[0],
            coalesce(later.row_key, earlier.row_key),
            CASE WHEN earlier.row_key IS NULL THEN 'insert' WHEN later.row_key IS NULL THEN 'delete' ELSE 'update' END,
            CASE WHEN earlier.row_key IS NULL OR later.row_key IS NULL THEN '[]' ELSE coalesce(
                (SELECT json_agg(part.before_name)::text
                FROM ROWS FROM (json_each(earlier.content), json_each(later.content))
                    AS part (before_name, before_value, after_name, after_value)
                WHERE part.before_value::text <> part.after_value::text),
                (SELECT json_agg(all_names)::text FROM json_object_keys(later.content) AS all_names)
            ) END
        FROM {deleted} AS earlier FULL JOIN {inserted} AS later ON earlier.row_key = later.row_key
        WHERE earlier.row_key IS NULL OR later.row_key IS NULL OR earlier.image *<> later.image;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO {names.changes} {into}
        SELECT pg_current_xact_id()::text::bigint, nextval({sequence}), TG_ARGV[0], row_key, 'delete', '[]'
        FROM {deleted} AS earlier;
    ELSE
        INSERT INTO {names.changes} {into}
        VALUES (pg_current_xact_id()::text::bigint, nextval({sequence}), TG_ARGV[0], '[]', 'truncate', '[]');
    END IF;
    RETURN NULL;
END $$
"""

_HORIZON = "pg_catalog.pg_snapshot_xmin(pg_catalog.pg_current_snapshot())::text::bigint"

_LOCK = (
    "l.locktype = 'advisory' AND l.granted AND l.objsubid = 1"
    " AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database())"
    " AND ((l.classid::bigint << 32) | l.objid::bigint) = CAST(:number AS bigint)"
)

PREPARER = postgresql.dialect().identifier_preparer  # type: ignore[no-untyped-call]  # SQLAlchemy has no types for it


class PostgreSQLChangeLog(ChangeLogDialect):
    """One trigger function for all tables; transactions are told in the order of their ids."""

    has_signals = True
    try_lock = "SELECT pg_catalog.pg_try_advisory_lock(:number)"
    holder = (
        "SELECT l.pid, a.application_name, host(a.client_addr) FROM pg_catalog.pg_locks l"
        f" LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid WHERE {_LOCK}"
    )
    end_holder = (
        "SELECT pg_catalog.pg_terminate_backend(l.pid, 500) FROM pg_catalog.pg_locks l"
        f" WHERE {_LOCK} AND l.pid <> pg_catalog.pg_backend_pid()"
    )
    signal = "SELECT pg_catalog.pg_notify(:channel, :word)"
    # What stands in FROM is looked for first: nobody is told anything where nobody has the lock.
    signal_if_held = (
        "SELECT true, pg_catalog.pg_notify(:channel, :word)"
        f" FROM (SELECT FROM pg_catalog.pg_locks l WHERE {_LOCK} LIMIT 1) AS held"
    )
    long_writer: ClassVar[str | None] = (
        "SELECT pid, name, seconds FROM ("
        "SELECT pid, application_name AS name, backend_xid AS transaction,"
        " CAST(extract(epoch FROM clock_timestamp() - xact_start) AS double precision) AS seconds"
        " FROM pg_catalog.pg_stat_activity WHERE backend_xid IS NOT NULL"
        " UNION ALL SELECT NULL, gid, transaction,"
        " CAST(extract(epoch FROM clock_timestamp() - prepared) AS double precision)"
        " FROM pg_catalog.pg_prepared_xacts) AS writers ORDER BY age(transaction) DESC LIMIT 1"
    )

    partitions: ClassVar[str | None] = (
        "SELECT t.relid::regclass::text FROM pg_catalog.pg_class c"
        " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace,"
        " LATERAL pg_catalog.pg_partition_tree(c.oid) t"
        " WHERE c.relkind = 'p' AND c.relname = :name AND t.relid <> c.oid"
        " AND n.nspname = coalesce(CAST(:schema AS text), pg_catalog.current_schema())"
    )

    def create(self, names: LogNames) -> Sequence[str]:
        """The numbers of changes, in the order in which a transaction makes them, and the function of all triggers."""
        function = _FUNCTION.format(
            names=names,
            into=_INTO,
            sequence=f"{literal(names.sequence)}::regclass",
            deleted=_rows(OLD),
            inserted=_rows(NEW),
        )
        # Numbers matter within a transaction alone, so a connection may take many of them at once.
        return (
            f"CREATE SEQUENCE {names.sequence} CACHE 64 OWNED BY {names.changes}.id",
            function.strip(),
        )

    def drop(self, names: LogNames) -> Sequence[str]:
        """The function goes with the triggers that call it, and the numbers with their table."""
        return (f"DROP FUNCTION {names.function}() CASCADE",)

    def record(self, names: LogNames, table: TableKey, partition: str | None = None) -> Sequence[str]:
        """A trigger for each kind of statement: one for several cannot see their rows."""
        on = partition or _quoted(table)
        given = ", ".join(map(literal, (table.label, *table.key)))
        return [
            f"CREATE TRIGGER {TRIGGER}_{event} AFTER {event.upper()} ON {on} {rows} FOR EACH STATEMENT"
            f" EXECUTE FUNCTION {names.function}({given})"
            for event, rows in TABLES_OF_EVENT.items()
        ]

    def forget(self, table: TableKey, partition: str | None = None) -> Sequence[str]:
        """The same four."""
        on = partition or _quoted(table)
        return [f"DROP TRIGGER IF EXISTS {TRIGGER}_{event} ON {on}" for event in TABLES_OF_EVENT]

    def number(self, names: LogNames) -> str:
        """Transactions below the oldest one that runs: no older one can come any more.

        The rows that a statement sees and the oldest running transaction that it is told are of one snapshot.
        """
        return f"""
            WITH last AS (
                SELECT position, transaction_id FROM {names.positions} ORDER BY position DESC LIMIT 1
            ), done AS (
                SELECT DISTINCT transaction_id FROM {names.changes}
                WHERE transaction_id > coalesce((SELECT transaction_id FROM last), -1) AND transaction_id < {_HORIZON}
                ORDER BY transaction_id LIMIT :most
            )
            INSERT INTO {names.positions} (position, transaction_id, numbered_at)
            SELECT coalesce((SELECT position FROM last), 0) + row_number() OVER (ORDER BY transaction_id),
                transaction_id, clock_timestamp()
            FROM done ORDER BY 1
            RETURNING position
            """

    def waiting(self, names: LogNames) -> str | None:
        """Changes that are committed, but not below the oldest transaction that runs."""
        return (
            f"SELECT {_HORIZON}, (SELECT transaction_id FROM {names.changes} WHERE transaction_id > coalesce("
            f"(SELECT transaction_id FROM {names.positions} ORDER BY position DESC LIMIT 1), -1)"
            " ORDER BY transaction_id LIMIT 1)"
        )

    def begin_anew(self, names: LogNames) -> str | None:
        """Where a transaction is told of that this server has not begun yet."""
        return f"""
            WITH copied AS (
                SELECT coalesce((SELECT max(position) FROM {names.positions}), 0) + 2 AS position
                WHERE greatest(
                    (SELECT transaction_id FROM {names.positions} ORDER BY position DESC LIMIT 1),
                    (SELECT max(transaction_id) FROM {names.changes})
                ) >= pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::text::bigint
            ), changes AS (
                DELETE FROM {names.changes} WHERE EXISTS (SELECT FROM copied)
            ), positions AS (
                DELETE FROM {names.positions} WHERE EXISTS (SELECT FROM copied)
            )
            INSERT INTO {names.positions} (position, transaction_id, numbered_at)
            SELECT position, 0, clock_timestamp() FROM copied RETURNING position
            """

    def recorded(self, names: LogNames) -> str:
        """Triggers that call the function, with their arguments; those of partitions are as their table's."""
        function = literal(f"{names.function}()")
        return (
            "SELECT n.nspname, c.relname, t.tgname, t.tgenabled IN ('O', 'A'), t.tgargs,"
            " n.nspname = pg_catalog.current_schema()"
            " FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid"
            " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
            f" WHERE t.tgfoid = pg_catalog.to_regprocedure({function}) AND NOT c.relispartition ORDER BY 1, 2, 3"
        )

    def read_recorded(self, rows: Sequence[Any]) -> list[Recorded]:
        """A table is complete with its four triggers; columns are read when a trigger fires."""
        found: defaultdict[tuple[str, tuple[str, ...]], set[str]] = defaultdict(set)
        for schema, table, trigger, is_on, arguments, is_default in rows:
            given = tuple(part.decode() for part in bytes(arguments).split(b"\0")[:-1])
            full = f"{schema}.{table}"
            name = table if is_default and given[:1] != (full,) else full
            found[name, given].update([trigger] if is_on else [])
        wanted = {f"{TRIGGER}_{event}" for event in TABLES_OF_EVENT}
        return [Recorded(given[0], name, given[1:], wanted <= on) for (name, given), on in found.items() if given]

    async def listen(self, driver: Any, channel: str, hear: HearWord, lost: Callable[[], None]) -> None:
        """LISTEN, and what the driver says when its connection has ended. What this connection says itself is left out.

        Source: https://magicstack.github.io/asyncpg/current/api/index.html#asyncpg.connection.Connection.add_listener
        """
        await driver.execute("SET application_name TO 'trellis changes'")
        own = driver.get_server_pid()

        def heard(_connection: Any, process: int, _channel: str, word: str) -> None:
            if process != own:
                hear(word)

        driver.add_termination_listener(lambda _connection: lost())
        await driver.add_listener(channel, heard)


def _quoted(table: TableKey) -> str:
    names = (table.name,) if table.schema is None else (table.schema, table.name)
    return ".".join(map(PREPARER.quote_identifier, names))
