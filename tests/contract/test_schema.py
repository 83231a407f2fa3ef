"""The contract: `schema.graphql` is what the server answers to, and everything in it is described."""

from collections.abc import Iterator
from pathlib import Path

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
    is_introspection_type,
    is_specified_scalar_type,
)
from strawberry.extensions import SchemaExtension

from graph.schema import make_schema

HOUSE = Path(__file__).resolve().parents[2]


def test_the_exported_schema_is_not_stale() -> None:
    exported = (HOUSE / "schema.graphql").read_text(encoding="utf-8")
    assert exported.strip() == make_schema().as_str().strip(), "schema.graphql is stale; run `make schema`"


def test_everything_in_the_schema_has_a_description() -> None:
    schema = build_schema((HOUSE / "schema.graphql").read_text(encoding="utf-8"))
    assert [name for name, description in described(schema) if not (description or "").strip()] == []


def test_every_description_is_a_sentence() -> None:
    schema = build_schema((HOUSE / "schema.graphql").read_text(encoding="utf-8"))
    assert [name for name, text in described(schema) if text and not text.rstrip("`)").endswith(".")] == []


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
