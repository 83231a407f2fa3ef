"""Markdown files become posts, on both databases: completely, once, and with few statements."""

import asyncio
import tracemalloc
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from db.base import Base
from db.importing import markdown
from db.importing.article import contributor_named
from db.importing.markdown import Counts, import_markdown
from db.importing.naming import placeholder_email
from db.models import Post, Tag, User, post_contributors
from db.session.engines import Engines
from db.settings import DatabaseSettings
from tests.databases import StatementRecorder
from tests.db.importing.posts import make_file, make_post, make_posts
from tests.db.importing.rows import all_rows

COLUMNS = (Post.slug, Post.title, Post.summary, Post.content, Post.status, Post.published_at, Post.version)


async def run(engines: Engines, root: Path, **options: Any) -> tuple[Counts, list[str]]:
    """Import, and tell the problems with file names below the root."""
    problems: list[str] = []
    counts = await import_markdown(
        engines,
        root,
        on_problem=lambda problem: problems.append(str(problem).replace(f"{root}/", "")),
        **options,
    )
    return counts, problems


async def rows(engines: Engines, statement: Any) -> list[tuple[Any, ...]]:
    async with engines.snapshot().connect() as connection:
        return [tuple(row) for row in await connection.execute(statement)]


async def change(engines: Engines, *statements: Any) -> None:
    async with engines.writing().begin() as connection:
        for statement in statements:
            await connection.execute(statement)


async def contributors_of(engines: Engines, slug: str) -> list[str]:
    statement = (
        select(User.name)
        .join(post_contributors, post_contributors.c.user_id == User.id)
        .join(Post, Post.id == post_contributors.c.post_id)
        .where(Post.slug == slug)
        .order_by(post_contributors.c.position)
    )
    return [name for (name,) in await rows(engines, statement)]


async def tags_of(engines: Engines, slug: str) -> list[str]:
    statement = select(Tag.slug).join(Tag.posts).where(Post.slug == slug).order_by(Tag.slug)
    return [name for (name,) in await rows(engines, statement)]


async def test_files_become_posts_with_contributors_and_tags(engines: Engines, tmp_path: Path) -> None:
    slug = "garden/2025/06/26/beans"
    make_post(
        tmp_path,
        "a.md",
        path=slug,
        authors=["Zoë Winter", "Ada Berg", "Zoë Winter"],
        description="On beans.",
        extra={"team": "The Release Team", "release": True},
        body="# Beans\n\nThey climb.",
    )
    author = "{name: Ada Berg, email: Ada@example.org}"
    make_file(tmp_path, "b.md", f"---\ntitle: Peas\nauthor: {author}\ntags: [Soil]\n---\nSweet.\n")
    counts, problems = await run(engines, tmp_path)

    assert (counts, problems) == (Counts(files=2, new=2), [])
    date = datetime(2025, 6, 26, tzinfo=UTC)
    assert await rows(engines, select(*COLUMNS, User.email).join(Post.author).order_by(Post.slug)) == [
        ("b", "Peas", None, "Sweet.", "draft", None, 1, "ada@example.org"),
        (slug, "Beans", "On beans.", "# Beans\n\nThey climb.", "published", date, 1, placeholder_email("Zoë Winter")),
    ]
    assert await contributors_of(engines, slug) == ["Zoë Winter", "Ada Berg"]
    assert await tags_of(engines, slug) == ["garden", "release", "the-release-team"]
    assert await tags_of(engines, "b") == ["soil"]


async def test_authors_with_and_without_an_address_are_two_people(engines: Engines, tmp_path: Path) -> None:
    make_file(tmp_path, "a.md", "---\ntitle: A\nauthors: [Ada, {name: Ada, email: ada@example.org}]\n---\n")
    await run(engines, tmp_path)
    emails = select(User.email, User.hashed_password, User.is_active).order_by(User.email)
    assert await rows(engines, emails) == [("ada@authors.invalid", None, True), ("ada@example.org", None, True)]


