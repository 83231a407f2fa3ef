"""How laws are tried: the same examples at every run, on both databases at once, a failing one made small."""

from collections.abc import Callable
from typing import Any, TypeVar

from hypothesis import settings

from tests.entity.serving import Api

T = TypeVar("T", bound=Callable[..., Any])

Both = dict[str, Api]
"""The same rows, served from each database."""


def tried(examples: int) -> Callable[[T], T]:
    """Try a law on so many examples; on more of them under the profile `many` (`tests/conftest.py`)."""
    made: Callable[[T], T] = settings(max_examples=examples * settings().max_examples // 100)
    return made
