"""Messages wait in their order and within a bound, whoever puts them in."""

import asyncio

from graph.live.outbox import Outbox
from graph.live.pace import EventPace


async def test_messages_come_in_their_order_and_the_last_one_ends_them() -> None:
    outbox = Outbox(10)
    assert outbox.put(b"one")
    assert outbox.put(b"two")
    outbox.close(b"end")
    assert outbox.put(b"late")  # nobody minds, and nobody gets it
    assert [await outbox.next() for _ in range(4)] == [b"one", b"two", b"end", None]
    assert outbox.is_done


async def test_what_is_being_sent_counts_until_it_is_sent() -> None:
    outbox = Outbox(10)
    assert outbox.put(b"123456")
    message = await outbox.next()
    assert message == b"123456"
    assert not outbox.put(b"12345")
    outbox.sent(message)
    assert outbox.put(b"12345")


async def test_one_message_alone_may_be_as_long_as_it_likes() -> None:
    outbox = Outbox(10)
    assert outbox.put(b"x" * 100)
    assert not outbox.put(b"y")


async def test_whoever_waits_gets_what_comes_and_learns_of_silence() -> None:
    outbox = Outbox(10)
    assert await outbox.next(0.01) is None
    assert not outbox.is_done
    waiting = asyncio.create_task(outbox.next())
    await asyncio.sleep(0)
    outbox.put(b"one")
    assert await waiting == b"one"
    waiting = asyncio.create_task(outbox.next())
    await asyncio.sleep(0)
    outbox.close(forget=True)
    assert await waiting is None


async def test_a_pace_lets_a_second_s_worth_pass_at_once() -> None:
    pace, loop = EventPace(1_000), asyncio.get_running_loop()
    began = loop.time()
    for _ in range(1_100):
        await pace.turn()
    assert loop.time() - began >= 0.09  # a hundred more than a thousand: a tenth of a second
