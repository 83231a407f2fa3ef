"""How long the lists are that introspection answers with.

They hold no rows, but a short document can ask for each of them many times over, under different names.
Source: https://spec.graphql.org/September2025/#sec-Schema-Introspection
"""

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    is_abstract_type,
)


def list_sizes(schema: GraphQLSchema) -> dict[str, int]:
    """The length of each list of introspection by the name of its field: of a type's lists, the average."""
    types = list(schema.type_map.values())
    with_fields = [type_ for type_ in types if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType)]
    fields = [field for type_ in with_fields for field in type_.fields.values()]
    inputs = [field for type_ in types if isinstance(type_, GraphQLInputObjectType) for field in type_.fields.values()]
    values = [value for type_ in types if isinstance(type_, GraphQLEnumType) for value in type_.values]
    possible = [of for type_ in types if is_abstract_type(type_) for of in schema.get_possible_types(type_)]
    per_type = {
        "fields": len(fields),
        "inputFields": len(inputs),
        "enumValues": len(values),
        "interfaces": sum(len(type_.interfaces) for type_ in with_fields),
        "possibleTypes": len(possible),
    }
    averages = {name: _average(total, len(types)) for name, total in per_type.items()}
    arguments = _average(sum(len(field.args) for field in fields), len(fields))
    return averages | {"args": arguments, "types": len(types), "directives": len(schema.directives)}


def _average(total: int, number: int) -> int:
    return -(-total // max(1, number)) or 1
