"""What the club writes: sixty posts and twelve tags at scale 1.

Three posts share each moment of publication. Every tenth post is a draft, every sixth tag has no post.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from datetime import timedelta

from db.demo.dice import Dice, Row, days_ago
from db.demo.people import user_count, writers
from db.models import PostStatus

POSTS = 60
TAGS = 12
SAME_MOMENT = 3

TOPICS = (
    "Climbers", "Soil", "Pruning", "Watering", "Seeds", "Frost", "Supports", "Pests", "Harvest", "Compost", "Balconies",
    "Wildlife",
)  # fmt: skip
PLANTS = (
    "runner beans", "sweet peas", "climbing roses", "tomatoes", "cucumbers", "hops", "table grapes", "clematis",
    "squashes", "nasturtiums", "blackberries", "espaliered pears", "honeysuckles", "melons", "raspberries",
    "hardy kiwis", "wisterias", "passion flowers",
)  # fmt: skip
TITLES = (
    "Growing {plants} {where}",
    "What {plants} taught us {where}",
    "Five mistakes with {plants} {where}",
    "A year of {plants} {where}",
    "Feeding {plants} {where}",
    "Pruning {plants} {where}",
    "Saving seed from {plants} {where}",
    "When to plant {plants} {where}",
    "Good neighbours for {plants} {where}",
    "A cheap support for {plants} {where}",
)
PLACES = (
    "on a north wall", "in a wet summer", "on a balcony", "in heavy clay", "under glass", "by the sea",
    "in a dry spring", "with children", "at 900 metres", "after a hard frost", "in raised beds",
    "in a Zürich courtyard",
)  # fmt: skip
OPENINGS = (
    "We had never tried {plants} {where}, and our neighbours told us not to.",
    "Most books say little about {plants}. Here is what worked {where}.",
    "This is the third season that we grow {plants} {where}.",
    "A reader asked how we keep {plants} {where}; the answer turned out to be long.",
)
REMARKS = (
    "The first shoots came two weeks late, and then all at once.",
    "Tie loosely: a stem that grows against its string will break in the first storm.",
    "Water in the morning, at the root, and never on the leaves.",
    "We lost a third of the plants to slugs before we put out boards for them to hide under.",
    "A handful of compost in each hole did more than any feed we bought.",
    "Pick often. What stays on the plant tells it to stop.",
    "The trellis leaned a little after the gale, so next year the posts go in deeper.",
    "Straw kept the soil damp through three weeks without rain.",
    "Nothing was sprayed, and the ladybirds did the rest.",
)
TASKS = (
    "dig in two buckets of compost", "set the posts before the plants", "sow again a fortnight later",
    "pinch out the tips", "check the ties every Sunday", "keep the strongest pods for seed", "write down the date",
)  # fmt: skip

COMBINATIONS = len(TITLES) * len(PLANTS) * len(PLACES)
STRIDE = 1117
"""Walks through all combinations before any comes again: it is prime to their number."""


def post_count(scale: int) -> int:
    """How many posts there are."""
    return POSTS * scale


def tags(scale: int) -> Iterator[Row]:
    """The topics, then topics of one plant each."""
    for index in range(TAGS * scale):
        name = TOPICS[index % len(TOPICS)]
        if index >= len(TOPICS):
            cycle, plant = divmod(index // len(TOPICS) - 1, len(PLANTS))
            name = f"{name}: {PLANTS[plant]}{f' {cycle + 1}' if cycle else ''}"
        yield {"id": index + 1, "name": name, "slug": _slug(name)}


def posts(scale: int, seed: int) -> Iterator[Row]:
    """Every post, the oldest first."""
    dice, authors = Dice(seed, "posts"), writers(scale)
    first = dice.below(COMBINATIONS)
    for index in range(post_count(scale)):
        cycle, combination = index // COMBINATIONS, (first + index * STRIDE) % COMBINATIONS
        plant, rest = divmod(combination, len(TITLES) * len(PLACES))
        words = {"plants": PLANTS[plant], "where": PLACES[rest // len(TITLES)]}
        title = TITLES[rest % len(TITLES)].format(**words)
        yield {
            "id": index + 1,
            "slug": _slug(title) + (f"-{cycle + 1}" if cycle else ""),
            "title": title,
            "summary": None if index % 8 == 7 else OPENINGS[index % len(OPENINGS)].format(**words),
            "content": _content(dice, words),
            "author_id": _author(index, authors),
            **_dates(index, scale),
        }


def post_contributors(scale: int, seed: int) -> Iterator[Row]:
    """The author of each post, and up to three others."""
    dice, authors = Dice(seed, "contributors"), writers(scale)
    for index in range(post_count(scale)):
        author = _author(index, authors)
        others = {dice.between(1, user_count(scale)) for _ in range(max(0, dice.below(6) - 2))} - {author}
        for position, user in enumerate([author, *sorted(others)]):
            yield {"post_id": index + 1, "user_id": user, "position": position}


def post_tags(scale: int, seed: int) -> Iterator[Row]:
    """Up to four tags for each post."""
    dice = Dice(seed, "post tags")
    for index in range(post_count(scale)):
        chosen = {dice.between(1, TAGS * scale) for _ in range(dice.below(5))}
        for tag in sorted(tag for tag in chosen if tag % 6):
            yield {"post_id": index + 1, "tag_id": tag}


def _dates(index: int, scale: int) -> Row:
    published = days_ago(600 * (1 - (index - index % SAME_MOMENT) / post_count(scale)))
    created = published - timedelta(days=1 + index % 9)
    edits = index % 4
    row = {"created_at": created, "updated_at": published + timedelta(hours=edits), "version": 1 + edits}
    if index % 10 == 9:
        return row | {"status": PostStatus.DRAFT, "published_at": None}
    archived = index % 15 == 6
    return row | {"status": PostStatus.ARCHIVED if archived else PostStatus.PUBLISHED, "published_at": published}


def _author(index: int, authors: Sequence[int]) -> int:
    return authors[index * (index + 3) % len(authors)]  # uneven: some write much, some little


def _content(dice: Dice, words: dict[str, str]) -> str:
    paragraphs = [dice.pick(OPENINGS).format(**words), "## What we did"]
    paragraphs += [" ".join(dice.some(REMARKS, dice.between(2, 4))) for _ in range(dice.between(1, 3))]
    paragraphs += ["## Next time", "\n".join(f"- {task}" for task in dice.some(TASKS, 3))]
    return "\n\n".join(paragraphs)


def _slug(title: str) -> str:
    ascii_text = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode()
    return "-".join(re.findall(r"[a-z0-9]+", ascii_text.lower()))
