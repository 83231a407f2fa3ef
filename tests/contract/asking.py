"""Operations that together ask for all that a schema has, each for little: a schema enters, a document leaves."""

from collections.abc import Iterator, Mapping

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
    is_list_type,
    is_non_null_type,
    is_required_argument,
    is_required_input_field,
)
from graphql.type import GraphQLInputType

LITERALS = {"Int": "1", "Float": "1.5", "String": '"s"', "ID": '"i"'}


def document_of(schema: GraphQLSchema) -> str:
    """Valid operations: each field with as few arguments as may be, and with each value of each argument."""
    return "\n".join(f"query Q{number} {body}" for number, body in enumerate(_bodies(schema)))


def _bodies(schema: GraphQLSchema) -> Iterator[str]:
    assert schema.query_type
    for root, field in schema.query_type.fields.items():
        type_ = get_named_type(field.type)
        if isinstance(type_, GraphQLUnionType):
            for member in type_.types:
                yield f"{{ {root} {{ ... on {member.name} {{ __typename }} }} }}"
        elif isinstance(type_, GraphQLObjectType):
            for name, of in type_.fields.items():
                yield from (f"{{ {root} {{ {name}{given} }} }}" for given in _given(of))
    for directive in schema.directives:
        places = {"QUERY": "@{} {{ __typename }}", "FIELD": "{{ __typename @{} }}"}
        for location in directive.locations:
            if not directive.args and location.value in places:
                yield places[location.value].format(directive.name)


def _given(field: GraphQLField) -> Iterator[str]:
    required = {name: _literal(it.type) for name, it in field.args.items() if is_required_argument(it)}
    yield _written(required)
    for name, argument in field.args.items():
        for literal in _literals(argument):
            yield _written({**required, name: literal})


def _written(arguments: Mapping[str, str]) -> str:
    return f"({', '.join(f'{name}: {literal}' for name, literal in arguments.items())})" if arguments else ""


def _literals(value: GraphQLArgument | GraphQLInputField) -> Iterator[str]:
    """Every kind of value that is taken: null, a null in a list, each word of an enum, an input with each field."""
    type_ = value.type
    if is_non_null_type(type_):
        type_ = type_.of_type
    else:
        yield "null"
    if is_list_type(type_):
        type_ = type_.of_type
        if not is_non_null_type(type_):
            yield "[null]"
        yield from (f"[{it}]" for it in _of_name(get_named_type(type_)))
    else:
        yield from _of_name(type_)


def _of_name(type_: object) -> Iterator[str]:
    if isinstance(type_, GraphQLEnumType):
        yield from type_.values
    elif isinstance(type_, GraphQLInputObjectType):
        required = {name: _literal(it.type) for name, it in type_.fields.items() if is_required_input_field(it)}
        yield f"{{{_inside(required)}}}"
        for name, field in type_.fields.items():
            yield from (f"{{{_inside({**required, name: literal})}}}" for literal in _literals(field))
    else:
        yield LITERALS[str(type_)]


def _inside(fields: Mapping[str, str]) -> str:
    return ", ".join(f"{name}: {literal}" for name, literal in fields.items())


def _literal(type_: GraphQLInputType) -> str:
    literal = next(_of_name(get_named_type(type_)))
    return f"[{literal}]" if "[" in str(type_) else literal