async def test_running_again_changes_nothing(engines: Engines, statements: StatementRecorder, tmp_path: Path) -> None:
    make_posts(tmp_path, 40)
    make_post(tmp_path, "draft.md", summary="s", body="")
    await run(engines, tmp_path)
    before = await all_rows(engines)
    with statements() as seen:
        counts, _ = await run(engines, tmp_path)
    assert counts == Counts(files=41, unchanged=41)
    assert await all_rows(engines) == before
    # users + tags + posts + their contributors + their tags
    assert len(seen) == 5
    assert all(statement.startswith("SELECT") for statement in seen)


MOMENTS = (
    "0001-01-01",
    "0001-01-01T00:00:00.000001Z",
    "0001-01-01T10:00:00+10:00",
    "0004-02-29",
    "0099-12-31",
    "1582-10-10",
    "1883-01-01T00:00:00+00:00:30",
    "1969-12-31T23:59:59.999999-12:00",
    "2024-01-01T00:00:00.1234567Z",
    "2024-03-31 02:30:00 +05:30",
    "9999-12-31T23:59:59.999998Z",
    "9999-12-31T23:59:59.999999Z",
)
TEXTS = ("plain", "  blanks  ", "ß ÅÉ e\u0301", "1e3", "null", "a\u2028b", "\U0001f600")


async def test_no_moment_and_no_text_is_changed_by_being_imported_again(engines: Engines, tmp_path: Path) -> None:
    for number, moment in enumerate(MOMENTS):
        make_post(tmp_path, f"moment-{number}.md", date=moment)
    for number, said in enumerate(TEXTS):
        name = f"text-{number}.md"
        make_post(tmp_path, name, title=said, description=said, authors=[said], tags=[f"{said}x"], body=said)
    many = len(MOMENTS) + len(TEXTS)
    assert (await run(engines, tmp_path))[0] == Counts(files=many, new=many)
    before = await all_rows(engines)
    assert (await run(engines, tmp_path))[0] == Counts(files=many, unchanged=many)
    assert await all_rows(engines) == before


async def test_names_that_the_api_refuses_are_not_imported(engines: Engines, tmp_path: Path) -> None:
    """A name that turns the page, or hides a character, is refused on every path; a title may have come in lines."""
    hidden = "Ada\u202egpj", "ad\u200bmin", "\x1b[31mred"
    for number, name in enumerate(hidden):
        make_post(tmp_path, f"author-{number}.md", authors=[name])
        make_post(tmp_path, f"title-{number}.md", title=name)
        make_post(tmp_path, f"tag-{number}.md", tags=[name])
    make_post(tmp_path, "lines.md", title="Two\nlines\tand 👩\u200d👧")
    counts, _ = await run(engines, tmp_path)
    assert counts == Counts(files=10, new=1, refused=9)
    assert await rows(engines, select(Post.title)) == [("Two lines and 👩\u200d👧",)]


async def test_a_changed_file_changes_its_post_alone(engines: Engines, tmp_path: Path) -> None:
    make_post(tmp_path, "a.md", authors=["Ada", "Bea", "Cid"], tags=["one", "two"])
    make_post(tmp_path, "b.md")
    await run(engines, tmp_path)
    before = dict(await rows(engines, select(Post.slug, Post.updated_at)))
    make_post(tmp_path, "a.md", title="Peas", authors=["Cid", "Ada"], tags=["two", "three"], date="2025-01-02")
    counts, _ = await run(engines, tmp_path)

    assert counts == Counts(files=2, changed=1, unchanged=1)
    state = (Post.slug, Post.title, Post.status, Post.published_at, Post.version, User.name)
    assert await rows(engines, select(*state).join(Post.author).order_by(Post.slug)) == [
        ("a", "Peas", "published", datetime(2025, 1, 2, tzinfo=UTC), 2, "Cid"),
        ("b", "Beans", "draft", None, 1, "Ada Winter"),
    ]
    assert await contributors_of(engines, "a") == ["Cid", "Ada"]
    assert await tags_of(engines, "a") == ["three", "two"]
    after = dict(await rows(engines, select(Post.slug, Post.updated_at)))
    assert after["a"] > before["a"]
    assert after["b"] == before["b"]


