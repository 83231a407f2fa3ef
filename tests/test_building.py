"""What is built once: the collector rests meanwhile, and does not look through it at the end."""

import gc
import sys
from collections.abc import Iterator

import pytest

from graph.building import building


@pytest.fixture
def nothing_frozen() -> Iterator[None]:
    """The tests freeze what lives as long as they do; servers are made before anything is frozen."""
    gc.unfreeze()
    yield
    gc.freeze()


@pytest.mark.usefixtures("nothing_frozen")
def test_what_was_built_counts_as_old_and_nobody_has_looked_through_it() -> None:
    looked_through: list[int] = []

    def note(phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            looked_through.append(info["generation"])

    calls = sys.getrecursionlimit()
    gc.callbacks.append(note)
    try:
        with building():
            with building():
                made = [[number] for number in range(100_000)]
            assert not gc.isenabled()
        after = [[number] for number in range(100)]
    finally:
        gc.callbacks.remove(note)
    assert (looked_through, len(after)) == ([], 100)
    assert any(it is made for it in gc.get_objects(generation=2))
    assert (gc.isenabled(), gc.get_freeze_count(), sys.getrecursionlimit()) == (True, 0, calls)


def test_what_is_frozen_stays_frozen() -> None:
    frozen = gc.get_freeze_count()
    with building():
        pass
    assert 0 < gc.get_freeze_count() <= frozen  # what is frozen may be freed
