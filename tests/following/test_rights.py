"""Nobody hears of a row that is hidden from them: rows that are not yours look like rows that do not exist.

What an update has changed is known by columns alone, so that one which may have hidden a row tells that it is gone. Of
a row that was deleted, nobody knows any more who might see it: its id is told, and nothing else.
"""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import delete, insert, update

from db import models
from graph.entity.ids import id_of_type
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
