"""Answers of different schemas in one form, and where two of them differ."""

import json
from typing import Any

import pytest

from bench.answers import NoAnswer, common_form, first_difference
from graph.entity.ids import encode_id
from graph.entity.registry import entity_of
from graph.types.user import User

NUMBER = 777


def form(data: Any) -> Any:
    """The common form of an answer with this data."""
    return common_form(json.dumps({"data": data}).encode(), 200)


@pytest.mark.parametrize(
    "data",
    [
        {"users": [{"id": 1}]},
        {"users": {"nodes": [{"id": 1}]}},
        {"users": {"edges": [{"node": {"id": "1"}}]}},
        [{"id": 1}],
    ],
    ids=["list", "nodes", "edges", "no root"],
)
def test_a_list_is_a_list_however_it_comes(data: Any) -> None:
    assert form(data) == [{"id": 1}]


def test_a_join_table_is_read_past() -> None:
    assert form({"tags": {"edges": [{"node": {"tag": {"id": 5, "name": "roses"}}}]}}) == [{"id": 5, "name": "roses"}]


def test_the_name_of_a_type_is_no_part_of_an_answer() -> None:
    assert form({"user": {"__typename": "User", "id": NUMBER}}) == {"id": NUMBER}


def test_an_opaque_id_is_the_number_of_its_row() -> None:
    assert form({"user": {"id": encode_id(entity_of(User), (NUMBER,))}}) == {"id": NUMBER}


def test_an_id_without_a_number_is_no_answer() -> None:
    with pytest.raises(NoAnswer, match="is no id"):
        form({"user": {"id": "rose"}})


@pytest.mark.parametrize("moment", ["2024-01-01T00:00:00Z", "2024-01-01T01:00:00+01:00", "2024-01-01T00:00:00+00:00"])
def test_moments_are_compared_in_utc(moment: str) -> None:
    assert form({"post": {"createdAt": moment}}) == {"createdAt": "2024-01-01T00:00:00+00:00"}


def test_a_count_that_comes_as_an_aggregate_is_a_total() -> None:
    aggregated = {"aggregate": {"aggregations": {"count": 2}}, "nodes": [{"id": 1}]}
    assert form({"posts": aggregated}) == form({"posts": {"totalCount": 2, "nodes": [{"id": 1}]}})


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"<html>", "status 500, b'<html>'"),
        (b'{"errors": [{"message": "No such\\n field"}]}', "No such field"),
        (b'{"data": null}', "status 500"),
    ],
)
def test_what_is_not_data_is_no_answer(body: bytes, reason: str) -> None:
    with pytest.raises(NoAnswer) as failure:
        common_form(body, 500)
    assert str(failure.value) == reason


@pytest.mark.parametrize(
    ("expected", "found", "difference"),
    [
        ([{"id": 1}], [{"id": 1}], None),
        ([{"id": 1}], [], "the list has 0 of 1 rows"),
        ({"posts": [1, 2]}, {"posts": [1]}, "posts has 1 of 2 rows"),
        ([{"author": {"name": "Ada"}}], [{"author": {"name": "Bram"}}], "[0].author.name is 'Bram', not 'Ada'"),
        ([1, None], [1, 0], "[1] is 0, not None"),
    ],
)
def test_a_difference_is_told_with_its_place(expected: Any, found: Any, difference: str | None) -> None:
    assert first_difference(expected, found) == difference


def test_other_keys_are_a_difference() -> None:
    difference = first_difference({"id": 1}, {"id": 1, "name": "Ada"})
    assert difference is not None
