"""Metadata becomes an article, or is refused with every fault."""

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import PurePosixPath
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from db.importing.article import Article, Contributor, article_of, contributor_named
from db.importing.front_matter import FrontMatter, parse
from db.importing.metadata import Metadata
from db.importing.refusal import Refused
from db.models import PostStatus


def article(name: str = "post.md", *, default_author: Contributor | None = None, **metadata: Any) -> Article:
    given_metadata = {"title": "Beans", "authors": ["Ada Winter"]} | metadata
    return article_of(FrontMatter(given_metadata, "Text.", ""), PurePosixPath(name), default_author)


def reasons(**metadata: Any) -> list[str]:
    with pytest.raises(Refused) as refused:
        article(**metadata)
    return [f"{fault.reason}; {fault.cure}" for fault in refused.value.faults]


def names(found: Article) -> list[str]:
    return [contributor.name for contributor in found.contributors]


def slugs(found: Article) -> list[str]:
    return [tag.slug for tag in found.tags]


@pytest.mark.parametrize(
    ("name", "metadata", "slug"),
    [
        ("any.md", {"path": "2025/06/26/Rust-1.88.0"}, "2025/06/26/Rust-1.88.0"),
        ("any.md", {"path": "/news/2025/06/26/beans/"}, "news/2025/06/26/beans"),
        ("beans.md", {}, "beans"),
        ("blog/Rust-1.88.0.md", {}, "blog/Rust-1.88.0"),
        ("blog/beans/index.md", {}, "blog/beans"),
        ("index.md", {}, "index"),
        ("blog/2025-01-31-beans.md", {}, "blog/2025-01-31-beans"),
        ("blog/old.md", {"slug": "beans"}, "blog/beans"),
        ("blog/old.md", {"slug": "beans", "path": "other"}, "other"),
        ("日記/豆.md", {}, "日記/豆"),
    ],
)
def test_the_slug_is_the_path_or_the_name_of_the_file(name: str, metadata: dict[str, Any], slug: str) -> None:
    assert article(name, **metadata).slug == slug


part = st.from_regex(r"[abAB01é][abAB01é.-]{0,5}", fullmatch=True).filter(lambda text: not text.endswith("."))
files = st.lists(part, min_size=1, max_size=3).map("/".join)


@settings(max_examples=40)
@given(st.lists(files, unique=True))
def test_files_without_a_path_never_share_a_slug(distinct: list[str]) -> None:
    assert len({article(f"{name}.md", date=date(2025, 1, 1)).slug for name in distinct}) == len(distinct)


@settings(max_examples=40)
@given(st.lists(files, unique=True))
def test_paths_never_share_a_slug(distinct: list[str]) -> None:
    assert len({article(path=path, date=date(2025, 1, 1)).slug for path in distinct}) == len(distinct)


@pytest.mark.parametrize(
    ("name", "metadata", "published_at"),
    [
        ("x.md", {"path": "2025/06/26/beans"}, datetime(2025, 6, 26, tzinfo=UTC)),
        ("x.md", {"path": "news/2025/06/26/beans"}, datetime(2025, 6, 26, tzinfo=UTC)),
        ("x.md", {"path": "2025/06/26/beans", "date": date(2024, 1, 2)}, datetime(2024, 1, 2, tzinfo=UTC)),
        ("x.md", {"date": datetime(2024, 1, 2, 3, 4)}, datetime(2024, 1, 2, 3, 4, tzinfo=UTC)),  # noqa: DTZ001
        (
            "x.md",
            {"date": datetime(2024, 1, 2, 3, tzinfo=timezone(timedelta(hours=2)))},
            datetime(2024, 1, 2, 1, tzinfo=UTC),
        ),
        ("x.md", {"date": "2024-01-02T03:00:00+02:00"}, datetime(2024, 1, 2, 1, tzinfo=UTC)),
        ("x.md", {"date": "2024-01-02"}, datetime(2024, 1, 2, tzinfo=UTC)),
        ("blog/2024-01-02-beans.md", {}, datetime(2024, 1, 2, tzinfo=UTC)),
        ("blog/2024-01-02-beans/index.md", {"slug": "beans"}, datetime(2024, 1, 2, tzinfo=UTC)),
        ("x.md", {}, None),
        ("x.md", {"path": "notes/beans"}, None),
    ],
)
def test_the_date_is_given_or_in_the_path_or_in_the_name(
    name: str, metadata: dict[str, Any], published_at: datetime | None
) -> None:
    found = article(name, **metadata)
    assert found.published_at == published_at
    assert found.status is (PostStatus.DRAFT if published_at is None else PostStatus.PUBLISHED)


