"""A change is in use when somebody uses what it touches, and unused only when nobody does."""

from datetime import timedelta

import pytest

from graph.contract.sources import read_contract
from graph.contract.usage import Usage, Used
from graph.contract.verdicts import Terms, check
from tests.contract.cases import TODAY

INTERFACE = "interface N { a: Int b: Int } type T implements N { a: Int b: Int } type Query { n: N }"


def used(old: str, new: str, coordinate: str) -> set[str]:
    """The kinds of changes that the use of one coordinate shows in."""
    usage = Usage(30, TODAY, {coordinate: [Used("web", "1", 2, TODAY - timedelta(1))]})
    before, after = (read_contract(text.encode(), "The text") for text in (old, new))
    report = check(before, after, Terms(TODAY, usage, allow_unused=True))
    assert all(bool(verdict.allowed) is not bool(verdict.used) for verdict in report.verdicts if verdict.criticality)
    return {verdict.change.kind.name for verdict in report.verdicts if verdict.used}


@pytest.mark.parametrize(
    ("old", "new", "coordinates", "others"),
    [
        ("type Query { a: Int b: Int }", "type Query { a: Int }", "Query.b", "Query.a Query"),
        ("type Query { a: Int }", "type Query { a(x: Int!): Int }", "Query.a", "Query.b"),
        ("type Query { a(x: Int): Int }", "type Query { a: Int }", "Query.a(x:)", "Query.a"),
        ("type Query { a(x: Int = 1): Int }", "type Query { a(x: Int = 2): Int }", "Query.a", "Query.a(x:)"),
        (
            "type Query { a(x: [I!]): Int } input I { p: Int q: J } input J { r: Int }",
            "type Query { a(x: [I!]): Int } input I { p: Int q: J } input J { r: Int s: Int! }",
            "I.q J.r J",
            "Query.a I.p",
        ),
        (
            "type Query { a(x: E): E } enum E { P Q }",
            "type Query { a(x: E): E } enum E { P }",
            "E.Q Query.a",
            "E.P Query.a(x:)",
        ),
        (
            "type Query { a(x: E): E } enum E { P }",
            "type Query { a(x: E): E } enum E { P Q }",
            "Query.a",
            "Query.a(x:) E.P",
        ),
        (INTERFACE, INTERFACE.replace(" b: Int", ""), "N.b T.b", "N.a T.a Query.n"),
        (
            "type Query { u: U } union U = P | Q type P { a: Int } type Q { a: Int }",
            "type Query { u: U } union U = P type P { a: Int } type Q { a: Int }",
            "Query.u",
            "P.a",
        ),
        (
            "type Query { s: S a(x: S): Int } scalar S",
            "type Query { s: S a(x: S): Int } enum S { X }",
            "Query.s Query.a(x:) S",
            "Query.a",
        ),
        ("directive @d(x: Int) on FIELD type Query { a: Int }", "type Query { a: Int }", "@d", "@d(x:) Query.a"),
        (
            "type Query { a: Int } schema { query: Query mutation: M } type M { m: Int }",
            "type Query { a: Int } schema { query: Query } type M { m: Int }",
            "M.m",
            "Query.a",
        ),
    ],
)
def test_a_change_is_used_by_who_uses_what_it_touches(old: str, new: str, coordinates: str, others: str) -> None:
    for coordinate in coordinates.split():
        assert used(old, new, coordinate), coordinate
    for coordinate in others.split():
        assert not used(old, new, coordinate), coordinate


def test_the_same_client_is_named_once() -> None:
    old, new = (read_contract(text.encode(), "The text") for text in (INTERFACE, INTERFACE.replace(" b: Int", "")))
    uses = {at: [Used("web", "1", 2, TODAY - timedelta(days))] for days, at in enumerate(("N.b", "T.b"))}
    first, *_ = check(old, new, Terms(TODAY, Usage(30, TODAY, uses))).verdicts
    assert first.used == [Used("web", "1", 4, TODAY)]
