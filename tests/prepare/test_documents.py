"""A document is parsed and validated once, kept for a while, and never mixed up with another."""

import pytest
from graphql import GraphQLError

from db.session.engines import Engines
from graph.entity import Schema
from graph.prepare import documents
from graph.prepare.documents import InvalidDocument, Preparer
from graph.prepare.limits import Limits
from tests.execute.running import codes, data_of, run

LIMITS = Limits(max_tokens=1_000, max_statements=100, max_rows=1_000, max_values=1_000)


@pytest.fixture
def preparer(schema: Schema) -> Preparer:
    """Keeps three documents."""
    return Preparer(schema._schema, LIMITS, capacity=3)  # noqa: SLF001 - Strawberry has no public way to it


def test_the_same_text_is_prepared_once(preparer: Preparer) -> None:
    first = preparer.prepare("{ albums { totalCount } }")
    assert preparer.prepare("{ albums { totalCount } }") is first
    assert preparer.prepare("{ albums { totalCount  } }") is not first


async def test_the_second_run_neither_parses_nor_validates(
    schema: Schema, filled: Engines, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = "query ($first: Int) { genres(first: $first) { nodes { name } } }"
    first = await data_of(schema, filled, query, {"first": 2})

    def again(*_: object, **__: object) -> None:
        raise AssertionError("This was done before.")

    for module in (documents, "strawberry.schema.schema"):
        monkeypatch.setattr(f"{getattr(module, '__name__', module)}.parse", again)
        monkeypatch.setattr(f"{getattr(module, '__name__', module)}.validate", again)
    assert await data_of(schema, filled, query, {"first": 2}) == first
    # Variables are no part of what is kept.
    assert len((await data_of(schema, filled, query, {"first": 1}))["genres"]["nodes"]) == 1
    # What has been kept is priced anew: the price depends on the variables.
    costly = await run(schema, filled, query, {"first": 100}, operation_extensions={"cost": True})
    assert costly.extensions is not None
    assert costly.extensions["cost"]["rows"] == 101


def test_the_least_recently_used_document_goes_first(preparer: Preparer) -> None:
    texts = [f"{{ {name} {{ totalCount }} }}" for name in ("albums", "artists", "genres", "tracks")]
    albums, artists, genres = (preparer.prepare(text) for text in texts[:3])
    preparer.prepare(texts[0])  # used again: now `artists` is the oldest
    preparer.prepare(texts[3])
    assert preparer.prepare(texts[0]) is albums
    assert preparer.prepare(texts[2]) is genres
    assert preparer.prepare(texts[1]) is not artists


def test_long_documents_make_room_by_their_length(schema: Schema) -> None:
    short = "{ __typename }"
    size = Preparer(schema._schema, LIMITS, capacity=1).prepare(short).size  # noqa: SLF001 - as above
    # The documents have 6/16 of all bytes: room for eight that are so short.
    preparer = Preparer(schema._schema, LIMITS, 1_000, max_cache_bytes=8 * size * 16 // 6 + 1)  # noqa: SLF001 - as above
    first = preparer.prepare(short)
    assert preparer.prepare(short) is first
    for number in range(8):
        preparer.prepare(f"{{ a{number}: __typename }}")
    assert preparer.prepare(short) is not first
    entries, taken, most, dropped, *_ = preparer.figures["documents"]
    assert entries < 8
    assert taken <= most
    assert dropped > 0


def test_a_document_that_would_push_out_a_quarter_of_all_others_is_not_kept(schema: Schema) -> None:
    short = "{ __typename }"
    size = Preparer(schema._schema, LIMITS, capacity=1).prepare(short).size  # noqa: SLF001 - as above
    preparer = Preparer(schema._schema, LIMITS, 1_000, max_cache_bytes=8 * size * 16 // 6 + 1)  # noqa: SLF001 - as above
    first = preparer.prepare(short)
    long = "{ a: __typename b: __typename }"
    assert preparer.prepare(long) is not preparer.prepare(long)
    assert preparer.prepare(short) is first


def test_what_is_refused_pushes_nothing_out(preparer: Preparer) -> None:
    kept = [preparer.prepare(f"{{ a{number}: __typename }}") for number in range(3)]
    for text in ("{", "{ nonsense }", "{" + " a" * 2_000 + "}"):
        refusals = []
        for _ in range(2):
            with pytest.raises(InvalidDocument) as refused:
                preparer.prepare(text)
            refusals.append(refused.value.errors)
        assert refusals[0] == refusals[1]
    assert [preparer.prepare(f"{{ a{number}: __typename }}") for number in range(3)] == kept


def test_a_refusal_tells_the_code_and_the_place_and_holds_no_exception_of_ours(preparer: Preparer) -> None:
    with pytest.raises(InvalidDocument) as refused:
        preparer.prepare('{ invoices(where: {invoiceDate: {eq: "yesterday"}}) { totalCount } }')
    (error,) = refused.value.errors
    assert error.formatted == {
        "message": "'yesterday' is not a moment with a time zone, for instance 2026-03-01T12:00:00Z.",
        "locations": [{"line": 1, "column": 38}],
        "extensions": {"code": "GRAPHQL_VALIDATION_FAILED"},
    }
    assert (type(error), error.original_error) == (GraphQLError, None)


def test_wrong_variables_are_told_as_far_as_they_help(preparer: Preparer) -> None:
    prepared = preparer.prepare("query ($where: TrackFilter) { tracks(where: $where) { totalCount } }")
    with pytest.raises(InvalidDocument) as refused:
        preparer.check(preparer.operation(prepared, None), {"where": {"milliseconds": {"in": ["x"] * 1_000}}})
    assert len(refused.value.errors) == 20
    assert refused.value.errors[-1].message.startswith("Too many errors")


async def test_one_document_may_hold_several_operations(schema: Schema, nowhere: Engines) -> None:
    document = "query A { a: __typename } query B($x: Int!) { b: albums(first: $x) { __typename } }"
    assert await data_of(schema, nowhere, document, operation_name="A") == {"a": "Query"}
    assert await data_of(schema, nowhere, document, {"x": 1}, operation_name="B") == {
        "b": {"__typename": "AlbumConnection"}
    }
    # The variables of one are not asked of the other.
    assert codes(await run(schema, nowhere, document, operation_name="B")) == {"BAD_USER_INPUT"}
    assert codes(await run(schema, nowhere, document)) == {"OPERATION_NOT_FOUND"}


def test_a_document_that_is_kept_for_good_has_all_of_its_operations_planned_and_priced(preparer: Preparer) -> None:
    two = "query A { albums { totalCount } } query B($first: Int = 5) { albums(first: $first) { nodes { title } } }"
    prepared = preparer.prepare_for_good(two)
    assert set(prepared.operations) == {"A", "B"}
    assert prepared.operations["B"].price().rows == 6  # one more tells whether others follow
    alone = preparer.prepare_for_good("query A($ids: [ID!]!) { nodes(ids: $ids) { id } }")
    assert alone.operations[None] is alone.operations["A"]
    assert preparer.prepare(two) is not prepared  # it pushes nobody out
    costly = (
        "query ($first: Int = 100) { albums(first: $first) { nodes { tracks(first: $first) { nodes { name } } } } }"
    )
    with pytest.raises(InvalidDocument, match="This operation may need"):
        preparer.prepare_for_good(costly)
    assert preparer.prepare_for_good(costly.replace("= 100", "= 2"))
