"""Documents that lead to an entity over every path there is, made of the schema: a field that is added is in them."""

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, cycle
from typing import Any, NamedTuple

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLObjectType,
    get_named_type,
    is_leaf_type,
)

from graph.entity.measures import FUNCTIONS
from graph.entity.registry import Entity
from tests.policies.worlds import GRAPHQL

Values = Mapping[tuple[str, str], Sequence[Any]]
"""Values to ask for, by type and field, as JSON has them."""


class Path(NamedTuple):
    """A way to an entity's rows, and a document that goes it."""

    name: str
    document: str


def paths(entity: Entity, entities: Sequence[Entity], values: Values) -> Iterator[Path]:
    """Every path to the rows of an entity, from the root and from every other entity."""
    yield Path(f"list {entity.name}", listed(entity))
    yield Path(
        f"aggregate {entity.name}", _document([f"{entity.plural}Aggregate {computed(f'{entity.name}Aggregate')}"])
    )
    yield Path(f"filter {entity.name}", _document(_counted(entity, where) for where in _wheres(entity, values)))
    yield Path(f"order {entity.name}", _document(_ordered(entity, order) for order in _orders(entity)))
    yield Path(f"distinct {entity.name}", _document(_first_of_each(entity)))
    for parent in entities:
        for name, relation in parent.relations.items():
            if relation.target() is entity:
                many = relation.link.to_many
                yield Path(f"{parent.name}.{name}", _document([_below(parent, name, entity, many=many)]))
                asked = _wheres(entity, values)
                wheres = chain(_of_many(name, asked), _of_measures(entity, name)) if many else _of_one(name, asked)
                yield Path(f"filter {parent.name}.{name}", _document(_counted(parent, where) for where in wheres))
                terms = _orders_of_list(entity, asked) if many else _orders(entity)
                orders = (f"{{{name}: {term}}}" for term in terms)
                yield Path(f"order {parent.name}.{name}", _document(_ordered(parent, order) for order in orders))


def listed(entity: Entity) -> str:
    """A document that shows all about the rows of an entity, and of what stands next to them."""
    page = "pageInfo { startCursor endCursor hasNextPage }"
    shown = f"totalCount {page} edges {{ cursor node {{ {around(entity)} }} }}"
    return _document([f"{entity.plural}(first: 100) {{ {shown} }}"])


def _first_of_each(entity: Entity) -> Iterator[str]:
    """The first rows of each value, and what is counted of them."""
    by = get_named_type(_object("Query").fields[entity.plural].args["distinctBy"].type)
    assert isinstance(by, GraphQLEnumType)
    counted = "totalCount pageInfo { pageCount } aggregate { count }"
    for value in by.values:
        yield f"{entity.plural}(first: 100, distinctBy: [{value}]) {{ {counted} nodes {{ {leaves(entity.name)} }} }}"


def around(entity: Entity) -> str:
    """The values of a row, those of the rows that it leads to, and how many they are."""
    parts = [leaves(entity.name)]
    for name, relation in entity.relations.items():
        inner = leaves(relation.target().name)
        many = f"(first: 3) {{ totalCount aggregate {{ count }} nodes {{ {inner} }} }}"
        parts.append(f"{name} {many if relation.link.to_many else f'{{ {inner} }}'}")
    return " ".join(parts)


def leaves(type_name: str) -> str:
    """The fields of a type that are values."""
    return " ".join(
        name for name, field in _object(type_name).fields.items() if is_leaf_type(get_named_type(field.type))
    )


def computed(type_name: str, *, groups: bool = True) -> str:
    """Everything that can be computed: of the whole, and of the groups by each field."""
    return f"{{ {' '.join(_results(_object(type_name), groups=groups))} }}"


