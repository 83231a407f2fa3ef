"""A client's mistakes are told in few and short sentences, found in bounded time, and remembered."""

from typing import Any

import pytest
from graphql import GraphQLError, OperationType, build_schema

from graph.entity import Schema
from graph.prepare import documents
from graph.prepare.documents import InvalidDocument, NotAllowed, OperationRequest, Preparer
from graph.prepare.limits import Limits
from graph.prepare.mistakes import MAX_ERRORS, MAX_MESSAGE, MAX_QUOTED, MAX_SUGGESTED, shortened
from graph.settings import Settings
from tests.entity.market import Query
from tests.prepare.calls import calls

LIMITS = Limits(max_tokens=10_000, max_statements=100, max_rows=1_000, max_values=1_000)

MANY = {
    "types of twenty letters": "{" + " ".join(f"... on Abcdefghij{n:010d} {{ id }}" for n in range(100)) + "}",
    "input fields": "{ tracks(where: {" + " ".join(f"x{n}: 1" for n in range(2_500)) + "}) { totalCount } }",
    "fields": "{" + " ".join(f"track{n}" for n in range(3_000)) + "}",
    "arguments": "{ tracks(" + " ".join(f"first{n}: 1" for n in range(2_500)) + ") { totalCount } }",
    "directives": "{ __typename " + " ".join(f"@skip{n}" for n in range(3_000)) + "}",
    "wrong values": "{ tracks(where: {milliseconds: {in: [" + '"x" ' * 3_000 + "]}}) { totalCount } }",
}

LONG = {
    "a text": '{ tracks(first: "' + "x" * 5_000 + '") { totalCount } }',
    "a text with quotes": '{ tracks(first: "' + "x'x\\\"" * 5_000 + '") { totalCount } }',
    "a name": "{" + "x" * 5_000 + "}",
    "a list": "{ tracks(first: [" + "1 " * 2_000 + "]) { totalCount } }",
    "an object": "{ tracks(where: {x: {" + " ".join(f"x{n}: 1" for n in range(900)) + "}}) { totalCount } }",
    "an enum": "{ tracks(orderBy: [{name: " + "A" * 5_000 + "}]) { totalCount } }",
    "a moment": '{ invoices(where: {invoiceDate: {eq: "' + "1" * 5_000 + '"}}) { totalCount } }',
    "no document": "{ tracks } " + "x" * 5_000,
    "equal arguments": "{ tracks(" + "first: 1 " * 2_000 + ") { totalCount } }",
}


@pytest.fixture
def preparer(schema: Schema) -> Preparer:
    """Keeps three documents."""
    return Preparer(schema._schema, LIMITS, capacity=3)  # noqa: SLF001 - Strawberry has no public way to it


def refusals(preparer: Preparer, text: str) -> list[GraphQLError]:
    """What is wrong with a document."""
    with pytest.raises(InvalidDocument) as refused:
        preparer.prepare(text)
    return refused.value.errors


def wrong_variables(preparer: Preparer, variables: dict[str, Any]) -> list[GraphQLError]:
    """What is wrong with the variables of a list of tracks."""
    prepared = preparer.prepare(
        "query ($where: TrackFilter, $first: Int) { tracks(where: $where, first: $first) { totalCount } }"
    )
    with pytest.raises(InvalidDocument) as refused:
        preparer.check(preparer.operation(prepared, None), variables)
    return refused.value.errors


@pytest.mark.parametrize("text", MANY.values(), ids=MANY)
def test_of_many_errors_few_are_told(preparer: Preparer, text: str) -> None:
    errors = refusals(preparer, text)
    assert 1 < len(errors) <= MAX_ERRORS
    assert errors[-1].message.startswith("Too many validation errors")
    assert sum(len(error.message) for error in errors) < 10_000


@pytest.mark.parametrize("text", LONG.values(), ids=LONG)
def test_a_message_quotes_little_of_what_is_long(preparer: Preparer, text: str) -> None:
    for error in refusals(preparer, text):
        assert len(error.message) <= MAX_MESSAGE
        assert len(error.locations or ()) <= 20


def test_of_a_value_two_hundred_characters_are_quoted() -> None:
    for long in ("x" * 201, "x" * 100_000):
        for message in (f"Int cannot represent value: {long}", f"Not '{long}', said here.", f'Not "{long}".'):
            assert shortened(message).count("x") == MAX_QUOTED
    assert shortened("Value '" + "x" * 200 + "' is one.") == "Value '" + "x" * 200 + "' is one."


