"""Policies name who asks, whatever users are called: by numbers, UUIDs or texts. No id is an error."""

import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Boolean

from db.relations import Claim, ViewerId, Visibility, fitted, is_same, viewer_id
from graph.context import ContextFactory
from graph.viewer import Claims, Viewer
from tests.entity.conftest import Filled
from tests.entity.laws import tried
from tests.entity.owned import ADA, OWNED, seen_by_any, seen_by_claim, seen_by_owner
from tests.entity.serving import serve

Ask: TypeAlias = Callable[..., Awaitable[Any]]


@pytest.fixture
async def ask(dialect: str, filled: Filled) -> AsyncIterator[Ask]:
    async with serve(await filled(OWNED, dialect), OWNED) as api:

        async def asked(document: str, viewer: Viewer, visible: Visibility) -> Any:
            context = ContextFactory(api.engines, viewer=viewer, visible=visible)
            result = await api.schema.execute(document, context_value=context)
            assert not result.errors, result.errors
            return result.data

        yield asked


async def seen(ask: Ask, id_: ViewerId | None, visible: Visibility, claims: Mapping[str, Claim] | None = None) -> Any:
    """How many things a viewer sees."""
    data = await ask("{ thingsOfSomebody { totalCount } }", Viewer(id_, claims=Claims(claims or {})), visible)
    return data["thingsOfSomebody"]["totalCount"]


NOBODYS: list[ViewerId | None] = [
    None,
    8,
    2**63,
    -(2**63) - 1,
    10**40,
    "",
    "abcd",
    "07",
    "+7",
    "7.0",
    "\u0667",
    "ab",
    "x" * 500,
]
"""Ids that own nothing: among them some that a database would take for others if it were to cut or convert them."""


@pytest.mark.parametrize(
    ("column", "owners"),
    [
        ("number", [7, "7"]),
        ("small", [7, "7"]),
        ("uuid", [ADA, str(ADA), str(ADA).upper()]),
        ("name", ["abc"]),
        ("name", [7, "7"]),
        ("fixed", ["abc"]),
    ],
)
async def test_a_column_says_whose_a_row_is_whatever_form_the_id_has(
    ask: Ask, column: str, owners: list[ViewerId]
) -> None:
    visible = seen_by_owner(column)
    assert [await seen(ask, owner, visible) for owner in owners] == [1] * len(owners)
    assert [await seen(ask, nobody, visible) for nobody in NOBODYS] == [0] * len(NOBODYS)


async def test_one_statement_may_ask_for_all_forms_at_once(ask: Ask) -> None:
    # 7 owns a thing as a number and another one as a text; the others own one each.
    assert [await seen(ask, owner, seen_by_any()) for owner in (7, "7", ADA, str(ADA), "abc", "abcd", None)] == [
        *(2, 2, 1, 1, 1, 0, 0)
    ]


@pytest.mark.parametrize("name", ["org_id", "https://example.org/claims/org-id", "x-hasura-org-id", "ä:b.c d%(e)s"])
async def test_claims_are_compared_as_ids_are(ask: Ask, name: str) -> None:
    of_number, of_name = seen_by_claim(name, "number"), seen_by_claim(name, "name")
    assert [await seen(ask, None, of_number, {name: value}) for value in (7, "7", 8, True, 7.0, (7,))] == [
        *(1, 1, 0, 0, 0, 0)
    ]
    assert [await seen(ask, 7, of_name, claims) for claims in ({name: "abc"}, {name + "x": "abc"}, {})] == [1, 0, 0]


async def test_viewer_is_the_row_of_the_id(ask: Ask) -> None:
    visible = seen_by_owner("number")
    found = [
        await ask("{ viewer { id } }", Viewer(id_), visible) for id_ in (ADA, str(ADA), uuid.uuid4(), "ada", 7, None)
    ]
    assert [it["viewer"] is not None for it in found] == [True, True, False, False, False, False]


IDS = st.one_of(st.integers(), st.uuids(), st.text(), st.from_regex(r"-?[0-9]{1,20}", fullmatch=True))


@tried(200)
@given(IDS, IDS)
def test_two_ids_are_never_taken_for_one(one: ViewerId, other: ViewerId) -> None:
    for form in (int, uuid.UUID, str):
        first, second = fitted(one, form), fitted(other, form)
        assert first is None or type(first) is form
        if first is not None and first == second:
            assert str(one).lower() == str(other).lower()
            assert form is uuid.UUID or str(one) == str(other)


def test_a_row_is_the_viewers_in_each_form_of_its_key() -> None:
    assert [is_same("7", 7), is_same(7, "7"), is_same(str(ADA), ADA), is_same(7, 7)] == [True] * 4
    assert [is_same(None, None), is_same("07", 7), is_same(7, None), is_same(7, True)] == [False] * 4


def test_a_column_that_names_nobody_is_refused_when_the_policy_is_made() -> None:
    with pytest.raises(TypeError, match="compared with numbers, UUIDs and texts"):
        viewer_id(Boolean())


def test_viewers_are_keys_with_all_that_is_known_of_them() -> None:
    one, same, other = (Viewer("ada", claims=Claims({"org": org})) for org in (1, 1, 2))
    assert (one == same, hash(one) == hash(same), one == other) == (True, True, False)
    assert [Viewer(7).number, Viewer("7").number, Viewer("ada").number, Viewer(ADA).number] == [7, 7, None, None]
    assert Viewer(ADA).name == f"user:{ADA}"
