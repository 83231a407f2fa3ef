"""Nobody hears of a row that is hidden from them: rows that are not yours look like rows that do not exist.

That a row is gone is told to those who know of it: the stream has told of the row, or its client shows it. Who may see
all rows of a noun is told of each that goes.
"""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import delete, insert, update

from db import models
from graph.entity.ids import id_of_type
from graph.following.known import MAX_KNOWN, KnownRows
from tests.following.conftest import POSTS, Follow, Follower
from tests.following.test_events import DRAFT, PUBLISHED, content, gone, id_of, last, post, titled, told
from tests.live_queries.conftest import Shown, Write
from tests.policies.viewers import VIEWERS

pytestmark = pytest.mark.nouns

ONE = "subscription ($id: ID!) { postChanged(id: $id) { kind id node { title } position } }"
ORDERS = "subscription { ordersChanged { kind id node { currency } position } }"


def status(number: int, value: models.PostStatus) -> Any:
    return update(models.Post).where(models.Post.id == number).values(status=value)


def owned(number: int, owner: int) -> Any:
    """An order of somebody."""
    return insert(models.Order).values(id=UUID(int=number), customer_id=owner, currency="EUR")


def order_id(number: int) -> str:
    return id_of_type("Order", (UUID(int=number),))


SHOWN = """subscription ($ids: [ID!], $after: String) {
  postsChanged(shown: $ids, after: $after) { kind id node { title } position }
}"""

SEES_DRAFTS = {"an author", "an editor", "an admin", "a machine of an editor", "a machine of an admin"}
"""Who sees the drafts of the user 5, who is an author."""


@pytest.mark.parametrize("who", VIEWERS)
async def test_a_draft_is_told_to_those_who_see_it(shown: Shown, follow: Follow, write: Write, who: str) -> None:
    someone, sees = await follow(shown, who), who in SEES_DRAFTS
    await someone.begin(shown)
    steps: list[tuple[Any, str | None, str | None]] = [
        # what is done, what is told to those who see drafts, and to all others
        (post(901), "CREATED", None),
        (titled(901, "a"), "UPDATED", None),
        (content(901), "UPDATED", None),
        (status(901, PUBLISHED), "UPDATED", "UPDATED"),
        (titled(901, "b"), "UPDATED", "UPDATED"),
        (status(901, DRAFT), "UPDATED", "GONE"),
        (titled(901, "c"), "UPDATED", None),
        (status(901, models.PostStatus.ARCHIVED), "UPDATED", None),
        (gone(901), "GONE", None),
        (post(901, status=PUBLISHED), "CREATED", "CREATED"),
        (gone(901), "GONE", "GONE"),
    ]
    for number, (change, to_some, to_others) in enumerate(steps):
        await write(change)
        kind = to_some if sees else to_others
        events = await last(someone, write, 910 + number)
        assert told(events) == ([(kind, id_of(901))] if kind else [])
        for event in events:
            assert (event["node"] is None) == (event["kind"] == "GONE")


@pytest.mark.parametrize("who", VIEWERS)
async def test_one_row_that_is_hidden_is_one_that_is_not_there(
    shown: Shown, follow: Follow, write: Write, who: str
) -> None:
    everyone, someone, sees = await follow(shown, "an admin"), await follow(shown, who), who in SEES_DRAFTS
    await everyone.begin(shown)
    await write(post(901))
    await everyone.event()
    await someone.begin(shown, ONE, id=id_of(901))
    await someone.begin(shown, ONE, id_="absent", id=id_of(999))
    heard = []
    for change in (titled(901, "a"), content(901), gone(901), post(901)):
        await write(change)
        await everyone.event()
        if sees:
            heard.append(await someone.event())
    await write(status(901, PUBLISHED))
    heard.append(await someone.event())  # the first that others hear
    kinds = [event["kind"] for event in heard]
    assert kinds == (["UPDATED", "UPDATED", "GONE", "CREATED", "UPDATED"] if sees else ["UPDATED"])


