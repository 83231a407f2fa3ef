"""What counts as agreement, and that what is broken does not."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from tests.databases import Database
from tests.entity.laws import tried
from tests.execute.agreement.broken import ShortSighted, Unpunctual
from tests.execute.agreement.comparing import Answer, Disagreement, Path, Problem, check
from tests.execute.agreement.conftest import harbour_pair
from tests.execute.agreement.executing import Pair, left_by_graphql_core
from tests.execute.agreement.operations import Operation, operations


def answer(data: Any, *paths: Path | None, message: str = "no", statements: int = 1) -> Answer:
    return Answer(data, tuple(Problem(path, message, None, ((1, 1),)) for path in paths), statements)


NULL_INSIDE = {"a": None, "b": 1}


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (answer({"a": 1}), answer({"a": 1}, statements=2)),
        (answer(NULL_INSIDE, ("a", "x")), answer(NULL_INSIDE, ("a", "y"), message="never")),
        (answer(NULL_INSIDE, ("a", "x"), ("a", "y")), answer(NULL_INSIDE, ("a", "x"))),
        (answer(None, ("a", 0, "x")), answer(None, ("b",))),
        (answer(NULL_INSIDE, ("a", "x"), statements=2), answer(NULL_INSIDE, ("a", "x"))),
        (answer(None, None, statements=0), answer(None, None, statements=0)),
    ],
)
def test_answers_agree_up_to_what_a_null_hides(ours: Answer, theirs: Answer) -> None:
    check(ours, theirs)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (answer({"a": 1, "b": 2}), answer({"b": 2, "a": 1})),
        (answer({"a": 1}, statements=3), answer({"a": 1}, statements=2)),
        (answer(NULL_INSIDE), answer(NULL_INSIDE, ("a",))),
        (answer(NULL_INSIDE, ("a", "x")), answer(NULL_INSIDE, ("a",))),
        (answer(NULL_INSIDE, ("a",), ("a",)), answer(NULL_INSIDE, ("a",))),
        (answer(NULL_INSIDE, ("a",), message="other"), answer(NULL_INSIDE, ("a",))),
        (answer(NULL_INSIDE, ("a", "x"), message="other"), answer(NULL_INSIDE, ("a", "x"))),
        (answer(NULL_INSIDE, ("a",), ("b",)), answer(NULL_INSIDE, ("a",))),
        (answer(NULL_INSIDE, ("a",), ("c",)), answer(NULL_INSIDE, ("a",))),
        (answer({"a": None, "b": None}, ("a", "x")), answer({"a": None, "b": None}, ("a", "x"), ("b", "x"))),
        (answer(None, None), answer(None, None, None, message="other")),
    ],
)
def test_answers_disagree_about_whatever_a_client_can_see(ours: Answer, theirs: Answer) -> None:
    with pytest.raises(Disagreement):
        check(ours, theirs)


@left_by_graphql_core
@pytest.mark.sqlite
@tried(40)
@given(data=st.data())
async def test_a_broken_executor_is_found_out(data: st.DataObject, broken: Pair) -> None:
    with suppress(Disagreement):
        await broken.check(data.draw(operations(broken.known)))


FLEET = (
    "{ ships(first: 9) { nodes { name port { name ships(first: 2) { nodes { crates(first: 2) { totalCount } } } } } } }"
)


@pytest.mark.sqlite
@pytest.mark.parametrize(
    ("executor", "asked", "told"),
    [
        # The ships, their ports, the ports' ships, and how many crates these have.
        (Unpunctual, FLEET, "statements instead of 4"),
        (ShortSighted, "{ storm ...Again } fragment Again on Query { storm }", "locations"),
    ],
)
async def test_an_executor_is_found_out_by_what_made_up_operations_say_seldom(
    blank_database: Database, executor: type[StrawberryGraphQLCoreExecutionContext], asked: str, told: str
) -> None:
    async with harbour_pair(blank_database, executor) as pair:
        with pytest.raises(Disagreement, match=told):
            await pair.check(Operation(asked, {}))
