"""Changes of all rows that a filter finds, and upserts, on our nouns: whose rows, the record, and keys of calls."""

from dataclasses import replace
from typing import Any

from sqlalchemy import select

from db import models
from graph.types.document import Document
from graph.types.tag import Tag
from tests.databases import StatementRecorder
from tests.mutations.asking import ADMIN, Asking, make_user
from tests.mutations.rows import id_of, make_document, rows

KINDS = select(models.Document.kind, models.Document.version).order_by(models.Document.id)
TITLES = {"where": {"title": {"eq": "Roses"}}}


async def touched(ask: Asking, action: str) -> list[Any]:
    """The ids of the rows of each change of this name, as the record has them."""
    found = await ask.by(ADMIN)("{ auditEntries(first: 100) { nodes { action objectIds } } }")
    return [entry["objectIds"] for entry in found["auditEntries"]["nodes"] if entry["action"] == action]


async def test_an_owner_changes_what_is_theirs_and_an_admin_everything(
    ask: Asking, statements: StatementRecorder
) -> None:
    ada, bob = ask.by(await make_user(ask.engines)), ask.by(await make_user(ask.engines))
    admin = ask.by(await make_user(ask.engines, "admin"))
    ids = [await make_document(ada), await make_document(ada, title="Tulips"), await make_document(bob)]
    with statements() as seen:
        payload = await ada.do("updateDocuments", {**TITLES, "set": {"kind": "memo"}}, "documents { id kind } count")
    assert payload == {"documents": [{"id": ids[0], "kind": "memo"}], "count": 1, "errors": []}
    # lock + change + the record, then read back
    assert len(seen) == 4, seen
    assert await rows(ask, KINDS) == [("memo", 2), ("note", 1), ("note", 1)]
    with statements() as seen:
        payload = await admin.do("updateDocuments", {**TITLES, "set": {"kind": "act"}}, "count")
    assert payload == {"count": 2, "errors": []}
    # change + the record
    assert len(seen) == 2, seen
    assert await rows(ask, KINDS) == [("act", 3), ("note", 1), ("act", 2)]
    assert sorted(await touched(ask, "updateDocuments")) == sorted([[ids[0]], [ids[0], ids[2]]])
    gone = await bob.do("deleteDocuments", {"all": True}, "deletedIds count")
    assert gone == {"deletedIds": [ids[2]], "count": 1, "errors": []}
    assert await touched(ask, "deleteDocuments") == [[ids[2]]]


async def test_nobody_and_keys_that_only_read_change_nothing(ask: Asking) -> None:
    user = await make_user(ask.engines)
    await make_document(ask.by(user))
    reading = ask.by(replace(user, read_only=True))
    for name, given in (("updateDocuments", {"set": {"kind": "x"}}), ("deleteDocuments", {})):
        assert await ask.refused(name, {"all": True, **given}, "count") == [("NotSignedIn", ())]
        assert await reading.refused(name, {"all": True, **given}, "count") == [("Forbidden", ())]
    assert await rows(ask, KINDS) == [("note", 1)]


async def test_a_call_that_is_sent_again_is_done_once(ask: Asking) -> None:
    ada = ask.by(await make_user(ask.engines))
    for _ in range(4):
        await make_document(ada)
    asked = {"all": True, "limit": 2, "idempotencyKey": "k"}
    first, again = [await ada.do("deleteDocuments", asked, "deletedIds count") for _ in range(2)]
    assert first == again
    assert (first["count"], len(first["deletedIds"])) == (2, 2)
    assert len(await rows(ask, KINDS)) == 2
    changed = {"all": True, "set": {"kind": "memo"}, "idempotencyKey": "l"}
    first, again = [await ada.do("updateDocuments", changed, "documents { id version } count") for _ in range(2)]
    assert first == again
    assert await rows(ask, KINDS) == [("memo", 2), ("memo", 2)]
    other = await ada.refused("updateDocuments", {**changed, "limit": 1}, "count")
    assert other == [("IdempotencyConflict", ("input", "idempotencyKey"))]


async def test_documents_of_others_cannot_be_told_by_what_a_filter_asks_of_their_owners(ask: Asking) -> None:
    ada, bob = ask.by(await make_user(ask.engines, email="ada@example.org")), ask.by(await make_user(ask.engines))
    await make_document(ada)
    for where in ({"owner": {"email": {"startsWith": "ada"}}}, {"id": {"eq": id_of(Document, 1)}}):
        payload = await bob.do("updateDocuments", {"where": where, "set": {"kind": "x"}}, "documents { id } count")
        assert payload == {"documents": [], "count": 0, "errors": []}


async def test_editors_make_or_change_a_tag(ask: Asking) -> None:
    editor, author = ask.by(await make_user(ask.engines, "editor")), ask.by(await make_user(ask.engines, "author"))
    made = await editor.do("upsertTag", {"slug": "pruning", "name": "Pruning"}, "tag { id name } inserted")
    changed = await editor.do("upsertTag", {"slug": "pruning", "name": "Cutting"}, "tag { id name } inserted")
    assert (made["inserted"], changed["inserted"]) == (True, False)
    assert changed["tag"] == {"id": made["tag"]["id"], "name": "Cutting"}
    assert await touched(ask, "upsertTag") == [[id_of(Tag, 1)]] * 2
    assert await author.refused("upsertTag", {"slug": "a", "name": "A"}, "tag { id }") == [("Forbidden", ())]
