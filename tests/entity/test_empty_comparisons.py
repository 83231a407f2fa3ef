"""A comparison that asks nothing: no condition for those who read, unless the settings refuse it."""

import pytest

from graph.entity import Schema
from graph.settings import Settings
from tests.entity.odd_types import Query
from tests.entity.serving import Api

STRICT = Schema(Query, Settings.model_construct(refuse_empty_comparisons=True))

GAPS = (
    ("{}", "where"),
    ("{day: {}}", "where.day"),
    ("{id: {}}", "where.id"),
    ("{day: {eq: $day}}", "where.day"),
    ("{id: {in: $ids}}", "where.id"),
    ("{and: []}", "where.and"),
    ("{and: [{}]}", "where.and[0]"),
    ("{and: [{isValid: {eq: true}}, {day: {gt: $day}}]}", "where.and[1].day"),
    ("{device: {label: {}}}", "where.device.label"),
    ('{text: {contains: ""}}', "where.text.contains"),
    ('{text: {containsIgnoreAccents: "\u0301"}}', "where.text.containsIgnoreAccents"),
    ('{text: {matches: "x*"}}', "where.text.matches"),
    ("{text: {notIn: []}}", "where.text.notIn"),
    ("{payload: {path: []}}", "where.payload.path"),
    ("{payload: {path: [{at: []}]}}", "where.payload.path[0]"),
    ("{payload: {contains: {}}}", "where.payload.contains"),
)
REAL = (
    "{device: {}}",  # has a device
    "{text: {in: []}}",
    '{text: {eq: ""}}',
    "{payload: {path: [{at: [], isNull: false}]}}",
)


FIELDS = ("readings(where: %s) { totalCount }", "readingsAggregate(where: %s) { count }")


def reading(field: str, where: str) -> str:
    used = [it for it in ("$day: Date", "$ids: [ID!]") if it.split(":")[0] in where]
    return f"query {f'({used[0]})' if used else ''} {{ found: {field % where} }}"


async def test_a_gap_is_no_condition_for_those_who_read(odd: Api, subtests: pytest.Subtests) -> None:
    for where, _ in GAPS[:9]:
        with subtests.test(where):
            listed, aggregated = [(await odd.ask(reading(field, where)))["found"] for field in FIELDS]
            assert listed["totalCount"] == aggregated["count"] > 0


async def test_a_gap_is_refused_where_the_settings_say_so(odd: Api, subtests: pytest.Subtests) -> None:
    strict = Api(STRICT, odd.engines)
    for where, place in GAPS:
        with subtests.test(where):
            for field in FIELDS:
                (error,) = await strict.errors(reading(field, where))
                assert error.startswith(
                    tuple(f"{place}: {said}" for said in ("this asks", "an empty value", "this pattern"))
                )
    for where in REAL:
        with subtests.test(where):
            assert [await strict.errors(reading(field, where)) for field in FIELDS] == [[], []]
    assert (await strict.ask("{ readings { totalCount } }"))["readings"]["totalCount"] == 4
    assert (await strict.ask("query ($w: ReadingFilter) { readings(where: $w) { totalCount } }"))["readings"]


async def test_a_gap_below_a_relation_and_in_a_group_is_refused_too(odd: Api) -> None:
    strict = Api(STRICT, odd.engines)
    for document, place in (
        ("{ devices { nodes { readings(where: {day: {}}) { totalCount } } } }", "where.day"),
        ("{ devices(where: {readings: {}}) { totalCount } }", "where.readings"),
        ("{ devices(where: {readings: {every: {}}}) { totalCount } }", "where.readings.every"),
        ("{ devices(where: {readings: {count: {}}}) { totalCount } }", "where.readings.count"),
        ("{ devices(where: {readings: {some: {day: {}}}}) { totalCount } }", "where.readings.some.day"),
        ("{ messages(where: {sender: {}}) { totalCount } }", "where.sender"),  # every message has one
        ("{ readingsAggregate { groupBy(by: [{value: DAY}], having: {}) { nodes { count } } } }", "having"),
        (
            "{ readingsAggregate { groupBy(by: [{value: DAY}], having: {count: {}}) { nodes { count } } } }",
            "having.count",
        ),
        (
            "{ readingsAggregate { groupBy(by: [{value: DAY}], having: {max: {level: {}}}) { nodes { count } } } }",
            "having.max.level",
        ),
    ):
        errors = await strict.errors(document)
        assert errors, document
        assert all(error.startswith(f"{place}: ") for error in errors), errors
        assert await odd.errors(document) == []
    for real in ("{some: {}}", "{none: {}}"):
        assert await strict.errors(f"{{ devices(where: {{readings: {real}}}) {{ totalCount }} }}") == []
