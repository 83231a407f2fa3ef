"""Filters and orders by what is computed over related rows: alike on every database, exact, and in few statements."""

from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

import pytest
from graphql import get_named_type
from hypothesis import given
from hypothesis import strategies as st

from graph.context import ContextFactory
from graph.entity import Schema
from graph.entity.directions import is_ordered
from graph.entity.filter_form import form_of
from graph.entity.group_values import group_fields
from graph.entity.measure_filters import COMPARED, compared
from graph.entity.measure_sorts import sorted_by
from graph.entity.measures import FUNCTIONS
from graph.entity.registry import Entity, Relation, entity_of
from graph.settings import Settings
from tests.databases import StatementRecorder
from tests.entity.amounts import SAMPLE as AMOUNTS
from tests.entity.asking import Inquiry, is_within, query_fields
from tests.entity.conftest import Filled
from tests.entity.laws import Both, tried
from tests.entity.odd_rows import ODD
from tests.entity.orchard import ORCHARD, TYPES, Farm
from tests.entity.questions import Question, Subject
from tests.entity.sales_types import SALES
from tests.entity.serving import Api, Sample, serve

SUBJECT = Subject(ORCHARD, *TYPES)

WHOLE, PART, TOGETHER = 30, 7, 10


@pytest.fixture
async def orchard(dialect: str, filled: Filled) -> AsyncIterator[Api]:
    async with serve(await filled(ORCHARD, dialect), ORCHARD) as api:
        yield api


@pytest.fixture
async def orchards(filled: Filled) -> AsyncIterator[Both]:
    sqlite, postgresql = await filled(ORCHARD, "sqlite"), await filled(ORCHARD, "postgresql")
    async with serve(sqlite, ORCHARD) as first, serve(postgresql, ORCHARD) as second:
        yield {"sqlite": first, "postgresql": second}


@tried(10)
@given(data=st.data())
async def test_both_databases_answer_what_python_reckons(data: st.DataObject, orchards: Both) -> None:
    question: Question = data.draw(SUBJECT.questions())
    for api in orchards.values():
        await Inquiry(api, SUBJECT, question).check()


async def names(api: Api, where: str) -> list[str]:
    found = await api.ask(f"{{ farms(where: {where}, first: 100) {{ nodes {{ id }} }} }}")
    return [node["id"] for node in found["farms"]["nodes"]]


