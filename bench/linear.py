"""Whether cost grows as the question does: time per row of a longer feed, time per field of a longer document.

One connection and one request at a time, so that the time is the request's own. What every request costs, however
short, is in the plain time per row: it falls at first, and then must not rise again. The time of a further row, from
one size to the next, has no fixed cost in it, and must stay the same all along.
"""

import http.client
import json
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from bench.answers import ANSWER_TIMEOUT_S, NoAnswer, ask
from bench.load import LoadFailed, apply
from bench.operations import FEED, OPERATIONS
from bench.processes import Running

ROWS = (10, 100, 1_000, 10_000)
FIELDS = (10, 30, 100, 300, 1_000, 3_000)
WARM_UP_S = 0.5

Curve = Mapping[int, float]
"""Microseconds for one of them, by how many there are."""


class Effort(NamedTuple):
    """How long a feed of one length is asked for, and with how many documents of one length."""

    seconds: float
    documents: int


FULL = Effort(seconds=3, documents=15)
QUICK = Effort(seconds=0.8, documents=7)


class Linear(NamedTuple):
    """Both curves, and what has no number."""

    per_row: Mapping[str, Curve]
    """By the names of servers."""
    per_field: Curve
    missing: Mapping[str, str]

    def as_json(self) -> dict[str, Any]:
        """Rounded to tenths of a microsecond."""
        return {
            "feed": {name: _curves(curve) for name, curve in self.per_row.items()},
            "prepare": _curves(self.per_field),
            "missing": dict(self.missing),
        }


def measure(servers: Sequence[Running], trellis: Running | None, effort: Effort, tell: Callable[[str], None]) -> Linear:
    """Ask these servers for longer and longer feeds, and Trellis for longer and longer documents."""
    missing: dict[str, str] = {}
    per_row: dict[str, Curve] = {}
    for running in servers:
        curve: dict[int, float] = {}
        for rows in ROWS:
            tell(f"a feed of {rows:,} rows from {running.server.title}")
            try:
                curve[rows] = _us_per_row(running, rows, effort.seconds)
            except (NoAnswer, LoadFailed) as failure:
                missing[f"{running.server.name}, {rows:,} rows"] = str(failure)
        per_row[running.server.name] = curve
    tell("longer and longer documents")
    per_field: dict[int, float] = {}
    if trellis is not None:
        for fields in FIELDS:
            try:
                per_field[fields] = _us_per_field(trellis, fields, effort.documents)
            except (NoAnswer, OSError, http.client.HTTPException) as failure:
                missing[f"a document of {fields:,} fields"] = str(failure)
    return Linear(per_row, per_field, missing)


def longest_over_best(curve: Curve) -> float:
    """The longest one's time per item over the best: 1, or a little more, when cost grows as the question does."""
    return curve[max(curve)] / min(curve.values())


def worst_over_best(curve: Curve) -> float:
    """The same for whichever size is worst: fixed cost counts too, which the shortest one bears."""
    return max(curve.values()) / min(curve.values())


def further(curve: Curve) -> Curve:
    """Microseconds for one more item, from the size before to this one."""
    sizes = sorted(curve)
    return {
        longer: (longer * curve[longer] - shorter * curve[shorter]) / (longer - shorter)
        for shorter, longer in pairwise(sizes)
    }


def _us_per_row(running: Running, rows: int, seconds: float) -> float:
    operation = OPERATIONS[FEED]._replace(arguments={"first": rows})
    answer = ask(running, operation)
    if len(answer) != rows:
        raise NoAnswer(f"{len(answer)} rows came")
    apply(running, operation, WARM_UP_S, connections=1)
    return 1000 * apply(running, operation, seconds, connections=1).p50_ms / rows


def _us_per_field(trellis: Running, fields: int, documents: int) -> float:
    """The median time of documents that the server has not seen, of so many fields, on a page without rows."""
    connection = http.client.HTTPConnection("127.0.0.1", trellis.port, timeout=ANSWER_TIMEOUT_S)
    try:
        times = [_seconds_of_a_new_document(connection, fields) for _ in range(documents)]
    finally:
        connection.close()
    return 1e6 * statistics.median(times) / fields


def _seconds_of_a_new_document(connection: http.client.HTTPConnection, fields: int) -> float:
    selected = " ".join(f"f{number}: title" for number in range(fields))
    query = f"query New{time.monotonic_ns()} {{ posts(first: 0) {{ nodes {{ {selected} }} }} }}"
    body = json.dumps({"query": query})
    began = time.perf_counter()
    connection.request("POST", "/graphql", body, {"content-type": "application/json"})
    answered = connection.getresponse().read()
    taken = time.perf_counter() - began
    answer = json.loads(answered)
    if "errors" in answer:
        raise NoAnswer(answer["errors"][0]["message"])
    return taken


def _curves(curve: Curve) -> dict[str, Any]:
    if len(curve) < 2:
        return {"us_per_item": _rounded(curve)}
    more = further(curve)
    return {
        "us_per_item": _rounded(curve),
        "us_per_further_item": _rounded(more),
        "longest_over_best": round(longest_over_best(curve), 3),
        "worst_over_best": round(worst_over_best(curve), 3),
        "further_longest_over_best": round(longest_over_best(more), 3),
        "further_worst_over_best": round(worst_over_best(more), 3),
    }


def _rounded(curve: Curve) -> dict[str, float]:
    return {str(size): round(us, 1) for size, us in curve.items()}
