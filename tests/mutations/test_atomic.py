"""`mutation @atomic`: several changes as one, which is made as a whole or not at all."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from pydantic import Field
from sqlalchemy import func, select

from db import models
from db.own import AuditEntry
from graph.entity import Schema
from graph.mutations import account
from graph.prepare.atomic import MAX_CHANGES
from graph.prepare.documents import OperationRequest
from graph.schema import Query
from graph.settings import Settings
from graph.testing.clients import EVERY_KIND
from graph.writing import Change, Input, mutation, mutation_type
from graph.writing.stored_keys import StoredKeys
from tests.databases import StatementRecorder
from tests.mutations.asking import Asking, make_user
from tests.mutations.banking import balance_of, make_account, transfer
from tests.mutations.rows import make_post, rows
from tests.writing.asking import ERRORS

ALL_ERRORS = ERRORS.replace("... on VersionConflict", "... on Undone { cause } ... on VersionConflict")
TAG = f"tag {{ id slug }} {ALL_ERRORS}"
TAGGED = f"post {{ slug tags {{ nodes {{ slug }} }} }} {ALL_ERRORS}"
TAG_AND_POST = f"""mutation($slug: String!, $wanted: String!) @atomic {{
  tag: createTag(input: {{name: $slug, slug: $slug}}) {{ {TAG} }}
  post: createPost(input: {{title: "Roses", content: "", tags: {{add: [{{slug: $wanted}}]}}}}) {{ {TAGGED} }}
}}"""
MOVE = f"""mutation($first: TransferFundsInput!, $second: TransferFundsInput!) @atomic {{
  first: transferFunds(input: $first) {{ transfer {{ id }} {ALL_ERRORS} }}
  second: transferFunds(input: $second) {{ transfer {{ id }} {ALL_ERRORS} }}
}}"""


@pytest.fixture
async def editor(ask: Asking) -> Asking:
    """Asks as somebody who may change tags and posts, and has money to move."""
    return ask.by(await make_user(ask.engines, "admin", "author", "editor"))


async def refused(ask: Asking, document: str) -> list[str]:
    """What is wrong with an operation, which is not begun."""
    result = await ask.schema.operations.answer(OperationRequest(document), ask.context(), EVERY_KIND)
    assert result.data is None
    return [error.message for error in result.errors or ()]


async def kept(ask: Asking) -> tuple[int, int, int]:
    """How many tags, posts and entries of the record there are."""
    tables = (models.Tag, models.Post, AuditEntry)
    ((tags, posts, entries),) = await rows(ask, select(*(_count(table) for table in tables)))
    return tags, posts, entries


def _count(table: type[Any]) -> Any:
    return select(func.count()).select_from(table).scalar_subquery()


def told(payload: Mapping[str, Any]) -> list[tuple[str, str | None, tuple[str, ...]]]:
    """The errors of a payload, whose other members are empty."""
    assert all(not value for name, value in payload.items() if name != "errors"), payload
    return [(it["__typename"], it.get("cause"), tuple(it["path"])) for it in payload["errors"]]


async def test_a_change_finds_what_those_before_have_written(editor: Asking, statements: StatementRecorder) -> None:
    with statements() as seen:
        data = await editor(TAG_AND_POST, slug="roses", wanted="roses")
    assert data["tag"]["tag"]["slug"] == "roses"
    assert data["post"]["post"] == {"slug": "roses", "tags": {"nodes": [{"slug": "roses"}]}}
    assert data["tag"]["errors"] == data["post"]["errors"] == []
    # the tag and its record; the post, its tag, the link, its author and its record; the two read back, and the tags
    assert len(seen) == 2 + 5 + 2 + 1, seen
    assert await kept(editor) == (1, 1, 2)
    separate = TAG_AND_POST.replace("@atomic", "").replace('"Roses"', '"Tulips"')
    with statements() as seen:
        await editor(separate, slug="tulips", wanted="tulips")
    assert len(seen) == 2 + 5 + 2 + 1, seen


async def test_where_one_is_rejected_none_is_kept(editor: Asking) -> None:
    data = await editor(TAG_AND_POST, slug="roses", wanted="tulips")
    assert told(data["post"]) == [("NotFound", None, ("input", "tags", "add", "0"))]
    assert told(data["tag"]) == [("Undone", "post", ())]
    assert data["tag"]["errors"][0]["code"] == "UNDONE"
    assert await kept(editor) == (0, 0, 0)
    separate = await editor(TAG_AND_POST.replace("@atomic", ""), slug="roses", wanted="tulips")
    assert told(separate["post"]) == [("NotFound", None, ("input", "tags", "add", "0"))]
    assert separate["tag"]["tag"]["slug"] == "roses"


async def test_what_is_known_beforehand_costs_no_statement(editor: Asking, statements: StatementRecorder) -> None:
    author = editor.by(await make_user(editor.engines, "author"))
    with statements() as seen:
        data = await author(TAG_AND_POST, slug="roses", wanted="roses")
    assert (told(data["tag"]), told(data["post"])) == ([("Forbidden", None, ())], [("Undone", "tag", ())])
    assert seen == []


async def test_errors_beside_a_result_undo_that_result_too(editor: Asking) -> None:
    document = f"""mutation($rows: [CreatePostsRow!]!) @atomic {{
      createTag(input: {{name: "Roses", slug: "roses"}}) {{ {TAG} }}
      createPosts(input: {{posts: $rows, onError: REJECT_FAILED}}) {{ posts {{ slug }} {ALL_ERRORS} }}
    }}"""
    new = [{"title": title, "content": ""} for title in ("A", "A", "B")]
    data = await editor(document, rows=new)
    assert told(data["createTag"]) == [("Undone", "createPosts", ())]
    assert told(data["createPosts"]) == [("AlreadyExists", None, ("input", "posts", "1", "slug"))]
    ignoring = await editor(document.replace("REJECT_FAILED", "IGNORE_FAILED"), rows=new)
    assert ignoring["createPosts"]["posts"] == [{"slug": "a"}, {"slug": "b"}]
    assert await kept(editor) == (1, 2, 2)


async def test_a_rule_that_the_database_alone_knows_is_told_at_its_change(editor: Asking) -> None:
    await editor.do("createTag", {"name": "Tulips", "slug": "tulips"}, "tag { id }")
    document = f"""mutation @atomic {{
      a: createTag(input: {{name: "Roses", slug: "roses"}}) {{ {TAG} }}
      b: createTag(input: {{name: "Tulips", slug: "tulips"}}) {{ {TAG} }}
      c: createTag(input: {{name: "Lilies", slug: "lilies"}}) {{ {TAG} }}
    }}"""
    data = await editor(document)
    assert [payload["errors"][0]["__typename"] for payload in data.values()] == ["Undone", "AlreadyExists", "Undone"]
    assert (await kept(editor))[0] == 1


async def test_money_that_came_in_goes_on(editor: Asking) -> None:
    one, two, three = [await make_account(editor, balance) for balance in ("5", "0", "0")]
    moved = await editor(MOVE, first=transfer(one, two, "5"), second=transfer(two, three, "5"))
    assert moved["second"]["errors"] == []
    assert await balance_of(editor, three) == "5.00"
    back = await editor(MOVE, first=transfer(three, two, "5"), second=transfer(three, one, "5"))
    assert told(back["second"]) == [("InsufficientFunds", None, ("input", "amount"))]
    assert told(back["first"]) == [("Undone", "second", ())]
    assert await balance_of(editor, three) == "5.00"


async def test_versions_count_each_change(editor: Asking) -> None:
    document = """mutation($id: ID!) @atomic {
      a: updatePost(input: {id: $id, title: "A", ifVersion: 1}) { post { title version } errors { __typename } }
      b: updatePost(input: {id: $id, summary: "B", ifVersion: 2}) { post { title version } errors { __typename } }
    }"""
    data = await editor(document, id=await make_post(editor))
    # payloads are read when all is committed
    assert data["a"] == data["b"] == {"post": {"title": "A", "version": 3}, "errors": []}


async def test_a_key_holds_for_the_whole(editor: Asking) -> None:
    one, two = await make_account(editor, "10"), await make_account(editor)
    document = f"""mutation($slug: String!, $input: TransferFundsInput!) @atomic {{
      createTag(input: {{name: $slug, slug: $slug}}) {{ {TAG} }}
      transferFunds(input: $input) {{ transfer {{ id }} {ALL_ERRORS} }}
    }}"""
    asked: dict[str, Any] = {"slug": "a", "input": transfer(one, two, "4", "k")}
    first, *others = await asyncio.gather(*(editor(document, **asked) for _ in range(3)))
    assert first["createTag"]["errors"] == first["transferFunds"]["errors"] == []
    assert others == [first, first]
    assert (await kept(editor))[0] == 1
    assert await balance_of(editor, one) == "6.00"
    conflict = ("IdempotencyConflict", None, ("input", "idempotencyKey"))
    other = await editor(document, **asked | {"slug": "b"})
    assert (told(other["createTag"]), told(other["transferFunds"])) == ([("Undone", "transferFunds", ())], [conflict])
    assert await editor.refused("transferFunds", transfer(one, two, "4", "k")) == [
        (conflict[0], conflict[2])
    ]  # alone, it is another

    rejected = {"slug": "c", "input": transfer(one, two, "40", "l")}
    refusal = await editor(document, **rejected)
    assert told(refusal["transferFunds"]) == [("InsufficientFunds", None, ("input", "amount"))]
    await editor.do("deposit", {"accountId": one, "amount": "50"})
    assert await editor(document, **rejected) == refusal
    assert (await kept(editor))[0] == 1


class WhisperInput(Input):
    """What is whispered."""

    word: str = Field(description="A word.")


@mutation(secret=(str, "What nobody keeps."))
async def whisper(values: WhisperInput, _change: Change) -> str:
    """Tell a secret, once."""
    return values.word


class AskingSecrets(Asking):
    schema = Schema(
        Query, Settings.model_construct(), mutation=mutation_type([whisper, account.transfer_funds], keys=StoredKeys())
    )


async def test_a_text_that_may_be_a_secret_is_not_kept_under_the_key_of_another_change(editor: Asking) -> None:
    one, two = await make_account(editor, "10"), await make_account(editor)
    secretive = AskingSecrets(editor.engines, editor.viewer)
    document = """mutation($input: TransferFundsInput!) @atomic {
      whisper(input: {word: "hush"}) { secret errors { ...Why } }
      transferFunds(input: $input) { transfer { id } errors { ...Why } }
    }
    fragment Why on UserError { __typename path ... on Undone { cause } }"""
    data = await secretive(document, input=transfer(one, two, "4", "k"))
    assert told(data["whisper"]) == [("InvalidInput", None, ("input",))]
    assert told(data["transferFunds"]) == [("Undone", "whisper", ())]
    data = await secretive(document, input=transfer(one, two, "4"))
    assert (data["whisper"]["secret"], data["transferFunds"]["errors"]) == ("hush", [])


async def test_two_keys_name_one_operation(editor: Asking) -> None:
    one, two = await make_account(editor, "10"), await make_account(editor)
    asked = {"first": transfer(one, two, "4", "k"), "second": transfer(two, one, "1", "l")}
    done = await editor(MOVE, **asked)
    assert await editor(MOVE, **asked) == done
    swapped = await editor(MOVE, **asked | {"second": transfer(two, one, "1", "m")})
    assert told(swapped["first"]) == [("IdempotencyConflict", None, ("input", "idempotencyKey"))]
    assert await balance_of(editor, one) == "7.00"


async def test_fields_that_are_left_out_and_fragments_count_as_they_stand(editor: Asking) -> None:
    document = f"""mutation($not: Boolean!) @atomic {{
      __typename
      ...Tags
      skipped: createTag(input: {{name: "Lilies", slug: "lilies"}}) @include(if: $not) {{ {TAG} }}
    }}
    fragment Tags on Mutation {{ createTag(input: {{name: "Roses", slug: "roses"}}) {{ {TAG} }} }}"""
    data = await editor(document, **{"not": False})
    assert data.keys() == {"__typename", "createTag"}
    assert (await kept(editor))[0] == 1


async def test_sign_ins_and_too_many_changes_are_refused(editor: Asking) -> None:
    alone = 'mutation @atomic { createTag(input: {name: "A", slug: "a"}) { tag { id } } signOut(input: {}) { done } }'
    assert await refused(editor, alone) == [
        "`signOut` is done alone; send it as an operation of its own, without `@atomic`."
    ]
    many = " ".join(f'a{at}: deleteTag(input: {{id: "a"}}) {{ deletedId }}' for at in range(MAX_CHANGES + 1))
    assert await refused(editor, f"mutation @atomic {{ {many} }}") == [
        "These are 101 changes, and 100 fit into one `@atomic` mutation; send several."
    ]
    assert await refused(editor, "query @atomic { __typename }") == ["Directive '@atomic' may not be used on query."]


FAULT = (
    "CREATE SEQUENCE faults",
    """CREATE FUNCTION fail_once() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF nextval('faults') = 1 THEN {fault} END IF;
        RETURN new;
    END $$""",
    "CREATE TRIGGER fail_once BEFORE INSERT ON posts FOR EACH ROW EXECUTE FUNCTION fail_once()",
)
"""A sequence counts on when a transaction is undone."""


@pytest.mark.postgresql
@pytest.mark.parametrize(
    "fault", ["RAISE 'others' USING ERRCODE = '40001';", "PERFORM pg_terminate_backend(pg_backend_pid());"]
)
async def test_what_others_stood_in_the_way_of_is_done_again_as_a_whole(editor: Asking, fault: str) -> None:
    async with editor.engines.writing().begin() as connection:
        for statement in FAULT:
            await connection.exec_driver_sql(statement.format(fault=fault))
    data = await editor(TAG_AND_POST, slug="roses", wanted="roses")
    assert data["tag"]["errors"] == data["post"]["errors"] == []
    assert await kept(editor) == (1, 1, 2)


async def test_locks_taken_in_any_order_end_well(editor: Asking) -> None:
    one, two, three, four = [await make_account(editor, "100") for _ in range(4)]
    orders = [((one, two), (three, four)), ((three, four), (one, two))]
    done = await asyncio.gather(
        *(editor(MOVE, first=transfer(*first, "1"), second=transfer(*second, "1")) for first, second in orders)
    )
    assert [payload["errors"] for data in done for payload in data.values()] == [[]] * 4
    assert await balance_of(editor, two) == await balance_of(editor, four) == "102.00"
