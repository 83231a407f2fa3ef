"""Metadata becomes an article: dated, named, and sure to fit its columns.

Front matter and the file's name enter, one frozen `Article` leaves; or `Refused`. The rules, all in one place:

- slug: `path`, whole, with its date; else the file's path below the root without suffix and without `/index`, the
  last part replaced by `slug` if given. Two files can only share a slug by claiming it, and that is refused.
- date: `date`; else a YYYY/MM/DD in `path`; else a `YYYY-MM-DD-` that begins the file's name. Dates are midnight UTC.
- status: published when dated; a draft without a date, and with `draft: true` or `published: false`.
- contributors: `author`, then `authors`; the first is the author. Who has the same address counts once.
- tags: the first part of `path` when it is not a year, `extra.team`, "release" for `extra.release`, `tags` and
  `categories`, also those in `taxonomies`.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import NamedTuple

from pydantic_core import PydanticCustomError

from db.importing.front_matter import FrontMatter
from db.importing.metadata import Metadata, Person, length_of, metadata_of, person_named, storable
from db.importing.naming import placeholder_email
from db.importing.refusal import Fault, Refused
from db.models import Post, PostStatus, Tag
from db.slugs import slug_of

DATE_IN_PATH = re.compile(r"(?:^|/)([0-9]{4})/([0-9]{2})/([0-9]{2})(?:/|$)")
DATE_IN_NAME = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})-")


class Contributor(NamedTuple):
    """Somebody who worked on an article; the address tells people apart."""

    name: str
    email: str


class TagName(NamedTuple):
    """A tag; the slug tells tags apart."""

    name: str
    slug: str


@dataclass(frozen=True)
class Article:
    """What a file says, ready for its columns."""

    slug: str
    title: str
    summary: str | None
    content: str
    published_at: datetime | None
    contributors: tuple[Contributor, ...]
    tags: tuple[TagName, ...]

    @property
    def author(self) -> Contributor:
        """The first contributor."""
        return self.contributors[0]

    @property
    def status(self) -> PostStatus:
        """Published when dated."""
        return PostStatus.DRAFT if self.published_at is None else PostStatus.PUBLISHED


def contributor_named(name: str) -> Contributor:
    """Somebody of whom only the name is known. Raises `ValueError` when it does not fit."""
    return _contributor(person_named(name))


def article_of(source: FrontMatter, name: PurePosixPath, default_author: Contributor | None = None) -> Article:
    """Read an article from its front matter; `name` is the file's path below the root.

    Raises `Refused` with every fault that the front matter has.
    """
    metadata = metadata_of(source)
    page = _page(name)
    published_at = _published_at(metadata, source, page.name)
    return Article(
        slug=_slug(metadata, source, page),
        title=metadata.title,
        summary=metadata.description or None,
        content=source.body,
        published_at=None if metadata.draft or metadata.published is False else published_at,
        contributors=_contributors(metadata, default_author),
        tags=_tags(metadata, source),
    )


def _page(name: PurePosixPath) -> PurePosixPath:
    """The page that a file is: `news/index.md` and `news.md` are both `news`."""
    page = name.with_suffix("")
    return page.parent if page.name == "index" and page.parent.name else page


def _slug(metadata: Metadata, source: FrontMatter, page: PurePosixPath) -> str:
    key, slug = "slug", page.as_posix()
    if metadata.path is not None:
        key, slug = "path", metadata.path.strip("/")
    elif metadata.slug is not None:
        slug = (page.parent / metadata.slug.strip("/")).as_posix() if metadata.slug.strip("/ ") else ""
    if not slug.strip():
        raise Refused(Fault(f"`{key}` is empty", "name the post, or leave the key out", source.line_of(key)))
    if len(slug) > (limit := length_of(Post.slug)):
        text = f"the slug has {len(slug)} characters, the limit is {limit}"
        raise Refused(Fault(text, "give a shorter `path`", source.line_of(key)))
    try:
        return storable(slug)
    except PydanticCustomError:
        raise Refused(Fault("the file's name is not valid UTF-8", "rename it, or give a `path`")) from None


def _published_at(metadata: Metadata, source: FrontMatter, name: str) -> datetime | None:
    if metadata.moment is not None:
        return metadata.moment
    where, found = "`path`", DATE_IN_PATH.search(metadata.path or "")
    if metadata.path is None:
        where, found = "the file's name", DATE_IN_NAME.match(name)
    if found is None:
        return None
    year, month, day = map(int, found.groups())
    try:
        return datetime(year, month, day, tzinfo=UTC)
    except ValueError as error:
        text = f"{where} holds {found[0].strip('/-')}, which is no date ({error})"
        raise Refused(Fault(text, "correct it, or give a `date`", source.line_of("path"))) from None


def _contributors(metadata: Metadata, default_author: Contributor | None) -> tuple[Contributor, ...]:
    contributors = [_contributor(person) for person in (*metadata.author, *metadata.authors)]
    if not contributors and default_author is not None:
        contributors = [default_author]
    if not contributors:
        raise Refused(Fault("has no author", "add `authors` to the front matter, or name a default author"))
    by_email: dict[str, Contributor] = {}
    for contributor in contributors:
        by_email.setdefault(contributor.email, contributor)
    return tuple(by_email.values())


def _contributor(person: Person) -> Contributor:
    return Contributor(person.name, person.email or placeholder_email(person.name))


def _tags(metadata: Metadata, source: FrontMatter) -> tuple[TagName, ...]:
    by_slug: dict[str, TagName] = {}
    for name in metadata.tag_names:
        slug, limit = slug_of(name), length_of(Tag.slug)
        line = source.line_of("path" if name == (metadata.path or "").split("/")[0] else "tags")
        if not slug:
            raise Refused(Fault(f"the tag {name!r} has neither a letter nor a digit", "rename it", line))
        if max(len(slug), len(name)) > limit:
            raise Refused(Fault(f"the tag {name[:20]!r}… is longer than {limit} characters", "shorten it", line))
        by_slug.setdefault(slug, TagName(name, slug))
    return tuple(by_slug.values())
