"""The text of a subgraph, and what `_service` answers."""

import re
from typing import Any

import pytest
import strawberry
from graphql import (
    FieldDefinitionNode,
    InterfaceTypeDefinitionNode,
    ObjectTypeDefinitionNode,
    assert_valid_schema,
    build_ast_schema,
    parse,
    value_from_ast_untyped,
)

from db.session.engines import Engines
from graph.entity import Schema, query_type
from graph.entity.fields import ValueField
from graph.errors import DeclarationError
from graph.settings import Settings
from tests.entity import sales_types
from tests.entity.chinook_types import Genre
from tests.entity.market import Query
from tests.execute.conftest import nowhere
from tests.execute.running import only_error, run

__all__ = ["nowhere"]

FEDERATION = """
scalar federation__FieldSet
directive @link(url: String!, import: [String!]) repeatable on SCHEMA
directive @key(fields: federation__FieldSet!) repeatable on OBJECT
directive @shareable on OBJECT
directive @inaccessible on FIELD_DEFINITION
"""
"""What a gateway knows by `@link`."""


@strawberry.type(name="Query")
class Bare:
    """A query type that was not made of entities."""

    @strawberry.field
    def one(self) -> int:
        return 1


def schema_of(query: type[Any] = Query, **settings: Any) -> Schema:
    return Schema(query, Settings.model_construct(federation=True, **settings))


@pytest.fixture(scope="module")
def schema() -> Schema:
    return schema_of()


@pytest.fixture(scope="module")
def text(schema: Schema) -> str:
    return schema.as_str()


def definitions(text: str) -> dict[str, ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode]:
    found = parse(text).definitions
    kinds = (ObjectTypeDefinitionNode, InterfaceTypeDefinitionNode)
    return {one.name.value: one for one in found if isinstance(one, kinds)}


def marks(node: ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode | FieldDefinitionNode) -> list[str]:
    """The directives of a definition, with the value of their argument."""
    return [
        " ".join([one.name.value, *(str(value_from_ast_untyped(argument.value)) for argument in one.arguments or ())])
        for one in node.directives or ()
    ]


def test_the_text_is_a_valid_schema_with_what_gateways_know_of_it(text: str) -> None:
    assert_valid_schema(build_ast_schema(parse(text + FEDERATION)))


def test_every_entity_has_its_keys_and_only_what_all_share_is_shareable(text: str) -> None:
    found = definitions(text)
    assert marks(found["Device"]) == ["key id", "key uuid", "key label"]
    assert marks(found["Genre"]) == ["key id", "key name"]
    assert marks(found["Track"]) == ["key id"]
    page = found["PageInfo"]
    assert marks(page) == ["shareable"]
    hidden = {field.name.value for field in page.fields or () if marks(field) == ["inaccessible"]}
    assert hidden == {"pageCount", "startPosition"}  # of others, `PageInfo` is as Relay has it
    assert marks(found["Node"]) == []
    assert {name for name, node in found.items() if "shareable" in marks(node)} == {"PageInfo"}
    entities = {name for name, node in found.items() if "key id" in marks(node)}
    assert entities == {
        name for name, node in found.items() if any(i.name.value == "Node" for i in node.interfaces or ())
    }


def test_rows_without_a_key_are_no_entities_of_a_gateway() -> None:
    found = definitions(schema_of(sales_types.Query).as_str())
    assert {name for name, node in found.items() if "key id" in marks(node)} == {"Shop", "Sale", "ShopTotal"}
    assert {name for name, node in found.items() if "shareable" in marks(node)} == {"PageInfo", "OffsetPageInfo"}


def test_each_key_has_one_look_up_whose_one_argument_it_is(text: str) -> None:
    found = definitions(text)
    seen = set()
    for field in found["Query"].fields or ():
        if "lookup" in marks(field):
            (argument,) = field.arguments or ()
            assert str(argument.type.kind) == "non_null_type"
            type_name = field.type.name.value  # type: ignore[attr-defined]  # a look-up may be null
            assert f"key {argument.name.value}" in marks(found[type_name])
            assert (type_name, argument.name.value) not in seen
            seen.add((type_name, argument.name.value))
    keys = {(name, mark.removeprefix("key ")) for name, node in found.items() for mark in marks(node) if "key" in mark}
    assert seen == keys
    hidden = {field.name.value for field in found["Query"].fields or () if "inaccessible" in marks(field)}
    assert {"genreByName", "genreById", "deviceByUuid"} <= hidden
    assert not {"genre", "track", "tracks", "node"} & hidden


def test_what_every_subgraph_has_is_not_in_its_text(text: str) -> None:
    assert re.findall(r"\b_[A-Za-z]+", text) == []


def test_node_may_be_left_to_another_subgraph() -> None:
    texts = [definitions(schema_of(query_type(Genre), federation_node=shown).as_str()) for shown in (True, False)]
    shown, left_out = ({field.name.value for field in text["Query"].fields or ()} for text in texts)
    assert shown - left_out == {"node", "nodes"}
    assert "Node" in texts[1]


async def test_the_service_answers_with_the_text(schema: Schema, text: str, nowhere: Engines) -> None:
    result = await run(schema, nowhere, "{ _service { sdl } }")
    assert result.data == {"_service": {"sdl": text}}


async def test_a_server_that_hides_its_schema_hides_its_text(nowhere: Engines) -> None:
    result = await run(schema_of(query_type(Genre), introspection=False), nowhere, "{ _service { sdl } }")
    error = only_error(result)
    assert "trellis schema export --federation" in error.message
    assert error.extensions == {"code": "FORBIDDEN"}


async def test_a_schema_without_entities_is_a_subgraph_too(nowhere: Engines) -> None:
    served = schema_of(Bare)
    assert_valid_schema(build_ast_schema(parse(served.as_str() + FEDERATION)))
    assert (await run(served, nowhere, "{ one }")).data == {"one": 1}
    result = await run(served, nowhere, "{ _entities(representations: []) { __typename } }")
    assert result.data is None


def test_a_field_that_has_the_name_of_a_look_up_is_told() -> None:
    field = ValueField("genreByName", int, "Something else.", lambda _: 1)

    @strawberry.type
    class Query(query_type(Genre)):  # type: ignore[misc]  # made while running
        @strawberry.field
        def genre_by_name(self) -> int:
            return 1

    for query in (query_type(Genre, extra=[field]), Query):
        with pytest.raises(DeclarationError, match="genreByName"):
            schema_of(query)
