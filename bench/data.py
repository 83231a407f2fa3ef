"""The rows that every server reads: 2,000 users, 40,000 posts, 200 tags, three tags a post.

Counts enter, tuples for COPY leave, the same ones every time. No two posts share a date, so that an order by date has
one right answer.
"""

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, TypeAlias

from bench.operations import ACCOUNTS
from db.demo.dice import Dice

TAGS_PER_POST = 3

FIRST_POST = datetime(2024, 1, 1, tzinfo=UTC)
BETWEEN_POSTS = timedelta(minutes=23, seconds=7)
UNTIL_PUBLISHED = timedelta(hours=5)

FIRST_NAMES = ("Ada", "Bram", "Chloé", "Dmitri", "Elif", "Fátima", "George", "Hana", "Ivo", "Jürgen")
LAST_NAMES = ("Abe", "Byrne", "Conceição", "Díaz", "Eriksen", "Fischer", "García", "Hoang", "Ito", "Jansen", "Kaya")
PLANTS = ("beans", "roses", "tomatoes", "hops", "clematis", "squashes", "pears", "melons", "wisterias")
PLACES = ("on a north wall", "in heavy clay", "by the sea", "under glass", "in raised beds", "at 900 metres", "indoors")
VERBS = ("Growing", "Pruning", "Feeding", "Watering", "Harvesting", "Sowing", "Training", "Mulching")
REMARKS = (
    "The first shoots came two weeks late, and then all at once.",
    "Tie loosely: a stem that grows against its string will break in the first storm.",
    "Water in the morning, at the root, and never on the leaves.",
    "A handful of compost in each hole did more than any feed we bought.",
    "Pick often. What stays on the plant tells it to stop.",
    "Straw kept the soil damp through three weeks without rain.",
)
SENTENCES_PER_POST = 8

TRANSFERS = 20_000

Record: TypeAlias = tuple[Any, ...]


class Size(NamedTuple):
    """How many rows there are."""

    users: int
    posts: int
    tags: int


FULL = Size(users=2_000, posts=40_000, tags=200)


class TableContent(NamedTuple):
    """A table, the columns that are filled, and the rows."""

    table: str
    columns: tuple[str, ...]
    records: Iterator[Record]


def content(size: Size = FULL) -> Iterator[TableContent]:
    """All tables, in the order that foreign keys ask for."""
    stamps = ("created_at", "updated_at")
    yield TableContent("users", ("id", "email", "name", "is_active", *stamps), _users(size))
    yield TableContent("tags", ("id", "name", "slug"), _tags(size))
    columns = ("id", "slug", "title", "summary", "content", "status", "published_at", "author_id", "version", *stamps)
    yield TableContent("posts", columns, _posts(size))
    yield TableContent("post_tags", ("post_id", "tag_id"), _post_tags(size))
    yield TableContent("accounts", ("id", "owner_id", "currency", "balance", *stamps), _accounts(size))
    moved = ("id", "amount", "currency", "created_at", "from_account_id", "to_account_id")
    yield TableContent("transfers", moved, _transfers())


def _users(size: Size) -> Iterator[Record]:
    for number in range(1, size.users + 1):
        name = f"{FIRST_NAMES[number % len(FIRST_NAMES)]} {LAST_NAMES[number % len(LAST_NAMES)]} {number}"
        yield number, f"user{number}@example.org", name, True, FIRST_POST, FIRST_POST


def _accounts(size: Size) -> Iterator[Record]:
    """As many as transfers lead between, with enough in them for years of load."""
    for number in range(1, 2 * ACCOUNTS + 1):
        yield number, 1 + number % size.users, "EUR", 10**12, FIRST_POST, FIRST_POST


def _transfers() -> Iterator[Record]:
    """So many that PostgreSQL looks for one in the index: it plans statements once, by what it finds at first."""
    for number in range(1, TRANSFERS + 1):
        source = 1 + number % ACCOUNTS
        yield uuid.UUID(int=number), 1, "EUR", FIRST_POST, source, source + ACCOUNTS


def _tags(size: Size) -> Iterator[Record]:
    for number in range(1, size.tags + 1):
        yield number, f"{VERBS[number % len(VERBS)]} {PLANTS[number % len(PLANTS)]} {number}", f"tag-{number}"


def _posts(size: Size) -> Iterator[Record]:
    dice = Dice(0, "bench posts")
    for number in range(1, size.posts + 1):
        title = f"{dice.pick(VERBS)} {dice.pick(PLANTS)} {dice.pick(PLACES)}"
        created = FIRST_POST + number * BETWEEN_POSTS
        published = created + UNTIL_PUBLISHED
        text = " ".join(dice.pick(REMARKS) for _ in range(SENTENCES_PER_POST))
        author = dice.between(1, size.users)  # twenty posts each on average: most have between twelve and thirty
        summary = f"What we learned about {title.lower()}."
        yield number, f"post-{number}", title, summary, text, "published", published, author, 1, created, published


def _post_tags(size: Size) -> Iterator[Record]:
    dice, tags = Dice(0, "bench tags"), range(1, size.tags + 1)
    for number in range(1, size.posts + 1):
        chosen = set[int]()
        while len(chosen) < TAGS_PER_POST:
            chosen.add(dice.pick(tags))
        for tag in sorted(chosen):
            yield number, tag
