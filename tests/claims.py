"""How many claims the tests make: `make claims`.

A claim is a test with its parameters, wherever it stands and whichever database it runs on. The names leave sorted,
one a line, and the numbers after them; so two states of the house can be compared with `diff`.
"""

import re
import sys
from contextlib import redirect_stdout

import pytest

from graph.testing.choices import DIALECTS

BRACKETS = re.compile(r"\[(.*)\]$", re.DOTALL)


class Collected:
    """A plugin of pytest that remembers what was collected."""

    def __init__(self) -> None:
        self.tests: list[str] = []

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Remember the names of all tests."""
        self.tests = [item.name for item in session.items]


def claim(test: str) -> str:
    """The name of a test without its database: `test_a[postgresql-1]` and `test_a[sqlite-1]` are `test_a[1]`."""
    found = BRACKETS.search(test)
    if found is None:
        return test
    parts = [part for part in found[1].split("-") if part not in DIALECTS]
    return test[: found.start()] + (f"[{'-'.join(parts)}]" if parts else "")


def main() -> None:
    """Collect, and print."""
    collected = Collected()
    with redirect_stdout(sys.stderr):
        status = pytest.main(["--collect-only", "-qq"], [collected])
    claims = sorted({claim(test) for test in collected.tests})
    functions = {BRACKETS.sub("", name) for name in claims}
    print(*map(repr, claims), sep="\n")  # noqa: T201 - this is the output
    print(f"{len(functions):,} functions, {len(claims):,} claims, {len(collected.tests):,} tests")  # noqa: T201 - as above
    sys.exit(status)


if __name__ == "__main__":
    main()
