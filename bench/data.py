"""The rows that every server reads: 2,001 users, 50,000 posts, 200 tags, three tags a post.

Counts enter, tuples for COPY leave, the same ones every time. No two posts share a date, so that an order by date has
one right answer. Of twenty posts, nineteen are drafts, which an admin sees like all others. One user wrote 10,000
posts, before all other posts and about tags that no filter asks for, so that only who asks for that user finds them.
"""

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, TypeAlias

from bench.operations import ACCOUNTS, PROLIFIC, READER, SIGN_IN
from db.demo.dice import Dice

TAGS_PER_POST = 3

FIRST_POST = datetime(2024, 1, 1, tzinfo=UTC)
BETWEEN_POSTS = timedelta(minutes=23, seconds=7)
NEVER = datetime(9999, 1, 1, tzinfo=UTC)
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

PUBLISHED_OF = 20
"""One post of so many is published."""
FEW_TAGS = 50
"""Those that the prolific user writes about."""

TRANSFERS = 20_000

Record: TypeAlias = tuple[Any, ...]


class Size(NamedTuple):
    """How many rows there are."""

    users: int
    posts: int
    tags: int
    prolific: int = 0
    """Posts of one more user."""


FULL = Size(users=2_000, posts=40_000, tags=200, prolific=10_000)


class TableContent(NamedTuple):
    """A table, the columns that are filled, and the rows."""

    table: str
    columns: tuple[str, ...]
    records: Iterator[Record]


def content(size: Size = FULL) -> Iterator[TableContent]:
    """All tables, in the order that foreign keys ask for."""
    stamps = ("created_at", "updated_at")
    yield TableContent("users", ("id", "email", "name", "is_active", *stamps), _users(size))
    signed_in = ("id", "user_id", "secret_hash", "in_cookie", "created_at", "expires_at")
    yield TableContent("sign_ins", signed_in, _sign_ins(size))
    yield TableContent("tags", ("id", "name", "slug"), _tags(size))
    columns = ("id", "slug", "title", "summary", "content", "status", "published_at", "author_id", "version", *stamps)
    yield TableContent("posts", columns, _posts(size))
    yield TableContent("post_tags", ("post_id", "tag_id"), _post_tags(size))
    yield TableContent("accounts", ("id", "owner_id", "currency", "balance", *stamps), _accounts(size))
    moved = ("id", "amount", "currency", "created_at", "from_account_id", "to_account_id")
    yield TableContent("transfers", moved, _transfers())


def _users(size: Size) -> Iterator[Record]:
    for number in (*range(1, size.users + 1), *([PROLIFIC] if size.prolific else [])):
        name = f"{FIRST_NAMES[number % len(FIRST_NAMES)]} {LAST_NAMES[number % len(LAST_NAMES)]} {number}"
        yield number, f"user{number}@example.org", name, True, FIRST_POST, FIRST_POST


def _sign_ins(size: Size) -> Iterator[Record]:
    """The reader's, where there are so many users."""
    if size.users >= READER:
        yield SIGN_IN, READER, "", False, FIRST_POST, NEVER


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
        text = " ".join(dice.pick(REMARKS) for _ in range(SENTENCES_PER_POST))
        author = dice.between(1, size.users)  # twenty posts each on average: most have between twelve and thirty
        yield _post(number, title, text, author, FIRST_POST + number * BETWEEN_POSTS)
    for number in range(size.posts + 1, size.posts + size.prolific + 1):
        title, text = f"{dice.pick(VERBS)} {dice.pick(PLANTS)}, day {number}", dice.pick(REMARKS)
        yield _post(number, title, text, PROLIFIC, FIRST_POST - number * BETWEEN_POSTS)


def _post(number: int, title: str, text: str, author: int, created: datetime) -> Record:
    published, status = created + UNTIL_PUBLISHED, "draft" if number % PUBLISHED_OF else "published"
    summary = f"What we learned about {title.lower()}."
    return number, f"post-{number}", title, summary, text, status, published, author, 1, created, published


def _post_tags(size: Size) -> Iterator[Record]:
    dice, tags, few = Dice(0, "bench tags"), range(1, size.tags + 1), range(1, FEW_TAGS + 1)
    for number in range(1, size.posts + size.prolific + 1):
        chosen = set[int]()
        while len(chosen) < TAGS_PER_POST:
            chosen.add(dice.pick(tags if number <= size.posts else few))
        for tag in sorted(chosen):
            yield number, tag
