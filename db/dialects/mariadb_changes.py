"""The change log on MariaDB and MySQL: triggers for each row, a mark for each statement, positions in groups.

No function tells which transaction runs, so triggers cannot write it down. They write which statement it was: all
changes of a statement have one mark, and a statement lives and dies with its transaction. The marks that one look shows
are those of whole transactions; together they get the position that comes next.

MariaDB runs no trigger for TRUNCATE, and none for rows that a foreign key changes.
Sources: https://mariadb.com/kb/en/trigger-overview/, https://mariadb.com/kb/en/consistent-nonlocking-reads/,
https://mariadb.com/kb/en/uuid_short/
"""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any, ClassVar

from sqlalchemy import FromClause, Table, column
from sqlalchemy import table as named_table
from sqlalchemy.dialects import mysql

from db.dialects import mariadb_cascades
from db.dialects.change_log import (
    EVENTS,
    TRIGGER,
    Cascade,
    ChangeLogDialect,
    LogNames,
    Recorded,
    TableKey,
    telling,
    told_by,
)
from db.dialects.mariadb_cascades import Effects, below
from db.dialects.own_names import OwnName

MAX_NAME = 64
"""Characters of a name. Source: https://mariadb.com/kb/en/identifier-names/#maximum-length"""
MOMENTS = {
    **{event: f"AFTER {event.upper()}" for event in EVENTS},
    "move": "BEFORE UPDATE",
    "remove": "BEFORE DELETE",
}
"""When each trigger runs; the last two see to rows that foreign keys change."""
TURN = 0
"""A mark that no statement has: whoever numbers locks its row."""

# The mark is made anew where the moment at which the statement began is another one than before. Where an application
# has stopped the clock of its session, a mark may serve several transactions. So every change locks the row of its mark
# and looks whether that has a position by now; INSERT is the cheapest way to, for nothing is planned.
_RECORD = """
CREATE PROCEDURE {names.function}(
    IN of_table TEXT CHARACTER SET utf8mb4, IN of_key MEDIUMTEXT CHARACTER SET utf8mb4,
    IN of_kind VARCHAR(8) CHARACTER SET utf8mb4, IN of_columns MEDIUMTEXT CHARACTER SET utf8mb4)
MODIFIES SQL DATA
BEGIN
    IF NOT (@trellis_began <=> NOW(6)) THEN
        SET @trellis_began = NOW(6), @trellis_mark = {unique};
    END IF;
    SET @trellis_is_open = TRUE;
    INSERT INTO {names.sequence} (id) VALUES (@trellis_mark)
    ON DUPLICATE KEY UPDATE id = IF(@trellis_is_open := position IS NULL, id, id);
    IF NOT @trellis_is_open THEN
        SET @trellis_mark = {unique};
        INSERT INTO {names.sequence} (id) VALUES (@trellis_mark);
    END IF;
    IF of_table IS NOT NULL THEN
        INSERT INTO {names.changes} {into} VALUES (@trellis_mark, {unique}, of_table, of_key, of_kind, of_columns);
    END IF;
END
"""