def test_wrong_variables_are_told_in_few_and_short_sentences(preparer: Preparer) -> None:
    for where in (
        {f"name{n}": "x" * 300 for n in range(2_500)},
        {"milliseconds": {"in": ["x" * 300] * 2_500}},
        {"and": [{"x": {"y": ["z" * 300] * 300}}] * 2_500},
    ):
        errors = wrong_variables(preparer, {"where": where})
        assert len(errors) == MAX_ERRORS
        assert errors[-1].message.startswith("Too many errors")
        assert max(len(error.message) for error in errors) <= MAX_MESSAGE
    (alone,) = wrong_variables(preparer, {"first": "x" * 300})
    assert alone.message.count("x") <= MAX_QUOTED + 2


def test_ordinary_slips_of_the_pen_get_suggestions(preparer: Preparer) -> None:
    slips = {
        "{ trackss { totalCount } }": "Did you mean 'tracks'",
        "{ tracks { nodes { ...  on Trakc { id } } } }": "Did you mean 'Track'",
        "{ tracks(frst: 1) { totalCount } }": "Did you mean 'first'",
        "{ tracks(where: {nme: {}}) { totalCount } }": "Did you mean 'name'",
    }
    for text, suggestion in slips.items():
        assert suggestion in refusals(preparer, text)[0].message
    assert "Did you mean 'name'" in wrong_variables(preparer, {"where": {"nme": {}}})[0].message


def test_the_first_errors_of_many_get_suggestions(preparer: Preparer) -> None:
    told = [" Did you mean" in error.message for error in refusals(preparer, MANY["fields"])]
    suggested = told.count(True)  # fewer than three, where there are many types
    assert 0 < suggested <= MAX_SUGGESTED
    assert told == [True] * suggested + [False] * (MAX_ERRORS - suggested)


def test_the_more_types_the_fewer_suggestions() -> None:
    types = [f"type Type{number} {{ name: String }}" for number in range(1_000)]
    large = Preparer(build_schema("type Query { name: String } " + " ".join(types)), LIMITS, capacity=3)
    told = [" Did you mean" in error.message for error in refusals(large, "{ nam naem nme name1 }")]
    assert told == [True, False, False, False]


def test_a_hidden_schema_suggests_nothing(schema: Schema) -> None:
    hidden = Schema(Query, Settings().model_copy(update={"introspection": False})).preparer
    messages = [error.message for error in refusals(hidden, MANY["fields"])]
    messages += [error.message for error in wrong_variables(hidden, {"where": {"nme": {}}})]
    assert not [message for message in messages if "Did you mean" in message]


@pytest.mark.parametrize("text", [*MANY.values(), "{", *LONG.values()], ids=[*MANY, "text", *LONG])
def test_the_second_refusal_costs_a_look_up(preparer: Preparer, text: str) -> None:
    first = refusals(preparer, text)
    assert calls(lambda: refusals(preparer, text)) < 50
    assert refusals(preparer, text) == first


def test_a_remembered_refusal_knows_the_kinds_of_its_operations(preparer: Preparer) -> None:
    request = OperationRequest("mutation A { nothing } query B { nothing }", operation_name="A")
    for _ in range(2):
        with pytest.raises(NotAllowed):
            preparer.checked(request, {OperationType.QUERY})
        with pytest.raises(InvalidDocument, match="Cannot query field 'nothing'"):
            preparer.checked(request._replace(operation_name="B"), {OperationType.QUERY})


def test_refusals_are_remembered_within_a_number_and_bytes(schema: Schema, monkeypatch: pytest.MonkeyPatch) -> None:
    graphql = schema._schema  # noqa: SLF001 - as above
    monkeypatch.setattr(documents, "MAX_REFUSED", 2)
    few = Preparer(graphql, LIMITS, capacity=3)
    monkeypatch.undo()
    refusals(few, "{ nothing }")
    size = few.figures["refused_documents"].bytes
    # Refusals have a sixteenth of all bytes: room for five that are so short.
    small = Preparer(graphql, LIMITS, capacity=3, max_cache_bytes=16 * 5 * size)
    for preparer in (few, small):
        first = refusals(preparer, "{ nothing }")
        assert refusals(preparer, "{ nothing }")[0] is first[0]
        for number in range(5):
            refusals(preparer, f"{{ nothing{number} }}")
        assert refusals(preparer, "{ nothing }")[0] is not first[0]
