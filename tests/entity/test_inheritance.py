"""Classes that inherit: each type shows the rows of its class and of those below it, everywhere."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from graph.entity import Connection, Node, entity, query_type
from graph.errors import MismatchedType
from tests.databases import StatementRecorder
from tests.entity import inheritance
from tests.entity.conftest import Filled
from tests.entity.inheritance_types import INHERITANCE, Car, Dog
from tests.entity.serving import Api, global_id, serve


@pytest.fixture
async def api(dialect: str, filled: Filled) -> AsyncIterator[Api]:
    async with serve(await filled(INHERITANCE, dialect), INHERITANCE) as api:
        yield api


async def test_a_class_with_a_table_of_its_own_has_the_columns_of_both(api: Api, statements: StatementRecorder) -> None:
    with statements() as seen:
        found = await api.ask(
            """
            {
              vehicles { totalCount nodes { kind name } }
              cars(orderBy: [{doors: DESC}, {spare: {name: ASC}}, {name: ASC}]) {
                totalCount
                nodes { name doors spare { name } garage { name } }
                aggregate { max { doors name } }
              }
            }
            """
        )
    # vehicles and their count; cars, their count and their aggregate; spare cars and garages
    assert len(seen) == 2 + 3 + 2
    assert [node["kind"] for node in found["vehicles"]["nodes"]] == ["vehicle", "vehicle", "car", "car", "car"]
    assert found["vehicles"]["totalCount"] == 5
    assert found["cars"] == {
        "totalCount": 3,
        "nodes": [
            {"name": "Limo", "doors": 6, "spare": {"name": "Mini"}, "garage": {"name": "South"}},
            {"name": "Beetle", "doors": 2, "spare": None, "garage": {"name": "North"}},
            {"name": "Mini", "doors": 2, "spare": None, "garage": {"name": "North"}},
        ],
        "aggregate": {"max": {"doors": 6, "name": "Mini"}},
    }


async def test_a_row_is_found_by_the_id_of_each_of_its_classes(api: Api) -> None:
    cars = (await api.ask('{ cars(where: {name: {eq: "Limo"}}) { nodes { id } } }'))["cars"]["nodes"]
    vehicles = (await api.ask('{ vehicles(where: {name: {eq: "Limo"}}) { nodes { id } } }'))["vehicles"]["nodes"]
    found = await api.ask(
        "query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Car { doors name } ... on Vehicle { kind } } }",
        ids=[cars[0]["id"], vehicles[0]["id"]],
    )
    assert found["nodes"] == [{"doors": 6, "name": "Limo"}, {"kind": "car"}]


async def test_relations_and_filters_reach_either_table(api: Api) -> None:
    found = await api.ask(
        """
        {
          garages { nodes { vehicles { nodes { name } } cars { totalCount nodes { name } } } }
          large: garages(where: {cars: {some: {doors: {gt: 2}, name: {ne: "Mini"}}}}) { nodes { name } }
          crowded: garages(where: {cars: {count: {eq: 2}}}) { nodes { name } }
          ordered: garages(orderBy: [{cars: {count: ASC}}]) { nodes { name } }
        }
        """
    )
    assert found["garages"]["nodes"] == [
        {
            "vehicles": {"nodes": [{"name": "Beetle"}, {"name": "Cart"}, {"name": "Mini"}]},
            "cars": {"totalCount": 2, "nodes": [{"name": "Beetle"}, {"name": "Mini"}]},
        },
        {"vehicles": {"nodes": [{"name": "Limo"}]}, "cars": {"totalCount": 1, "nodes": [{"name": "Limo"}]}},
    ]
    assert found["large"]["nodes"] == [{"name": "South"}]
    assert found["crowded"]["nodes"] == [{"name": "North"}]
    assert found["ordered"]["nodes"] == [{"name": "South"}, {"name": "North"}]


async def test_classes_in_one_table_show_their_own_rows_alone(api: Api) -> None:
    found = await api.ask(
        """
        {
          animals { totalCount nodes { kind } }
          dogs { totalCount nodes { name tricks } aggregate { count } }
          puppies { totalCount nodes { name } aggregate { count groupBy(by: [{value: NAME}]) { nodes { count } } } }
          dogsAggregate { count sum { tricks } }
          nobodys: dogs(where: {garage: {dogs: {count: {ne: 3}}}}) { totalCount }
          garages(orderBy: [{dogs: {count: DESC}}]) { nodes { name dogs { totalCount nodes { name } } } }
        }
        """
    )
    assert [node["kind"] for node in found["animals"]["nodes"]] == ["animal", "dog", "dog", "puppy"]
    assert found["animals"]["totalCount"] == 4
    dogs: list[dict[str, Any]] = [
        {"name": "Rex", "tricks": 3},
        {"name": "Bello", "tricks": None},
        {"name": "Tiny", "tricks": 0},
    ]
    assert found["dogs"] == {"totalCount": 3, "nodes": dogs, "aggregate": {"count": 3}}
    assert found["puppies"] == {
        "totalCount": 1,
        "nodes": [{"name": "Tiny"}],
        "aggregate": {"count": 1, "groupBy": {"nodes": [{"count": 1}]}},
    }
    assert found["dogsAggregate"] == {"count": 3, "sum": {"tricks": "3"}}
    assert found["nobodys"] == {"totalCount": 0}
    assert found["garages"]["nodes"] == [
        {"name": "North", "dogs": {"totalCount": 3, "nodes": [{"name": dog["name"]} for dog in dogs]}},
        {"name": "South", "dogs": {"totalCount": 0, "nodes": []}},
    ]


async def test_a_key_of_another_class_in_the_same_table_finds_nothing(api: Api) -> None:
    cat, rex = global_id(Dog, 1), global_id(Dog, 2)
    found = await api.ask(
        """
        query ($cat: ID!, $rex: ID!) {
          dog(id: $cat) { name }
          nodes(ids: [$cat, $rex]) { ... on Dog { name } }
          dogs(where: {id: {in: [$cat, $rex]}}) { totalCount }
        }
        """,
        cat=cat,
        rex=rex,
    )
    assert found == {"dog": None, "nodes": [None, {"name": "Rex"}], "dogs": {"totalCount": 1}}


def test_rows_of_a_base_are_not_declared_as_those_of_one_class() -> None:
    @entity(inheritance.Garage)
    class Lot(Node):
        vehicles: Connection[Car]

    with pytest.raises(MismatchedType, match=r"Lot\.vehicles is declared as Car; the model says Vehicle\."):
        query_type(Lot)
