"""The change log on SQLite: triggers for each row, and transactions that are numbered in groups.

One connection writes at a time. So all that was committed since the last position was given is a group of whole
transactions; its rows carry the position that the group is to have.
Sources: https://www.sqlite.org/lang_createtrigger.html, https://www.sqlite.org/pragma.html#pragma_data_version
"""

import json
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy.dialects import sqlite

from db.dialects.change_log import (
    EVENTS,
    TRIGGER,
    ChangeLogDialect,
    LogNames,
    Recorded,
    TableKey,
    literal,
    telling,
    told_by,
)

PREPARER = sqlite.dialect().identifier_preparer


class SQLiteChangeLog(ChangeLogDialect):
    """Triggers that name the columns of their table."""

    has_signals = False
    data_version = "PRAGMA data_version"

    def create(self, names: LogNames) -> Sequence[str]:
        """Triggers need the tables alone."""
        return ()

    def drop(self, names: LogNames) -> Sequence[str]:
        """A trigger goes with its table; one whose table stays would fail without those of the log."""
        return ()

    def record(self, names: LogNames, table: TableKey, partition: str | None = None) -> Sequence[str]:
        """A trigger for each kind of change. A trigger that is there stays."""
        return [
            f"CREATE TRIGGER {_name(table, event)} AFTER {event.upper()} ON {_quoted(table.name)}"
            f" BEGIN {telling(table)} {body} END"
            for event, body in _bodies(names, table).items()
        ]

    def forget(self, table: TableKey, partition: str | None = None) -> Sequence[str]:
        """The same three."""
        return [f"DROP TRIGGER IF EXISTS {_name(table, event)}" for event in EVENTS]

    def number(self, names: LogNames) -> str:
        """The group that is complete, because nobody else writes while this statement does."""
        return f"""
            INSERT INTO {names.positions} (position, transaction_id, numbered_at)
            SELECT next, next, strftime('%Y-%m-%d %H:%M:%f000', 'now')
            FROM (SELECT coalesce(max(position), 0) + 1 AS next FROM {names.positions})
            WHERE :most > 0 AND EXISTS (SELECT 1 FROM {names.changes} WHERE transaction_id = next)
            RETURNING position
            """

    def waiting(self, names: LogNames) -> str | None:
        """No change waits for another transaction."""
        return None

    def begin_anew(self, names: LogNames) -> str | None:
        """The log counts by itself."""
        return None

    def recorded(self, names: LogNames) -> str:
        """The texts of triggers, and the columns that their tables have."""
        return (
            "SELECT m.tbl_name, m.sql, (SELECT json_group_array(name) FROM pragma_table_xinfo(m.tbl_name))"
            f" FROM sqlite_schema AS m WHERE m.type = 'trigger' AND m.name GLOB '{TRIGGER}_*' ORDER BY 1, m.name"
        )

    def read_recorded(self, rows: Sequence[Any]) -> list[Recorded]:
        """A table is complete with three triggers that name all of its columns."""
        found: defaultdict[tuple[str, str, tuple[str, ...]], list[bool]] = defaultdict(list)
        for table, sql, columns in rows:
            told = told_by(sql)
            if told is not None:
                knows = set(told.table.columns) == set(json.loads(columns))
                found[told.table.label, table, told.table.key].append(knows and told.table.name == table)
        return [Recorded(*named, len(known) == len(EVENTS) and all(known)) for named, known in found.items()]


def _bodies(names: LogNames, table: TableKey) -> dict[str, str]:
    """What each trigger does."""
    changed = " || ".join(
        f"CASE WHEN NEW.{_quoted(name)} IS NOT OLD.{_quoted(name)} COLLATE BINARY"
        f" THEN {literal(',' + json.dumps(name))} ELSE '' END"
        for name in table.columns
    )
    same = " AND ".join(f"NEW.{_quoted(name)} IS OLD.{_quoted(name)} COLLATE BINARY" for name in table.key)
    names_of_changed = f"(SELECT '[' || substr({changed or literal('')}, 2) || ']' AS changed)"
    return {
        "insert": _recording(names, table, "NEW", "insert"),
        "update": " ".join(
            (
                _recording(names, table, "OLD", "delete", where=f"NOT ({same})"),
                _recording(names, table, "NEW", "insert", where=f"NOT ({same})"),
                _recording(
                    names, table, "NEW", "update", "changed", f", {names_of_changed}", f"{same} AND changed <> '[]'"
                ),
            )
        ),
        "delete": _recording(names, table, "OLD", "delete"),
    }


def _recording(
    names: LogNames, table: TableKey, row: str, kind: str, columns: str = "'[]'", also: str = "", where: str = "1"
) -> str:
    """A statement that records one change of one row."""
    key = ", ".join(_value(f"{row}.{_quoted(name)}") for name in table.key)
    return (
        f"INSERT INTO {names.changes} (transaction_id, id, table_name, row_key, kind, changed_columns)"
        f" SELECT next, (SELECT coalesce(max(id), 0) + 1 FROM {names.changes} WHERE transaction_id = next),"
        f" {literal(table.label)}, json_array({key}), '{kind}', {columns}"
        f" FROM (SELECT coalesce(max(position), 0) + 1 AS next FROM {names.positions}){also} WHERE {where};"
    )


def _value(column: str) -> str:
    """A value of a key. JSON has no bytes."""
    return f"CASE typeof({column}) WHEN 'blob' THEN hex({column}) ELSE {column} END"


def _name(table: TableKey, event: str) -> str:
    return _quoted(f"{TRIGGER}_{event}_{table.name}")


def _quoted(name: str) -> str:
    return str(PREPARER.quote_identifier(name))
