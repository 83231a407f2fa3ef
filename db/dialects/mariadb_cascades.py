"""What foreign keys of MariaDB and MySQL change: the server runs no trigger for rows that they delete or alter.

Foreign keys of a database enter; statements leave that a trigger of the table above runs before its row goes or gets
another key, while the rows below can still be found. They read those rows as the foreign key will, locked, and write
into the log alone.
Source: https://mariadb.com/kb/en/foreign-keys/#constraints
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy.dialects import mysql

from db.dialects.change_log import Cascade

CASCADE, SET_NULL = "CASCADE", "SET NULL"
CHANGING = (CASCADE, SET_NULL)

OF_THIS_DATABASE = (
    "r.constraint_schema = DATABASE() AND r.unique_constraint_schema = DATABASE()"
    " AND (r.delete_rule IN ('CASCADE', 'SET NULL') OR r.update_rule IN ('CASCADE', 'SET NULL'))"
)

# One query for the foreign keys that change rows, and for the keys of all tables.
QUESTION = (
    "SELECT r.constraint_name, r.table_name, k.column_name, r.referenced_table_name, k.referenced_column_name,"
    " r.delete_rule, r.update_rule, k.ordinal_position AS place FROM information_schema.referential_constraints AS r"
    " JOIN information_schema.key_column_usage AS k ON k.constraint_schema = r.constraint_schema"
    " AND k.constraint_name = r.constraint_name AND k.table_name = r.table_name"
    f" WHERE {OF_THIS_DATABASE}"
    " UNION ALL SELECT NULL, s.table_name, s.column_name, NULL, NULL, NULL, NULL, s.seq_in_index"
    " FROM information_schema.statistics AS s WHERE s.table_schema = DATABASE() AND s.index_name = 'PRIMARY'"
    " ORDER BY 2, 1, 8"
)

PREPARER = mysql.dialect().identifier_preparer


def read(rows: Sequence[Sequence[Any]]) -> tuple[Cascade, ...]:
    """The foreign keys of the rows of `QUESTION`; those of tables without a key are left out."""
    keys: defaultdict[str, list[str]] = defaultdict(list)
    parts: defaultdict[tuple[str, str, str, str, str], list[tuple[str, str]]] = defaultdict(list)
    for name, table, column, referred, referred_column, on_delete, on_update, _ in rows:
        if name is None:
            keys[table].append(column)
        else:
            parts[name, table, referred, on_delete, on_update].append((column, referred_column))
    return tuple(
        Cascade(name, table, tuple(keys[table]), referred, tuple(pairs), on_delete, on_update)
        for (name, table, referred, on_delete, on_update), pairs in parts.items()
        if table in keys
    )


def below(table: str, cascades: Sequence[Cascade]) -> tuple[Cascade, ...]:
    """Those that changes of a table may set off, one after the other."""
    found, names = list[Cascade](), [table]
    for name in names:
        for cascade in cascades:
            if cascade.referred == name and cascade not in found:
                found.append(cascade)
                names.append(cascade.table)
    return tuple(found)


class _Rows(NamedTuple):
    """Rows of a table that a foreign key reaches."""

    table: str
    """The table that was reached last."""
    sources: str
    """FROM, whose last table is `alias`."""
    alias: str
    condition: str
    used: frozenset[str]
    """The foreign keys on the way."""
    changed: frozenset[str] | None
    """Its columns that get other values; None: the rows go."""


class Effects(NamedTuple):
    """What happens to rows of a table."""

    table: str
    row_key: str
    """Of all of them; empty: of each its own."""
    kind: str
    columns: tuple[str, ...]


Value = Callable[[str], str]
"""The SQL of a column's value as JSON."""


def of_delete(table: str, cascades: Sequence[Cascade], value: Value) -> Mapping[Effects, list[str]]:
    """By effect, queries for the keys of the rows: of one of them, no more than one counts."""
    found: defaultdict[Effects, list[str]] = defaultdict(list)
    for cascade, rows in _reached(table, cascades, lambda it: it.on_delete, goes=True):
        if cascade.on_delete == SET_NULL:
            columns = tuple(column for column, _ in cascade.columns)
            effects = Effects(cascade.table, "", "update", columns)
        else:
            effects = Effects(cascade.table, "", "delete", ())
        found[effects].append(_query(rows, cascade, value))
    return found


