"""Moments by their distance from now: the same wherever they stand, and of each request anew."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import strawberry
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from db.statements import StatementCache
from graph.context import ContextFactory
from graph.entity import Schema, query_type
from graph.entity.relative_moments import RelativeDay, RelativeLocalMoment, RelativeMoment
from graph.errors import InvalidFilter
from graph.execute.graphql_core import LevelExecutor
from graph.settings import Settings
from tests.databases import StatementRecorder
from tests.entity import things_types
from tests.entity.laws import Both
from tests.entity.serving import Api

LITERAL = '{ things(first: 100, where: {moment: {lt: "$NOW-P7D"}}) { totalCount nodes { moment } } }'
VARIABLE = "query ($at: DateTime!) { things(first: 100, where: {moment: {lt: $at}}) { totalCount nodes { moment } } }"
WHERE = "query ($w: ThingFilter) { things(first: 100, where: $w) { totalCount nodes { moment } } }"
ASKED: list[tuple[str, dict[str, Any]]] = [
    (LITERAL, {}),
    (VARIABLE, {"at": "$NOW-P7D"}),
    (WHERE, {"w": {"moment": {"lt": "$NOW-P7D"}}}),
    (WHERE, {"w": {"moment": {"between": ["$NOW-P90Y", "$NOW-P7DT0.000001S"]}}}),
    (WHERE, {"w": {"not": {"moment": {"notIn": ["$NOW"], "gte": "$NOW-P7D"}}, "moment": {"isNull": False}}}),
]
FIRST = datetime(2024, 1, 1, tzinfo=UTC)
"""The first of the two moments that things have; the other is a microsecond later."""


async def asked_at(api: Api, now: datetime, text: str, variables: dict[str, Any], cache: StatementCache) -> int:
    """How many rows are found by a request that came then."""
    contexts = ContextFactory(api.engines, statements=cache)
    contexts.now = now
    result: Any = await api.schema.execute(text, variables, context_value=contexts)
    assert result.errors is None
    found: int = result.data["things"]["totalCount"]
    assert len(result.data["things"]["nodes"]) == found
    return found


@pytest.mark.parametrize(("text", "variables"), ASKED)
async def test_each_request_has_its_own_now_under_one_sql(
    both: Both, statements: StatementRecorder, text: str, variables: dict[str, Any]
) -> None:
    for api in both.values():
        cache = StatementCache()
        with statements() as seen:
            # Once before the first, once between both, once behind them; and again, for what is foreseen by now.
            found = [
                await asked_at(api, FIRST + timedelta(days=7, microseconds=later), text, variables, cache)
                for later in (0, 1, 2, 0, 1, 2, 0)
            ]
        assert found[0] == 0 < found[1] < found[2]
        assert found == [*found[:3], *found[:3], 0]
        assert len(set(seen)) == 1


async def test_days_and_groups_have_it_too(both: Both) -> None:
    text = """{
      old: things(where: {day: {lte: "$NOW"}}) { totalCount }
      coming: things(where: {day: {gt: "$NOW+P1M"}}) { totalCount }
      thingsAggregate { groupBy(by: [{value: SHAPE}], having: {max: {moment: {lt: "$NOW"}}}) { totalCount } }
      none: thingsAggregate { groupBy(by: [{value: SHAPE}], having: {max: {moment: {gt: "$NOW"}}}) { totalCount } }
    }"""
    for api in both.values():
        found = await api.ask(text)
        assert found["old"]["totalCount"] > 0 == found["coming"]["totalCount"]
        assert found["thingsAggregate"]["groupBy"]["totalCount"] > 0
        assert found["none"]["groupBy"]["totalCount"] == 0


@pytest.mark.parametrize("text", ["$NOW-P7", "$NOWP7D", "$NOW-", "$now", "$NOW-P9999Y", "$NOW+P9999Y", "$NOW-7 days"])
async def test_other_forms_are_refused(both: Both, text: str) -> None:
    for api in both.values():
        assert await api.errors(VARIABLE, at=text)


async def test_a_text_is_a_text(both: Both) -> None:
    for api in both.values():
        assert await api.ask('{ things(where: {text: {eq: "$NOW"}}) { totalCount } }') == {"things": {"totalCount": 0}}


def test_months_are_those_of_the_calendar() -> None:
    now = datetime(2024, 3, 31, 12, tzinfo=UTC)
    assert RelativeMoment("$NOW").at(now) == now
    assert RelativeMoment("$NOW-P1M").at(now) == datetime(2024, 2, 29, 12, tzinfo=UTC)
    assert RelativeMoment("$NOW-P1Y1M").at(now) == datetime(2023, 2, 28, 12, tzinfo=UTC)
    assert RelativeMoment("$NOW+P1M1DT1H").at(now) == datetime(2024, 5, 1, 13, tzinfo=UTC)
    assert RelativeMoment("$NOW-P2W").at(now) == now - timedelta(days=14)
    assert RelativeLocalMoment("$NOW-PT13H").at(now) == datetime(2024, 3, 30, 23)  # noqa: DTZ001 - without a zone
    assert RelativeDay("$NOW-PT13H").at(now).isoformat() == "2024-03-30"
    with pytest.raises(InvalidFilter):
        RelativeMoment("$NOW-P2024Y").at(now)


@strawberry.type
class Query(query_type(*things_types.TYPES)):  # type: ignore[misc]  # made while running
    @strawberry.field
    def asked(self, at: datetime, days: list[date]) -> str:
        """What a resolver of somebody's own is told."""
        return f"{at.isoformat()} {days[0].isoformat()}"


@pytest.mark.parametrize("executor", [LevelExecutor, StrawberryGraphQLCoreExecutionContext])
async def test_resolvers_are_told_the_moment(both: Both, executor: Any) -> None:
    schema = Schema(Query, Settings.model_construct())
    schema.operations.executor_class = executor
    contexts = ContextFactory(both["sqlite"].engines)
    contexts.now = FIRST
    text = '{ asked(at: "$NOW-P1M", days: ["$NOW+P1D"]) things(where: {moment: {lt: "$NOW"}}) { totalCount } }'
    result: Any = await schema.execute(text, context_value=contexts)
    assert result.errors is None
    assert result.data == {"asked": "2023-12-01T00:00:00+00:00 2024-01-02", "things": {"totalCount": 0}}
