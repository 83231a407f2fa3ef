"""What hints of an operation come to, and what a schema tells of them."""

import pytest

from graph.entity import Schema, cache_control
from graph.errors import DeclarationError
from graph.prepare.documents import OperationRequest
from graph.settings import Settings
from tests.response_cache.shop import Product, Query

SCHEMA = Schema(Query, Settings.model_construct())


def policy(document: str) -> tuple[int, bool, bool]:
    """The age, whether it is private, and whether hints speak for every resolver."""
    found = SCHEMA.preparer.tried(OperationRequest(document))
    told = found.operation.cache_policy  # type: ignore[union-attr]  # the document is valid
    return told.max_age_s, told.is_private, told.is_told


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ("{ products { nodes { name } } }", (60, False, True)),
        ("{ products { edges { cursor node { name } } pageInfo { hasNextPage } totalCount } }", (60, False, True)),
        ("{ products { nodes { name stock } } }", (5, False, True)),
        ("{ makers { nodes { name } } }", (300, False, True)),
        ("{ makers { nodes { name products { nodes { name } } } } }", (60, False, True)),
        ("{ makers { nodes { products { totalCount } } } }", (60, False, True)),
        ("{ makersAggregate { count min { name } } productsAggregate { count } }", (60, False, True)),
        ("{ products { nodes { maker { name } } } motto }", (10, False, True)),
        ("{ reviews { nodes { stars } } }", (0, False, True)),
        ("{ reviewsAggregate { count } }", (0, False, True)),
        ("{ products { nodes { reviews { totalCount } } } }", (0, False, True)),
        ("{ products { nodes { reviews { nodes { stars } } } } }", (0, False, True)),
        ('{ node(id: "x") { id ... on Product { name } } }', (0, False, True)),
        ("{ hour }", (0, False, False)),
        ("{ motto }", (10, False, True)),
        ("{ statistics { sold } }", (60, False, True)),
        ("{ statistics { sold secret } }", (60, False, False)),
        ("{ __typename }", (0, False, True)),
        ("{ motto __typename }", (10, False, True)),
        ("{ motto __schema { queryType { name } } }", (0, False, False)),
        ("{ products { nodes { shout } } }", (60, False, True)),
        ("{ products { nodes { askedBy } } }", (60, False, False)),
        ("{ products { nodes { greeting } } }", (30, True, True)),
        ("query ($no: Boolean = false) { products { nodes { name stock @include(if: $no) } } }", (5, False, True)),
        ("{ products { nodes { ...F } } } fragment F on Product { stock maker { name } }", (5, False, True)),
        ("{ products { nodes { ... { stock } } } }", (5, False, True)),
        ('{ lowered(text: "A") motto }', (0, False, True)),
    ],
)
def test_the_shortest_age_counts_and_one_private_field_makes_it_private(
    document: str, expected: tuple[int, bool, bool]
) -> None:
    assert policy(document) == expected


def test_the_schema_tells_of_hints() -> None:
    text = str(SCHEMA)
    assert "directive @cacheControl(maxAge: Int, scope: CacheControlScope, inheritMaxAge: Boolean)" in text
    assert "type Product implements Node @cacheControl(maxAge: 60)" in text
    assert "stock: Int! @cacheControl(maxAge: 5)" in text
    assert "greeting: String! @cacheControl(maxAge: 30, scope: PRIVATE)" in text
    assert "tables" not in text


def test_wrong_hints_are_refused() -> None:
    for wrong, told in (
        (lambda: cache_control(max_age_s=-1), "0 or more seconds"),
        (lambda: cache_control(max_age_s=1, inherit=True), "0 or more seconds"),
        (lambda: cache_control(max_age_s=1)(object), "neither a type nor a field"),
        (lambda: cache_control(max_age_s=1, fields={"nothing": 1})(Product), "has no field 'nothing'; it has"),
    ):
        with pytest.raises(DeclarationError, match=told):
            wrong()