@pytest.mark.parametrize("change_of", [{"authors": ["Bea", "Ada"]}, {"authors": ["Ada"]}, {"tags": ["other"]}])
async def test_other_contributors_or_tags_are_a_change(
    engines: Engines, tmp_path: Path, change_of: dict[str, Any]
) -> None:
    keys: dict[str, Any] = {"authors": ["Ada", "Bea"], "tags": ["one"]}
    make_post(tmp_path, **keys)
    await run(engines, tmp_path)
    make_post(tmp_path, **(keys | change_of))
    counts, _ = await run(engines, tmp_path)
    assert counts == Counts(files=1, changed=1)
    assert await rows(engines, select(Post.version)) == [(2,)]


async def test_people_tags_and_posts_from_elsewhere_stay_as_they_are(engines: Engines, tmp_path: Path) -> None:
    make_post(tmp_path, authors=["Ada Winter"], tags=["Soil"])
    await run(engines, tmp_path)
    await change(
        engines,
        update(User).values(name="Ada W."),
        update(Tag).values(name="Soils"),
        insert(Post).values(slug="by-hand", title="By hand", content="", author_id=1),
    )
    counts, _ = await run(engines, tmp_path)
    assert counts == Counts(files=1, unchanged=1)
    assert await rows(engines, select(User.name)) == [("Ada W.",)]
    assert await rows(engines, select(Tag.name)) == [("Soils",)]
    assert await rows(engines, select(Post.slug).order_by(Post.slug)) == [("by-hand",), ("post",)]


async def test_broken_files_are_named_and_the_others_are_imported(engines: Engines, tmp_path: Path) -> None:
    make_post(tmp_path, "a/good.md", path="2025/01/02/good")
    make_post(tmp_path, "b/twin.md", path="2025/01/02/good")
    make_post(tmp_path, "c/date.md", path="2025/02/30/x")
    make_post(tmp_path, "c/title.md", title="t" * 201)
    make_file(tmp_path, "c/toml.md", '+++\ntitle = "x"\nauthors = [\n+++\n')
    make_file(tmp_path, "d/open.md", "---\ntitle: x\n")
    make_file(tmp_path, "d/utf8.md", b"---\ntitle: x\n---\n\xff")
    make_file(tmp_path, "_index.md", "+++\n+++\n")
    make_file(tmp_path, "latest.md", '+++\ntemplate = "latest.html"\n+++\n')
    make_post(tmp_path, "z.md")
    counts, problems = await run(engines, tmp_path)

    assert counts == Counts(files=10, new=2, sections=1, templates=1, refused=6)
    assert problems == [
        "b/twin.md:1: the slug 2025/01/02/good belongs to a/good.md; give one another `path`",
        "c/date.md:4: `path` holds 2025/02/30, which is no date (day is out of range for month); "
        "correct it, or give a `date`",
        "c/title.md:2: `title` has 201 characters, the limit is 200; shorten it",
        "c/toml.md:3: the front matter is not TOML: invalid value; correct it",
        "d/open.md:1: the front matter is never closed; end it with a line of ---",
        "d/utf8.md:4: is not valid UTF-8; save the file as UTF-8",
    ]
    assert await rows(engines, select(Post.slug).order_by(Post.slug)) == [("2025/01/02/good",), ("z",)]


async def test_a_strict_run_imports_all_or_nothing(
    engines: Engines, statements: StatementRecorder, tmp_path: Path
) -> None:
    make_posts(tmp_path, 20)
    broken = make_post(tmp_path, "broken.md", title="")
    with statements() as seen:
        counts, problems = await run(engines, tmp_path, strict=True)
    assert counts == Counts(files=21, refused=1)
    assert problems == ["broken.md:2: `title` is empty; fill it in, or leave it out"]
    assert seen == []

    broken.unlink()
    assert await run(engines, tmp_path, strict=True) == (Counts(files=20, new=20), [])
    assert await rows(engines, select(func.count()).select_from(Post)) == [(20,)]


REFUSE_A_TITLE = {
    "sqlite": """
        CREATE TRIGGER refuse BEFORE INSERT ON posts WHEN NEW.title = 'Cursed'
        BEGIN SELECT RAISE(ABORT, 'cursed'); END
    """,
    "postgresql": "ALTER TABLE posts ADD CONSTRAINT cursed CHECK (title <> 'Cursed')",
}


