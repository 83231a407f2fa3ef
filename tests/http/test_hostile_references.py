"""Cursors and ids that this API did not make: refused as what they are, and never a row of somebody else's."""

import base64
import json
from typing import Any

import pytest

from tests.http.client import Answer, Client

ORDERS = {
    "invoices": ["", "{invoiceDate: DESC}", "{total: DESC}", "{customer: {lastName: ASC}}"],
    "things": ["{shape: ASC}", "{moment: ASC_NULLS_FIRST}", "{day: DESC}", "{price: ASC}", "{text: ASC}"],
    "members": ["{isActive: ASC}"],
    "albums": ["{tracks: {count: DESC}}"],
    "devices": ["", "{label: ASC}"],
    "readings": ["{at: ASC}", "{value: ASC}"],
}
"""Terms of every type that an order can have."""

VALUES: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    2**31,
    2**63,
    10**400,
    1.5,
    float("nan"),
    float("inf"),
    -1e308,
    "",
    "x",
    "a\x00b",
    "\ud800",
    "' OR 1=1 --",
    "NaN",
    "sNaN",
    "1e999999",
    "-0",
    "ROUND",
    "nope",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "0000-01-01",
    "2024-01-01T00:00:00",
    "2024-01-01T00:00:00Z",
    "00000000-0000-0000-0000-000000000000",
    [],
    [1],
    {},
    {"x": 1},
)


def encoded(value: Any) -> str:
    """As cursors are written."""
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def decoded(cursor: str) -> list[Any]:
    """What a cursor of ours holds: the order's digest, then a value for each term."""
    values: list[Any] = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    return values


async def page(api: Client, listing: str, order: str, **cursors: str) -> Answer:
    """The ids of a page, and its last cursor."""
    declared = " ".join(f"${name}: String" for name in cursors)
    given = " ".join(f"{name}: ${name}" for name in cursors)
    query = (
        f"query {f'({declared})' if declared else ''} {{ {listing}(first: 2, {given}, orderBy: [{order}])"
        " { nodes { id } pageInfo { endCursor } } }"
    )
    return await api.ask(query, cursors)


async def test_a_cursor_with_other_values_gives_a_page_or_is_refused(api: Client) -> None:
    turn = 0
    for listing, orders in ORDERS.items():
        for order in orders:
            digest, *values = decoded((await page(api, listing, order)).data[listing]["pageInfo"]["endCursor"])
            for position in range(len(values)):
                turn += 1
                for value in VALUES[turn % 3 :: 3]:  # each place a third of them, so that every value meets every type
                    forged = encoded([digest, *values[:position], value, *values[position + 1 :]])
                    answer = await page(api, listing, order, after=forged)
                    assert set(answer.codes) <= {"INVALID_CURSOR"}, f"{listing} {order} {value!r}"


CURSORS = {
    "nothing": "",
    "no base64": "!!!",
    "no JSON": base64.b64encode(b"{").decode(),
    "no list": encoded({}),
    "an empty list": encoded([]),
    "null": encoded(None),
    "text": encoded("x"),
    "a digest alone": encoded(["00000000"]),
    "another digest": encoded(["00000000", 1, 1]),
    "no digest": encoded([None, 1, 1]),
    "lists 5,000 deep": base64.b64encode(b"[" * 5_000 + b"]" * 5_000).decode(),
    "half of a surrogate pair": base64.b64encode(b'["\\ud800", 1]').decode(),
    "U+0000": "\x00",
    "not ASCII": "é🌱",
    "longer than any": "A" * 20_000,
}


@pytest.mark.parametrize("cursor", CURSORS.values(), ids=CURSORS)
@pytest.mark.parametrize("side", ["after", "before"])
async def test_what_is_no_cursor_is_refused(bare: Client, side: str, cursor: str) -> None:
    answer = await page(bare, "invoices", "{invoiceDate: DESC}", **{side: cursor})
    assert answer.code == "INVALID_CURSOR"
    assert answer.errors[0]["extensions"]["argument"] == side
    assert answer.messages == [f"`{side}` is not a cursor of this ordering; start again without it."]


