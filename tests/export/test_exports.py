"""A list exported is the list that the API shows, page by page, or it is refused, or it visibly ends too early."""

import asyncio
import csv
import io
import json
from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from starlette.requests import HTTPConnection

from db.relations import EVERYTHING
from graph.domain import Domain
from graph.entity import Schema
from graph.viewer import Viewer
from tests.databases import Database, engine_statements
from tests.entity import stations
from tests.entity.conftest import Filled
from tests.entity.guarded_types import GUARDED, VISIBLE
from tests.entity.sales_types import SALES
from tests.entity.serving import Rows, fill
from tests.entity.stations_types import STATIONS
from tests.http.client import Client
from tests.http.conftest import Serve

THINGS = 'things(orderBy: [{number: DESC}, {text: ASC}], where: {rate: {gt: "0.1"}}'
SELECTED = """{ nodes {
  id ...Plain box { called: name volume } whole { box { name } }
  labels(first: 2, orderBy: {text: ASC}) { nodes { text } }
} }"""
PLAIN = " fragment Plain on Thing { text number price isNew day moment shape token }"
FLAT = "{ things { nodes { ...Plain box { name } whole { box { volume } } } } }" + PLAIN

SHOWING_STATIONS = Domain(lambda settings: Schema(STATIONS.query, settings), lambda _viewer: EVERYTHING)

SMALL_PAGES = {"max_rows": 150}
"""Settings by which few rows are a page: exports have several."""


async def exported(client: Client, query: str, path: str = "/export.ndjson", **parameters: str) -> httpx.Response:
    return await client.http.get(path, params={"query": query, **parameters})


def lines(response: httpx.Response) -> list[Any]:
    assert response.status_code == 200, response.text
    return [json.loads(line) for line in response.text.splitlines()]


async def refusal(client: Client, query: str, path: str = "/export.ndjson", **parameters: str) -> tuple[str, str]:
    """The code and the sentence of why nothing is exported."""
    response = await exported(client, query, path, **parameters)
    assert response.status_code >= 400
    assert "content-disposition" not in response.headers
    (error,) = response.json()["errors"]
    return error["extensions"]["code"], error["message"]


async def test_an_export_is_what_the_api_shows(serve: Serve, filled: Database) -> None:
    client, whole = await serve(filled.url, **SMALL_PAGES), await serve(filled.url)
    shown = (await whole.ask(f"{{ {THINGS}, first: 100) {SELECTED} }}{PLAIN}")).data["things"]["nodes"]
    assert len(shown) > 20
    found = await exported(client, f"{{ {THINGS}) {SELECTED} }}{PLAIN}")
    assert lines(found) == shown
    assert found.headers["content-type"] == "application/x-ndjson; charset=utf-8"
    assert found.headers["content-disposition"] == 'attachment; filename="things.ndjson"'
    assert found.headers["x-content-type-options"] == "nosniff"
    assert found.headers["cache-control"] == "no-store"


