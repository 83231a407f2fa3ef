"""The contract: `schema.graphql` is what the server answers to, and everything in it is described."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
    is_introspection_type,
    is_required_argument,
    is_specified_scalar_type,
)
from pydantic import SecretStr
from strawberry.extensions import SchemaExtension

from graph.app import create_app
from graph.entity.types import TYPES
from graph.schema import DOMAIN, make_schema
from graph.settings import Settings
from tests.cli.running import trellis
from tests.databases import Database
from tests.explorer.serving import serving

HOUSE = Path(__file__).resolve().parents[2]
OURS = frozenset({"BigInt", "Date", "DateTime", "Decimal", "JSON", "LocalDateTime", "Time", "UUID", "Upload"})
"""The scalars of the machinery; tests register others."""


def test_the_exported_schema_is_not_stale() -> None:
    exported = (HOUSE / "schema.graphql").read_text(encoding="utf-8")
    assert exported.strip() == make_schema().as_str().strip(), "schema.graphql is stale; run `make schema`"


def test_everything_in_the_schema_has_a_description() -> None:
    schema = build_schema((HOUSE / "schema.graphql").read_text(encoding="utf-8"))
    assert [name for name, description in described(schema) if not (description or "").strip()] == []


def test_every_description_is_a_sentence() -> None:
    schema = build_schema((HOUSE / "schema.graphql").read_text(encoding="utf-8"))
    assert [name for name, text in described(schema) if text and not text.rstrip("`)").endswith(".")] == []


def test_no_two_types_share_a_description() -> None:
    schema = build_schema((HOUSE / "schema.graphql").read_text(encoding="utf-8"))
    types = [type_ for type_ in schema.type_map.values() if not is_introspection_type(type_)]
    times = Counter(type_.description for type_ in types if not is_specified_scalar_type(type_))
    assert [description for description, many in times.items() if many > 1] == []


def test_the_schema_says_what_it_is_about() -> None:
    exported = build_schema((HOUSE / "schema.graphql").read_text(encoding="utf-8"))
    assert exported.description == make_schema()._schema.description  # noqa: SLF001 - as in `described`
    assert exported.description
    assert exported.description.endswith(".")


def test_every_scalar_of_ours_says_where_its_form_is_written_down() -> None:
    addresses = {entry.name: entry.specified_by for entry in TYPES if entry.definition is not None}
    assert addresses.keys() >= OURS
    assert [name for name in sorted(OURS) if not (addresses[name] or "").startswith("https://")] == []


def test_nothing_that_is_asked_for_by_one_key_may_be_left_out() -> None:
    query = make_schema()._schema.query_type  # noqa: SLF001 - as in `described`
    assert query is not None
    found = [field.args for field in query.fields.values() if "id" in field.args]
    assert {str(arguments["id"].type) for arguments in found if len(arguments) == 1} == {"ID!"}
    several = [argument for arguments in found if len(arguments) > 1 for argument in arguments.values()]
    assert not any(is_required_argument(argument) for argument in several)


def test_extensions_are_factories_never_instances() -> None:
    assert not any(isinstance(extension, SchemaExtension) for extension in make_schema().extensions)


def described(schema: GraphQLSchema) -> Iterator[tuple[str, str | None]]:
    """Every type, field, argument and enum value of ours, with its description."""
    for type_ in schema.type_map.values():
        if is_introspection_type(type_) or is_specified_scalar_type(type_):
            continue
        yield type_.name, type_.description
        if isinstance(type_, GraphQLEnumType):
            for name, value in type_.values.items():
                yield f"{type_.name}.{name}", value.description
        elif isinstance(type_, GraphQLInputObjectType):
            for name, input_field in type_.fields.items():
                yield f"{type_.name}.{name}", input_field.description
        elif isinstance(type_, GraphQLObjectType | GraphQLInterfaceType):
            for name, field in type_.fields.items():
                yield f"{type_.name}.{name}", field.description
                for argument_name, argument in field.args.items():
                    yield f"{type_.name}.{name}({argument_name}:)", argument.description


@pytest.mark.sqlite
async def test_a_server_answers_to_introspection_with_the_schema_of_the_code(database: Database) -> None:
    settings = Settings.model_construct(database_url=SecretStr(database.url))
    async with serving(create_app(settings, domain=DOMAIN)) as origin:
        done = await asyncio.to_thread(trellis, "schema", "check", "--against", f"{origin}/graphql")
    assert done.stdout == "no change\n"
