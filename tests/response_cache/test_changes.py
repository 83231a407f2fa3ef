"""Which answers a change outdates, and which are new enough for who has written."""

import math
import time

import pytest

from db.session.positions import NOTHING_NEEDED, Needed
from graph.response_cache.answers import NOT_OURS, KeptAnswer
from graph.response_cache.changes import TableChanges


def kept(changes: TableChanges, *tables: str, heard: int = 0, is_ours: bool = True) -> KeptAnswer:
    """An answer that is read now."""
    return KeptAnswer(b"", tables, 60, time.time(), 0, changes.now if is_ours else NOT_OURS, heard)


def test_a_change_outdates_what_was_read_before_it_from_its_table_alone() -> None:
    changes = TableChanges()
    before, other = kept(changes, "a", "b"), kept(changes, "c")
    changes.heard_of(["b"], 1)
    after = kept(changes, "a", "b")
    assert [changes.outdating(it) for it in (before, other, after)] == ["b", None, None]
    changes.committed(["a"])
    assert [changes.outdating(it) for it in (other, after)] == [None, "a"]
    changes.lost(7)
    assert changes.outdating(other) == ""
    assert changes.outdating(kept(changes, "a", "b", "c")) is None


def test_answers_of_other_processes_are_compared_by_the_position_of_the_feed() -> None:
    changes = TableChanges()
    changes.heard_of(["a"], 3)
    changes.heard_of(["a"], 2)  # told once more
    assert changes.outdating(kept(changes, "a", heard=2, is_ours=False)) == "a"
    assert changes.outdating(kept(changes, "a", heard=3, is_ours=False)) is None
    old = kept(changes, "b", heard=3, is_ours=False)
    changes.committed(["b"])
    assert changes.outdating(old) == "b"
    changes.lost(5)
    assert changes.outdating(kept(changes, "a", heard=4, is_ours=False)) == ""
    assert changes.outdating(kept(changes, "a", heard=5, is_ours=False)) is None


@pytest.mark.parametrize(
    ("needed", "position", "moment", "is_met"),
    [
        (NOTHING_NEEDED, 0, 1.0, True),
        (Needed(100), 0, math.inf, False),
        (Needed(100), 100, 5.0, False),  # COMMIT was written by then, and perhaps not shown
        (Needed(100), 101, 5.0, True),
        (Needed(100, since=5.0), 0, 5.0, False),
        (Needed(100, since=5.0), 0, 5.1, True),
        (Needed(moment=5.0), 10**9, 5.0, False),
        (Needed(moment=5.0), 0, 5.1, True),
        (Needed(moment=math.inf), 10**9, 5.0, False),
        (Needed(100, since=5.0).and_also(Needed(moment=9.0)), 101, 8.0, False),
        (Needed(100, since=5.0).and_also(Needed(90)), 0, 6.0, False),
        (Needed(100, since=5.0).and_also(NOTHING_NEEDED), 0, 6.0, True),
    ],
)
def test_who_has_written_needs_what_was_read_after_it(
    needed: Needed, position: int, moment: float, is_met: bool
) -> None:
    assert needed.is_met_by(position, moment) is is_met
