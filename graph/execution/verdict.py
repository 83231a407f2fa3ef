"""Errors judged: each gets its path, and its null rises to the nearest place that may be null.

The failures of a run enter, errors leave, in the order in which a client would meet them. What lies below a place that
is null already is not reported again.
Source: https://spec.graphql.org/September2025/#sec-Handling-Execution-Errors
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from graphql import GraphQLError, GraphQLNonNull
from graphql.error import located_error

from graph.execution.places import Answer, Chain, order_of, path_of

if TYPE_CHECKING:
    from graph.execution.run import Failure, Run


class Verdict(NamedTuple):
    """What a run's failures come to."""

    errors: list[GraphQLError]
    fatal: GraphQLError | None
    """The error that leaves nothing of the answer, if there is one."""


class _Case(NamedTuple):
    phase: int
    order: tuple[int, ...]
    chain: Chain
    error: Exception


def judge(run: "Run", *, rising: bool) -> Verdict:
    """Empty the places that errors leave empty. With `rising`, what may not be null empties what is around it."""
    failures, run.failures = run.failures, []
    verdict = Verdict([], None)
    if not failures:
        return verdict
    answer = run.grown()
    emptied: dict[tuple[int, str | int], Any] = {}
    for case in sorted(_cases(answer, failures), key=lambda case: case[:2]):
        if any(slot.identity in emptied for slot in case.chain):
            continue
        error = located_error(case.error, case.chain[0].field.nodes, path_of(case.chain))
        place = next((slot for slot in case.chain if not (rising and isinstance(slot.type, GraphQLNonNull))), None)
        if place is None:
            return verdict._replace(fatal=error)
        place.container[place.key] = None
        emptied[place.identity] = place.container
        verdict.errors.append(error)
    return verdict


def _cases(answer: Answer, failures: "list[Failure]") -> Iterator[_Case]:
    for failure in failures:
        for chain in answer.chains(failure.slot):
            yield _Case(failure.phase, order_of(chain), chain, failure.error)
