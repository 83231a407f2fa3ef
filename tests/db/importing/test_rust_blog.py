"""The Rust blog, imported and compared with a second, independent reading of its files.

Left out where the files are not at hand: name their folder in `TRELLIS_RUST_BLOG`.
"""

import os
import tomllib
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from sqlalchemy import select

from db.importing.markdown import Counts
from db.models import Post, Tag, User, post_contributors, post_tags
from db.session.engines import Engines
from db.settings import HOUSE
from tests.databases import StatementRecorder
from tests.db.importing.rows import all_rows
from tests.db.importing.test_markdown import rows, run

BLOG = Path(os.environ.get("TRELLIS_RUST_BLOG", HOUSE.parent / "shared" / "data" / "rust-blog" / "content"))

pytestmark = pytest.mark.skipif(not BLOG.is_dir(), reason=f"the Rust blog is not at {BLOG}; set TRELLIS_RUST_BLOG")


class Reading(NamedTuple):
    """What a file says, read without any of our code."""

    title: str
    summary: str | None
    content: str
    published_at: datetime
    authors: list[str]
    tags: set[str]


def read_blog() -> dict[str, Reading]:
    readings = {}
    for file in BLOG.rglob("*.md"):
        _, head, body = file.read_text(encoding="utf-8").split("+++\n", 2)
        metadata = tomllib.loads(head)
        if "path" in metadata:
            *section, year, month, day, _name = metadata["path"].split("/")
            extra = metadata.get("extra", {})
            named = [*section, extra.get("team", ""), "release" if extra.get("release") else ""]
            readings[metadata["path"]] = Reading(
                title=metadata["title"],
                summary=metadata.get("description"),
                content=body.strip("\n"),
                published_at=datetime(int(year), int(month), int(day), tzinfo=UTC),
                authors=list(dict.fromkeys(metadata["authors"])),
                tags={name.casefold() for name in named if name},
            )
    return readings


def file_names() -> list[str]:
    return [file.name for file in BLOG.rglob("*.md")]


async def imported(engines: Engines) -> dict[str, Reading]:
    authors, tags = defaultdict[int, list[str]](list), defaultdict[int, set[str]](set)
    contributors = select(post_contributors.c.post_id, User.name).join(User, User.id == post_contributors.c.user_id)
    for post, name in await rows(engines, contributors.order_by(post_contributors.c.position)):
        authors[post].append(name)
    for post, name in await rows(engines, select(post_tags.c.post_id, Tag.name).join(Tag)):
        tags[post].add(name.casefold())
    columns = (Post.id, Post.slug, Post.title, Post.summary, Post.content, Post.published_at)
    return {
        slug: Reading(title, summary, content, published_at, authors[post], tags[post])
        for post, slug, title, summary, content, published_at in await rows(engines, select(*columns))
    }


async def test_every_post_of_the_blog_arrives_as_it_is_written(engines: Engines) -> None:
    expected = read_blog()
    names = file_names()
    sections = names.count("_index.md")
    counts, problems = await run(engines, BLOG)

    assert problems == []
    templates = len(names) - sections - len(expected)
    assert counts == Counts(files=len(names), new=len(expected), sections=sections, templates=templates)
    found = await imported(engines)
    assert found.keys() == expected.keys()
    for slug, reading in expected.items():
        assert found[slug] == reading, slug


async def test_the_blog_is_what_we_take_it_for(engines: Engines) -> None:
    """The two readings could agree about nothing: these facts are in the files."""
    await run(engines, BLOG)
    found = await imported(engines)
    inside = [slug for slug in found if slug.startswith("inside-rust/")]
    assert len(inside) == sum("inside-rust" in reading.tags for reading in found.values()) >= 300
    assert sum("release" in reading.tags for reading in found.values()) >= 100
    assert found["2025/06/26/Rust-1.88.0"].published_at == datetime(2025, 6, 26, tzinfo=UTC)
    josh = "inside-rust/2026/06/04/how-josh-helps-rust-manage-code-across-multiple-repositories"
    assert found[josh].authors == ["Jakub Beránek", "Ralf Jung"]
    together = [name for reading in found.values() for name in reading.authors if " and " in name]
    assert "Nicholas Matsakis and Aaron Turon" in together


async def test_importing_the_blog_again_changes_nothing(engines: Engines, statements: StatementRecorder) -> None:
    counts, _ = await run(engines, BLOG)
    before = await all_rows(engines)
    with statements() as seen:
        again, _ = await run(engines, BLOG, strict=True)
    assert again.unchanged == counts.new
    assert await all_rows(engines) == before
    # two chunks of users, tags, posts, contributors and post tags
    assert len(seen) == 2 * 5
    assert all(statement.startswith("SELECT") for statement in seen)


async def test_authors_who_appear_often_are_one_user(engines: Engines) -> None:
    names = {name for reading in read_blog().values() for name in reading.authors}
    await run(engines, BLOG)
    users: list[tuple[Any, ...]] = await rows(engines, select(User.name, User.email))
    assert {name for name, _ in users} == names
    assert len(users) == len({email for _, email in users}) == len(names)
