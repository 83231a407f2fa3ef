"""Messages wait in their order and within a bound, whoever puts them in."""

import asyncio

from graph.live.outbox import Newest, Outbox
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


async def test_of_a_live_query_the_newest_answer_waits_alone_and_takes_no_room() -> None:
    outbox = Outbox(10)
    newest = Newest(lambda answer: b"<%b>" % answer)
    assert not outbox.put_newest(newest, b"x" * 100)
    assert outbox.put_newest(newest, b"y" * 100)
    assert outbox.put(b"123456")
    assert outbox.put_newest(newest, b"z" * 100)
    assert await outbox.next() == b"<%b>" % (b"z" * 100)
    assert outbox.bytes == 6 + 102
    outbox.sent(b"<%b>" % (b"z" * 100))
    assert outbox.bytes == 6
    assert await outbox.next() == b"123456"


async def test_an_answer_that_a_client_has_is_not_sent_again_though_another_one_came_between() -> None:
    outbox = Outbox(10)
    newest = Newest(bytes)
    outbox.put_newest(newest, b"1")
    assert await outbox.next() == b"1"
    for answer in (b"2", b"1", b"2", b"1"):
        outbox.put_newest(newest, answer)
    outbox.put(b"next")
    assert await outbox.next() == b"next"
    outbox.put_newest(newest, b"3")
    assert await outbox.next() == b"3"
    outbox.put_newest(newest, b"4")
    newest.forget()
    outbox.close(b"end")
    assert [await outbox.next() for _ in range(2)] == [b"end", None]
    assert outbox.is_done
