"""What is checked before anything is written, and what people are told."""

import base64
from typing import Any

import pytest
from sqlalchemy import func, select

from db import models
from graph.prepare.documents import OperationRequest
from graph.testing.clients import EVERY_KIND
from tests.mutations.asking import ADMIN, SCHEMA, Asking, make_user
from tests.mutations.rows import make_post, rows

POST = "post { id title content }"


async def told(ask: Asking, name: str, given: dict[str, Any], selection: str = POST) -> list[tuple[list[str], str]]:
    """The path and the sentence of each error."""
    return [(error["path"], error["message"]) for error in (await ask.do(name, given, selection))["errors"]]


@pytest.mark.parametrize(
    ("values", "field", "says"),
    [
        ({"title": ""}, "title", "This must not be empty; write something."),
        ({"title": " \t "}, "title", "This must not be empty; write something."),
        ({"title": "x" * 201}, "title", "At most 200 characters fit here; shorten the text."),
        ({"content": "x" * 200_001}, "content", "At most 200000 characters fit here; shorten the text."),
        ({"slug": "…"}, "slug", "A slug needs a letter or a digit, for instance `climbing-roses`."),
        ({"title": "a\0b"}, "title", "U+0000 cannot be stored; leave it out."),
        ({"title": "\ud800"}, "title", "Half of a surrogate pair is not a character; send both halves."),
        ({"authorId": "x"}, "authorId", "This is not the id of a user; use an `id` that the API gave you."),
    ],
)
async def test_each_rule_says_what_to_do(ask: Asking, values: Any, field: str, says: str) -> None:
    author = ask.by(await make_user(ask.engines, "author"))
    given = {"title": "T", "content": "C"} | values
    assert await told(author, "createPost", given) == [(["input", field], says)]
    assert await author.refused("createPost", given, POST) == [("InvalidInput", ("input", field))]
    assert await rows(ask, select(func.count()).select_from(models.Post)) == [(0,)]


async def test_every_broken_rule_is_told(ask: Asking) -> None:
    author = ask.by(await make_user(ask.engines, "author"))
    given = {"title": "", "content": "C", "slug": "No", "tags": {"add": [{"create": {"name": "", "slug": "!"}}]}}
    assert await author.refused("createPost", given, POST) == [
        ("InvalidInput", ("input", "slug")),
        ("InvalidInput", ("input", "title")),
        ("InvalidInput", ("input", "tags", "add", "0", "create", "name")),
        ("InvalidInput", ("input", "tags", "add", "0", "create", "slug")),
    ]
    unstorable = {"title": "\0", "content": "\udfff", "tags": {"add": [{"slug": "a"}, {"slug": "\0"}]}}
    assert await author.refused("createPost", unstorable, POST) == [
        ("InvalidInput", ("input", "title")),
        ("InvalidInput", ("input", "content")),
        ("InvalidInput", ("input", "tags", "add", "1", "slug")),
    ]


@pytest.mark.parametrize(
    ("email", "says"),
    [
        ("", "An email address must have an @-sign."),
        ("ada", "An email address must have an @-sign."),
        ("ada@", "There must be something after the @-sign."),
        ("x" * 250 + "@a.org", "At most 254 characters fit here; shorten the text."),
    ],
)
async def test_addresses_are_judged_in_words(ask: Asking, email: str, says: str) -> None:
    given = {"email": email, "name": "Ada"}
    assert await told(ask.by(ADMIN), "createUser", given, "user { id }") == [(["input", "email"], says)]


@pytest.mark.parametrize("number", [2**31 - 1, 2**63 - 1, 2**63, 2**70, -1])
async def test_ids_of_any_size_name_nothing(ask: Asking, number: int) -> None:
    author = ask.by(await make_user(ask.engines, "author"))
    id_ = base64.urlsafe_b64encode(f"Post:{number}".encode()).decode().rstrip("=")
    ((kind, path),) = await author.refused("updatePost", {"id": id_, "title": "T"}, POST)
    assert (kind, path) == ("NotFound" if number < 2**63 else "InvalidInput", ("input", "id"))


@pytest.mark.parametrize("version", [2**31, 2**63, 10**400, 1.5, "1", True])
async def test_versions_that_are_no_int_are_refused_before_anything_is_done(ask: Asking, version: Any) -> None:
    author = ask.by(await make_user(ask.engines, "author"))
    given = {"id": await make_post(author), "ifVersion": version}
    document = "mutation($input: UpdatePostInput!) { updatePost(input: $input) { post { id } } }"
    context = author.context()
    result = await SCHEMA.operations.answer(OperationRequest(document, {"input": given}), context, EVERY_KIND)
    assert "ifVersion" in str(result.errors)
    assert result.data is None


async def test_a_long_text_is_kept_as_it_is(ask: Asking) -> None:
    author = ask.by(await make_user(ask.engines, "author"))
    content = "  ä😀\r\n\t" * 20_000
    payload = await author.do("createPost", {"title": "  T  ", "content": content}, POST)
    assert (payload["post"]["title"], payload["post"]["content"]) == ("T", content)