@pytest.mark.parametrize("strict", [False, True])
async def test_the_file_that_the_database_refuses_is_found(engines: Engines, tmp_path: Path, strict: bool) -> None:
    make_posts(tmp_path, 20)
    make_post(tmp_path, "4/cursed.md", title="Cursed")
    await change(engines, text(REFUSE_A_TITLE[engines.dialect]))
    counts, problems = await run(engines, tmp_path, strict=strict)

    assert counts == Counts(files=21, new=0 if strict else 20, refused=1)
    (problem,) = problems
    assert problem.startswith("4/cursed.md:1: the database refuses it (")
    assert "cursed" in problem.removeprefix("4/cursed.md")
    assert await rows(engines, select(func.count()).select_from(Post)) == [(counts.new,)]


async def test_without_tables_the_files_are_not_blamed(engines: Engines, tmp_path: Path) -> None:
    make_posts(tmp_path, 2)
    await change(engines, *(text(f"DROP TABLE {name}") for name in ("post_tags", "tags")))
    with pytest.raises(DBAPIError, match="tags"):
        await run(engines, tmp_path)


async def test_the_default_author_writes_what_nobody_signed(engines: Engines, tmp_path: Path) -> None:
    make_post(tmp_path, authors=())
    assert (await run(engines, tmp_path))[1] == [
        "post.md:1: has no author; add `authors` to the front matter, or name a default author"
    ]
    await run(engines, tmp_path, default_author=contributor_named("The Club"))
    assert await contributors_of(engines, "post") == ["The Club"]


async def test_statements_grow_with_chunks_and_not_with_files(
    engines: Engines, statements: StatementRecorder, tmp_path: Path
) -> None:
    # SELECT and INSERT of users, tags and posts; INSERT of contributors and of post tags
    first = 3 * 2 + 2
    # a later chunk finds all users and tags
    later = first - 2
    for count, expected in ((200, first), (400, first), (2 * markdown.CHUNK_FILES, first + later)):
        await change(engines, *(delete(table) for table in reversed(Base.metadata.sorted_tables)))
        with statements() as seen:
            counts, _ = await run(engines, make_posts(tmp_path / str(count), count))
        assert counts == Counts(files=count, new=count)
        assert len(seen) == expected


async def test_more_keys_than_a_statement_takes_are_split(engines: Engines, tmp_path: Path) -> None:
    authors = [f"Author {number}" for number in range(33_000)]
    make_post(tmp_path, authors=authors, tags=["one"])
    assert await run(engines, tmp_path) == (Counts(files=1, new=1), [])
    assert await contributors_of(engines, "post") == authors
    assert await run(engines, tmp_path) == (Counts(files=1, unchanged=1), [])


async def test_two_imports_at_once_agree(settings: DatabaseSettings, engines: Engines, tmp_path: Path) -> None:
    make_posts(tmp_path, 60)
    other = Engines(settings)
    try:
        outcomes = await asyncio.gather(run(engines, tmp_path), run(other, tmp_path))
    finally:
        await other.dispose()
    assert [problems for _, problems in outcomes] == [[], []]
    assert await rows(engines, select(func.count()).select_from(Post)) == [(60,)]
    assert await run(engines, tmp_path) == (Counts(files=60, unchanged=60), [])


async def test_two_imports_of_the_same_people_in_another_order_never_lock_each_other_out(
    settings: DatabaseSettings, engines: Engines, tmp_path: Path
) -> None:
    people = [f"Author {number}" for number in range(4000)]  # four statements, so that the runs meet half-way
    make_post(tmp_path / "one", "one.md", authors=people)
    make_post(tmp_path / "two", "two.md", authors=reversed(people))
    other = Engines(settings)
    try:
        outcomes = await asyncio.gather(run(engines, tmp_path / "one"), run(other, tmp_path / "two"))
    finally:
        await other.dispose()
    for outcome in outcomes:
        assert outcome == (Counts(files=1, new=1), [])
    assert await rows(engines, select(func.count()).select_from(User)) == [(4000,)]


async def test_memory_is_flat(engines: Engines, tmp_path: Path) -> None:
    body = "word " * 13_000  # 64 kB: a chunk ends by its size, after about 64 files
    peaks = []
    for count in (20, 150, 300):
        make_posts(tmp_path / str(count), count, body=body)
        tracemalloc.start()
        await run(engines, tmp_path / str(count))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    _warm_up, some, twice = peaks
    assert twice < 1.3 * some
