"""What is shown of a document: its names, and no value, however it is written."""

from types import SimpleNamespace

import pytest
from graphql import FragmentDefinitionNode, OperationDefinitionNode, parse

from graph.telemetry.shown import MAX_TEXT, shown


def text_of(document: str) -> str:
    definitions = parse(document).definitions
    (node,) = (it for it in definitions if isinstance(it, OperationDefinitionNode))
    fragments = {it.name.value: it for it in definitions if isinstance(it, FragmentDefinitionNode)}
    operation = SimpleNamespace(node=node, fragments=fragments, shown=None)
    text = shown(operation)  # type: ignore[arg-type]
    assert shown(operation) is text  # type: ignore[arg-type]
    return text


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ("{ a }", "{ a }"),
        (
            'query A($n: [Int!]! = [1] @d(x: "s")) @e { b: c(d: $n) }',
            "query A($n: [Int!]! = ? @d(x: ?)) @e { b: c(d: $n) }",
        ),
        (
            '{ a(w: {t: {eq: "s"}, n: [1, $x]}, f: 3, o: DESC, y: true, z: null, g: -1.5) { ...F } } '
            'fragment F on B @d(i: false) { c(s: """block""") ... on B { d } ... @skip(if: $x) { e } }',
            "{ a(w: { t: { eq: ? }, n: ? }, f: ?, o: ?, y: ?, z: ?, g: ?) { ...F } }"
            " fragment F on B @d(i: ?) { c(s: ?) ... on B { d } ... @skip(if: $x) { e } }",
        ),
        ("{ a # secret\n}", "{ a }"),
        ('"secret" query A { a }', "? query A { a }"),
        ("mutation { a(\ufeffe: 1) }", "mutation { a(e: ?) }"),
    ],
)
def test_names_stay_and_values_go(document: str, expected: str) -> None:
    assert text_of(document) == expected


def test_a_long_text_is_cut() -> None:
    text = text_of("{" + "...{" * 100 + "".join(f" a{number}(b: {number})" for number in range(5_000)) + "}" * 101)
    assert len(text) == MAX_TEXT
    assert text.startswith("{" + " ... {" * 100 + " a0(b: ?) a1(b: ?)")
