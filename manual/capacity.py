"""How far one core goes, and what many requests take: `bench/results.json` enters, parts of `docs/scaling.md` leave.

`python -m manual.capacity` writes them there anew, between comments with their names. Nothing is measured here.
"""

import json
import math
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from db.settings import HOUSE, DatabaseSettings
from manual.figures import RESULTS

PAGE = Path("docs") / "scaling.md"

Results: TypeAlias = Mapping[str, Any]

OPERATIONS = {
    "lookup": "a look-up by id",
    "feed": "50 posts with authors and tags",
    "all": "20 users with all their posts and tags, 400 objects and more",
    "flat": "1,000 rows of six columns",
    "write": "`createPost`, with a row in the record",
    "transfer": "`transferFunds`, with both accounts locked",
}
"""The operations of the bench that are told, and what people call them."""

LOOK_UPS = 0.9
"""The share of look-ups in the arithmetic; the rest are feeds."""
LOAD = 0.6
"""How busy a core may be: beyond it, requests wait for each other."""
CORES = 8
"""Of a machine."""
LARGE_CORES = 64
"""Of a machine that is a replica."""
WRITES = 0.01
"""The share of changes where there are very many requests."""
TIMES = "\N{MULTIPLICATION SIGN}"


class Need(NamedTuple):
    """What so many requests a second take."""

    look_ups: float
    feeds: float
    seconds: float
    """Of processors of servers, in each second."""

    @property
    def workers(self) -> int:
        """How many cores these are, and so workers, where none is busier than `LOAD`."""
        return math.ceil(round(self.seconds / LOAD, 6))


def read_results(house: Path) -> Results:
    """What the bench has found."""
    found: Results = json.loads((house / RESULTS).read_text(encoding="utf-8"))
    return found


def one_core(results: Results) -> str:
    """A table of operations: how many in a second one core answers, and how much of it each takes."""
    machine, measured = results["machine"], results["operations"]
    rows = [
        f"| {told} | {_count(measured[name]['trellis']['rps'])} | {measured[name]['trellis']['cpu_ms']:.2g} ms |"
        for name, told in OPERATIONS.items()
        if name in measured
    ]
    about = _wrapped(
        f"Of [the bench](../bench/README.md) on {results['date'][:10]}: {machine['cores']} cores of {machine['cpu']},"
        f" one for the server and the others for PostgreSQL {results['versions']['postgresql']} and the clients. Yours"
        " will differ, the arithmetic will not."
    )
    memory = f"One process uses one core. It took {_count(results['peak_memory_mib']['trellis'])} MiB at most."
    head = ["| operation | a second | processor of the server, each |", "|---|---|---|"]
    return "\n".join([about, "", *head, *rows, "", memory])


def arithmetic(results: Results) -> str:
    """What ten thousand and a million requests a second take."""
    some, many = need(results, 10_000), need(results, 1_000_000)
    connections = DatabaseSettings.model_fields["pool_size"].default + 1
    look_up, feed = (_each(results, name) for name in ("lookup", "feed"))
    first = (
        f"**10,000 requests a second**, nine tenths of them look-ups and a tenth feeds of 50: {some.look_ups:,.0f}"
        f" {TIMES} {look_up:.2g} ms + {some.feeds:,.0f} {TIMES} {feed:.2g} ms = {some.seconds:.2g} s of processor a"
        f" second. At {LOAD * 100:.0f} % load that is {_cores(some.workers)}: as many workers, on"
        f" {_machines(some.workers)}. PostgreSQL is taken to need as much again: `make bench` tells for your"
        f" operations, in the column of its own. Connections: {some.workers} {TIMES} {connections} ="
        f" {some.workers * connections:,}. No PgBouncer, no replica is needed; a second machine is, for the day on"
        " which the first is away."
    )
    second = (
        f"**1,000,000 requests a second** of the same kind: {_count(many.seconds)} s of processor a second,"
        f" {_cores(many.workers)} at {LOAD * 100:.0f} %, {_machines(many.workers)}. {many.workers:,} {TIMES}"
        f" {connections} = {many.workers * connections:,} connections: PgBouncer, in front of each database. If"
        f" PostgreSQL needs as much again, reads alone take {math.ceil(many.workers / LARGE_CORES)} replicas of"
        f" {LARGE_CORES} cores; or one of them, and a CDN that answers nine tenths. Writes go to one primary: a share"
        f" of one in a hundred is {1_000_000 * WRITES:,.0f} a second, more than many single machines keep safely, and"
        " the point at which to look at the table below."
    )
    return f"{_wrapped(first)}\n\n{_wrapped(second)}"


def need(results: Results, requests: int) -> Need:
    """What so many requests a second take."""
    look_ups, feeds = requests * LOOK_UPS, requests * (1 - LOOK_UPS)
    spent_ms = look_ups * _each(results, "lookup") + feeds * _each(results, "feed")
    return Need(look_ups, feeds, spent_ms / 1_000)


PARTS: Mapping[str, Callable[[Results], str]] = {"one core": one_core, "arithmetic": arithmetic}


def written(page: str, results: Results) -> str:
    """The page with its parts anew."""
    for name, part in PARTS.items():
        text = f"<!-- {name} -->\n{part(results)}\n<!-- /{name} -->"
        page = re.sub(f"<!-- {name} -->.*?<!-- /{name} -->", text.replace("\\", "\\\\"), page, flags=re.DOTALL)
    return page


def _each(results: Results, name: str) -> float:
    """Milliseconds of the server's processor that an operation takes, as people are told them."""
    return float(f"{results['operations'][name]['trellis']['cpu_ms']:.2g}")


def _count(number: float) -> str:
    """A number with two digits that count."""
    return f"{float(f'{number:.2g}'):,.0f}"


def _cores(number: int) -> str:
    return "one core" if number == 1 else f"{number:,} cores"


def _machines(workers: int) -> str:
    machines = math.ceil(workers / CORES)
    return f"one machine of {CORES}" if machines == 1 else f"{machines:,} machines of {CORES}"


def _wrapped(text: str, width: int = 120) -> str:
    """Lines that are no longer than the others of the page."""
    lines = [""]
    for word in text.split():
        if len(lines[-1]) + 1 + len(word) > width:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}".strip()
    return "\n".join(lines)


def main() -> None:
    """Write the parts of the page anew."""
    file = HOUSE / PAGE
    file.write_text(written(file.read_text(encoding="utf-8"), read_results(HOUSE)), encoding="utf-8")


if __name__ == "__main__":
    main()
