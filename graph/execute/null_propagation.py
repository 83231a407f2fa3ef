"""Errors get their paths, and the null of each rises to the nearest position that may be null.

The failures of a run enter, errors leave, in the order in which a client would meet them. What lies below a
position that is null already is not reported again. How far a null rises, the request says: `ErrorBehavior`. Of very
many failures the first are told and the others counted; their nulls rise all the same.
Source: https://spec.graphql.org/September2025/#sec-Handling-Execution-Errors
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple, TypeAlias

from graphql import GraphQLError
from graphql.error import located_error

from graph.execute.response import Chain, ResponsePosition, ResponseTree, order_of, path_of
from graph.execute.work import Failure, Work
from graph.prepare.error_behavior import ErrorBehavior

Path: TypeAlias = tuple[str | int, ...]


MAX_ERRORS = 100
"""Errors of one answer, but for the last, which says how many more there were."""

MAX_ORDERED = 1_000
"""Failures that are told in the order of the response; more of them come as they happened, for order takes time."""


class Propagation(NamedTuple):
    """What the failures of a run come to."""

    errors: list[GraphQLError]
    left_out: int = 0
    """How many more there were."""
    fatal: GraphQLError | None = None
    """The error that leaves nothing of the response, if there is one."""
    is_gone: Callable[[ResponsePosition], bool] = lambda _: False
    """Whether a position no longer belongs to the response."""


class _Case(NamedTuple):
    late: int
    """0 for errors that were known before anything was waited for; of the others, those that empty less come first."""
    phase: int
    order: tuple[int, ...]
    chain: Chain
    error: Exception
    rise: int
    """How many positions around it may not be null, one after the other."""


def propagate_nulls(work: Work, most_errors: int = MAX_ERRORS) -> Propagation:
    """Empty the positions that errors leave empty; what may not be null empties what is around it."""
    failures, work.failures = work.failures, []
    if not failures:
        return Propagation([])
    tree = work.tree()
    errors: list[GraphQLError] = []
    left_out = 0
    emptied: set[Path] = set()
    for case in _in_order(_cases(work, tree, failures), work.on_error):
        path = path_of(case.chain)
        if _lies_in(emptied, path):
            continue
        if case.rise == len(path):
            return Propagation(errors, left_out, located_error(case.error, case.chain[0].field.nodes, path))
        position = case.chain[case.rise]
        position.container[position.key] = None
        emptied.add(tuple(path[: len(path) - case.rise]))
        if len(errors) < most_errors:
            errors.append(located_error(case.error, case.chain[0].field.nodes, path))
        else:
            left_out += 1

    def is_gone(position: ResponsePosition) -> bool:
        return all(_lies_in(emptied, path_of(chain)) for chain in tree.chains(position))

    return Propagation(errors, left_out, None, is_gone)


def _lies_in(emptied: set[Path], path: Sequence[str | int]) -> bool:
    """Whether a position, or one around it, was emptied; a shared object may be gone from one parent only."""
    return any(tuple(path[:length]) in emptied for length in range(1, len(path) + 1))


def _in_order(cases: Iterator[_Case], on_error: ErrorBehavior) -> Iterable[_Case]:
    """The errors as a client would meet them; where the first halts the operation, that one alone."""
    return islice(cases, 1) if on_error is ErrorBehavior.HALT else sorted(cases, key=lambda case: case[:3])


def _cases(work: Work, tree: ResponseTree, failures: list[Failure]) -> Iterator[_Case]:
    for failure in failures:
        for chain in tree.chains(failure.position):
            strict = (work.must_rise(position.type) for position in chain)
            rise = next((index for index, rises in enumerate(strict) if not rises), len(chain))
            late = 1 + rise if failure.phase else 0
            order = order_of(chain) if len(failures) <= MAX_ORDERED else ()
            yield _Case(late, failure.phase, order, chain, failure.error, rise)
