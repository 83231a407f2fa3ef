"""The doctor's report as text, for terminals: the JSON of `extensions.doctor` enters, lines leave."""

from collections.abc import Iterator, Mapping
from textwrap import indent
from typing import Any

import orjson

from db.trace import Kind

DRIVER = Kind.DRIVER.value

Told = Mapping[str, Any]

MARGIN = "    "


def as_text(report: Told) -> str:
    """The report, a paragraph for each statement and one for all of them."""
    statements = ["\n".join(_statement(statement)) for statement in report["statements"]]
    return "\n\n".join([*statements, "\n".join(_summary(report))])


def _headline(told: Told) -> str:
    """A statement in one line: `3. posts.nodes.author (User, 2 keys): 2 rows in 0.41 ms`."""
    asked = "the driver, about types" if told["kind"] == DRIVER else ", ".join(told["paths"]) or told["kind"]
    by = "" if told["loader"] is None else f" ({told['loader']}, {_counted(told['batch'] or 0, 'key')})"
    came = "failed" if told["rows"] is None else _counted(told["rows"], "row")
    where = "" if told["database"] == "primary" else f" on {told['database']}"
    return f"{told['number']}. {asked}{by}: {came} in {told['ms']:.2f} ms{where}"


def _statement(told: Told) -> Iterator[str]:
    yield _headline(told)
    if told["kind"] == DRIVER:  # long, and nobody's doing
        return
    yield indent(told["sql"].strip(), MARGIN)
    if told.get("parameters"):
        yield f"{MARGIN}values: {orjson.dumps(told['parameters']).decode()}"
    if "plan" in told:
        yield f"{MARGIN}plan:"
        yield indent(told["plan"]["text"], MARGIN * 2)
    for hint in told.get("hints", ()):
        yield f"{MARGIN}hint: {hint['message']}"
        if hint["sql"] is not None:
            yield indent(f"{hint['sql']};", MARGIN * 2)


def _summary(report: Told) -> Iterator[str]:
    totals, cost, real, phases = (report[name] for name in ("totals", "cost", "real", "phases"))
    if report["leftOut"]:
        yield f"{report['leftOut']} more statements are not shown."
    framed = totals["statements"] - real["statements"]
    yield (
        f"{_counted(real['statements'], 'statement')}, and {framed} around them; {_counted(real['rows'], 'row')};"
        f" {totals['ms']:.2f} ms in the database ({report['dialect']}) of {phases['totalMs']:.2f} ms."
    )
    yield (
        f"Price: {cost['statements']} statements, {cost['rows']} rows, {cost['values']} values;"
        f" real: {real['statements']}, {real['rows']}, {real['values']}."
    )


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