# The cursor's rows are those of one moment. Marks that are locked are of a transaction that goes on with them.
_NUMBER = """
CREATE PROCEDURE {names.numbering}(IN most BIGINT)
MODIFIES SQL DATA
BEGIN
    DECLARE turn, next_position, mark, free BIGINT DEFAULT NULL;
    DECLARE is_over BOOLEAN DEFAULT FALSE;
    DECLARE marks CURSOR FOR SELECT id FROM {names.sequence} WHERE position IS NULL AND id <> {turn};
    DECLARE CONTINUE HANDLER FOR NOT FOUND SET is_over = TRUE;
    DECLARE EXIT HANDLER FOR SQLEXCEPTION
    BEGIN
        ROLLBACK;
        RESIGNAL;
    END;
    START TRANSACTION;
    SET turn = (SELECT id FROM {names.sequence} WHERE id = {turn} FOR UPDATE SKIP LOCKED);
    IF turn IS NOT NULL AND most > 0 THEN
        OPEN marks;
        numbering: LOOP
            FETCH marks INTO mark;
            IF is_over THEN
                LEAVE numbering;
            END IF;
            SET free = (
                SELECT id FROM {names.sequence} WHERE id = mark AND position IS NULL FOR UPDATE SKIP LOCKED);
            IF free IS NOT NULL THEN
                IF next_position IS NULL THEN
                    SET next_position = (SELECT COALESCE(MAX(position), 0) + 1 FROM {names.positions});
                    INSERT INTO {names.positions} (position, transaction_id, numbered_at)
                    VALUES (next_position, next_position, UTC_TIMESTAMP(6));
                END IF;
                UPDATE {names.sequence} SET position = next_position WHERE id = mark;
            END IF;
        END LOOP;
        CLOSE marks;
    END IF;
    COMMIT;
    SELECT next_position AS position FROM DUAL WHERE next_position IS NOT NULL;
END
"""

# Of one server, later calls give larger numbers, after a restart as well. The highest bit is that of a server's number.
_UNIQUE = "UUID_SHORT() & 0x7FFFFFFFFFFFFFFF"

_INTO = "(transaction_id, id, table_name, row_key, kind, changed_columns)"

PREPARER = mysql.dialect().identifier_preparer