async def test_sums_of_doubles_are_equal_in_whatever_order_they_are_added(orchard: Api) -> None:
    """0.1 + 0.2 + 0.3 is more than 0.3 + 0.2 + 0.1: rows of equal sums come in the order of their keys, by pages."""
    ask = """query ($after: String) {
        farms(where: {trees: {count: {eq: 3}}}, orderBy: [{trees: {sum: {weight: ASC}}}], first: 1, after: $after) {
            totalCount nodes { id } pageInfo { endCursor hasNextPage }
        }
    }"""
    walked, after = list[str](), None
    while True:
        page = (await orchard.ask(ask, after=after))["farms"]
        walked += [node["id"] for node in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert len(walked) == page["totalCount"] == 8
    assert walked == await names(orchard, "{trees: {count: {eq: 3}}}")


async def test_measures_of_one_list_are_asked_in_one_subquery(orchard: Api, statements: StatementRecorder) -> None:
    asked = """{trees: {where: {kind: {isNull: false}}, count: {gte: 1, lt: 9},
        sum: {apples: {gt: "1"}, price: {gte: "0"}}, max: {planted: {gt: "1999-01-01"}}}}"""
    with statements() as seen:
        assert await names(orchard, asked)
    assert len(seen) == 1
    assert seen[0].count("FROM trees") == 1


async def test_a_page_per_parent_in_the_order_of_a_measure_costs_one_statement(
    orchard: Api, statements: StatementRecorder
) -> None:
    by = "[{trees: {orderBy: [{planted: DESC}], first: {price: ASC}}}, {trees: {max: {weight: DESC}}}]"
    with statements() as seen:
        found = await orchard.ask(
            f"{{ regions {{ nodes {{ farms(first: 2, orderBy: {by}) {{ nodes {{ id }} }} }} }} }}"
        )
    assert sum(len(region["farms"]["nodes"]) for region in found["regions"]["nodes"]) > 2
    # The regions, and the farms of all of them.
    assert len(seen) == 2


def test_filters_of_one_form_share_a_statement() -> None:
    def key(least: int, kind: str) -> Any:
        asked = {"where": {"kind": {"eq": kind}}, "count": {"gte": least}, "sum": {"price": {"gt": least}}}
        found = form_of(entity_of(Farm), {"trees": asked}, "p")
        return found and (found.key, found.values)

    (one, values), (other, others) = key(1, "apple"), key(2, "pear")
    assert one == other
    assert (list(values.values()), list(others.values())) == (["apple", 1, 1], ["pear", 2, 2])


REFUSED = {
    "where: {trees: {where: {kind: {eq: null}}, count: {gt: 1}}}": "where.trees.where.kind.eq: null compares nothing",
    "where: {trees: {where: {kind: {}}}}": "where.trees.where: nothing is asked of these rows; say `some` or `count`",
    "where: {trees: {where: null, count: {gt: 1}}}": "where.trees.where: null asks nothing",
    "where: {trees: {sum: null}}": "where.trees.sum: null asks nothing",
    "where: {trees: {max: {kind: null}}}": "where.trees.max.kind: null asks nothing",
    "where: {trees: {count: null}}": "where.trees.count: null asks nothing",
    "where: {trees: {min: {farm: {id: {isNull: false}}}}}": "where.trees.min.farm: `min` is asked of values of",
    "where: {trees: {max: {and: []}}}": "where.trees.max.and: `max` is asked of values of the rows; this is none",
    "where: {trees: {countDistinct: {gt: 1}}}": "where.trees.countDistinct: say whose values: `of`",
    "where: {trees: {of: KIND, count: {gt: 1}}}": "where.trees.of: nothing is asked of these values",
    "orderBy: [{trees: {where: {kind: {eq: null}}, count: ASC}}]": "orderBy.trees.where",
    "orderBy: [{trees: {where: {or: [{}]}, count: ASC}}]": "an empty filter in `or`",
    "orderBy: [{trees: {where: null, count: ASC}}]": "orderBy.trees.where: null puts nothing in order",
    "orderBy: [{trees: {count: null}}]": "orderBy.trees.count: null puts nothing in order",
    "orderBy: [{trees: {first: {farm: {trees: {first: {farm: {trees: {first:"
    " {farm: {region: {code: ASC}}}}}}}}}}}]": "`orderBy` leads over at most 5 relations",
    "orderBy: [{trees: {sum: {weight: ASC, apples: ASC}}}]": "exactly one",
    "orderBy: [{trees: {sum: {kind: ASC}}}]": "orderBy.trees.sum.kind: `sum` has no order over this",
    "orderBy: [{trees: {min: {farm: {name: ASC}}}}]": "orderBy.trees.min.farm: `min` has no order over this",
    "orderBy: [{trees: {count: ASC, max: {kind: ASC}}}]": "orderBy.trees: the order is by `count` and `max`; name one",
    "orderBy: [{trees: {}}]": "orderBy.trees: the order is by nothing; name one thing, for instance `count: DESC`",
    "orderBy: [{trees: {orderBy: [{kind: ASC}], count: ASC}}]": "orderBy.trees.orderBy: this belongs to `first`",
    "orderBy: [{trees: {of: KIND, count: ASC}}]": "orderBy.trees.of: this belongs to `countDistinct`",
    "orderBy: [{trees: {countDistinct: ASC}}]": "orderBy.trees.countDistinct: say whose values",
    "orderBy: [{trees: {key: {}}}]": "orderBy.trees.key: only groups share something",
}


@pytest.mark.parametrize(("asked", "told"), REFUSED.items(), ids=REFUSED)
async def test_what_makes_no_sense_is_refused_with_its_place(
    orchard: Api, statements: StatementRecorder, asked: str, told: str
) -> None:
    with statements() as seen:
        (error, *_) = await orchard.errors(f"{{ farms({asked}) {{ nodes {{ id }} }} }}")
    assert told in error
    assert seen == []


async def test_a_cursor_belongs_to_the_filter_of_its_order(orchard: Api) -> None:
    ask = """query ($after: String, $kind: String!) {
        farms(first: 1, after: $after, orderBy: [
            {trees: {where: {kind: {eq: $kind}}, count: DESC}}
        ]) { pageInfo { endCursor } }
    }"""
    cursor = (await orchard.ask(ask, kind="apple"))["farms"]["pageInfo"]["endCursor"]
    assert (await orchard.ask(ask, kind="apple", after=cursor))["farms"]["pageInfo"]["endCursor"] != cursor
    (told,) = await orchard.errors(ask, kind="Pear", after=cursor)
    assert told == "`after` is not a cursor of this ordering; start again without it."


@pytest.mark.parametrize(
    "asked",
    [
        "where: {trees: {where: {kind: {}}, count: {gt: 1}}}",
        "where: {trees: {sum: {price: {}}}}",
        "where: {trees: {min: {}}}",
        "orderBy: [{trees: {where: {kind: {}}, count: ASC}}]",
        "orderBy: [{region: {farms: {orderBy: [{trees: {where: {}, count: ASC}}], first: {name: ASC}}}}]",
    ],
)
async def test_gaps_are_refused_where_the_settings_say_so(orchard: Api, asked: str) -> None:
    query = f"{{ farms({asked}) {{ nodes {{ id }} }} }}"
    assert await orchard.ask(query)
    strict = Schema(ORCHARD.query, Settings.model_construct(refuse_empty_comparisons=True, max_work=1_000))
    result = await strict.execute(query, context_value=ContextFactory(orchard.engines))
    assert ["this asks nothing" in error.message for error in result.errors or ()] == [True]


def lists_of(api: Api) -> Iterator[tuple[str, Entity, Relation]]:
    """The lists that rows have: with the field at the root that has these rows, and their entity."""
    for name, field in query_fields(api).items():
        shown: Any = api.schema.get_type_by_name(get_named_type(field.type).name.removesuffix("Connection"))
        entity = entity_of(shown.origin) if {"after", "orderBy"} <= field.args.keys() else None
        if entity is not None:
            yield from ((name, entity, relation) for relation in entity.relations.values() if relation.link.to_many)


def orders_of(entity: Entity) -> Iterator[str]:
    """Every measure that a list of an entity's rows can be ordered by, and some values of its first."""
    yield "{count: DESC}"
    for function in FUNCTIONS:
        for name in sorted_by(entity, function):
            if is_within(entity, function.name, name):
                yield f"{{{function.name}: {{{name}: ASC_NULLS_FIRST}}}}"
    if group_fields(entity):
        yield f"{{of: {next(iter(group_fields(entity)))}, countDistinct: DESC}}"
    values = [name for name, attribute in entity.attributes.items() if is_ordered(attribute)]
    for value in values[:3]:
        yield f"{{orderBy: [{{{values[0]}: DESC}}], first: {{{value}: DESC}}}}"


def filters_of(entity: Entity) -> Iterator[str]:
    """A filter for everything that is computed over a list of an entity's rows."""
    for function in COMPARED:
        for name in compared(entity, function):
            if is_within(entity, function.name, name):
                yield f"{{{function.name}: {{{name}: {{isNull: false}}}}}}"
    for name in group_fields(entity):
        yield f"{{of: {name}, countDistinct: {{gte: 1}}}}"


@pytest.mark.parametrize("sample", [ODD, SALES, AMOUNTS], ids=lambda sample: sample.name)
async def test_everything_that_is_computed_over_a_list_filters_and_orders(
    sample: Sample, dialect: str, filled: Filled
) -> None:
    """Over composite keys, views, rows without a key, numbers at the ends of their types: pages are one order."""
    async with serve(await filled(sample, dialect), sample) as api:
        for name, entity, relation in lists_of(api):
            target, field = relation.target(), relation.graphql_name
            wheres = [f"{{{field}: {where}}}" for where in filters_of(target)]
            await asked_together(api, [f"{name}(where: {where}) {{ totalCount }}" for where in wheres])
            orders = [f"orderBy: [{{{field}: {order}}}]" for order in orders_of(target)]
            whole = await pages(api, name, [f"{order}, first: {WHOLE}" for order in orders])
            if not entity.key or not all(len(page) > PART for page in whole):
                continue
            behind = [
                f'{order}, first: {WHOLE}, after: "{page[PART - 1]}"' for order, page in zip(orders, whole, strict=True)
            ]
            for page, rest in zip(whole, await pages(api, name, behind), strict=True):
                assert rest[: WHOLE - PART] == page[PART:]


async def pages(api: Api, name: str, arguments: Sequence[str]) -> list[list[str]]:
    """The cursors of one page for each of some arguments."""
    found = await asked_together(api, [f"{name}({given}) {{ edges {{ cursor }} }}" for given in arguments])
    return [[edge["cursor"] for edge in page["edges"]] for page in found]


async def asked_together(api: Api, fields: Sequence[str]) -> list[Any]:
    """The answers to fields, which are asked for a few at once."""
    answers: list[Any] = []
    for start in range(0, len(fields), TOGETHER):
        asked = (f"a{at}: {field}" for at, field in enumerate(fields[start : start + TOGETHER]))
        answers += (await api.ask(f"{{ {' '.join(asked)} }}")).values()
    return answers
