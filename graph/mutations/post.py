"""Changes of posts: written as drafts by anybody who has signed in, shown by authors and editors."""

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from db import models
from db.slugs import slug_of
from graph.mutations.rights import ADMINS, AUTHORS, EDITORS
from graph.mutations.tag import tags
from graph.types.post import Post
from graph.writing import Change, Crud, Input, Rejected, RelationshipInput, Version, id_of, mutation, owner_or
from graph.writing.errors import Forbidden, InvalidInput, InvalidState, VersionConflict

MAX_SLUG = 200


def _author_first(post: models.Post) -> list[tuple[int]]:
    return [(post.author_id,)]


def _slug_of_title(values: Mapping[str, Any]) -> str:
    """The title's slug, as far as the column holds it: some letters are spelled with many."""
    return slug_of(values["title"])[:MAX_SLUG].rstrip("-")


async def _fit_for_the_public(post: models.Post, values: Any, change: Change) -> None:
    """What everybody reads is changed by those who might publish it, and has a text."""
    if post.status is not models.PostStatus.PUBLISHED:
        return
    if AUTHORS(change.viewer) is not None:
        message = f"This post is public, and only {AUTHORS.who} change what is public; archive it first."
        raise Rejected(Forbidden(message, (*change.place, "id")))
    if values.given("content") and not values.content.strip():
        message = "A post that is public needs a text; write one, or archive the post."
        raise Rejected(InvalidInput(message, (*change.place, "content")))


posts = Crud(
    Post,
    ["slug", "title", "summary", "content"],
    may=owner_or(EDITORS, owner="author_id"),
    owner="author",
    owner_right=ADMINS,
    links=[
        RelationshipInput("tags", create=("name", "slug"), create_right=AUTHORS, update=tags),
        RelationshipInput("contributors", always=_author_first),
    ],
    defaults={"slug": _slug_of_title},
    before_update=_fit_for_the_public,
)


class PublishPostInput(Input):
    """Which post is to be public."""

    id: id_of(Post) = Field(description="Which post.")  # type: ignore[valid-type]  # Pydantic takes it
    if_version: Version | None = Field(None, description="Only if this is still its version.")


class ArchivePostInput(PublishPostInput):
    """Which post is to be put away."""


@mutation(right=AUTHORS, errors=[VersionConflict], post=Post)
async def publish_post(values: PublishPostInput, change: Change) -> models.Post:
    """Show a post to everybody. The moment of its first publication stays."""
    post: models.Post = await posts.found(values, change)
    if not post.content.strip():
        raise Rejected(InvalidInput("A post without a text cannot be published; write one first.", ("input", "id")))
    post.status = models.PostStatus.PUBLISHED
    post.published_at = post.published_at or change.now
    change.touch(post)
    return post


@mutation(errors=[InvalidState, VersionConflict], post=Post)
async def archive_post(values: ArchivePostInput, change: Change) -> models.Post:
    """Keep a post, but show it no longer."""
    post: models.Post = await posts.found(values, change)
    if post.status is models.PostStatus.DRAFT:
        raise Rejected(InvalidState("A draft is not shown to anybody; delete it instead.", ("input", "id")))
    post.status = models.PostStatus.ARCHIVED
    change.touch(post)
    return post


MUTATIONS = [posts.create, posts.update, posts.delete, posts.create_many, publish_post, archive_post]