class MariaDBChangeLog(ChangeLogDialect):
    """Triggers that name the columns of their table, and procedures that do what is the same for all tables."""

    constraints = frozenset({"fk_trellis_changes_of_ids"})
    has_signals = False
    replaces = True
    cascades: ClassVar[str | None] = mariadb_cascades.QUESTION

    def read_cascades(self, rows: Sequence[Any]) -> tuple[Cascade, ...]:
        """All foreign keys of the database that change rows."""
        return mariadb_cascades.read(rows)

    def set_off_by(self, table: TableKey, cascades: Sequence[Cascade]) -> tuple[Cascade, ...]:
        """Those below the table."""
        return below(table.name, cascades)

    def create(self, names: LogNames) -> Sequence[str]:
        """The marks of statements, which take their changes with them when their position goes, and two procedures."""
        return (
            f"CREATE TABLE {names.sequence} (id BIGINT NOT NULL PRIMARY KEY, position BIGINT NULL, INDEX (position),"
            f" FOREIGN KEY (position) REFERENCES {names.positions} (position) ON DELETE CASCADE) ENGINE = InnoDB",
            f"INSERT INTO {names.sequence} (id) VALUES ({TURN})",
            f"ALTER TABLE {names.changes} ADD CONSTRAINT {_of_changes(names)} FOREIGN KEY (transaction_id)"
            f" REFERENCES {names.sequence} (id) ON DELETE CASCADE",
            _RECORD.format(names=names, unique=_UNIQUE, into=_INTO).strip(),
            _NUMBER.format(names=names, turn=TURN).strip(),
        )

    def drop(self, names: LogNames) -> Sequence[str]:
        """A trigger goes with its table; one whose table stays would fail without the procedure."""
        return (
            f"DROP PROCEDURE IF EXISTS {names.numbering}",
            f"DROP PROCEDURE IF EXISTS {names.function}",
            f"ALTER TABLE {names.changes} DROP FOREIGN KEY {_of_changes(names)}",
            f"DROP TABLE {names.sequence}",
        )

    def record(self, names: LogNames, table: TableKey, partition: str | None = None) -> Sequence[str]:
        """A trigger for each kind of change, and one more where foreign keys refer to what changes.

        A trigger takes the place of one that is there, so that no change is missed meanwhile. MySQL cannot; for it the
        words in the comment are none.
        """
        bodies = _bodies(names, table)
        made = [
            f"CREATE /*M! OR REPLACE */ TRIGGER {_name(table, event)} {MOMENTS[event]} ON {_table(table)} FOR EACH ROW"
            f" BEGIN {telling(table)} {body} END"
            for event, body in bodies.items()
        ]
        return [*made, *(f"DROP TRIGGER IF EXISTS {_name(table, event)}" for event in MOMENTS if event not in bodies)]

    def forget(self, table: TableKey, partition: str | None = None) -> Sequence[str]:
        """All of them."""
        return [f"DROP TRIGGER IF EXISTS {_name(table, event)}" for event in MOMENTS]

    def number(self, names: LogNames) -> str:
        """All that is committed gets one position."""
        return f"CALL {names.numbering}(:most)"

    def with_changes(self, names: LogNames, positions: Table, changes: Table) -> FromClause:
        """By the marks that have the position."""
        marks = named_table(OwnName("trellis_change_ids", None), column("id"), column("position"))
        with_marks = positions.outerjoin(marks, marks.c.position == positions.c.position)
        return with_marks.outerjoin(changes, changes.c.transaction_id == marks.c.id)

    def waiting(self, names: LogNames) -> str | None:
        """No change waits for another transaction."""
        return None

    def begin_anew(self, names: LogNames) -> str | None:
        """The log counts by itself."""
        return None

    def recorded(self, names: LogNames) -> str:
        """The texts of triggers, and the columns that their tables have."""
        columns = (
            "SELECT c.table_name AS of_table, JSON_ARRAYAGG(c.column_name) AS all_columns"
            " FROM information_schema.columns AS c WHERE c.table_schema = DATABASE() GROUP BY c.table_name"
        )
        cascades = (
            "SELECT JSON_ARRAYAGG(JSON_ARRAY(r.constraint_name, r.table_name, r.referenced_table_name))"
            f" FROM information_schema.referential_constraints AS r WHERE {mariadb_cascades.OF_THIS_DATABASE}"
        )
        return (
            f"SELECT t.event_object_table, t.action_statement, k.all_columns, ({cascades})"
            " FROM information_schema.triggers AS t"
            f" JOIN ({columns}) AS k ON k.of_table = t.event_object_table"
            f" WHERE t.trigger_schema = DATABASE() AND LEFT(t.trigger_name, {len(TRIGGER) + 1}) = '{TRIGGER}_'"
            " ORDER BY t.event_object_table, t.trigger_name"
        )

    def read_recorded(self, rows: Sequence[Any]) -> list[Recorded]:
        """A table is complete with three triggers that name all of its columns."""
        found: defaultdict[tuple[str, str, tuple[str, ...]], list[bool]] = defaultdict(list)
        for table, sql, columns, cascades in rows:
            told = told_by(sql)
            if told is not None:
                knows = set(told.table.columns) == set(json.loads(columns))
                knows &= told.cascades == _below(table, json.loads(cascades or "[]"))
                found[told.table.label, table, told.table.key].append(knows and told.table.name == table)
        return [Recorded(*named, len(known) >= len(EVENTS) and all(known)) for named, known in found.items()]


def _bodies(names: LogNames, table: TableKey) -> dict[str, str]:
    """What each trigger does."""
    same = " AND ".join(_is_same(name) for name in table.key)
    changed = ", ".join(f"IF({_is_same(name)}, '', {_text(',' + json.dumps(name))})" for name in table.columns)
    bodies = {
        "insert": _recording(names, table, "NEW", "insert"),
        "update": (
            "DECLARE changed MEDIUMTEXT CHARACTER SET utf8mb4;"
            f" IF {same} THEN SET changed = CONCAT({changed or _text('')});"
            f" IF changed <> '' THEN {_recording(names, table, 'NEW', 'update', _LIST)} END IF;"
            f" ELSE {_recording(names, table, 'OLD', 'delete')} {_recording(names, table, 'NEW', 'insert')} END IF;"
        ),
        "delete": _recording(names, table, "OLD", "delete"),
    }
    removed = _following(names, mariadb_cascades.of_delete(table.name, table.cascades, _value))
    moved = _following(names, mariadb_cascades.of_update(table.name, table.cascades, _value))
    if removed:
        bodies["remove"] = removed
    if moved:
        stays = " AND ".join(_is_same(name) for name in mariadb_cascades.referred_columns(table.name, table.cascades))
        bodies["move"] = f"IF NOT ({stays}) THEN {moved} END IF;"
    return bodies


