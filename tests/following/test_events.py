"""Each change is told once and in order, whoever has made it, and who comes back goes on behind the last one."""

from typing import Any

import pytest
from sqlalchemy import Insert, delete, insert, update

from db import models
from graph.entity.ids import id_of_type
from tests.databases import StatementRecorder
from tests.following.conftest import Follow, Follower
from tests.live_queries.conftest import Show, Shown, Write

pytestmark = pytest.mark.nouns

ONE = "subscription ($id: ID!) { postChanged(id: $id) { kind node { title } } }"
DRAFT, PUBLISHED = models.PostStatus.DRAFT, models.PostStatus.PUBLISHED


def post(number: int, **values: Any) -> Insert:
    """A new post."""
    given = {"id": number, "slug": f"p{number}", "title": f"{number}", "content": "-", "author_id": 5, "status": DRAFT}
    return insert(models.Post).values(given | values)


def titled(number: int, title: str) -> Any:
    return update(models.Post).where(models.Post.id == number).values(title=title)


def content(number: int) -> Any:
    return update(models.Post).where(models.Post.id == number).values(content="other")


def gone(number: int) -> Any:
    return delete(models.Post).where(models.Post.id == number)


def id_of(number: int) -> str:
    return id_of_type("Post", (number,))


def told(events: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """What has become of which row."""
    return [(event["kind"], event["id"]) for event in events]


async def last(someone: Follower, write: Write, number: int) -> list[dict[str, Any]]:
    """What is told up to a post that is made now: nothing else comes."""
    await write(post(number, status=PUBLISHED))
    found: list[dict[str, Any]] = []
    while True:
        event = await someone.event()
        if event["id"] == id_of(number):
            return found
        found.append(event)


async def test_each_change_is_told_in_the_order_of_transactions(shown: Shown, follow: Follow, write: Write) -> None:
    someone = await follow(shown)
    await someone.begin(shown)
    await write(post(901), post(902))
    events = await someone.events(2)
    await write(titled(902, "new"))
    events += await someone.events(1)
    await write(gone(901))
    events += await someone.events(1)
    expected = [("CREATED", 901), ("CREATED", 902), ("UPDATED", 902), ("GONE", 901)]
    assert told(events) == [(kind, id_of(number)) for kind, number in expected]
    assert events[2]["node"] == {"slug": "p902", "title": "new"}
    assert events[3]["node"] is None
    assert len({event["position"] for event in events}) == 4


async def test_who_goes_on_from_any_position_hears_the_rest_once(shown: Shown, follow: Follow, write: Write) -> None:
    someone = await follow(shown)
    await someone.begin(shown)
    for first in (910, 920, 930):  # three rows in one transaction, so that most positions are within one
        await write(*(post(first + number) for number in range(3)))
    events = await someone.events(9)
    others = []
    for number in range(9):
        other = await follow(shown)
        await other.begin(shown, after=events[number]["position"])
        assert await other.events(8 - number) == events[number + 1 :]
        others.append(other)
    await write(post(941))
    newest = await someone.event()
    assert [await other.event() for other in others] == [newest] * 9  # and so nothing else before it


async def test_a_position_outlives_the_server_and_is_known_to_others(show: Show, follow: Follow, write: Write) -> None:
    one, other = await show(), await show()
    someone = await follow(one)
    await someone.begin(one)
    await write(post(901), post(902))
    first, second = await someone.events(2)
    await write(post(903))
    later = await follow(other)
    await later.begin(other, after=first["position"])
    assert await later.events(2) == [second, await someone.event()]


async def test_what_one_transaction_does_to_a_row_is_one_event(shown: Shown, follow: Follow, write: Write) -> None:
    someone = await follow(shown)
    await someone.begin(shown)
    await write(post(901), titled(901, "a"), titled(901, "b"))
    events = await last(someone, write, 902)
    await write(post(903), gone(903))
    await write(gone(901), post(901, title="c"))
    events += await last(someone, write, 904)
    assert told(events) == [("CREATED", id_of(901)), ("UPDATED", id_of(901))]
    assert [event["node"]["title"] for event in events] == ["b", "c"]


async def test_where_tells_of_rows_that_come_and_go(shown: Shown, follow: Follow, write: Write) -> None:
    someone = await follow(shown)
    await someone.begin(shown, where={"or": [{"title": {"startsWith": "x"}}, {"slug": {"startsWith": "p99"}}]})
    steps: list[tuple[Any, list[tuple[str, int]]]] = [
        ([post(901, title="x"), post(902, title="y")], [("CREATED", 901)]),
        ([content(902)], []),  # it did not fit, and nothing has changed on which that hangs
        ([titled(902, "z")], [("GONE", 902)]),  # nobody knows any more whether the title did fit
        ([titled(901, "xx"), titled(902, "x")], [("UPDATED", 901), ("UPDATED", 902)]),
        ([titled(901, "y")], [("GONE", 901)]),
        ([content(901)], []),
        ([gone(902)], [("GONE", 902)]),
    ]
    for number, (changes, expected) in enumerate(steps):
        await write(*changes)
        events = await last(someone, write, 990 + number)
        assert told(events) == [(kind, id_of(row)) for kind, row in expected]


async def test_one_row_is_followed_by_its_id(shown: Shown, follow: Follow, write: Write) -> None:
    everyone, someone = await follow(shown), await follow(shown)
    await everyone.begin(shown)
    await write(post(901), post(902))
    await everyone.events(2)  # so that nothing of it is still to be heard of
    await someone.begin(shown, ONE, id=id_of(901))
    for change, expected in (
        (titled(901, "a"), {"kind": "UPDATED", "node": {"title": "a"}}),
        (gone(901), {"kind": "GONE", "node": None}),
        (post(901, title="b"), {"kind": "CREATED", "node": {"title": "b"}}),
    ):
        await write(titled(902, "x"), change)
        assert await someone.event() == expected


async def test_a_transaction_costs_one_statement_and_each_event_its_own(
    shown: Shown, follow: Follow, write: Write, statements: StatementRecorder
) -> None:
    someone = await follow(shown)
    await someone.begin(shown)
    for first, count in ((910, 2), (920, 4)):
        with statements() as seen:
            await write(*(post(first + number) for number in range(count)))
            await someone.events(count)
        # One asks for all rows of the transaction, and one reads the node of each event; INSERTs are the writer's.
        assert len([it for it in seen if it.startswith("SELECT") and "posts" in it]) == 1 + count


async def test_the_start_is_priced_with_its_filter(show: Show, follow: Follow) -> None:
    shown = await show(max_work=1)
    someone = await follow(shown)
    error = await someone.refusal(where={"title": {"contains": "x"}})
    assert error["extensions"]["code"] == "TOO_COSTLY"
