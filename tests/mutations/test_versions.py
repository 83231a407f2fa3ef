"""Each of our changes heeds what its client has read."""

import pytest

from tests.mutations.asking import Asking, make_user
from tests.mutations.rows import make_post

POST = "post { title version }"


@pytest.mark.parametrize("name", ["updatePost", "publishPost", "archivePost", "deletePost"])
async def test_every_change_heeds_the_version(ask: Asking, name: str) -> None:
    author = ask.by(await make_user(ask.engines, "author"))
    post = await make_post(author)
    given, selection = {"id": post, "ifVersion": 7}, "deletedId" if name == "deletePost" else POST
    assert await author.refused(name, given, selection) == [("VersionConflict", ("input", "ifVersion"))]
