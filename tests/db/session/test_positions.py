"""How far behind a replica is, by what servers tell of their positions."""

import pytest

from db.session.positions import KEPT, NOT_KNOWN, NOTHING_WRITTEN, Lag, Positions, Told


def positions_of(primary: list[int]) -> Positions:
    """A primary that was seen at these positions, one each second from the moment 0 on."""
    positions = Positions()
    for moment, position in enumerate(primary):
        positions.note_primary(position, float(moment))
    return positions


@pytest.mark.parametrize(
    ("replayed", "lag"),
    [
        (400, Lag(0, 0.0)),
        (500, Lag(0, 0.0)),  # it was asked after the primary
        (399, Lag(1, 1.0)),  # what it lacks was written by the moment 4
        (300, Lag(100, 1.0)),
        (150, Lag(250, 3.0)),
        (100, Lag(300, 3.0)),
    ],
)
def test_a_replica_lacks_what_was_written_after_the_last_position_of_both(replayed: int, lag: Lag) -> None:
    positions = positions_of([100, 100, 200, 300, 400])
    positions.note("replica", Told(replayed, quiet_s=99.0))
    assert positions.lag("replica", 5.0) == lag


def test_nothing_written_for_an_hour_is_no_lag() -> None:
    positions = positions_of([100])
    positions.note("replica", Told(100, quiet_s=3600.0))
    assert positions.lag("replica", 3600.0) == Lag(0, 0.0)
    positions.note_primary(200, 3600.0)
    assert positions.lag("replica", 3600.0) == Lag(100, 0.0)


def test_a_replica_that_was_behind_at_the_first_look_says_itself_for_how_long() -> None:
    positions = positions_of([100])
    positions.note("replica", Told(50, quiet_s=3600.0))
    assert positions.lag("replica", 0.5) == Lag(50, 0.5)  # it may just have been about to get there
    assert positions.lag("replica", 2.0) == Lag(50, 3600.0)


def test_a_primary_that_is_behind_itself_was_promoted_and_is_counted_anew() -> None:
    positions = positions_of([100, 200, 150, 160])
    positions.note("replica", Told(150, None))
    assert positions.lag("replica", 4.0) == Lag(10, 1.0)


def test_as_many_positions_are_kept_as_a_quarter_of_an_hour_has() -> None:
    positions = positions_of(list(range(2 * KEPT)))
    positions.note("replica", Told(KEPT - 2, None))
    assert positions.lag("replica", 2.0 * KEPT) == Lag(KEPT + 1, float(KEPT))


def test_what_is_not_known_is_on_no_replica() -> None:
    positions = Positions()
    assert positions.lag("replica", 0.0) is None
    assert positions.has("replica", NOTHING_WRITTEN)
    assert not positions.has("replica", 1)
    positions.note("replica", Told(10, None))
    assert positions.has("replica", 10)
    assert not positions.has("replica", 11)
    assert not positions.has("replica", NOT_KNOWN)
