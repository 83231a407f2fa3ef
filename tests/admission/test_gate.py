"""The gate by itself: never more inside than it has places, nobody overtakes, and no place is ever lost."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

import pytest
from hypothesis import strategies
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from graph.admission.gate import MAX_RETRY_AFTER_S, Gate, Rank, Reason, limits_of
from graph.errors import Overloaded
from graph.prepare.fields import Weight
from tests.entity.laws import tried

FOREVER_S = 3600.0
LOOK_UP, PAGE, DEAR = Weight
PLACES, MAX_QUEUED = 5, 4

WEIGHTS = strategies.sampled_from(Weight)
RANKS = strategies.builds(Rank, strategies.booleans(), WEIGHTS, strategies.integers(0, 3))


def rank(weight: Weight = DEAR, *, anonymous: bool = True, price: int = 0) -> Rank:
    return Rank(anonymous, weight, price)


async def settled() -> None:
    """Let everybody who was told something do what follows from it."""
    for _ in range(5):
        await asyncio.sleep(0)


async def let_in(gate: Gate, ranks: Sequence[Rank]) -> list[int]:
    """The order in which those are let in who wait, with these ranks, before a gate of one place that is taken."""
    order: list[int] = []

    async def come(number: int) -> None:
        await gate.wait(ranks[number])
        order.append(number)
        gate.leave(ranks[number].weight)

    assert gate.enter_at_once(LOOK_UP)
    tasks = []
    for number in range(len(ranks)):
        tasks.append(asyncio.create_task(come(number)))
        await asyncio.sleep(0)
    gate.leave(LOOK_UP)
    await asyncio.gather(*tasks)
    return order


@pytest.mark.parametrize(
    ("places", "limits"),
    [(1, (1, 1, 1)), (2, (2, 2, 1)), (3, (3, 3, 2)), (5, (5, 5, 4)), (10, (10, 9, 8)), (15, (15, 14, 12))],
)
def test_dear_ones_leave_a_fifth_of_the_places_to_others(places: int, limits: tuple[int, ...]) -> None:
    gate = Gate(places)
    entered = []
    for weight in (DEAR, PAGE, LOOK_UP):
        while gate.enter_at_once(weight):
            entered.append(weight)
    assert tuple(sum(it >= weight for it in entered) for weight in Weight) == limits
    assert limits_of(places) == limits
    for weight in entered:
        gate.leave(weight)
    assert gate.in_flight == 0


def test_a_database_may_bound_dear_ones_further() -> None:
    gate = Gate(5, max_dear=2)
    assert [gate.enter_at_once(DEAR) for _ in range(3)] == [True, True, False]
    assert [gate.enter_at_once(PAGE) for _ in range(4)] == [True, True, True, False]


async def test_those_who_are_signed_in_go_first_then_the_cheap_then_who_came_first() -> None:
    ranks = [
        rank(price=9),
        rank(price=2),
        rank(LOOK_UP),
        rank(anonymous=False, price=9),
        rank(PAGE, anonymous=False),
        rank(price=2),
        rank(LOOK_UP, anonymous=False),
        rank(LOOK_UP),
    ]
    assert await let_in(Gate(1, timeout_s=FOREVER_S, handicap_s=FOREVER_S), ranks) == [6, 4, 3, 2, 7, 1, 5, 0]


async def test_who_has_waited_for_long_goes_before_who_is_cheaper_and_has_just_come() -> None:
    gate = Gate(1, timeout_s=FOREVER_S)
    order: list[str] = []

    async def come(name: str, rank: Rank) -> None:
        await gate.wait(rank)
        order.append(name)
        gate.leave(rank.weight)

    assert gate.enter_at_once(LOOK_UP)
    tasks = [asyncio.create_task(come("dear", rank(price=4)))]
    await asyncio.sleep(rank(price=4).handicap + 0.05)
    tasks += [asyncio.create_task(come(*it)) for it in (("look-up", rank(LOOK_UP)), ("known", rank(anonymous=False)))]
    await asyncio.sleep(0)
    gate.leave(LOOK_UP)
    await asyncio.gather(*tasks)
    assert order == ["known", "dear", "look-up"]


async def test_a_look_up_passes_those_who_wait_for_places_that_are_not_for_them() -> None:
    gate = Gate(2, timeout_s=FOREVER_S)
    assert gate.enter_at_once(DEAR)
    dear = asyncio.create_task(gate.wait(rank(DEAR, anonymous=False)))
    await asyncio.sleep(0)
    assert gate.queued == 1
    assert gate.enter_at_once(LOOK_UP)
    gate.leave(LOOK_UP)
    assert gate.queued == 1  # the free place is not for it
    gate.leave(DEAR)
    await dear
    assert (gate.in_flight, gate.queued) == (1, 0)


async def test_whoever_goes_first_displaces_the_last_when_the_queue_is_full() -> None:
    gate = Gate(1, max_queued=2, timeout_s=FOREVER_S, handicap_s=FOREVER_S)
    assert gate.enter_at_once(LOOK_UP)
    waiting = [asyncio.create_task(gate.wait(rank(price=price))) for price in (1, 5)]
    await asyncio.sleep(0)
    with pytest.raises(Overloaded):
        await gate.wait(rank(price=5))  # equal ones displace nobody
    first = asyncio.create_task(gate.wait(rank(anonymous=False, price=7)))
    await settled()
    assert waiting[1].done()
    assert isinstance(waiting[1].exception(), Overloaded)
    assert gate.queued == 2
    assert gate.refused == {Reason.FULL: 1, Reason.DISPLACED: 1, Reason.TIMEOUT: 0, Reason.LEFT: 0}
    gate.leave(LOOK_UP)
    await first
    gate.leave(DEAR)
    await waiting[0]


async def test_nobody_waits_longer_than_the_longest_wait() -> None:
    waits: list[float] = []
    gate = Gate(1, timeout_s=0.02, note_wait_s=waits.append)
    assert gate.enter_at_once(LOOK_UP)
    with pytest.raises(Overloaded) as refused:
        await gate.wait(rank())
    assert 1 <= refused.value.retry_after_s <= 2 * MAX_RETRY_AFTER_S
    assert refused.value.extensions == {"code": "OVERLOADED", "retryAfter": refused.value.retry_after_s}
    assert (gate.queued, gate.in_flight, gate.refused[Reason.TIMEOUT], len(waits)) == (0, 1, 1, 1)


async def test_the_longer_the_queue_takes_the_later_clients_are_asked_back() -> None:
    gate = Gate(1, max_queued=100, timeout_s=FOREVER_S)
    assert gate.enter_at_once(LOOK_UP)
    waiting = [asyncio.create_task(gate.wait(rank(LOOK_UP))) for _ in range(100)]
    await asyncio.sleep(0)
    for _ in range(5):
        await asyncio.sleep(0.05)
        gate.leave(LOOK_UP)
    waiting += [asyncio.create_task(gate.wait(rank(LOOK_UP))) for _ in range(5)]
    await asyncio.sleep(0)
    with pytest.raises(Overloaded) as refused:
        await gate.wait(rank(LOOK_UP))
    # The average of the pauses is at least 0.05 * (1 - 0.8**5) s after five of them: 3.4 s for a hundred.
    assert refused.value.retry_after_s >= 4
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


async def test_who_is_let_in_and_cancelled_at_once_gives_the_place_on() -> None:
    gate = Gate(1, timeout_s=FOREVER_S)
    assert gate.enter_at_once(LOOK_UP)
    leaving, staying = (asyncio.create_task(gate.wait(rank())) for _ in range(2))
    await asyncio.sleep(0)
    gate.leave(LOOK_UP)  # it is the first one's turn
    leaving.cancel()
    await staying
    assert leaving.cancelled()
    assert (gate.in_flight, gate.queued) == (1, 0)


async def test_who_is_cancelled_and_has_not_heard_of_it_gets_no_place() -> None:
    gate = Gate(1, timeout_s=FOREVER_S)
    assert gate.enter_at_once(LOOK_UP)
    leaving, staying = (asyncio.create_task(gate.wait(rank())) for _ in range(2))
    await asyncio.sleep(0)
    leaving.cancel()
    gate.leave(LOOK_UP)
    await staying
    await settled()
    assert leaving.cancelled()
    assert (gate.in_flight, gate.queued, gate.refused[Reason.LEFT]) == (1, 0, 1)


async def test_more_places_let_more_in_and_fewer_let_out_nobody() -> None:
    gate = Gate(1, timeout_s=FOREVER_S)
    assert gate.enter_at_once(LOOK_UP)
    waiting = [asyncio.create_task(gate.wait(rank(LOOK_UP))) for _ in range(3)]
    await asyncio.sleep(0)
    gate.resize(3)
    await settled()
    assert (gate.in_flight, gate.queued) == (3, 1)
    gate.resize(1)
    assert (gate.in_flight, gate.places, gate.enter_at_once(LOOK_UP)) == (3, 1, False)
    for _ in range(3):
        gate.leave(LOOK_UP)
    await asyncio.gather(*waiting)
    assert gate.in_flight == 1


@tried(25)
class Crowd(RuleBasedStateMachine):
    """People come, wait, leave and lose patience in any order; a plain list tells who must be inside."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.gate = Gate(PLACES, max_queued=MAX_QUEUED, timeout_s=FOREVER_S, handicap_s=FOREVER_S)
        self.inside: list[Weight] = []
        self.waiting: list[tuple[Rank, asyncio.Task[None]]] = []
        """In the order in which they came."""

    def teardown(self) -> None:
        while self.waiting or self.inside:
            for _, task in self.waiting:
                task.cancel()
            self.look()
            while self.inside:
                self.gate.leave(self.inside.pop())
            self.look()
        assert (self.gate.in_flight, self.gate.queued) == (0, 0)
        assert self.gate.enter_at_once(DEAR)
        self.loop.close()

    def look(self) -> list[Rank]:
        """Note who has got in since the last look; their ranks."""
        self.loop.run_until_complete(settled())
        entered = []
        for rank, task in list(self.waiting):
            if task.done():
                self.waiting.remove((rank, task))
                with suppress(Overloaded, asyncio.CancelledError):
                    task.result()
                    self.inside.append(rank.weight)
                    entered.append(rank)
        return entered

    @rule(rank=RANKS)
    def come(self, rank: Rank) -> None:
        if self.gate.enter_at_once(rank.weight):
            assert not [it for it, _ in self.waiting if it.weight <= rank.weight]
            self.inside.append(rank.weight)
            return
        before = [it for it, _ in self.waiting]
        self.waiting.append((rank, self.loop.create_task(self.gate.wait(rank))))
        assert self.look() == []
        after = [it for it, _ in self.waiting]
        if len(before) < MAX_QUEUED:
            assert after == [*before, rank]
        else:
            assert sorted(after) == sorted([*before, rank])[:-1]
            assert rank in after or after == before

    @precondition(lambda self: self.inside)
    @rule(data=strategies.data())
    def leave(self, data: strategies.DataObject) -> None:
        self.gate.leave(self.inside.pop(data.draw(strategies.integers(0, len(self.inside) - 1))))
        entered = self.look()
        left = [rank for rank, _ in self.waiting]
        # Whoever got in went before all of the same weight who still wait.
        for rank in entered:
            assert all(rank <= other for other in left if other.weight <= rank.weight), entered

    @precondition(lambda self: self.waiting)
    @rule(data=strategies.data(), leaves=strategies.booleans())
    def lose_patience(self, data: strategies.DataObject, leaves: bool) -> None:
        """One who waits is cancelled, perhaps in the moment in which somebody leaves."""
        _, task = data.draw(strategies.sampled_from(self.waiting))
        first = data.draw(strategies.booleans())
        if first:
            task.cancel()
        if leaves and self.inside:
            self.gate.leave(self.inside.pop())
        if not first:
            task.cancel()
        self.look()

    @invariant()
    def as_many_are_inside_as_the_gate_says(self) -> None:
        assert self.gate.in_flight == len(self.inside)
        assert self.gate.queued == len(self.waiting) <= MAX_QUEUED

    @invariant()
    def never_more_than_there_are_places(self) -> None:
        for weight in Weight:
            assert sum(it >= weight for it in self.inside) <= limits_of(PLACES)[weight]

    @invariant()
    def nobody_waits_while_there_is_a_place(self) -> None:
        for rank, _ in self.waiting:
            full = [
                weight
                for weight in Weight
                if weight <= rank.weight and sum(it >= weight for it in self.inside) >= limits_of(PLACES)[weight]
            ]
            assert full


TestCrowd = Crowd.TestCase
