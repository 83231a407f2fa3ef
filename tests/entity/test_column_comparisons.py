"""Columns are compared with columns of their row, and of the one row that a relation leads to."""

from typing import Any

import pytest

from db.dialects import DIALECTS
from graph.context import ContextFactory
from graph.viewer import Viewer
from tests.databases import StatementRecorder
from tests.entity.conftest import Filled
from tests.entity.guarded_types import GUARDED, VISIBLE
from tests.entity.laws import Both
from tests.entity.serving import serve

THINGS = "query ($where: ThingFilter) { things(first: 100, where: $where) { nodes { id } } }"


def asked(column: str, operator: str, **other: str) -> dict[str, Any]:
    """A filter of one comparison."""
    return {"compareColumns": [{"column": column, "is": operator, **other}]}


async def test_a_comparison_costs_no_statement(both: Both, statements: StatementRecorder) -> None:
    for api in both.values():
        with statements() as seen:
            await api.ask(THINGS, where=asked("PRICE", "GT", to="RATE"))
            await api.ask(THINGS, where=asked("PRICE", "LT", toWhole="PRICE"))
        assert len(seen) == 2


async def test_what_is_not_equal_is_all_that_is_not_equal(both: Both) -> None:
    for api in both.values():
        equals = asked("NUMBER", "EQ", toWhole="NUMBER")
        filters: tuple[dict[str, Any], ...] = ({}, equals, asked("NUMBER", "NE", toWhole="NUMBER"), {"not": equals})
        found = [await api.ask(THINGS, where=where) for where in filters]
        every, equal, unequal, denied = (len(each["things"]["nodes"]) for each in found)
        assert 0 < equal < every
        assert unequal == denied == every - equal


@pytest.mark.parametrize(
    ("comparison", "told"),
    [
        ({"column": "PRICE", "is": "EQ"}, "a column is compared with one other, not with 0; send `to` or `toBox`"),
        ({"column": "PRICE", "is": "EQ", "to": "RATE", "toWhole": "PRICE"}, "not with 2"),
        ({"column": "PRICE", "is": "EQ", "to": "TEXT"}, "price holds Decimal and text String; compare columns of one"),
        ({"column": "IS_NEW", "is": "LT", "to": "IS_NEW"}, "values of type Boolean have no order; ask for EQ or NE"),
        ({"column": "BOX", "is": "EQ", "to": "WHOLE"}, "BOX is no column whose values are compared; name one of TEXT"),
        ({"column": "PRICE", "is": "EQ", "to": None}, "not with 0"),
    ],
)
async def test_columns_that_do_not_fit_are_refused(both: Both, comparison: dict[str, Any], told: str) -> None:
    for api in both.values():
        (error,) = await api.errors(THINGS, where={"compareColumns": [comparison]})
        assert error.startswith("where.compareColumns[0]: ")
        assert told in error


async def test_too_many_are_refused(both: Both) -> None:
    (one,) = asked("PRICE", "GT", to="RATE")["compareColumns"]
    for api in both.values():
        assert not await api.errors(THINGS, where={"compareColumns": [one] * 20})
        assert await api.errors(THINGS, where={"compareColumns": [one] * 21})


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_a_hidden_value_is_null_and_equal_to_nothing(dialect: str, filled: Filled) -> None:
    text = "query ($where: PaperFilter) { papers(where: $where) { nodes { owner } } }"
    async with serve(await filled(GUARDED, dialect), GUARDED) as api:
        contexts = ContextFactory(api.engines, viewer=Viewer(1), visible=VISIBLE)

        async def owners(where: dict[str, Any]) -> list[int]:
            result: Any = await api.schema.execute(text, {"where": where}, context_value=contexts)
            assert result.errors is None
            return [node["owner"] for node in result.data["papers"]["nodes"]]

        same = asked("SECRET", "EQ", to="SECRET")
        assert await owners(same) == [1, 1, 1]
        assert await owners({"not": same}) == await owners(asked("SECRET", "NE", to="SECRET")) == [2, 2, 2]
        # The boxes of others are not seen, so that no secret is below the name of one.
        assert await owners(asked("SECRET", "LT", toBox="NAME")) == [1, 1, 1]
