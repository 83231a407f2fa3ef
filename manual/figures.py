"""The figures of the bench, as a page: `bench/results.json` enters, Markdown leaves. Nothing is measured here."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

RESULTS = Path("bench") / "results.json"

Measured: TypeAlias = Mapping[str, Mapping[str, Mapping[str, float]]]
"""What was measured, by operation and server."""


def page(house: Path) -> str:
    """Requests a second and processor time, a table each."""
    results = json.loads((house / RESULTS).read_text(encoding="utf-8"))
    operations: Measured = results["operations"]
    versions = ", ".join(f"{name} {version}" for name, version in results["versions"].items())
    machine = results["machine"]
    about = (
        f"Of `make bench` on {results['date'][:10]}: {machine['cores']} cores, {machine['cpu']}, {machine['system']};"
        f" {versions}. What is measured, and how to read it, is in [the bench](bench.md)."
    )
    rates = f"## Requests a second\n\n{_table(operations, 'rps', '.0f')}"
    times = f"## Milliseconds of the server's processor\n\n{_table(operations, 'cpu_ms', '.2f')}"
    return f"# Figures\n\n{about}\n\n{rates}\n\n{times}\n"


def _table(operations: Measured, figure: str, form: str) -> str:
    servers = list(dict.fromkeys(server for measured in operations.values() for server in measured))
    rows = (
        [name, *(_shown(measured.get(server, {}).get(figure), form) for server in servers)]
        for name, measured in operations.items()
    )
    return "\n".join(f"| {' | '.join(row)} |" for row in (["", *servers], ["---"] * (len(servers) + 1), *rows))


def _shown(value: float | None, form: str) -> str:
    return "" if value is None else format(value, form)
