"""Plans of SQLite, read line by line.

What EXPLAIN QUERY PLAN answers enters, a `Plan` leaves. How many rows there are, SQLite does not say.
Source: https://www.sqlite.org/eqp.html
"""

import math
import re
from collections.abc import Iterator, Sequence
from typing import Any

from db.dialects.plans import Plan

NAME = r'(?:"(?:[^"]|"")+"|\w+)'
ALIASED = re.compile(rf"(?:\bFROM|\bJOIN|,)\s+({NAME})\s+AS\s+({NAME})")
SCANNED = re.compile(r"SCAN (?:TABLE )?(?P<name>[^\s(]+)(?P<how>.*)")
SORTED = "USE TEMP B-TREE FOR ORDER BY"

IN_ORDER = re.compile(r" USING INDEX ")
"""An index that is read from one end until there are rows enough; a covering one may be read for its size alone."""


def plan(sql: str, rows: Sequence[Sequence[Any]]) -> Plan:
    """The plan of a statement."""
    tables = {_bare(alias): _bare(table) for table, alias in ALIASED.findall(sql)}
    lines = [str(row[-1]) for row in rows]
    scanned = {tables.get(name, name): None for name in _scanned(lines)}
    return Plan("\n".join(_indented(rows)), scanned, math.inf if SORTED in lines else 0)


def _scanned(lines: Sequence[str]) -> Iterator[str]:
    for line in lines:
        found = SCANNED.match(line)
        if found is not None and not IN_ORDER.match(found["how"]):
            yield found["name"]


def _indented(rows: Sequence[Sequence[Any]]) -> Iterator[str]:
    depths: dict[int, int] = {}
    for number, parent, _, line in rows:
        depths[number] = depth = depths.get(parent, -1) + 1
        yield "  " * depth + str(line)


def _bare(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name
