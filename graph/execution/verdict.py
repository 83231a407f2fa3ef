"""Errors judged: each gets its path, and its null rises to the nearest place that may be null.

The failures of a run enter, errors leave, in the order in which a client would meet them. What lies below a place that
is null already is not reported again.
Source: https://spec.graphql.org/September2025/#sec-Handling-Execution-Errors
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from graphql import GraphQLError, GraphQLNonNull
from graphql.error import located_error

from graph.execution.places import Answer, Chain, Slot, order_of, path_of

if TYPE_CHECKING:
    from graph.execution.run import Failure, Run


class Verdict(NamedTuple):
    """What a run's failures come to."""

    errors: list[GraphQLError]
    fatal: GraphQLError | None = None
    """The error that leaves nothing of the answer, if there is one."""
    gone: Callable[[Slot], bool] = lambda _: False
    """Whether a place no longer belongs to the answer."""


class _Case(NamedTuple):
    rise: int
    """How far its null rises, if somebody was waited for: what takes less room is told first."""
    phase: int
    order: tuple[int, ...]
    chain: Chain
    error: Exception


def judge(run: "Run", *, rising: bool) -> Verdict:
    """Empty the places that errors leave empty. With `rising`, what may not be null empties what is around it."""
    failures, run.failures = run.failures, []
    if not failures:
        return Verdict([])
    answer = run.grown()
    errors: list[GraphQLError] = []
    emptied: set[tuple[int, str | int]] = set()
    for case in sorted(_cases(answer, failures, rising=rising), key=lambda case: case[:3]):
        if any(slot.identity in emptied for slot in case.chain):
            continue
        error = located_error(case.error, case.chain[0].field.nodes, path_of(case.chain))
        place = _empty(case.chain, rising=rising)
        if place is None:
            return Verdict(errors, error)
        emptied.add(place.identity)
        errors.append(error)

    def gone(slot: Slot) -> bool:
        return all(any(part.identity in emptied for part in chain) for chain in answer.chains(slot))

    return Verdict(errors, None, gone)


def _empty(chain: Chain, *, rising: bool) -> Slot | None:
    """Empty the nearest place that may be null; None when there is none."""
    place = next((slot for slot in chain if not _rises(slot, rising=rising)), None)
    if place is not None:
        place.container[place.key] = None
    return place


def _cases(answer: Answer, failures: "list[Failure]", *, rising: bool) -> Iterator[_Case]:
    for failure in failures:
        for chain in answer.chains(failure.slot):
            distance = next((n for n, slot in enumerate(chain) if not _rises(slot, rising=rising)), len(chain))
            rise = 1 + distance if failure.phase else 0
            yield _Case(rise, failure.phase, order_of(chain), chain, failure.error)


def _rises(slot: Slot, *, rising: bool) -> bool:
    return rising and isinstance(slot.type, GraphQLNonNull)
