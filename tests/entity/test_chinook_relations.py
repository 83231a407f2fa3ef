"""Chinook's relations, walked both ways: the rows are those that SQLAlchemy itself finds, one statement for each."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import aliased

from tests.databases import Database, StatementRecorder
from tests.entity import chinook as models
from tests.entity import chinook_types as types
from tests.entity.chinook_rows import CHINOOK
from tests.entity.conftest import Filled
from tests.entity.serving import Api, fill, global_id, serve

DEEP = """
query ($first: Int!) {
  customers(first: $first) {
    totalCount
    nodes {
      supportRep { reportsTo { firstName } reports { totalCount } }
      invoices(first: 2) {
        totalCount
        nodes {
          lines(first: 2) { nodes { track { album { artist { name } } genre { name } mediaType { name } } } }
        }
      }
    }
  }
}
"""


async def test_a_customers_representative_reports_to_somebody(chinook: Api) -> None:
    customer, representative, manager = aliased(models.Customer), aliased(models.Employee), aliased(models.Employee)
    expected = await chinook.rows(
        select(customer.email, representative.first_name, manager.first_name)
        .outerjoin(customer.support_rep.of_type(representative))
        .outerjoin(representative.reports_to.of_type(manager))
        .order_by(customer.customer_id)
    )
    found = await chinook.ask(
        "{ customers(first: 100) { nodes { email supportRep { firstName reportsTo { firstName } } } } }"
    )
    shown = [
        (
            node["email"],
            (node["supportRep"] or {}).get("firstName"),
            ((node["supportRep"] or {}).get("reportsTo") or {}).get("firstName"),
        )
        for node in found["customers"]["nodes"]
    ]
    assert shown == [tuple(row) for row in expected]
    assert {None} < {manager for _, _, manager in shown}


@pytest.mark.parametrize(
    ("where", "is_meant"),
    [
        ({"id": {"isNull": True}}, lambda manager: manager is None),
        ({"id": {"isNull": False}}, lambda manager: manager is not None),
        ({}, lambda manager: manager is not None),
        ({"id": {"isNull": True}, "firstName": {"eq": "Andrew"}}, lambda _manager: False),
        ({"or": [{"id": {"isNull": True}}, {"firstName": {"eq": "Andrew"}}]}, lambda name: name in (None, "Andrew")),
        ({"and": [{"id": {"isNull": True}}, {"or": [{"id": {"isNull": True}}]}]}, lambda manager: manager is None),
        ({"and": []}, lambda manager: manager is not None),
        ({"firstName": {"isNull": True}}, lambda _manager: False),
    ],
)
async def test_who_reports_to_nobody_is_found_by_a_null_id(
    chinook: Api, where: dict[str, Any], is_meant: Callable[[str | None], bool], statements: StatementRecorder
) -> None:
    manager = aliased(models.Employee)
    expected = await chinook.rows(
        select(models.Employee.employee_id, manager.first_name).outerjoin(models.Employee.reports_to.of_type(manager))
    )
    text = "query ($where: EmployeeFilter!) { employees(where: {reportsTo: $where}) { nodes { id } } }"
    with statements() as seen:
        found = await chinook.ask(text, where=where)
    assert len(seen) == 1
    meant = sorted(global_id(types.Employee, number) for number, name in expected if is_meant(name))
    assert sorted(node["id"] for node in found["employees"]["nodes"]) == meant


async def test_an_id_of_the_row_itself_is_never_null(chinook: Api) -> None:
    text = "query ($where: EmployeeFilter) { employees(where: $where) { totalCount } }"
    counts = {
        wanted: (await chinook.ask(text, where={"id": {"isNull": wanted}}))["employees"]["totalCount"]
        for wanted in (True, False)
    }
    assert counts[True] == 0
    assert counts[False] == len(await chinook.rows(select(models.Employee.employee_id)))


async def test_a_row_is_found_by_its_composite_key(chinook: Api) -> None:
    playlist, track = (await chinook.rows(select(models.PlaylistTrack.playlist_id, models.PlaylistTrack.track_id)))[5]
    found = await chinook.ask(
        """
        query ($id: ID!) {
          playlistTrack(id: $id) { id playlist { id } track { id } }
          node(id: $id) { ... on PlaylistTrack { track { id } } }
          playlistTracks(where: {id: {eq: $id}}) { totalCount nodes { id } }
        }
        """,
        id=(own := global_id(types.PlaylistTrack, playlist, track)),
    )
    track_id = global_id(types.Track, track)
    assert found["playlistTrack"] == {
        "id": own,
        "playlist": {"id": global_id(types.Playlist, playlist)},
        "track": {"id": track_id},
    }
    assert found["node"] == {"track": {"id": track_id}}
    assert found["playlistTracks"] == {"totalCount": 1, "nodes": [{"id": own}]}


async def test_twice_the_data_costs_the_same_statements(
    blank_database: Database, filled: Filled, statements: StatementRecorder
) -> None:
    await fill(blank_database, CHINOOK, scale=2)
    counts = []
    for database, customers in ((await filled(CHINOOK, blank_database.dialect), 24), (blank_database, 48)):
        async with serve(database, CHINOOK) as api:
            with statements() as seen:
                found = await api.ask(DEEP, first=100)
        assert found["customers"]["totalCount"] == len(found["customers"]["nodes"]) == customers
        counts.append(len(seen))
    # customers and their count; representatives, their managers and the count of their reports; invoices and their
    # counts; lines; tracks; albums, artists, genres, media types
    assert counts == [2 + 3 + 2 + 1 + 1 + 4] * 2