async def test_a_cursor_belongs_to_its_list_and_its_order(api: Client) -> None:
    cursor = (await page(api, "invoices", "{invoiceDate: DESC}")).data["invoices"]["pageInfo"]["endCursor"]
    assert (await page(api, "invoices", "{invoiceDate: DESC}", after=cursor)).data
    for listing, order in (("invoices", "{invoiceDate: ASC}"), ("invoices", ""), ("things", "{moment: DESC}")):
        assert (await page(api, listing, order, after=cursor)).code == "INVALID_CURSOR"


async def test_every_changed_letter_of_a_cursor_gives_a_page_or_is_refused(api: Client) -> None:
    cursor = (await page(api, "albums", "{title: ASC}")).data["albums"]["pageInfo"]["endCursor"]
    for position in range(0, len(cursor), 3):
        for letter in "A_é\x00":
            changed = cursor[:position] + letter + cursor[position + 1 :]
            assert set((await page(api, "albums", "{title: ASC}", after=changed)).codes) <= {"INVALID_CURSOR"}
        assert (await page(api, "albums", "{title: ASC}", after=cursor[:position])).code == "INVALID_CURSOR"


def global_id(text: str) -> str:
    """As ids are written."""
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


IDS = [
    "",
    "x",
    "1",
    "é🌱",
    "\x00",
    "A" * 5_000,
    global_id(""),
    global_id("Album"),
    global_id("Album:"),
    global_id("Album:null"),
    global_id("Album:true"),
    global_id("Album:1.5"),
    global_id("Album:NaN"),
    global_id('Album:"1"'),
    global_id("Album:1,2"),
    global_id("Album:[1]"),
    global_id('Album:{"x":1}'),
    global_id("Album:1 OR 1=1"),
    global_id(f"Album:{2**63}"),
    global_id("Album:" + "9" * 600),
    global_id("Album:" + "[" * 600),
    global_id("Nothing:1"),
    global_id("Query:1"),
    global_id("AlbumConnection:1"),
    global_id("Device:1"),
    global_id('Device:"x"'),
    global_id('Device:"\\u0000"'),
]


async def test_what_is_no_id_is_refused_wherever_an_id_is_taken(bare: Client) -> None:
    for text in IDS:
        for query in (
            "query ($id: ID!) { node(id: $id) { id } }",
            "query ($id: ID!) { nodes(ids: [$id]) { id } }",
            "query ($id: ID!) { album(id: $id) { id } }",
            "query ($id: ID!) { albums(where: {id: {eq: $id}}) { totalCount } }",
            "query ($id: ID!) { albums(where: {id: {notIn: [$id]}}) { totalCount } }",
            "query ($id: ID!) { albums(where: {artist: {id: {ne: $id}}}) { totalCount } }",
        ):
            answer = await bare.ask(query, {"id": text})
            assert answer.code == "INVALID_ID", f"{text!r} in {query}"
            assert len(answer.messages[0]) < 200


async def test_an_id_of_another_type_is_no_id_here_and_one_of_nothing_finds_nothing(api: Client) -> None:
    artist = (await api.ask("{ artists(first: 1) { nodes { id } } }")).data["artists"]["nodes"][0]["id"]
    assert (await api.ask("query ($id: ID!) { album(id: $id) { id } }", {"id": artist})).code == "INVALID_ID"
    assert (await api.ask("query ($id: ID!) { node(id: $id) { id } }", {"id": artist})).data["node"] == {"id": artist}
    for number in (0, -1, 2**63 - 1, -(2**63)):
        answer = await api.ask("query ($id: ID!) { node(id: $id) { id } }", {"id": global_id(f"Album:{number}")})
        assert answer.data == {"node": None}


async def test_natural_keys_find_their_row_or_none(api: Client) -> None:
    for key in ("", "x" * 100_000, "' OR 1=1 --", "%", "🌱", "COMPOST\u0130"):
        answer = await api.ask("query ($name: String!) { genre(name: $name) { id } }", {"name": key})
        assert answer.data == {"genre": None}
    for query in ("{ genre { id } }", '{ genre(name: "x", id: "y") { id } }', "{ genre(name: null) { id } }"):
        assert (await api.ask(query)).code == "INVALID_LOOK_UP"
