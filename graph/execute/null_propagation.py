"""Errors judged: each gets its path, and its null rises to the nearest place that may be null.

The failures of a run enter, errors leave, in the order in which a client would meet them. What lies below a place that
is null already is not reported again.
Source: https://spec.graphql.org/September2025/#sec-Handling-Execution-Errors
"""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from graphql import GraphQLError, GraphQLNonNull
from graphql.error import located_error

from graph.execute.response import Chain, ResponsePosition, ResponseTree, order_of, path_of

if TYPE_CHECKING:
    from graph.execute.scheduler import Failure, Run


Path: TypeAlias = tuple[str | int, ...]


class Propagation(NamedTuple):
    """What a run's failures come to."""

    errors: list[GraphQLError]
    fatal: GraphQLError | None = None
    """The error that leaves nothing of the answer, if there is one."""
    gone: Callable[[ResponsePosition], bool] = lambda _: False
    """Whether a place no longer belongs to the answer."""


class _Case(NamedTuple):
    late: int
    """What is known at once is told first; of the rest, what takes less room."""
    phase: int
    order: tuple[int, ...]
    chain: Chain
    error: Exception
    rise: int
    """How many places around it may not be null, one after the other."""


def propagate_nulls(run: "Run", *, rising: bool) -> Propagation:
    """Empty the places that errors leave empty. With `rising`, what may not be null empties what is around it."""
    failures, run.failures = run.failures, []
    if not failures:
        return Propagation([])
    answer = run.grown()
    errors: list[GraphQLError] = []
    emptied: set[Path] = set()
    for case in sorted(_cases(answer, failures, rising=rising), key=lambda case: case[:3]):
        path = path_of(case.chain)
        if _lies_in(emptied, path):
            continue
        error = located_error(case.error, case.chain[0].field.nodes, path)
        if case.rise == len(path):
            return Propagation(errors, error)
        place = case.chain[case.rise]
        place.container[place.key] = None
        emptied.add(tuple(path[: len(path) - case.rise]))
        errors.append(error)

    def gone(slot: ResponsePosition) -> bool:
        return all(_lies_in(emptied, path_of(chain)) for chain in answer.chains(slot))

    return Propagation(errors, None, gone)


def _lies_in(emptied: set[Path], path: Sequence[str | int]) -> bool:
    """Whether a place, or one around it, was emptied; an object that is shared may be gone in one place only."""
    return any(tuple(path[:length]) in emptied for length in range(1, len(path) + 1))


def _cases(answer: ResponseTree, failures: "list[Failure]", *, rising: bool) -> Iterator[_Case]:
    for failure in failures:
        for chain in answer.chains(failure.slot):
            strict = (rising and isinstance(slot.type, GraphQLNonNull) for slot in chain)
            rise = next((place for place, rises in enumerate(strict) if not rises), len(chain))
            yield _Case(1 + rise if failure.phase else 0, failure.phase, order_of(chain), chain, failure.error, rise)