async def heard_by(someone: Follower, write: Write, own: int) -> list[dict[str, Any]]:
    """What is told of orders up to one of somebody's own."""
    await write(owned(950, own))
    found = []
    while (event := await someone.event())["id"] != order_id(950):
        found.append(event)
    return found


async def test_orders_of_others_are_not_told_of(shown: Shown, follow: Follow, write: Write) -> None:
    someone = await follow(shown, "a member")  # the user 13
    await someone.begin(shown, ORDERS)
    mine, theirs = 901, 902
    await write(owned(mine, 13), owned(theirs, 15))
    await write(update(models.Order).where(models.Order.id == UUID(int=theirs)).values(currency="USD"))
    await write(update(models.Order).where(models.Order.id == UUID(int=mine)).values(currency="USD"))
    events = await heard_by(someone, write, 13)
    assert {event["id"] for event in events} == {order_id(mine)}


async def test_who_sees_no_row_of_a_noun_hears_of_none(shown: Shown, follow: Follow, write: Write) -> None:
    nobody, admin = await follow(shown, "nobody"), await follow(shown, "an admin")
    await nobody.begin(shown, ORDERS)
    await nobody.begin(shown, POSTS, id_="b")
    await admin.begin(shown, ORDERS)
    for change in (owned(901, 13), delete(models.Order).where(models.Order.id == UUID(int=901))):
        await write(change)
        await admin.event()
    await write(post(901, status=PUBLISHED))
    assert (await nobody.event("b"))["id"] == id_of(901)  # and nothing of orders before it
    await write(gone(901))
    assert told([await nobody.event("b")]) == [("GONE", id_of(901))]


@pytest.mark.parametrize("reader", ["nobody", "another author"])
async def test_what_a_client_shows_is_told_of_and_tells_of_nothing_hidden(
    shown: Shown, follow: Follow, write: Write, reader: str
) -> None:
    everyone = await follow(shown, "an admin")
    await everyone.begin(shown)
    published, drafted, hidden, absent = 901, 902, 903, 999
    await write(*(post(number, status=PUBLISHED) for number in (published, drafted)), post(hidden))
    place = (await everyone.events(3))[-1]["position"]
    ids = [id_of(number) for number in (hidden, published, absent, drafted, published)]
    someone = await follow(shown, reader)
    await someone.begin(shown, SHOWN, ids=ids, after=place)
    first = await someone.events(2)
    assert told(first) == [("GONE", id_of(hidden)), ("GONE", id_of(absent))]
    assert {event["position"] for event in first} == {place}
    await write(titled(hidden, "a"), status(drafted, DRAFT), gone(published))
    await write(gone(hidden), gone(drafted))
    assert told(await last(someone, write, 910)) == [("GONE", id_of(drafted)), ("GONE", id_of(published))]
    # who comes back with the same list is told the same, and each once
    again = await follow(shown, reader)
    await again.begin(shown, SHOWN, ids=ids, after=place)
    gone_all = [("GONE", id_of(each)) for each in (hidden, published, absent, drafted)]
    assert told(await again.events(5)) == [*gone_all, ("CREATED", id_of(910))]


async def test_more_rows_than_are_remembered_are_refused(shown: Shown, follow: Follow) -> None:
    someone = await follow(shown)
    error = await someone.refusal(SHOWN, ids=[id_of(number) for number in range(MAX_KNOWN + 1)])
    assert error["extensions"]["code"] == "INVALID_PAGE"
    assert (await someone.refusal(SHOWN, "b", ids=["nonsense"]))["extensions"]["code"] == "INVALID_ID"


def test_the_latest_rows_are_remembered() -> None:
    known = KnownRows([(1,)], [(2,)], remembers=True)
    for number in (*range(3, MAX_KNOWN + 3), 3, 2):
        known.see((number,))
    assert (1,) not in known
    assert (4,) not in known
    assert (3,) in known
    assert not known.is_told_gone((2,))
