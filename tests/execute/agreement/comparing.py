"""Two answers to one operation, and whether they agree.

Data must be equal, in the order of its keys too. Errors must be equal, with one exception: where a null moves up, the
specification lets an executor leave out the other errors below it, as nobody sees their places.
Source: https://spec.graphql.org/September2025/#sec-Handling-Execution-Errors
"""

import json
from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any, NamedTuple, TypeAlias

from strawberry.types import ExecutionResult

from graph.errors import code_of

Path: TypeAlias = tuple[str | int, ...]


class Problem(NamedTuple):
    """An error, as a client could see it."""

    path: Path | None
    message: str
    code: str | None
    locations: tuple[tuple[int, int], ...]


class Answer(NamedTuple):
    """What an executor answers, and how many statements it took."""

    data: Any
    problems: tuple[Problem, ...]
    statements: int

    @property
    def was_run(self) -> bool:
        """Whether anything was executed, rather than refused before."""
        return self.data is not None or any(problem.path is not None for problem in self.problems)


class Disagreement(AssertionError):
    """The executors answer otherwise."""


def answer_of(result: ExecutionResult, statements: int) -> Answer:
    """The answer in a result."""
    problems = [
        Problem(
            None if error.path is None else tuple(error.path),
            error.message,
            code_of(error),
            tuple((location.line, location.column) for location in error.locations or ()),
        )
        for error in result.errors or ()
    ]
    return Answer(result.data, tuple(problems), statements)


def check(ours: Answer, theirs: Answer) -> None:
    """Raise `Disagreement` unless the answers agree, and ours took no more statements."""
    _same("data", json.dumps(ours.data), json.dumps(theirs.data))
    repeated = [path for path, times in Counter(problem.path for problem in ours.problems).items() if times > 1]
    if repeated and ours.was_run:
        raise Disagreement(f"a place has several errors: {repeated}")
    our_groups, their_groups = _by_null(ours), _by_null(theirs)
    _same("nulls with errors", set(our_groups), set(their_groups))
    for null, their_problems in their_groups.items():
        _check_null(null, our_groups[null], their_problems)
    # Where a null moves up, graphql-core stops what is beside it: a statement that ours sends may be one it left out.
    moved_up = any(null not in problems for null, problems in their_groups.items())
    if ours.statements > theirs.statements and not moved_up:
        raise Disagreement(f"{ours.statements} statements instead of {theirs.statements}")


def check_nulls_stay(kept: Answer, lenient: Answer) -> None:
    """Raise `Disagreement` unless an answer under `NULL` is that of a schema in which everything may be null.

    There a null that a resolver gives in the wrong place is no error: `kept` alone may tell of it.
    """
    _same("data", json.dumps(kept.data), json.dumps(lenient.data))
    missing = {problem.path for problem in lenient.problems} - {problem.path for problem in kept.problems}
    if missing:
        raise Disagreement(f"no errors at {missing}")
    for problem in kept.problems:
        if problem.path is not None and _null_above(kept.data, problem.path) != problem.path:
            raise Disagreement(f"a null has moved up from {problem.path}")


def check_halted(halted: Answer, kept: Answer) -> None:
    """Raise `Disagreement` unless an operation ends with the first of its errors, for no more statements."""
    if not kept.was_run or not kept.problems:
        _same("an answer without errors", halted, kept)
        return
    _same("data", halted.data, None)
    if len(halted.problems) != 1 or halted.problems[0] not in kept.problems:
        raise Disagreement(f"{halted.problems} instead of one of {kept.problems}")
    if halted.statements > kept.statements:
        raise Disagreement(f"{halted.statements} statements instead of {kept.statements}")


def _check_null(null: Path | None, ours: Mapping[Path | None, Problem], theirs: Mapping[Path | None, Problem]) -> None:
    """Compare what made one place null."""
    if null is None or null in theirs or null in ours:  # refused, or the field itself failed: nothing was left out
        _same(f"errors at {null}", set(ours.values()), set(theirs.values()))
    for path in ours.keys() & theirs.keys():
        _same(f"errors at {path}", ours[path], theirs[path])


def _by_null(answer: Answer) -> Mapping[Path | None, Mapping[Path | None, Problem]]:
    """The errors by the place that each of them made null; None: what was refused before anything was run."""
    groups: dict[Path | None, dict[Path | None, Problem]] = defaultdict(dict)
    for problem in answer.problems:
        null = None if problem.path is None else _null_above(answer.data, problem.path)
        # Errors of refused operations have no places, and all of them count.
        key = problem.path if null is not None else (problem.message, *map(str, problem.locations))
        groups[null][key] = problem
    return groups


def _null_above(data: Any, path: Path) -> Path:
    """The shortest beginning of a path at which the data is null. Raises `Disagreement` when there is none."""
    for length in range(len(path) + 1):
        if data is None:
            return path[:length]
        if length < len(path):
            data = _member(data, path[length])
    raise Disagreement(f"an error at {path}, where the data is not null")


def _member(data: Any, key: str | int) -> Any:
    try:
        return data[key]
    except (LookupError, TypeError):
        raise Disagreement(f"an error at {key!r}, which the data does not have") from None


def _same(what: str, ours: object, theirs: object) -> None:
    if ours != theirs:
        raise Disagreement(f"{what}: {_shown(ours)}\ninstead of {_shown(theirs)}")


def _shown(value: object) -> str:
    return "\n".join(map(str, sorted(value, key=str))) if isinstance(value, set) else str(value)