def _results(type_: GraphQLObjectType, *, groups: bool = True) -> Iterator[str]:
    for name, field in type_.fields.items():
        inner = get_named_type(field.type)
        if is_leaf_type(inner):
            yield from _told_apart(name, field) if field.args else [name]
        elif name == "groupBy":
            yield from _groups(field) if groups else ()
        else:
            arguments = "(orderBy: [{id: DESC}])" if name == "first" else ""
            yield f"{name}{arguments} {{ {leaves(inner.name)} }}"


def _told_apart(name: str, field: GraphQLField) -> Iterator[str]:
    """Numbers of different values, of each field."""
    of = get_named_type(field.args["of"].type)
    assert isinstance(of, GraphQLEnumType)
    return (f"d{at}: {name}(of: {value})" for at, value in enumerate(of.values))


def _groups(field: GraphQLField) -> Iterator[str]:
    group = _object(get_named_type(_object(get_named_type(field.type).name).fields["nodes"].type).name)
    by = get_named_type(_input(get_named_type(field.args["by"].type).name).fields["value"].type)
    assert isinstance(by, GraphQLEnumType)
    key = _object(get_named_type(group.fields["key"].type).name)
    keys = {_spelled(name): name for name in key.fields}
    for at, value in enumerate(by.values):
        inner = get_named_type(key.fields[keys[value]].type)
        shown = keys[value] if is_leaf_type(inner) else f"{keys[value]} {{ {leaves(inner.name)} }}"
        own = f"d{at}:"  # of the numbers of different values one for each grouping
        rest = (
            part for part in _results(group) if not part.startswith("key") and (part[0] != "d" or part.startswith(own))
        )
        yield f"g{at}: groupBy(by: [{{value: {value}}}]) {{ nodes {{ key {{ {shown} }} keys {' '.join(rest)} }} }}"


def _spelled(name: str) -> str:
    """The word that groups have for a field."""
    return "".join(f"_{letter}" if letter.isupper() else letter.upper() for letter in name)


def _wheres(entity: Entity, values: Values) -> list[str]:
    found, shown = ["{}"], leaves(entity.name).split()
    for name, field in _input(f"{entity.name}Filter").fields.items():
        comparisons = get_named_type(field.type)
        if name in ("and", "or", "not") or name in entity.relations:
            continue
        assert isinstance(comparisons, GraphQLInputObjectType)
        if "isNull" in comparisons.fields:
            found.append(f"{{{name}: {{isNull: true}}}}")
        for value in values[entity.name, name] if name in shown else ():
            written = (
                value if isinstance(get_named_type(_compared(comparisons)), GraphQLEnumType) else json.dumps(value)
            )
            if "eq" in comparisons.fields:
                found.append(f"{{{name}: {{eq: {written}}}}}")
            if "startsWithIgnoreCase" in comparisons.fields:
                found.append(f"{{{name}: {{startsWithIgnoreCase: {json.dumps(value[:6])}}}}}")
    return found


def _compared(comparisons: GraphQLInputObjectType) -> Any:
    return comparisons.fields["eq" if "eq" in comparisons.fields else "isNull"].type


def _of_one(name: str, wheres: Sequence[str]) -> Iterator[str]:
    for where, form in zip(wheres, cycle((f"{{{name}: %s}}", f"{{not: {{{name}: %s}}}}")), strict=False):
        yield form % where


def _of_many(name: str, wheres: Sequence[str]) -> Iterator[str]:
    asked = ("some: %s", "none: %s", "every: %s", "where: %s, count: {gt: 1}")
    for where, quantifier in zip(wheres, cycle(asked), strict=False):
        yield f"{{{name}: {{{quantifier % where}}}}}"
    for quantifier in ("some: {}", "none: {}", "count: {gt: 1}"):
        yield f"{{{name}: {{{quantifier}}}}}"


def _of_measures(entity: Entity, name: str) -> Iterator[str]:
    """Filters by everything that can be computed over a list."""
    for function, attributes in _measures(entity, "ListFilter").items():
        asked = ", ".join(f"{attribute}: {{isNull: true}}" for attribute in attributes)
        yield f"{{{name}: {{{function}: {{{asked}}}}}}}"


