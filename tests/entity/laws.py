"""How laws are tried: the same examples at every run, on both databases at once, a failing one made small."""

from collections.abc import Callable
from typing import Any, TypeVar

from hypothesis import HealthCheck, settings

from tests.entity.serving import Api

T = TypeVar("T", bound=Callable[..., Any])

Both = dict[str, Api]
"""The same rows, served from each database."""


def tried(examples: int) -> Callable[[T], T]:
    """Try a law on so many examples. The databases stay as they are, so examples may share them."""
    made: Callable[[T], T] = settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    return made
