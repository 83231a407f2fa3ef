"""Posts, as the API shows them, and the search over them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from db import models, search
from graph.entity import Connection, Node, computed, entity, search_field

if TYPE_CHECKING:
    from graph.types.tag import Tag
    from graph.types.user import User

WORDS_PER_MINUTE = 200


@entity(models.Post, keys=["slug"])
class Post(Node):
    """An article in Markdown, with one author and any number of contributors and tags."""

    slug: str
    title: str
    summary: str | None
    content: str
    status: models.PostStatus
    published_at: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime
    author: User
    contributors: Connection[User]
    tags: Connection[Tag]

    @computed(needs=["content"])
    def reading_minutes(self) -> int:
        """How long it takes to read the post, in minutes, at 200 words a minute."""
        return max(1, round(len(self.content.split()) / WORDS_PER_MINUTE))


SEARCH = search_field(
    Post,
    search.posts,
    "Posts that speak of something, the best hits first: what is found in titles, then in summaries, then the latest."
    " Several words must all occur, each in any form that English gives it; upper case, accents and punctuation make no"
    " difference. `or` between two words asks for one of them, `-word` for posts without it,"
    ' `"two words"` for words side by side, and `word*` for all that begins so.',
    work=search.work,
)
