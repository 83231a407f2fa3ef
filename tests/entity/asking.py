"""Questions as documents, and answers held against what Python reckons.

A question and an API enter; nothing leaves, or an AssertionError that shows both. Names of fields and types are taken
from the schema, which is not what is tried here.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any

import pytest
from graphql import GraphQLField, GraphQLObjectType
from strawberry.scalars import JSON

from graph.entity.group_values import group_fields
from graph.entity.measures import AVG, FUNCTIONS, applicable
from graph.entity.registry import Attribute, Entity
from graph.entity.scalars import BigInt
from tests.entity.questions import Group, Question, Subject
from tests.entity.reckoning import (
    Filtered,
    First,
    Refused,
    Row,
    Term,
    Test,
    compared,
    filters_of,
    id_of,
    meaning,
    on_the_wire,
    reckoned,
    related,
    sorted_by,
    values_of,
)
from tests.entity.serving import Api

PAGE = "{ totalCount edges { cursor node { %s } } pageInfo { hasNextPage hasPreviousPage endCursor startCursor } }"

CHILD = "{ totalCount nodes { id } pageInfo { hasNextPage } aggregate %s }"

PAGES = 4
"""How many pages a list is cut into at most."""
CHILDREN = 3
"""How many children, and groups of children, of each parent are asked for."""
PARENTS = 40
GROUPS = 100


def spelled(order: Sequence[Term]) -> list[Any]:
    """An order as the API takes it."""
    found = []
    for path, direction in order:
        term: Any = direction
        for step in reversed(path):
            term = spelled_step(step, term)
        found.append(term)
    return found


def spelled_step(step: str | First | Filtered, by: Any) -> Any:
    if isinstance(step, First):
        return {"orderBy": spelled(step.order), "first": by}
    if isinstance(step, Filtered):
        return {"where": on_the_wire(step.where), **by}
    return {step: by}


def root_fields(api: Api, entity: Entity) -> tuple[str, str]:
    """The names of the list of an entity and of its aggregate."""
    names = [f"{entity.name}Connection!", f"{entity.name}Aggregate!"]
    fields = query_fields(api)
    connection, aggregate = ([name for name, of in fields.items() if str(of.type) == wanted] for wanted in names)
    return connection[0], aggregate[0]


def query_fields(api: Api) -> Mapping[str, GraphQLField]:
    """The fields of the query type."""
    query = api.schema._schema.query_type  # noqa: SLF001 - Strawberry shows no more than its text
    assert isinstance(query, GraphQLObjectType)
    fields: Mapping[str, GraphQLField] = query.fields
    return fields


def variables_of(api: Api, field: str) -> dict[str, str]:
    """The types of the arguments of a root field."""
    return {name: str(argument.type) for name, argument in query_fields(api)[field].args.items()}


def declared(types: Mapping[str, str], *names: str) -> tuple[str, str]:
    """The variables of a document, and the arguments that take them."""
    return ", ".join(f"${name}: {types[name]}" for name in names), ", ".join(f"{name}: ${name}" for name in names)


def shown(type_: object, value: Any) -> Any:
    """A value as it must be answered; decimals as numbers, for zeros behind the point say nothing."""
    if value is None or isinstance(value, Decimal):
        return value
    if type_ is BigInt:
        return str(value)
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC).isoformat()
    return on_the_wire(value)


def read(type_: object, answer: Any) -> Any:
    """An answer, in the form of `shown`."""
    return Decimal(answer) if type_ is Decimal and answer is not None else answer


def shown_attributes(entity: Entity) -> dict[str, Attribute]:
    """The attributes that are compared."""
    return {name: attribute for name, attribute in entity.attributes.items() if attribute.type is not JSON}


def check_node(entity: Entity, node: Mapping[str, Any], row: Row) -> None:
    """Compare a node with the row that it must be."""
    assert node["id"] == id_of(entity, row)
    for name, attribute in shown_attributes(entity).items():
        expected = shown(attribute.type, getattr(row, attribute.name))
        assert read(attribute.type, node[name]) == expected, f"{name} of {node['id']}"


class Inquiry:
    """One question, asked of one database."""

    def __init__(self, api: Api, subject: Subject, question: Question) -> None:
        self._api = api
        self._subject = subject
        self._question = question
        self._entity = entity = question.entity
        self._list, self._aggregate = root_fields(api, entity)
        self._types = variables_of(api, self._list) | {"size": "Int!"}
        self._where = on_the_wire(question.where)
        self._order = spelled(question.order)
        self._rows = subject.of(entity)

    async def check(self) -> None:
        """Ask everything, and compare."""
        try:
            test = meaning(self._entity, self._question.where)
            for path, _ in self._question.order:
                for entity, where in filters_of(self._entity, path):
                    meaning(entity, where)
        except Refused:
            variables, arguments = declared(self._types, "where", "orderBy")
            document = f"query ({variables}) {{ {self._list}({arguments}) {{ nodes {{ __typename }} }} }}"
            assert await self._api.errors(document, where=self._where, orderBy=self._order)
            return
        found = [row for row in self._rows if test is None or test(row)]
        expected = sorted_by(self._entity, found, self._question.order)
        await self._check_pages(expected)
        await self._check_aggregates(found)
        await self._check_children(test)

    async def _check_pages(self, expected: Sequence[Row]) -> None:
        """A list is the same however it is cut, forward and backward."""
        size = min(100, max(self._question.size, -(-len(expected) // PAGES)))
        for forward in (True, False):
            walked, cursor = list[Row](), None
            while True:
                page = await self._page(size, cursor, forward=forward)
                nodes = [edge["node"] for edge in page["edges"]]
                walked = walked + nodes if forward else nodes + walked
                assert page["totalCount"] == len(expected)
                assert len(walked) <= len(expected), "a row came twice"
                info = page["pageInfo"]
                assert info["hasPreviousPage" if forward else "hasNextPage"] is (cursor is not None)
                if not info["hasNextPage" if forward else "hasPreviousPage"]:
                    break
                cursor = info["endCursor" if forward else "startCursor"]
            assert [node["id"] for node in walked] == [id_of(self._entity, row) for row in expected]
            for node, row in zip(walked, expected, strict=True):
                check_node(self._entity, node, row)

    async def _page(self, size: int, cursor: str | None, *, forward: bool) -> Any:
        names = ("first", "after") if forward else ("last", "before")
        variables, arguments = declared(self._types, "where", "orderBy", *names)
        selected = PAGE % " ".join(["id", *shown_attributes(self._entity)])
        document = f"query ({variables}) {{ {self._list}({arguments}) {selected} }}"
        given = dict(zip(names, (size, cursor), strict=True))
        answer = await self._api.ask(document, where=self._where, orderBy=self._order, **given)
        return answer[self._list]

    async def _check_aggregates(self, rows: Sequence[Row]) -> None:
        variables, arguments = declared(self._types, "where")
        document = f"query ({variables}{self._group_variables}) {{ {self._aggregate}({arguments}) {self._measures()} }}"
        answer = await self._api.ask(document, where=self._where, **self._grouped)
        self._check_aggregate(answer[self._aggregate], rows, GROUPS)

    def _measures(self, first: int = GROUPS) -> str:
        """Everything that can be computed, of the whole and of its groups, selected."""
        group, measures = self._question.group, measures_of(self._entity)
        if group is None:
            return f"{{ {measures} }}"
        key = f"key {{ {' '.join(group.fields)} }}"
        groups = f"groupBy(by: $by, having: $having, first: {first}) {{ nodes {{ {key} {measures} }} }}"
        return f"{{ {measures} {groups} }}"

    @cached_property
    def _group_variables(self) -> str:
        name = self._entity.name
        return "" if self._question.group is None else f", $by: [{name}GroupBy!]!, $having: [{name}ListFilter!]"

    @cached_property
    def _grouped(self) -> dict[str, Any]:
        """What `groupBy` is given."""
        group = self._question.group
        if group is None:
            return {}
        by_name = {field.graphql_name: constant for constant, field in group_fields(self._entity).items()}
        having = {"count": {"gte": group.least}} | on_the_wire(group.having)
        return {"by": [{"value": by_name[name]} for name in group.fields], "having": having}

    def _check_aggregate(self, answer: Any, rows: Sequence[Row], most: int) -> None:
        check_measures(self._entity, answer, rows)
        group = self._question.group
        if group is None:
            return
        attributes = [self._entity.attributes[name] for name in group.fields]
        expected: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
        for row in rows:
            expected[tuple(shown(of.type, getattr(row, of.name)) for of in attributes)].append(row)
        fits = {key: some for key, some in expected.items() if is_asked_for(self._entity, group, some)}
        found = answer["groupBy"]["nodes"]
        assert [one["count"] for one in found] == sorted(map(len, fits.values()), reverse=True)[:most]
        keys = [tuple(read(of.type, one["key"][of.graphql_name]) for of in attributes) for one in found]
        assert len(set(keys)) == len(keys)
        for key, one in zip(keys, found, strict=True):
            check_measures(self._entity, one, fits[key])

    async def _check_children(self, test: Test | None) -> None:
        """Below every parent, the filter, the order and the aggregates are those of the root."""
        for parent, relation in self._subject.parents_of(self._entity):
            field, _ = root_fields(self._api, parent)
            variables, arguments = declared(self._types, "where", "orderBy")
            child = CHILD % self._measures(CHILDREN)
            document = f"""query ({variables}{self._group_variables}) {{ {field}(first: {PARENTS}) {{ nodes {{
                id {relation.graphql_name}({arguments}, first: {CHILDREN}) {child}
            }} }} }}"""
            answer = await self._api.ask(document, where=self._where, orderBy=self._order, **self._grouped)
            rows = {id_of(parent, row): row for row in self._subject.of(parent)}
            for node in answer[field]["nodes"]:
                children = [row for row in related(relation, rows[node["id"]]) if test is None or test(row)]
                self._check_child(node[relation.graphql_name], children)

    def _check_child(self, page: Any, children: Sequence[Row]) -> None:
        expected = [id_of(self._entity, row) for row in sorted_by(self._entity, children, self._question.order)]
        found = [node["id"] for node in page["nodes"]]
        assert page["totalCount"] == len(expected)
        assert page["pageInfo"]["hasNextPage"] is (len(expected) > CHILDREN)
        if self._question.order:
            assert found == expected[:CHILDREN]
        else:  # a relationship may have an order of its own
            assert len(found) == min(CHILDREN, len(expected))
            assert set(found) <= set(expected)
        self._check_aggregate(page["aggregate"], children, CHILDREN)


def is_asked_for(entity: Entity, group: Group, rows: Sequence[Row]) -> bool:
    """Whether `having` keeps a group."""
    if len(rows) < group.least:
        return False
    for function, asked in group.having.items():
        for name, comparisons in asked.items():
            value = reckoned(function, values_of(entity.attributes[name], rows))
            if not all(compared(value, operator, wanted) for operator, wanted in comparisons.items()):
                return False
    return True


def measures_of(entity: Entity) -> str:
    """Everything that can be computed, selected."""
    parts = ["count"]
    for function in FUNCTIONS:
        names = [name for name in applicable(entity, function) if is_within(entity, function.name, name)]
        if names:
            parts.append(f"{function.name} {{ {' '.join(names)} }}")
    return " ".join(parts)


def is_within(entity: Entity, function: str, name: str) -> bool:
    """Whether a result is within the doubles: the squares of the most extreme ones are beyond all of them."""
    return (entity.name, function, name) not in {("Specimen", "variance", "ratio"), ("Amount", "variance", "double")}


def check_measures(entity: Entity, answer: Mapping[str, Any], rows: Sequence[Row]) -> None:
    """Compare all aggregates with what Python reckons over these rows."""
    assert answer["count"] == len(rows)
    for function in FUNCTIONS:
        for name, (attribute, result) in applicable(entity, function).items():
            if not is_within(entity, function.name, name):
                continue
            expected = reckoned(function.name, values_of(attribute, rows))
            found = read(result, answer[function.name][name])
            if expected is not None and (isinstance(expected, float) or function.shape is AVG):
                expected = pytest.approx(float(expected))
                found = None if found is None else float(found)
            else:
                expected = shown(result, expected)
            assert found == expected, f"{function.name} of {name}"
