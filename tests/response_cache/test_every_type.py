"""A law: whoever asks for whatever, after whichever changes, an earlier answer is the one that would be given now."""

import random
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Executable, delete, func, insert, select, update

from db import models
from db.session.engines import Engines
from tests.policies.paths import listed
from tests.policies.viewers import VIEWERS
from tests.policies.worlds import entities
from tests.response_cache.conftest import FOREVER, WIDE, Serve, Write
from tests.response_cache.feeds import LocalFeed

ROUNDS = 8
"""Changes, each followed by questions."""
VIEWERS_ASKING = 4
QUESTIONS = 5
"""Of each viewer, each time."""


class Change(NamedTuple):
    """What another process does, and the tables of the rows that it changes."""

    tables: tuple[str, ...]
    make: Callable[[random.Random], Executable]


def _any(model: Any, dice: random.Random) -> Any:
    """The key of one of the first rows of a model."""
    return select(model.id).order_by(model.id).offset(dice.randrange(5)).limit(1).scalar_subquery()


CHANGES: Sequence[Change] = (
    Change(
        ("users",), lambda dice: update(models.User).where(models.User.id < 20).values(name=f"Person {dice.random()}")
    ),
    Change(("tags",), lambda dice: insert(models.Tag).values(name="New", slug=f"new-{dice.random()}")),
    Change(
        ("posts",),
        lambda dice: (
            update(models.Post)
            .where(models.Post.id == _any(models.Post, dice))
            .values(status=dice.choice(list(models.PostStatus)), title=f"Title {dice.random()}")
        ),
    ),
    Change(("posts",), lambda dice: update(models.Post).values(author_id=_any(models.User, dice))),
    Change(
        ("documents",),
        lambda dice: update(models.Document).values(title=f"Title {dice.random()}", owner_id=dice.choice((13, 15))),
    ),
    Change(("orders",), lambda dice: update(models.Order).values(customer_id=dice.choice((13, 15, 5)))),
    Change(("order_lines",), lambda dice: update(models.OrderLine).values(quantity=dice.randrange(1, 9))),
    Change(("accounts",), lambda dice: update(models.Account).values(balance=models.Account.balance + 1)),
    Change(
        ("transfers",),
        lambda dice: delete(models.Transfer).where(
            models.Transfer.id == select(func.min(models.Transfer.id)).scalar_subquery()
        ),
    ),
    Change(
        ("post_tags",),
        lambda dice: delete(models.Tag.posts.property.secondary).where(
            models.Tag.posts.property.secondary.c.post_id == _any(models.Post, dice)
        ),
    ),
)


async def test_an_earlier_answer_is_the_one_that_would_be_given_now(
    serve: Serve, write: Write, engines: Engines
) -> None:
    feed, dice = LocalFeed(), random.Random(7)
    api = await serve(feed, cached_operations=f"Every={FOREVER}", **WIDE)
    plain = await serve(response_cache="off", **WIDE)
    documents = [f"query Every {listed(entity)}" for entity in entities()]
    for change in dice.choices(CHANGES, k=ROUNDS):
        await write(change.make(dice))
        feed.tell(*change.tables)
        for who in dice.sample(sorted(VIEWERS), VIEWERS_ASKING):
            asking = None if who == "nobody" else who
            for document in dice.sample(documents, QUESTIONS):
                expected = (await plain.ask(document, asking)).content
                for _ in range(2):
                    assert (await api.ask(document, asking)).content == expected, (who, document[:200])
    figures = await api.figures()
    assert figures["hits_total"] > figures["misses_total"] > 0
    assert sum(number for name, number in figures.items() if name.startswith("refused")) == 0
    assert figures["kept_total"] == figures["misses_total"]
