"""Plans of PostgreSQL, read line by line.

What EXPLAIN answers as text enters, a `Plan` leaves. Values of a statement stand in its plan, because PostgreSQL plans
for them; where they may not be shown, marks take their places.
Source: https://www.postgresql.org/docs/current/using-explain.html
"""

import re
from collections.abc import Sequence

from db.dialects.plans import Plan

NODE = re.compile(r"\s*(?:->\s+)?(?P<name>\S.*?)  \(cost=[\d.]+\.\.[\d.]+ rows=(?P<rows>\d+) width=\d+\)")
SCANNED = re.compile(r'(?:Parallel )?Seq Scan on (?P<table>"(?:[^"]|"")+"|\S+)')

CONDITION = re.compile(
    r"(\s*(?:[A-Z][\w-]* )*(?:Cond|Filter|Key|By|Call|Condition|Output|Conflict Arbiter Indexes): )(.*)"
)
"""A line with expressions of the statement: `  Index Cond: (slug = 'roses'::text)`."""
VALUE = re.compile(r"""'(?:[^']|'')*'|(?<![\w$.")])-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w"])""")
REMOVED = re.compile(r"\s*Rows Removed by ")

HIDDEN = "…"


def plan(lines: Sequence[str], *, values: bool) -> Plan:
    """The plan of a statement."""
    nodes = [(found["name"], float(found["rows"])) for line in lines if (found := NODE.match(line)) is not None]
    scanned: dict[str, float | None] = {
        _bare(found["table"]): rows for name, rows in nodes if (found := SCANNED.fullmatch(_without_alias(name)))
    }
    sorted_rows = max((rows for name, rows in nodes if name == "Sort"), default=0)
    shown = "\n".join(lines if values else map(without_values, lines))
    return Plan(shown, scanned, sorted_rows, "actual " in shown)


def without_values(line: str) -> str:
    """A line of a plan with marks in the place of values."""
    found = CONDITION.fullmatch(line)
    return line if found is None or REMOVED.match(line) else found[1] + VALUE.sub(HIDDEN, found[2])


def _without_alias(name: str) -> str:
    found = SCANNED.match(name)
    return name if found is None else found[0]


def _bare(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name
