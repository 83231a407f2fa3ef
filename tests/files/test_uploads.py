"""Files come with mutations, are kept apart from rows, and leave for whoever sees the row."""

from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import select

from db import models
from db.session.engines import Engines
from graph.files.attaching import named
from tests.files.conftest import ATTACH, MINE, PREFLIGHT, THEIRS, Uploading

LARGE = bytes(range(256)) * 1_000
"""More than waits in memory, and than is read at once."""


async def test_a_file_comes_with_a_mutation_and_leaves_by_its_address(uploading: Uploading) -> None:
    payload = await uploading.attach(LARGE, "Quittung März.pdf", "application/pdf")
    file = payload["document"].pop("file")
    assert payload == {"document": {"version": 2}, "errors": []}
    key = uploading.kept()[0].name
    assert file == {
        "url": f"/files/{MINE}/{key}",
        "name": "Quittung März.pdf",
        "contentType": "application/pdf",
        "size": "256000",
    }
    found = await uploading.get(file["url"])
    assert (found.status_code, found.content) == (200, LARGE)
    assert found.headers["content-type"] == "application/pdf"
    assert found.headers["content-disposition"] == (
        "attachment; filename=\"Quittung M_rz.pdf\"; filename*=UTF-8''Quittung%20M%C3%A4rz.pdf"
    )
    assert found.headers["x-content-type-options"] == "nosniff"
    assert found.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert found.headers["cache-control"] == "private, no-cache"


async def test_a_file_is_for_whoever_sees_its_row(uploading: Uploading) -> None:
    url = (await uploading.file())["url"]
    wrong = ["/files/x/y", f"/files/{MINE}/{'0' * 32}", url.replace(MINE, THEIRS), "/files/VXNlcjox/x"]
    statuses = [(await uploading.get(url, viewer=viewer)).status_code for viewer in (1, 2, None)]
    assert statuses == [200, 404, 404]
    assert {(await uploading.get(one)).status_code for one in wrong} == {404}
    assert (await uploading.get(url, method="POST")).status_code == 405


async def test_another_file_has_another_address(uploading: Uploading) -> None:
    first, second = await uploading.file(), await uploading.file(content=b"second", ifVersion=2)
    assert (await uploading.get(first["url"])).status_code == 404
    assert (await uploading.get(second["url"])).text == "second"
    operations = {"query": ATTACH, "variables": {"input": {"id": MINE, "file": None}}}
    taken = await uploading.http.post("/graphql", json=operations, headers={"X-Viewer": "1"})
    assert taken.json()["data"]["attachDocumentFile"]["document"]["file"] is None
    assert (await uploading.get(second["url"])).status_code == 404


async def test_a_change_that_is_refused_leaves_no_file(uploading: Uploading) -> None:
    refused: list[tuple[dict[str, Any], str]] = [
        ({"id_": THEIRS}, "NotFound"),
        ({"viewer": 2}, "NotFound"),
        ({"ifVersion": 7}, "VersionConflict"),
        ({"viewer": None}, "NotSignedIn"),
    ]
    for given, error in refused:
        payload = await uploading.attach(**given)
        assert (payload["document"], [it["__typename"] for it in payload["errors"]]) == (None, [error])
        assert uploading.kept() == []


async def test_the_record_tells_of_a_file_and_does_not_hold_it(uploading: Uploading, engines: Engines) -> None:
    await uploading.attach(LARGE)
    async with engines.primary.connect() as connection:
        (entry,) = (await connection.execute(select(models.AuditEntry.action, models.AuditEntry.input))).all()
    assert tuple(entry) == ("attachDocumentFile", {"id": MINE, "file": "notes.txt (text/plain, 256000 bytes)"})


async def test_without_a_file_something_must_be_said(uploading: Uploading) -> None:
    operations = {"query": ATTACH, "variables": {"input": {"id": MINE}}}
    answer = (await uploading.http.post("/graphql", json=operations, headers={"X-Viewer": "1"})).json()
    assert [it["path"] for it in answer["data"]["attachDocumentFile"]["errors"]] == [["input", "file"]]
    text = {"query": ATTACH, "variables": {"input": {"id": MINE, "file": "hello"}}}
    (error,) = (await uploading.http.post("/graphql", json=text, headers={"X-Viewer": "1"})).json()["errors"]
    assert "A file is sent beside the JSON" in error["message"]


RANGES: list[tuple[Mapping[str, str], int, bytes | None, str | None]] = [
    ({"Range": "bytes=0-3"}, 206, b"0123", "bytes 0-3/10"),
    ({"Range": "bytes=8-"}, 206, b"89", "bytes 8-9/10"),
    ({"Range": "bytes=-2"}, 206, b"89", "bytes 8-9/10"),
    ({"Range": "bytes=-99"}, 200, b"0123456789", None),
    ({"Range": "bytes=7-999"}, 206, b"789", "bytes 7-9/10"),
    ({"Range": "bytes=0-1,4-5"}, 200, b"0123456789", None),
    ({"Range": "lines=1-2"}, 200, b"0123456789", None),
    ({"Range": "bytes=-"}, 200, b"0123456789", None),
    ({"Range": "bytes=0-3", "If-Range": '"other"'}, 200, b"0123456789", None),
    ({"Range": "bytes=10-"}, 416, None, "bytes */10"),
    ({"Range": "bytes=5-2"}, 416, None, "bytes */10"),
    ({"Range": "bytes=-0"}, 416, None, "bytes */10"),
]
"""What is asked of ten digits, and what comes."""


async def test_a_part_of_a_file_may_be_asked_for(uploading: Uploading, subtests: pytest.Subtests) -> None:
    url = (await uploading.file(content=b"0123456789"))["url"]
    for asked, status, content, range_ in RANGES:
        with subtests.test(str(asked)):
            found = await uploading.get(url, asked)
            assert (found.status_code, found.headers.get("content-range")) == (status, range_)
            assert content is None or found.content == content


