"""Numbers in JSON come and go as they are written: by POST and by GET, as variables and as literals."""

import json

import pytest

from db.relations import EVERYTHING
from graph.domain import Domain
from graph.entity import Schema
from tests.entity.amounts import SAMPLE
from tests.entity.conftest import Filled
from tests.http.client import Client
from tests.http.conftest import Serve

DOMAIN = Domain(lambda settings: Schema(SAMPLE.query, settings), lambda _viewer: EVERYTHING)

ASKED = "query ($value: JSON!) { amounts(where: {payload: {contains: $value}}) { nodes { payload } } }"


@pytest.fixture
async def amounts(dialect: str, samples: Filled, serve: Serve) -> Client:
    return await serve((await samples(SAMPLE, dialect)).url, domain=DOMAIN)


@pytest.mark.parametrize(
    ("value", "answer"),
    [
        ("[-1237940039285380274899124224]", "[-1237940039285380274899124224]"),
        ("[-1237940039285380274899124225]", None),
        ("[0.1000000000000000055]", "[0.1000000000000000055]"),
        ("[0.1000000000000000056]", None),
        ("[0.1]", "[0.1]"),
        ("[0.10]", "[0.1]"),
        ("[100000000000000000000000]", "[1e+23]"),
        ("[1e23]", "[1e+23]"),
    ],
)
async def test_numbers_in_json_are_exact_wherever_they_stand(amounts: Client, value: str, answer: str | None) -> None:
    variables = f'{{"value": {value}}}'
    body = f'{{"query": {json.dumps(ASKED)}, "variables": {variables}}}'.encode()
    literal = ASKED.replace("query ($value: JSON!) ", "").replace("$value", value)
    parameters: tuple[dict[str, str], ...] = ({"query": ASKED, "variables": variables}, {"query": literal})
    responses = [await amounts.http.post("/graphql", content=body, headers={"Content-Type": "application/json"})]
    responses += [await amounts.http.get("/graphql", params=given) for given in parameters]
    for response in responses:
        found = json.loads(response.text, parse_float=str, parse_int=str)["data"]["amounts"]["nodes"]
        expected = [] if answer is None else [{"payload": json.loads(answer, parse_float=str, parse_int=str)}]
        assert [[float(number) for number in node["payload"]] for node in found] == [
            [float(number) for number in node["payload"]] for node in expected
        ]
        if answer is not None and "e" not in answer:
            assert found == expected


async def test_deep_json_is_refused_in_words(amounts: Client) -> None:
    for depth in (101, 900):
        value = "[" * depth + "0.5" + "]" * depth
        answer = await amounts.post(f'{{"query": {json.dumps(ASKED)}, "variables": {{"value": {value}}}}}'.encode())
        assert answer.code == "BAD_USER_INPUT"