def _measures(entity: Entity, ending: str) -> Mapping[str, Sequence[str]]:
    """By aggregate function, the attributes that an input type of an entity takes it over."""
    taken, shown = _input(f"{entity.name}{ending}").fields, _object(f"{entity.name}Aggregate").fields
    return {
        function.name: [
            name
            for name in _object(get_named_type(shown[function.name].type).name).fields
            if name in _fields(taken[function.name].type)
        ]
        for function in FUNCTIONS
        if function.name in taken and function.name in shown
    }


def _fields(type_: GraphQLInputType) -> Mapping[str, GraphQLInputField]:
    named = get_named_type(type_)
    assert isinstance(named, GraphQLInputObjectType)
    fields: Mapping[str, GraphQLInputField] = named.fields
    return fields


def _orders_of_list(entity: Entity, wheres: Sequence[str]) -> Iterator[str]:
    """Orders by everything that can be computed over a list, by its first row, and by those that fit a filter."""
    yield from ("{count: ASC}", "{count: DESC}")
    for function, attributes in _measures(entity, "ListSort").items():
        for attribute in attributes:
            yield f"{{{function}: {{{attribute}: DESC_NULLS_FIRST}}}}"
    own = _orders(entity)
    for order, by in zip(own, [*own[1:], *own[:1]], strict=True):
        yield f"{{orderBy: [{order}], first: {by}}}"
    for where in wheres[::4]:
        yield f"{{where: {where}, count: DESC}}"


def _orders(entity: Entity) -> list[str]:
    fields = _input(f"{entity.name}Sort").fields
    own = [name for name in fields if name not in entity.relations]
    return [
        f"{{{name}: {asked}}}"
        for name, direction in zip(own, cycle(("ASC", "DESC_NULLS_FIRST")), strict=False)
        for asked in _asked(fields[name], direction)
    ]


def _asked(field: GraphQLInputField, direction: str) -> Iterator[str]:
    """What may be asked by one field of an order."""
    kind = get_named_type(field.type)
    if isinstance(kind, GraphQLEnumType):
        yield direction
    elif kind.name == "JSONSort":
        yield f'{{at: ["0"], direction: {direction}}}'
    elif kind.name == "RandomSort":
        yield "{seed: 7}"
    else:
        assert isinstance(kind, GraphQLInputObjectType)
        for name in kind.fields:
            yield f"{{{name}: {{ignoreCase: true, direction: {direction}}}}}"


def _counted(entity: Entity, where: str) -> str:
    return f"{entity.plural}(first: 3, where: {where}) {{ totalCount nodes {{ id }} }}"


def _ordered(entity: Entity, order: str) -> str:
    return f"{entity.plural}(first: 12, orderBy: [{order}]) {{ edges {{ cursor node {{ id }} }} }}"


def _below(parent: Entity, name: str, entity: Entity, *, many: bool) -> str:
    inner = around(entity)
    if many:
        aggregate = computed(f"{entity.name}Aggregate", groups=False)
        place = "pageInfo { startPosition pageCount }"
        shown = f"edges {{ cursor node {{ {inner} }} }} totalCount aggregate {aggregate}"
        inner = f"{name}(first: 2) {{ {shown} }} last: {name}(last: 1) {{ nodes {{ id }} {place} }}"
    else:
        inner = f"{name} {{ {inner} }}"
    return f"{parent.plural}(first: 40) {{ nodes {{ {inner} }} }}"


def _document(fields: Iterator[str] | Sequence[str]) -> str:
    return f"{{ {' '.join(f'f{at}: {field}' for at, field in enumerate(fields))} }}"


def _object(name: str) -> GraphQLObjectType:
    type_ = GRAPHQL.type_map[name]
    assert isinstance(type_, GraphQLObjectType)
    return type_


def _input(name: str) -> GraphQLInputObjectType:
    type_ = GRAPHQL.type_map[name]
    assert isinstance(type_, GraphQLInputObjectType)
    return type_