def _following(names: LogNames, effects: Mapping[Effects, Sequence[str]]) -> str:
    """Statements that record what becomes of rows below."""
    if not effects:
        return ""
    recordings = (
        f"INSERT INTO {names.changes} {_INTO} SELECT @trellis_mark, {_UNIQUE}, {_text(each.table)},"
        f" {_text(each.row_key) if each.row_key else 'row_key'}, '{each.kind}', {_text(json.dumps(each.columns))}"
        f" FROM ({' UNION '.join(queries)}) AS following;"
        for each, queries in effects.items()
    )
    return f"CALL {names.function}(NULL, NULL, NULL, NULL); {' '.join(recordings)}"


def _below(table: str, cascades: Sequence[Sequence[str]]) -> frozenset[str]:
    known = [Cascade(name, of, (), referred, (), "", "") for name, of, referred in cascades]
    return frozenset(it.name for it in below(table, known))


_LIST = "CONCAT('[', SUBSTRING(changed, 2), ']')"
"""Names that have each a comma in front."""


def _is_same(name: str) -> str:
    """Whether a column has the value that it had: texts have collations, and of FLOAT the bits alone are rounded."""
    quoted = _quoted(name)
    return f"(NEW.{quoted} <=> OLD.{quoted} AND BINARY NEW.{quoted} <=> BINARY OLD.{quoted})"


def _recording(names: LogNames, table: TableKey, row: str, kind: str, columns: str = "'[]'") -> str:
    """A statement that records one change of one row."""
    key = ", ',', ".join(_value(f"{row}.{_quoted(name)}") for name in table.key)
    return f"CALL {names.function}({_text(table.label)}, CONCAT('[', {key}, ']'), '{kind}', {columns});"


def _value(of: str) -> str:
    """A value of a key as JSON, which has no bytes. Each by itself: JSON_ARRAY makes all values of one character set.

    Numbers and moments are said to be binary, too; their texts count for less than a column's.
    """
    as_json = f"TRIM(TRAILING ']' FROM TRIM(LEADING '[' FROM CONVERT(JSON_ARRAY({of}) USING utf8mb4)))"
    return f"IF(CHARSET({of}) = 'binary' AND COERCIBILITY({of}) = 2, CONCAT('\"', HEX({of}), '\"'), {as_json})"


def _text(words: str) -> str:
    """A text as a literal that says the same whether a backslash escapes or not."""
    return f"_utf8mb4 x'{words.encode().hex()}'" if "\\" in words or '"' in words else _plain(words)


def _plain(words: str) -> str:
    return "'" + words.replace("'", "''") + "'"


def _name(table: TableKey, event: str) -> str:
    """A trigger's name is unique in its schema, and not longer than other names."""
    name = f"{TRIGGER}_{event}_{table.name}"
    if len(name) > MAX_NAME:
        name = f"{name[: MAX_NAME - 9]}_{sha256(table.name.encode()).hexdigest()[:8]}"
    return _quoted(name) if table.schema is None else f"{_quoted(table.schema)}.{_quoted(name)}"


def _table(table: TableKey) -> str:
    return _quoted(table.name) if table.schema is None else f"{_quoted(table.schema)}.{_quoted(table.name)}"


def _of_changes(names: LogNames) -> str:
    return _quoted("fk_trellis_changes_of_ids")


def _quoted(name: str) -> str:
    return str(PREPARER.quote_identifier(name))
