"""Texts are found whatever their accents, in filters of every kind, and a filter of nothing but accents is empty."""

import pytest

from tests.entity.laws import Both
from tests.entity.serving import Api

LABELS = "query ($where: LabelFilter) { labels(where: $where) { nodes { text } } }"


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"eqIgnoreAccents": "Grun"}, ["grün", "GRÜN"]),
        ({"eqIgnoreAccents": "gru\u0308n"}, ["grün", "GRÜN"]),
        ({"containsIgnoreAccents": "RU"}, ["grün", "GRÜN"]),
        ({"startsWithIgnoreAccents": "ré"}, ["red", "Red"]),
        ({"endsWithIgnoreAccents": "ñ"}, ["grün", "GRÜN"]),
        ({"containsIgnoreAccents": "%"}, []),
        ({"endsWithIgnoreAccents": ""}, ["red", "Red", "grün", "GRÜN"]),
    ],
    ids=str,
)
async def test_accents_and_case_make_no_difference(both: Both, asked: dict[str, str], found: list[str]) -> None:
    for api in both.values():
        nodes = (await api.ask(LABELS, where={"text": asked}))["labels"]["nodes"]
        assert [node["text"] for node in nodes] == found


async def test_texts_in_documents_are_found_too(odd: Api) -> None:
    asked = '{ readings(where: {payload: {path: [{at: ["0"], containsIgnoreAccents: "X́"}]}}) { totalCount } }'
    assert (await odd.ask(asked))["readings"]["totalCount"] == 1