async def test_each_page_takes_the_statements_of_an_operation_and_all_have_one_view(
    serve: Serve, filled: Database
) -> None:
    client = await serve(filled.url, fast_path=False, max_rows=45)
    query = "{ tracks { nodes { name album { title } } } }"
    tracks = len(lines(await exported(client, query)))
    with engine_statements() as seen:
        assert len(lines(await exported(client, query))) == tracks
    pages = -(-tracks // 15)  # of 45 rows, a page of 15 may take 15 tracks, one more, and 15 albums
    assert tracks > 60
    assert len(seen) == 2 * pages


async def test_csv_has_a_cell_for_each_value(serve: Serve, filled: Database) -> None:
    client, whole = await serve(filled.url, **SMALL_PAGES), await serve(filled.url)
    shown = (await whole.ask(FLAT.replace("things", "things(first: 100)", 1))).data["things"]["nodes"]
    found = await exported(client, FLAT, "/export.csv")
    assert found.headers["content-type"] == "text/csv; charset=utf-8"
    assert found.headers["content-disposition"] == 'attachment; filename="things.csv"'
    read = list(csv.reader(io.StringIO(found.text, newline="")))
    names = "text number price isNew day moment shape token box.name whole.box.volume"
    assert read[0] == names.split()
    assert [dict(zip(read[0], cells, strict=True)) for cells in read[1:]] == [flat(row) for row in shown]


def flat(row: Mapping[str, Any]) -> dict[str, str]:
    """A row of JSON as cells."""
    plain = {key: cell(value) for key, value in row.items() if key not in ("box", "whole")}
    box, whole = row["box"] or {}, row["whole"] or {}
    return plain | {"box.name": cell(box.get("name")), "whole.box.volume": cell((whole.get("box") or {}).get("volume"))}


def cell(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


async def test_null_differs_from_an_empty_text(serve: Serve, filled: Database) -> None:
    client = await serve(filled.url)
    query = '{ things(where: {or: [{text: {isNull: true}}, {text: {eq: ""}}]}) { nodes { text number } } }'
    bodies = (await exported(client, query, "/export.csv")).text.splitlines()[1:]
    shown = lines(await exported(client, query))
    assert {row["text"] for row in shown} == {None, ""}
    assert [body.split(",")[0] for body in bodies] == ["" if row["text"] is None else '""' for row in shown]


@pytest.mark.parametrize(
    ("asked", "cells"),
    [
        ({}, ['"=1+1"', '"-2"', '"\t@x"', '"plain, ""x"""']),
        ({"escapeFormulas": "true"}, ['"\'=1+1"', '"\'-2"', '"\'\t@x"', '"plain, ""x"""']),
    ],
)
async def test_texts_that_spreadsheets_compute_are_exact_unless_asked_otherwise(
    serve: Serve, blank_database: Database, asked: Mapping[str, str], cells: list[str]
) -> None:
    names = ["=1+1", "-2", "\t@x", 'plain, "x"']
    rows: Rows = {stations.Station: [{"name": name, "above_id": None} for name in names]}
    await fill(blank_database, STATIONS._replace(rows=lambda _scale: rows))
    client = await serve(blank_database.url, domain=SHOWING_STATIONS)
    found = await exported(client, "{ stations { nodes { name } } }", "/export.csv", **asked)
    assert found.text.split("\r\n") == ['"name"', *cells, ""]


async def test_whoever_asks_sees_in_an_export_what_the_api_shows_to_them(
    serve: Serve, dialect: str, samples: Filled
) -> None:
    async def identify(request: HTTPConnection) -> Viewer:
        return Viewer(int(request.headers["x-viewer"]))

    domain = Domain(lambda settings: Schema(GUARDED.query, settings), lambda _viewer: VISIBLE)
    client = await serve((await samples(GUARDED, dialect)).url, identify=identify, domain=domain)
    query = "{ papers(orderBy: {id: ASC}) { nodes { owner loud } } }"
    for viewer in ("1", "2"):
        client.http.headers["x-viewer"] = viewer
        shown = (await client.ask(query)).data["papers"]["nodes"]
        assert {row["owner"] for row in shown if row["loud"] is not None} == {int(viewer)}
        assert lines(await exported(client, query)) == shown
        boxes = lines(await exported(client, "{ boxes { nodes { name papers { totalCount } } } }"))
        assert [box["name"] for box in boxes] == [{"1": "mine", "2": "theirs"}[viewer]]


REFUSED = [
    ("{ things", "GRAPHQL_PARSE_FAILED", ""),
    ("{ things { nodes { nothing } } }", "GRAPHQL_VALIDATION_FAILED", "Cannot query field"),
    ("{ things { nodes { id } } boxes { nodes { id } } }", "INVALID_EXPORT", "An export is of one list."),
    ("{ things { totalCount } }", "INVALID_EXPORT", "An export has rows alone, not `totalCount`."),
    ("{ things { nodes { id } totalCount } }", "INVALID_EXPORT", "An export is of one list."),
    ("{ things { edges { node { id } } } }", "INVALID_EXPORT", "An export has rows alone, not `edges`."),
    ('{ box(id: "x") { name } }', "INVALID_EXPORT", "`box` is no list of rows."),
    ("{ things(last: 5) { nodes { id } } }", "INVALID_EXPORT", "An export begins at the front; leave `last` out."),
    ("{ things(first: -1) { nodes { id } } }", "INVALID_PAGE", "`first` is -1;"),
    ("{ things(first: 31) { nodes { id } } }", "INVALID_PAGE", "`first` is 31; an export may have 30 rows."),
    ('{ things(after: "x") { nodes { id } } }', "INVALID_CURSOR", "`after` is not a cursor"),
]


async def test_what_is_no_list_is_refused_with_the_cure(
    serve: Serve, filled: Database, subtests: pytest.Subtests
) -> None:
    client = await serve(filled.url, max_export_rows=30)
    for query, code, says in REFUSED:
        with subtests.test(query):
            found, message = await refusal(client, query)
            assert (found, message[: len(says)]) == (code, says)


async def test_csv_refuses_what_is_no_table(serve: Serve, filled: Database) -> None:
    client = await serve(filled.url)
    for query in (
        "{ things { nodes { labels { nodes { text } } } } }",
        "{ boxes { nodes { things { edges { cursor } } } } }",
    ):
        code, message = await refusal(client, query, "/export.csv")
        assert (code, message.partition(" has several rows")[2][:2]) == ("INVALID_EXPORT", ", ")
    counts = await exported(
        client, "{ boxes { nodes { things { totalCount aggregate { max { number } } } } } }", "/export.csv"
    )
    assert counts.text.splitlines()[0] == '"things.totalCount","things.aggregate.max.number"'


async def test_rows_without_a_key_cannot_be_paged_through(serve: Serve, dialect: str, samples: Filled) -> None:
    domain = Domain(lambda settings: Schema(SALES.query, settings), lambda _viewer: EVERYTHING)
    client = await serve((await samples(SALES, dialect)).url, domain=domain)
    code, message = await refusal(client, "{ saleLines { nodes { product } } }")
    assert (code, message.partition(";")[0]) == (
        "INVALID_EXPORT",
        "The rows of `saleLines` have no key to page through them by",
    )
    assert len(lines(await exported(client, "{ sales { nodes { product } } }"))) == 30


async def test_a_list_whose_single_row_costs_too_much_is_refused(serve: Serve, filled: Database) -> None:
    client = await serve(filled.url, max_values=30)
    code, _ = await refusal(client, "{ things(first: 1) { nodes { labels(first: 100) { nodes { text } } } } }")
    assert code == "TOO_COSTLY"


async def until_broken(client: Client, query: str, path: str) -> str:
    """What came of an export before its connection ended, too early."""
    received = b""
    async with client.http.stream("GET", path, params={"query": query}) as response:
        try:
            async for part in response.aiter_bytes():
                received += part
        except httpx.RemoteProtocolError:
            return received.decode()
    raise AssertionError("The export has come to its end.")


@pytest.mark.parametrize("path", ["/export.ndjson", "/export.csv"])
async def test_an_export_that_is_too_long_ends_without_its_end(serve: Serve, filled: Database, path: str) -> None:
    client = await serve(filled.url, max_export_rows=10, compress_from_bytes=0)
    received = await until_broken(client, "{ things { nodes { id } } }", path)
    if path == "/export.ndjson":
        (error,) = json.loads(received.splitlines()[-1])["errors"]
        assert error["extensions"] == {"code": "EXPORT_TOO_LONG", "allowed": 10}
    assert len(received.splitlines()) == 11  # ten rows, and the line of the error, or the one of the names
    asked = await exported(client, "{ things(first: 10) { nodes { id } } }")
    assert len(lines(asked)) == 10


async def test_pages_grow_smaller_where_rows_are_large(serve: Serve, filled: Database) -> None:
    client = await serve(filled.url, max_answer_bytes=100)  # of one row
    code, _ = await refusal(client, "{ things { nodes { " + " ".join(f"a{n}: id" for n in range(20)) + " } } }")
    assert code == "TOO_COSTLY"
    several = await serve(filled.url, max_answer_bytes=600)  # of ten
    assert len(lines(await exported(several, "{ things { nodes { id text } } }"))) == 40


LIKED = {
    "": "application/x-ndjson",
    "*/*": "application/x-ndjson",
    "text/html, */*;q=0.8": "application/x-ndjson",
    "text/csv": "text/csv",
    "text/csv, application/json;q=0.5": "text/csv",
    "application/jsonl": "application/x-ndjson",
}
"""What a client accepts, and what it gets."""


async def test_the_form_is_the_one_that_the_client_likes(
    serve: Serve, filled: Database, subtests: pytest.Subtests
) -> None:
    client, query = await serve(filled.url), {"query": "{ boxes { nodes { name } } }"}
    for accept, media_type in LIKED.items():
        with subtests.test(accept):
            found = await client.http.get("/export", params=query, headers={"Accept": accept})
            assert found.headers["content-type"] == f"{media_type}; charset=utf-8"


async def test_http_refuses_what_is_none_of_its_forms_and_methods(bare: Client) -> None:
    query = {"query": "{ boxes { nodes { name } } }"}
    for method, headers, status in (("GET", {"Accept": "image/png"}, 406), ("PUT", {}, 405), ("HEAD", {}, 405)):
        assert (await bare.http.request(method, "/export", params=query, headers=headers)).status_code == status
    assert (
        await bare.http.post("/export", content=b"[]", headers={"Content-Type": "application/json"})
    ).status_code == 400
    assert (await bare.http.get("/export", params=query)).status_code == 503  # there is no database


async def test_one_too_many_is_told_to_come_again(serve: Serve, filled: Database) -> None:
    client = await serve(filled.url, max_exports=1)
    asked = [exported(client, "{ things { nodes { id labels { nodes { text } } } } }") for _ in range(4)]
    statuses = sorted(response.status_code for response in await asyncio.gather(*asked))
    assert statuses[0] == 200
    assert statuses[-1] == 503
    assert len(lines(await exported(client, "{ things { nodes { id } } }"))) == 40  # whoever comes later has a place
    off = await serve(filled.url, max_exports=0)
    assert (await exported(off, "{ things { nodes { id } } }")).status_code == 404


async def test_exports_have_a_time_limit_of_their_own(serve: Serve, filled: Database) -> None:
    client = await serve(filled.url, export_timeout_s=0.001)
    assert (await refusal(client, "{ things { nodes { id } } }"))[0] == "DEADLINE_EXCEEDED"
    assert (await client.ask("{ things { nodes { id } } }")).status == 200


async def test_points_are_counted_for_each_page(serve: Serve, filled: Database) -> None:
    """A page of 15 tracks takes 1 statement, 16 rows and 31 values: 3 points. What is too much is refused at once."""
    client = await serve(filled.url, max_rows=16, rate_limit_per_address="1000/hour")
    found = await exported(client, "{ tracks { nodes { name } } }")
    pages = -(-len(lines(found)) // 15)
    after = await exported(client, "{ tracks(first: 1) { nodes { name } } }")
    assert f"r={1000 - 3 * pages - 3};" in after.headers["ratelimit"]
    strict = await serve(filled.url, rate_limit_per_address="4/hour")
    assert len(lines(await exported(strict, "{ things { nodes { id } } }"))) == 40
    refused = await exported(strict, "{ things { nodes { id } } }")
    assert (refused.status_code, refused.json()["errors"][0]["extensions"]["code"]) == (429, "RATE_LIMITED")


@pytest.mark.parametrize("coding", ["zstd", "gzip"])
async def test_exports_are_compressed_for_those_who_take_it(serve: Serve, filled: Database, coding: str) -> None:
    client = await serve(filled.url, **SMALL_PAGES)
    query = {"query": FLAT}
    plain = await client.http.get("/export.csv", params=query, headers={"Accept-Encoding": "identity"})
    shorter = await client.http.get("/export.csv", params=query, headers={"Accept-Encoding": coding})
    assert (plain.headers.get("content-encoding"), shorter.headers["content-encoding"]) == (None, coding)
    assert shorter.text == plain.text
