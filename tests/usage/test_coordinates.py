"""What operations use, in their documents and in the values of their variables."""

from collections.abc import Mapping
from typing import Any

from graphql import FragmentDefinitionNode, GraphQLSchema, build_schema, get_operation_ast, parse, validate
from hypothesis import given
from hypothesis import strategies as st

from graph.deprecations import parts_of
from graph.prepare.coordinates import OperationCoordinates, SchemaCoordinates
from tests.entity.laws import tried
from tests.execute.agreement.known import Known
from tests.execute.agreement.operations import operations
from tests.usage.naive import coordinates
from tests.usage.schemas import schemas

SHOP = build_schema("""
interface Thing { id: ID! name(upper: Boolean): String }
type Book implements Thing { id: ID! name(upper: Boolean): String pages: Int }
type Toy implements Thing { id: ID! name(upper: Boolean): String kind: Kind }
union Found = Book | Toy
enum Kind { SOFT HARD }
input Wish { kind: Kind, any: [Wish!], word: String, extra: JSON }
scalar JSON
type Query { things(where: Wish, kinds: [Kind!]): [Thing!]! find(word: String = "a"): Found toy: Toy }
""")


def collected(schema: GraphQLSchema, text: str, name: str | None = None) -> OperationCoordinates:
    document = parse(text)
    assert not validate(schema, document)
    operation = get_operation_ast(document, name)
    assert operation is not None
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    return SchemaCoordinates(schema).of(operation, fragments)


def used(text: str, variables: Mapping[str, Any] | None = None, name: str | None = None) -> set[str]:
    found = collected(SHOP, text, name)
    return {*found.fixed, *found.in_variables(variables)}


@tried(40)
@given(data=st.data())
def test_coordinates_are_those_of_a_naive_walk(data: st.DataObject) -> None:
    schema = data.draw(schemas())
    operation = data.draw(operations(Known(schema, {"": ["1"]}, {}, {})))
    found = collected(schema, operation.text)
    walked = coordinates(schema, parse(operation.text), operation.variables)
    assert {*found.fixed, *found.in_variables(operation.variables)} == walked


@tried(10)
@given(data=st.data())
def test_deprecated_uses_are_the_used_that_are_deprecated(data: st.DataObject) -> None:
    schema = data.draw(schemas())
    deprecated = {coordinate for coordinate, part in parts_of(schema) if part.deprecation_reason is not None}
    found = collected(schema, data.draw(operations(Known(schema, {"": ["1"]}, {}, {}))).text)
    assert {use.coordinate for use in found.deprecated} == found.fixed & deprecated


def test_a_field_of_an_interface_counts_for_the_interface() -> None:
    assert used("{ things { id ... on Book { id pages } } }") == {
        "Query.things", "Thing.id", "Book", "Book.id", "Book.pages",
    }  # fmt: skip


def test_a_field_behind_an_alias_a_union_and_a_fragment_counts() -> None:
    text = "{ x: find { ...F } } fragment F on Found { __typename ... on Toy { t: kind } }"
    assert used(text) == {"Query.find", "Found", "Toy", "Toy.kind"}


def test_values_count_in_literals_in_variables_and_in_defaults() -> None:
    literal = used("{ things(where: {any: [{kind: SOFT}]}) { id } }")
    values = {"Query.things", "Query.things(where:)", "Thing.id", "Wish", "Wish.any", "Wish.kind", "Kind.SOFT"}
    assert literal == values
    variable = "query ($w: Wish) { things(where: $w) { id } }"
    assert used(variable, {"w": {"any": [{"kind": "SOFT"}]}}) == values
    assert used("query ($w: Wish = {any: {kind: SOFT}}) { things(where: $w) { id } }") == values
    inside = "query ($k: Kind) { things(where: {any: {kind: $k}}) { id } }"
    assert used(inside, {"k": "SOFT"}) == values | {"Kind"}


def test_a_field_that_is_given_null_counts_and_what_is_inside_a_scalar_does_not() -> None:
    text = "query ($w: Wish) { things(where: $w) { id } }"
    given = {"w": {"kind": None, "extra": {"kind": "SOFT", "any": [{}]}}}
    expected = {"Query.things", "Query.things(where:)", "Thing.id", "Wish", "Wish.kind", "Wish.extra"}
    assert used(text, given) == expected
    assert used("{ things(where: {kind: null, extra: {kind: SOFT, any: [{}]}}) { id } }") == expected


def test_one_value_in_the_place_of_a_list_counts() -> None:
    text = "query ($k: [Kind!]) { things(kinds: $k) { id } }"
    assert used(text, {"k": "HARD"}) >= {"Kind.HARD"}
    assert used(text, {"k": ["HARD", "SOFT"]}) >= {"Kind.HARD", "Kind.SOFT"}


def test_what_is_skipped_counts_and_other_operations_do_not() -> None:
    text = "query A($no: Boolean!) { toy @skip(if: $no) { id } } query B { find { __typename } }"
    assert used(text, {"no": True}, "A") == {"Boolean", "Query.toy", "@skip", "@skip(if:)", "Toy.id"}


def test_introspection_does_not_count() -> None:
    assert used('{ __typename __schema { types { name } } __type(name: "Toy") { fields { name } } }') == set()


def test_variables_that_are_not_declared_do_not_count() -> None:
    assert used("query ($k: [Kind!]) { things(kinds: $k) { id } }", {"w": {"kind": "SOFT"}}) == {
        "Query.things", "Query.things(kinds:)", "Thing.id", "Kind",
    }  # fmt: skip
