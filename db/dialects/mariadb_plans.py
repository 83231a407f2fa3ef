"""Plans of MariaDB and MySQL, read as JSON.

What EXPLAIN or ANALYZE answers enters, a `Plan` leaves. Values of a statement stand in the conditions of its plan;
where they may not be shown, marks take their places.
Sources: https://mariadb.com/kb/en/explain-format-json/, https://mariadb.com/kb/en/analyze-format-json/,
https://dev.mysql.com/doc/refman/8.4/en/explain.html
"""

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from sqlalchemy import Column, Executable, String, Table, Text, text

from db.dialects.plans import OrderedNeed, Plan
from db.relations import Term

Node: TypeAlias = Mapping[str, Any]

NAME = r"(?:`(?:[^`]|``)+`|\w+)"
ALIASED = re.compile(rf"(?:\bFROM|\bJOIN|,)\s+(?:{NAME}\.)?({NAME})\s+(?:AS\s+)?({NAME})", re.IGNORECASE)

NAMES = (
    "table_name",
    "access_type",
    "possible_keys",
    "key",
    "key_length",
    "used_key_parts",
    "ref",
    "message",
    "r_sort_mode",
)
"""What has no value of a statement in it."""
# The server writes quotes and backslashes in texts with a backslash, whatever `sql_mode` says.
VALUE = re.compile(r"""'(?:[^'\\]|\\.|'')*'|(?<![\w$.`])-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w`])""", re.DOTALL)
LINE = re.compile(r'(?P<before>\s*"(?P<name>\w+)": )"(?P<text>.*)"(?P<after>,?)')
"""A line of a plan with a text: each text has one of its own, whatever is in it."""
HIDDEN = "…"

SORTS = ("filesort", "read_sorted_file", "ordering_operation", "grouping_operation")

MAX_INDEXED = 768
"""Characters of a text that an index takes whole, of four bytes each.
Source: https://mariadb.com/kb/en/innodb-limitations/#limitations-on-schema"""


def explain_sql(sql: str, *, analyze: bool) -> str:
    """The statement that asks for the plan of another one.

    MySQL tells what happened in another form, and is asked for the plan alone: to it the first words are a comment, and
    the second ones to MariaDB. Source: https://mariadb.com/kb/en/comment-syntax/#executable-comments
    """
    return f"/*M! ANALYZE */ /*!80000 EXPLAIN */ FORMAT=JSON {sql}" if analyze else f"EXPLAIN FORMAT=JSON {sql}"


def plan(sql: str, rows: Sequence[Sequence[Any]], *, values: bool) -> Plan:
    """The plan of a statement, out of one row with one text."""
    lines = str(rows[0][0]).splitlines()
    tree: Node = json.loads("\n".join(map(_escaped, lines)))
    tables = {_bare(alias): _bare(table) for table, alias in ALIASED.findall(sql)}
    scanned: dict[str, float | None] = {}
    for node in _tables(tree):
        name = str(node["table_name"])
        if node.get("access_type") == "ALL" and not name.startswith("<"):
            scanned[tables.get(name, name)] = _rows(node)
    shown = "\n".join(lines if values else map(_without_values, lines))
    return Plan(shown, scanned, max(_sorted(tree), default=0), any("r_loops" in node for node in _nodes(tree)))


def _escaped(line: str) -> str:
    """A line as JSON has it: MariaDB leaves quotes in texts as they are, and escapes single ones."""
    found = LINE.fullmatch(line)
    return line if found is None else f"{found['before']}{json.dumps(found['text'])}{found['after']}"


def _without_values(line: str) -> str:
    """A line with marks in the place of values."""
    found = LINE.fullmatch(line)
    if found is None or found["name"] in NAMES:
        return line
    return f'{found["before"]}"{VALUE.sub(HIDDEN, found["text"])}"{found["after"]}'


def _nodes(tree: Any) -> Iterator[Node]:
    """Every object of a plan."""
    if isinstance(tree, dict):
        yield tree
    for inner in tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ():
        yield from _nodes(inner)


def _tables(tree: Any) -> Iterator[Node]:
    return (node for node in _nodes(tree) if "table_name" in node)


def _rows(node: Node) -> float:
    """How many rows of a table stay, each time that it is read."""
    rows = node.get("rows", node.get("rows_examined_per_scan", 0))
    return float(rows) * float(node.get("filtered", 100)) / 100


def _sorted(tree: Any) -> Iterator[float]:
    """How many rows each sort puts in order: those that were, or what is read below it."""
    for node in _nodes(tree):
        for name in SORTS:
            sort = node.get(name)
            if not isinstance(sort, dict) or (name.endswith("operation") and not sort.get("using_filesort")):
                continue
            counted = next((each["r_output_rows"] for each in _nodes(sort) if "r_output_rows" in each), None)
            yield float(counted) if counted is not None else math.prod(map(_rows, _tables(sort)))


def _bare(name: str) -> str:
    return name[1:-1].replace("``", "`") if name.startswith("`") else name


def estimated_rows(table: Table) -> Executable:
    """What InnoDB estimates from a few pages."""
    return text(
        "SELECT table_rows FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = :name"
    ).bindparams(name=table.name)


def is_served(need: OrderedNeed) -> bool:
    """Whether an index can serve a need: one of columns, whole, with nulls where the server has them.

    There are no indexes of expressions. Nulls are less than all values.
    """
    ordered = [term.expression for term in need.order]
    columns = [*need.equal, *ordered, *([] if need.ranged is None or need.order else [need.ranged])]
    if not all(isinstance(column, Column) for column in columns):
        return False
    return not any(map(_is_long, ordered)) and all(map(_has_nulls_in_place, need.order))


def _is_long(column: Any) -> bool:
    """Whether an index has only the beginnings of a column's texts, which are in no order among themselves."""
    kind = column.type
    return isinstance(kind, Text) or (isinstance(kind, String) and (kind.length or math.inf) > MAX_INDEXED)


def _has_nulls_in_place(term: Term) -> bool:
    return not term.nullable or term.nulls_first is not term.descending
