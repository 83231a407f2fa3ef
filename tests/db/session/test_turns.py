"""Turns are taken in order, one at a time; a part of one is its tasks' own, and gives it back at its end."""

import asyncio

import pytest

from db.session.turns import HELD, Turn, current, hold


class Line:
    """Something whose turns are taken, as a session is."""

    def __init__(self) -> None:
        self.whole = Turn()
        self.seen: list[str] = []
        self._inside = 0

    async def pass_through(self, name: str, pause_s: float = 0) -> None:
        """Take a turn for a moment."""
        turn = current(self, self.whole)
        await turn.take()
        try:
            self._inside += 1
            assert self._inside == 1
            await asyncio.sleep(pause_s)
            self.seen.append(name)
        finally:
            self._inside -= 1
            turn.give()


async def test_turns_are_taken_in_the_order_in_which_they_were_asked_for() -> None:
    line = Line()
    await asyncio.gather(*(line.pass_through(str(number)) for number in range(10)))
    assert line.seen == [str(number) for number in range(10)]
    assert not line.whole.taken


@pytest.mark.parametrize("late", [False, True])
async def test_who_no_longer_waits_is_passed_over(late: bool) -> None:
    """`late`: the turn has been given to the one who leaves, but it has not run since."""
    line = Line()
    await line.whole.take()
    leaving = asyncio.create_task(line.whole.take())
    staying = asyncio.create_task(line.pass_through("staying"))
    await asyncio.sleep(0)
    if late:
        line.whole.give()
        leaving.cancel()
    else:
        leaving.cancel()
        line.whole.give()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    await staying
    assert not line.whole.taken


async def test_tasks_that_start_inside_a_part_go_through_before_those_outside() -> None:
    line = Line()

    async def divided() -> None:
        part = await hold(line, line.whole)
        await asyncio.sleep(0)
        await asyncio.gather(line.pass_through("a"), line.pass_through("b"))
        part.end()
        await line.pass_through("after")

    await asyncio.gather(divided(), line.pass_through("outside"))
    assert line.seen == ["a", "b", "outside", "after"]
    assert HELD.get() is None


async def test_parts_are_nested_and_of_one_session_each() -> None:
    one, other = Line(), Line()
    first = await hold(one, one.whole)
    second = await hold(other, other.whole)
    third = await hold(one, one.whole)
    assert (third.outer, current(one, one.whole), current(other, other.whole)) == (first, third, second)
    await one.pass_through("one")
    await other.pass_through("other")
    first.end()
    assert third.is_over()
    assert current(one, one.whole) is one.whole
    third.end()
    second.end()
    assert not one.whole.taken
    assert not other.whole.taken


async def test_a_part_that_ends_while_a_statement_is_under_way_gives_its_turn_back_after_it() -> None:
    line = Line()
    part = await hold(line, line.whole)
    inside = asyncio.create_task(line.pass_through("inside", pause_s=0.01))
    await asyncio.sleep(0)
    part.end()
    part.end()
    assert line.whole.taken
    await asyncio.gather(inside, line.pass_through("next"))
    assert line.seen == ["inside", "next"]
    assert not line.whole.taken


async def test_who_waited_for_a_part_that_has_ended_waits_for_the_whole() -> None:
    line = Line()
    part = await hold(line, line.whole)
    await part.take()
    waiting = asyncio.create_task(hold(line, line.whole))
    await asyncio.sleep(0)
    part.end()
    assert line.whole.taken
    part.give()
    later = await waiting
    assert later.outer is line.whole
    later.end()
    assert not line.whole.taken
