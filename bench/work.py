"""Price and truth: what questions cost whose work was priced, beside the price.

    TRELLIS_DATABASE_URL=… trellis demo --scale 667
    TRELLIS_DATABASE_URL=… python -m bench.work

A database with 40,000 posts enters, a table leaves: for each question its work, and the milliseconds that it takes.
By the measure of `graph.prepare.work` both are the same number; no question should take much longer than it is priced.
Nothing is written. On SQLite the time is the process's own, on PostgreSQL it is the clock's.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table

from db.session.engines import Engines
from db.statements import StatementCache
from graph.context import ContextFactory
from graph.schema import make_schema
from graph.settings import Settings

ROUNDS = 3
ROWS = 40_000
"""The rows that a work of 1 takes a millisecond for."""


def _posts(where: str = "", *, order: str = "", selected: str = "nodes { id }") -> str:
    arguments = f"first: 20, where: {{ {where} }}" + (f", orderBy: [{order}]" if order else "")
    return f"{{ posts({arguments}) {{ {selected} }} }}"


def _any(number: int, condition: Callable[[int], str]) -> str:
    return "or: [" + ", ".join(f"{{ {condition(n)} }}" for n in range(number)) + "]"


def _search(text: str) -> str:
    return f'{{ search(text: "{text}", first: 20) {{ nodes {{ id }} }} }}'


IN_TAGS = "tags: {{ some: {{ posts: {{ some: {{ {} }} }} }} }}"
NONE = "tags: {{ none: {{ posts: {{ none: {{ {} }} }} }} }}"

QUESTIONS: Mapping[str, str] = {
    "a page": "{ posts(first: 20) { nodes { id } } }",
    "a number nowhere": _posts("version: { eq: 99 }"),
    "100 numbers": _posts(_any(100, lambda n: f"version: {{ gt: {n + 50} }}")),
    "1,000 texts": _posts("title: { in: [" + ", ".join(f'"t{n}"' for n in range(1_000)) + "] }"),
    "10 parts of titles": _posts(_any(10, lambda n: f'title: {{ contains: "zzq{n}" }}')),
    "the same, any case": _posts(_any(10, lambda n: f'title: {{ containsIgnoreCase: "zzq{n}" }}')),
    "10 parts of articles": _posts(_any(10, lambda n: f'content: {{ contains: "zzq{n}" }}')),
    "two, any case": _posts(_any(2, lambda n: f'content: {{ containsIgnoreCase: "zzq{n}" }}')),
    "10 authors": _posts(_any(10, lambda n: f'author: {{ name: {{ eq: "zz{n}" }} }}')),
    "10 tags": _posts(_any(10, lambda n: f'tags: {{ some: {{ name: {{ eq: "zz{n}" }} }} }}')),
    "four relations in a row": _posts(IN_TAGS.format(IN_TAGS.format("version: { lt: 99 }"))),
    "four negations in a row": _posts(NONE.format(NONE.format("version: { lt: 99 }"))),
    "four such side by side": _posts(
        _any(4, lambda n: f"author: {{ posts: {{ some: {{ version: {{ eq: {n + 50} }} }} }} }}")
    ),
    "an order by a count": _posts(order="{ tags: { count: DESC } }"),
    "by one behind a relation": _posts(order="{ author: { posts: { count: DESC } } }"),
    "aggregates": "{ postsAggregate { count min { title version } max { title version } sum { version } } }",
    "groups": "{ postsAggregate { groupBy(by: [{value: AUTHOR}, {value: SLUG}]) { nodes { count max { title } } } } }",
    "five words": _search("melons balcony string storm water"),
    "ten common words": _search("the and in that we it was at to of"),
    "eight phrases": _search(" ".join(rf"\"{words}\"" for words in ("in the", "at the", "of the", "we lost") * 2)),
    "16 alternatives": _search(" or ".join(["the", "and", "in", "that", "we", "it", "was", "at", "to", "of"])),
    "eight beginnings": _search("a* b* c* d* e* f* g* h*"),
    "20 lists": "{"
    + " ".join(f"a{n}: posts(where: {{ version: {{ gt: {n + 50} }} }}) {{ nodes {{ id }} }}" for n in range(20))
    + "}",
}


class Measured(NamedTuple):
    """A question's price and what it took."""

    work: int
    refused: bool
    ms: float


async def measure(settings: Settings) -> Mapping[str, Measured]:
    """Ask each question as nobody in particular, warm."""
    engines, schema = Engines(settings), make_schema(settings)
    clock = time.process_time if engines.dialect == "sqlite" else time.perf_counter
    statements = StatementCache()

    async def ask(query: str) -> Any:
        context = ContextFactory(engines, statements=statements)
        return await schema.execute(query, context_value=context, operation_extensions={"cost": True})

    try:
        counted = await ask("{ posts { totalCount } }")
        share = ROWS / max(1, counted.data["posts"]["totalCount"])
        found = {}
        for name, query in QUESTIONS.items():
            times = []
            for _ in range(ROUNDS):
                began = clock()
                result = await ask(query)
                times.append(clock() - began)
            refused = bool(result.errors)
            told = result.errors[0].extensions["work"] if refused else result.extensions["cost"]["work"]
            found[name] = Measured(told, refused, min(times) * 1_000 * share)
        return found
    finally:
        await engines.dispose()


def main() -> None:
    """Print the table."""
    settings = Settings()
    table = Table("question", "work", f"ms for {ROWS:,} posts", "ms for one of work")
    for name, (work, refused, ms) in asyncio.run(measure(settings)).items():
        table.add_row(
            name, str(work), "refused" if refused else f"{ms:.0f}", f"{ms / work:.2f}" if work and not refused else ""
        )
    Console().print(table)


if __name__ == "__main__":
    main()
