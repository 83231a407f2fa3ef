"""How many statements an API sends: a block of a test enters, an error that shows each of them leaves.

Everything counts that sessions of this process send inside of the block, past HTTP and through an application in the
same process alike; frames of transactions do not. What one call sends for many rows counts once. Outside of such blocks
nothing is noted: docs/testing.md.
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from textwrap import indent
from typing import overload

from db.session import RequestSession
from db.trace import SentStatement, StatementTrace
from graph.doctor.paths import Paths


class SentStatements(Sequence[str]):
    """The SQL of what was sent, in order; it grows while the block runs."""

    def __init__(self, trace: StatementTrace) -> None:
        self._trace = trace

    @overload
    def __getitem__(self, index: int) -> str: ...

    @overload
    def __getitem__(self, index: slice) -> list[str]: ...

    def __getitem__(self, index: int | slice) -> str | list[str]:
        return [*self][index]

    def __len__(self) -> int:
        return len(self._work) + self._trace.left_out

    def __iter__(self) -> Iterator[str]:
        return iter([sent.sql for sent in self._work])

    def __eq__(self, other: object) -> bool:
        return [*self] == [*other] if isinstance(other, Sequence) else NotImplemented

    __hash__ = None  # type: ignore[assignment]  # it grows

    def __repr__(self) -> str:
        return repr([*self])

    def __str__(self) -> str:
        paths = Paths()
        return "\n".join(_shown(number, sent, paths) for number, sent in enumerate(self._work, 1))

    @property
    def _work(self) -> list[SentStatement]:
        return [sent for sent in self._trace.sent if sent.is_work and not sent.is_repeated]


@contextmanager
def recorded_statements() -> Iterator[SentStatements]:
    """Note every statement of the block, in order: `sent[0]`, `len(sent)`.

    Blocks may stand inside of each other, and then the innermost notes.
    """
    trace, around = StatementTrace(), RequestSession.trace
    RequestSession.trace = trace
    try:
        yield SentStatements(trace)
    finally:
        RequestSession.trace = around


def assert_statements(number: int) -> AbstractContextManager[SentStatements]:
    """Fail, and show every statement, when the block sends more or fewer than this number."""
    return _asserting(number, number, f"{number} are expected")


def max_statements(number: int) -> AbstractContextManager[SentStatements]:
    """Fail, and show every statement, when the block sends more than this number."""
    return _asserting(0, number, f"at most {number} are expected")


@contextmanager
def _asserting(least: int, most: int, expected: str) -> Iterator[SentStatements]:
    with recorded_statements() as sent:
        yield sent
    if not least <= len(sent) <= most:
        raise AssertionError(f"{len(sent)} statements were sent; {expected}:\n{sent}")


def _shown(number: int, sent: SentStatement, paths: Paths) -> str:
    asked = ", ".join(paths.of(sent.asking)) or "no field"
    rows = "failed" if sent.rows is None else f"{sent.rows} rows"
    return f"{number}. {asked}: {rows} in {sent.ms:.2f} ms\n{indent(sent.sql.strip(), '    ')}"