async def test_a_browser_that_has_a_file_is_told_so(uploading: Uploading) -> None:
    url = (await uploading.file())["url"]
    etag = (await uploading.get(url)).headers["etag"]
    again = await uploading.get(url, {"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")
    head = await uploading.get(url, method="HEAD")
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", "5")


@pytest.mark.parametrize(
    ("sent", "kept"),
    [("a\x07b\n.txt", "ab.txt"), ("C:\\Temp\\x.doc", "x.doc"), ("..", "file"), ("", "file"), ("ä" * 300, "ä" * 255)],
)
def test_names_of_files_are_such_as_every_system_takes(sent: str, kept: str) -> None:
    assert named(sent) == kept


async def test_an_empty_file_is_a_file(uploading: Uploading) -> None:
    file = await uploading.file(content=b"", name="../../etc/passwd", type_="no type")
    assert (file["size"], file["name"], file["contentType"]) == ("0", "passwd", "application/octet-stream")
    found = await uploading.get(file["url"])
    assert (found.status_code, found.content) == (200, b"")


async def test_a_file_that_the_store_has_lost_is_not_there(uploading: Uploading) -> None:
    url = (await uploading.file())["url"]
    uploading.kept()[0].unlink()
    assert (await uploading.get(url)).status_code == 404


async def test_one_request_may_have_several_files(uploading: Uploading) -> None:
    two = "mutation ($a: AttachDocumentFileInput!, $b: AttachDocumentFileInput!) {"
    two += " a: attachDocumentFile(input: $a) { document { file { name } } errors { __typename } }"
    two += " b: attachDocumentFile(input: $b) { document { file { name } } errors { __typename } } }"
    variables = {"a": {"id": MINE, "file": None}, "b": {"id": THEIRS, "file": None}}
    files = {"0": ("a.txt", b"a", "text/plain"), "1": ("b.txt", b"b", "text/plain")}
    places = {"0": ["variables.a.file"], "1": ["variables.b.file"]}
    data = (await uploading.post({"query": two, "variables": variables}, places, files)).json()["data"]
    assert data["a"]["document"]["file"]["name"] == "a.txt"
    assert data["b"]["errors"] == [{"__typename": "NotFound"}]
    assert len(uploading.kept()) == 1


ONE = {"query": ATTACH, "variables": {"input": {"id": MINE, "file": None}}}
PLACE = {"0": ["variables.input.file"]}
FILE = {"0": ("a.txt", b"hello", "text/plain")}
NOT_NULL = {"query": ATTACH, "variables": {"input": {"id": MINE, "file": "there"}}}
REFUSED: list[tuple[Any, Any, str]] = [
    (ONE, {}, "do not fit together"),
    (ONE, {"0": ["variables.input.file"], "1": ["variables.x"]}, "do not fit together"),
    (ONE, {"0": "variables.input.file"}, "`map` says where"),
    (ONE, [], "`map` says where"),
    (ONE, {"0": ["variables.input.other"]}, "where no null stands"),
    (ONE, {"0": ["variables.0.file"]}, "where no null stands"),
    (ONE, {"0": [7]}, "where no null stands"),
    (ONE, {"0": [""]}, "where no null stands"),
    (NOT_NULL, PLACE, "where no null stands"),
    ([], PLACE, "where no null stands"),
    ([ONE], {"0": ["0.variables.input.file"]}, "lists of operations are not taken"),
    ("text", PLACE, "where no null stands"),
]


async def test_forms_that_are_none_are_refused_with_the_cure(uploading: Uploading, subtests: pytest.Subtests) -> None:
    for operations, places, says in REFUSED:
        with subtests.test(f"{operations} {places}"):
            response = await uploading.post(operations, places, FILE)
            assert response.status_code == 400
            assert says in response.json()["errors"][0]["message"]
    assert uploading.kept() == []


async def test_a_form_of_another_site_is_refused(uploading: Uploading) -> None:
    """Browsers send forms of any page, with cookies, and none of these headers."""
    refused = await uploading.post(ONE, PLACE, FILE, headers={})
    assert (refused.status_code, "X-Trellis-Preflight" in refused.text) == (403, True)
    apollo = await uploading.post(ONE, PLACE, FILE, headers={"Apollo-Require-Preflight": "true"})
    assert apollo.status_code == 200


async def test_bodies_that_are_no_form_are_refused(uploading: Uploading) -> None:
    for type_, body in (("multipart/form-data", b"x"), ("multipart/form-data; boundary=b", b"x")):
        headers = {**PREFLIGHT, "Content-Type": type_}
        response = await uploading.http.post("/graphql", content=body, headers=headers)
        assert (response.status_code, response.json()["errors"][0]["extensions"]["code"]) == (400, "BAD_REQUEST")


class TestLimits:
    @pytest.fixture
    def settings_of_files(self) -> Mapping[str, Any]:
        return {"max_upload_bytes": 10_000, "upload_types": ("image/*", "text/plain")}

    async def test_what_is_too_large_or_of_another_type_is_refused(self, uploading: Uploading) -> None:
        large = await uploading.post(ONE, PLACE, {"0": ("a.txt", b"x" * 10_000, "text/plain")})
        assert (large.status_code, "10000 bytes" in large.text) == (413, True)
        other = await uploading.post(ONE, PLACE, {"0": ("a.exe", b"x", "application/x-msdownload")})
        assert (other.status_code, "image/*, text/plain are" in other.text) == (415, True)
        assert uploading.kept() == []
        assert (await uploading.file(type_="image/png"))["contentType"] == "image/png"