def of_update(table: str, cascades: Sequence[Cascade], value: Value) -> Mapping[Effects, list[str]]:
    """The same where a key that others refer to gets another value."""
    found: defaultdict[Effects, list[str]] = defaultdict(list)
    for cascade, rows in _reached(table, cascades, lambda it: it.on_update, goes=False):
        columns = tuple(column for column, _ in cascade.columns)
        if not set(columns) & set(cascade.key):
            found[Effects(cascade.table, "", "update", columns)].append(_query(rows, cascade, value))
        elif len(rows.used) == 1:
            found[Effects(cascade.table, "", "delete", ())].append(_query(rows, cascade, value))
            new = {column: f"NEW.{_quoted(referred)}" for column, referred in cascade.columns}
            found[Effects(cascade.table, "", "insert", ())].append(_query(rows, cascade, value, new))
        else:  # what the key will be, a trigger of another table cannot tell: the whole table may have changed
            found[Effects(cascade.table, "[]", "truncate", ())].append(_query(rows, cascade, value))
    return found


def referred_columns(table: str, cascades: Sequence[Cascade]) -> tuple[str, ...]:
    """The columns of a table whose new values foreign keys pass on."""
    pairs = [pair for it in cascades if it.referred == table and it.on_update in CHANGING for pair in it.columns]
    return tuple(dict.fromkeys(referred for _, referred in pairs))


def _reached(
    table: str, cascades: Sequence[Cascade], rule: Callable[[Cascade], str], *, goes: bool
) -> Iterator[tuple[Cascade, _Rows]]:
    """Every way from a row that is called OLD to rows below, along each foreign key once."""
    waiting: list[_Rows | None] = [None]
    for above in waiting:
        name = table if above is None else above.table
        for cascade in cascades:
            if cascade.referred != name or rule(cascade) not in CHANGING:
                continue
            if above is not None and not _goes_on(above, cascade):
                continue
            rows = _further(above, cascade, goes=goes)
            yield cascade, rows
            if rule(cascade) == CASCADE:
                waiting.append(rows)


def _goes_on(above: _Rows, cascade: Cascade) -> bool:
    """Whether a foreign key passes on what has become of the rows above it."""
    concerned = above.changed is None or not above.changed.isdisjoint(referred for _, referred in cascade.columns)
    return concerned and cascade.name not in above.used


def _further(above: _Rows | None, cascade: Cascade, *, goes: bool) -> _Rows:
    number = 0 if above is None else len(above.used)
    alias, name = f"t{number}", _quoted(cascade.table)
    used = frozenset({cascade.name}) if above is None else above.used | {cascade.name}
    changed = None if goes else frozenset(own for own, _ in cascade.columns)
    up = "OLD" if above is None else above.alias
    meets = " AND ".join(f"{{}}.{_quoted(own)} = {up}.{_quoted(referred)}" for own, referred in cascade.columns)
    if cascade.table == cascade.referred:
        return _Rows(cascade.table, *_all_the_way_down(above, cascade, alias, meets), used, changed)
    if above is None:
        return _Rows(cascade.table, f"{name} AS {alias}", alias, meets.replace("{}", alias), used, changed)
    sources = f"{above.sources} JOIN {name} AS {alias} ON {meets.replace('{}', alias)}"
    return _Rows(cascade.table, sources, alias, above.condition, used, changed)


def _all_the_way_down(above: _Rows | None, cascade: Cascade, alias: str, meets: str) -> tuple[str, str, str]:
    """The rows of a table that refers to itself: those of one level have rows below them, too."""
    name = _quoted(cascade.table)
    first = meets.replace("{}", "low")
    start = (
        f"SELECT low.* FROM {name} AS low WHERE {first}"
        if above is None
        else f"SELECT low.* FROM {above.sources} JOIN {name} AS low ON {first} WHERE {above.condition}"
    )
    deeper = " AND ".join(f"low.{_quoted(own)} = high.{_quoted(referred)}" for own, referred in cascade.columns)
    tree = f"WITH RECURSIVE high AS ({start} UNION SELECT low.* FROM {name} AS low JOIN high ON {deeper})"
    return f"({tree} SELECT * FROM high) AS {alias}", alias, "TRUE"


def _query(rows: _Rows, cascade: Cascade, value: Value, new: Mapping[str, str] | None = None) -> str:
    given = new or {}
    parts = (value(given.get(column, f"{rows.alias}.{_quoted(column)}")) for column in cascade.key)
    key = "CONCAT('[', " + ", ',', ".join(parts) + ", ']')"
    locked = " LOCK IN SHARE MODE" if "RECURSIVE" not in rows.sources else ""
    return f"(SELECT {key} AS row_key FROM {rows.sources} WHERE {rows.condition}{locked})"


def _quoted(name: str) -> str:
    return str(PREPARER.quote_identifier(name))