@pytest.mark.parametrize("metadata", [{"draft": True}, {"published": False}])
def test_what_is_marked_as_a_draft_is_a_draft_whatever_its_date(metadata: dict[str, Any]) -> None:
    found = article(path="2025/06/26/beans", **metadata)
    assert (found.status, found.published_at) == (PostStatus.DRAFT, None)


@pytest.mark.parametrize("word", ["false", "False", "no", "NO", "off", "n", "0", " no ", 0, 0.0, False])
def test_a_word_for_no_is_no_and_never_makes_a_post_public(word: object) -> None:
    found = article(path="2025/06/26/beans", published=word, draft=word, extra={"release": word})
    assert (found.status, found.published_at, found.tags) == (PostStatus.DRAFT, None, ())


@pytest.mark.parametrize("word", ["true", "TRUE", "yes", "Yes", "on", "y", "1", 1, 1.0, True])
def test_a_word_for_yes_is_yes(word: object) -> None:
    found = article(path="2025/06/26/beans", published=word, extra={"release": word})
    assert (found.status, [tag.slug for tag in found.tags]) == (PostStatus.PUBLISHED, ["release"])
    assert article(path="2025/06/26/beans", draft=word).status is PostStatus.DRAFT


@pytest.mark.parametrize("written", ["'no'", "no", "n", "off", "'false'", "0", "FALSE", '"0"', "~false"])
def test_a_draft_in_yaml_is_a_draft_or_refused(written: str) -> None:
    text = f"---\ntitle: Beans\nauthor: Ada\ndate: 2025-06-26\npublished: {written}\n---\nText.\n"
    try:
        found = article_of(parse(text), PurePosixPath("x.md"))
    except Refused:
        assert written == "~false"
    else:
        assert found.status is PostStatus.DRAFT


def test_contributors_keep_their_order_and_count_once() -> None:
    found = article(authors=["Ada Winter", "Bjørn Berg", "Ada  Winter", "Chidi Okafor"])
    assert names(found) == ["Ada Winter", "Bjørn Berg", "Chidi Okafor"]
    assert found.author.email == "ada-winter@authors.invalid"


def test_an_author_string_stays_whole() -> None:
    together = ["Nicholas Matsakis and Aaron Turon", "Ben Striegel on behalf of the Edition 2024 Project Group"]
    assert names(article(authors=together)) == together


def test_an_author_may_bring_an_address() -> None:
    found = article(author={"name": "Ada", "email": "Ada@Example.org"}, authors=["Bjørn", {"name": "Chidi"}])
    assert found.contributors[0] == Contributor("Ada", "ada@example.org")
    assert names(found) == ["Ada", "Bjørn", "Chidi"]


def test_a_single_author_needs_no_list() -> None:
    assert names(article(authors="Ada Winter")) == ["Ada Winter"]


def test_the_default_author_stands_in_for_nobody_else() -> None:
    default = contributor_named("The Club")
    assert names(article(authors=[], default_author=default)) == ["The Club"]
    assert names(article(authors=["Ada"], default_author=default)) == ["Ada"]


def test_tags_come_from_section_team_release_and_lists() -> None:
    found = article(
        path="inside-rust/2025/06/26/beans",
        extra={"team": "The Release Team", "release": True, "team_url": "x"},
        tags=["the release  team", "C++"],
        categories=["News"],
        taxonomies={"tags": ["Zola"]},
    )
    assert slugs(found) == ["inside-rust", "the-release-team", "release", "c-plus-plus", "news", "zola"]
    assert found.tags[1].name == "The Release Team"


@pytest.mark.parametrize("path", ["2025/06/26/beans", "beans"])
def test_a_year_and_a_name_alone_are_no_section(path: str) -> None:
    assert slugs(article(path=path)) == []


def test_keys_that_yaml_leaves_empty_say_nothing() -> None:
    found = article(description=None, tags=None, extra={"team": None})
    assert (found.summary, found.tags) == (None, ())


def test_what_just_fits_is_taken() -> None:
    found = article(title="t" * 200, description="s" * 2000, path="p" * 200, authors=["n" * 200], tags=["g" * 100])
    assert (len(found.title), len(found.summary or ""), len(found.slug)) == (200, 2000, 200)


