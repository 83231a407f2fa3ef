"""For tests of an application: how many statements its API sends.

A block of a test enters; it fails when more statements were sent than it says, and shows them with the fields that
asked. Everything counts that sessions of this process send inside, past HTTP (`Schema.execute`) and through a server in
the same process alike; frames of transactions do not. Outside of such blocks nothing is noted: docs/testing.md.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from textwrap import indent

from db.session import RequestSession
from db.trace import SentStatement, StatementTrace
from graph.doctor.paths import Paths


class SentStatements(Sequence[str]):
    """The SQL of what was sent, in order; it grows while the block runs."""

    def __init__(self, trace: StatementTrace) -> None:
        self._trace = trace

    def __getitem__(self, index: int) -> str:  # type: ignore[override]  # slices are of no use here
        return self._work[index].sql

    def __len__(self) -> int:
        return len(self._work) + self._trace.left_out

    def __str__(self) -> str:
        paths = Paths()
        return "\n".join(_shown(number, sent, paths) for number, sent in enumerate(self._work, 1))

    @property
    def _work(self) -> list[SentStatement]:
        return [sent for sent in self._trace.sent if sent.is_work]


@contextmanager
def assert_statements(*, at_most: int | None = None, exactly: int | None = None) -> Iterator[SentStatements]:
    """Fail, and show every statement, when the block sends more than `at_most`, or another number than `exactly`.

    `with assert_statements(at_most=4): await client.post("/graphql", json=…)`. Blocks may stand inside of each other,
    and then the innermost counts.
    """
    trace, around = StatementTrace(), RequestSession.trace
    RequestSession.trace = trace
    try:
        yield (sent := SentStatements(trace))
    finally:
        RequestSession.trace = around
    allowed = exactly if at_most is None else at_most
    is_fine = allowed is None or len(sent) == allowed or (exactly is None and len(sent) < allowed)
    word = "at most " if exactly is None else ""
    assert is_fine, f"{len(sent)} statements were sent; {word}{allowed} are expected:\n{sent}"


def _shown(number: int, sent: SentStatement, paths: Paths) -> str:
    asked = ", ".join(paths.of(sent.asking)) or "no field"
    rows = "failed" if sent.rows is None else f"{sent.rows} rows"
    return f"{number}. {asked}: {rows} in {sent.ms:.2f} ms\n{indent(sent.sql.strip(), '    ')}"