@pytest.mark.parametrize(
    ("metadata", "reason"),
    [
        ({"title": None}, "`title` is missing; add it to the front matter"),
        ({"title": " "}, "`title` is empty; fill it in, or leave it out"),
        ({"title": 2024}, "`title` is not text; put it in quotes"),
        ({"title": "t" * 201}, "`title` has 201 characters, the limit is 200; shorten it"),
        ({"title": "a\0b"}, "`title` holds a NUL character; take it out"),
        ({"title": "a\ud800b"}, "`title` is not valid Unicode; write it as UTF-8"),
        ({"description": "s" * 2001}, "`description` has 2001 characters, the limit is 2000; shorten it"),
        ({"summary": "s" * 2001}, "`summary` has 2001 characters, the limit is 2000; shorten it"),
        ({"path": "p" * 201}, "the slug has 201 characters, the limit is 200; give a shorter `path`"),
        ({"path": "/"}, "`path` is empty; name the post, or leave the key out"),
        ({"slug": " "}, "`slug` is empty; name the post, or leave the key out"),
        ({"name": "\udcff.md"}, "the file's name is not valid UTF-8; rename it, or give a `path`"),
        ({"path": "2025/13/45/x"}, "`path` holds 2025/13/45, which is no date (month must be in 1..12); correct it"),
        ({"name": "2025-02-30-x.md"}, "the file's name holds 2025-02-30, which is no date (day is out of range"),
        ({"date": "yesterday"}, "`date` is not a date; write it as 2026-01-31, or 2026-01-31T09:00:00Z"),
        ({"date": 2025}, "`date` is not a date"),
        ({"date": "0001-01-01T00:00:00+14:00"}, "`date` is not a date"),
        ({"authors": []}, "has no author; add `authors` to the front matter"),
        ({"authors": [""]}, "`authors.name` is empty; fill it in"),
        ({"authors": ["n" * 201]}, "`authors.name` has 201 characters, the limit is 200; shorten it"),
        ({"authors": [7]}, "`authors` is neither a name nor a mapping with name and email; write it so"),
        ({"authors": [{"name": "A", "email": "nowhere"}]}, "`authors.email` is not an e-mail address; write it as"),
        ({"authors": [{"name": "A", "email": f"{'a' * 251}@b.c"}]}, "`authors.email` has 255 characters"),
        ({"tags": "rust, async"}, "`tags` is not a list; write it as [first, second]"),
        ({"tags": ["g" * 101]}, "`tags` has 101 characters, the limit is 100; shorten it"),
        ({"tags": ["!"]}, "the tag '!' has neither a letter nor a digit; rename it"),
        ({"tags": ["+" * 30]}, "the tag '++++++++++++++++++++'… is longer than 100 characters; shorten it"),
        ({"extra": "x"}, "`extra` is not a mapping; write it so"),
        ({"extra": {"release": "perhaps"}}, "`extra.release` is neither true nor false; write true or false"),
        ({"draft": 2}, "`draft` is neither true nor false; write true or false"),
        ({"published": ""}, "`published` is neither true nor false; write true or false"),
        ({"published": "soon"}, "`published` is neither true nor false; write true or false"),
        ({"published": "²"}, "`published` is neither true nor false; write true or false"),
        ({"published": 0.5}, "`published` is neither true nor false; write true or false"),
        ({"published": []}, "`published` is neither true nor false; write true or false"),
        ({"published": date(2024, 1, 31)}, "`published` is neither true nor false; write true or false"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_cure(metadata: dict[str, Any], reason: str) -> None:
    (found,) = reasons(**metadata)
    assert found.startswith(reason)


def test_every_fault_is_told_at_once_with_its_line() -> None:
    text = '+++\ntitle = 7\ntags = "x"\n[extra]\nrelease = 2\n+++\n'
    with pytest.raises(Refused) as refused:
        article_of(parse(text), PurePosixPath("x.md"))
    assert [fault.line for fault in refused.value.faults] == [2, 3, 5]


def test_a_default_author_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="has 201 characters, the limit is 200; shorten it"):
        contributor_named("n" * 201)


def test_a_mapping_that_holds_itself_does_no_harm() -> None:
    text = "---\ntitle: Beans\nauthors: [Ada]\nextra: &a {own: *a}\nother: &b [*b]\n---\n"
    assert article_of(parse(text), PurePosixPath("x.md")).tags == ()


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.dates() | st.datetimes(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["name", "email", "tags"]), inner),
    max_leaves=6,
)
keys = st.sampled_from([*(field.alias or name for name, field in Metadata.model_fields.items()), "description"])


@given(st.dictionaries(keys, values))
def test_any_metadata_is_an_article_or_refused(metadata: dict[str, Any]) -> None:
    with suppress(Refused):
        found = article_of(FrontMatter(metadata, "", ""), PurePosixPath("post.md"))
        assert found.title
        assert found.contributors
