"""Documents: any JSON object, of one owner."""

from typing import Any

import pytest

from graph.types.document import Document
from graph.types.user import User
from tests.mutations.asking import ADMIN, Asking, make_user
from tests.mutations.rows import id_of, make_document

DOCUMENT = "document { kind title body version owner { name } }"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"": None, "ä😀": [1, [], {}], "null": None},
        {"big": 2**62, "small": 1e-300, "text": "x" * 10_000},
        {"deep": [[[[[[[[{"a": [0.1, -0.0, True]}]]]]]]]]},
    ],
)
async def test_any_object_comes_back_as_it_went(ask: Asking, body: Any) -> None:
    owner = ask.by(await make_user(ask.engines, name="Ada"))
    payload = await owner.do("createDocument", {"kind": "note", "title": "T", "body": body}, DOCUMENT)
    document = {"kind": "note", "title": "T", "body": body, "version": 1, "owner": {"name": "Ada"}}
    assert payload == {"document": document, "errors": []}


@pytest.mark.parametrize("body", [[], "text", 3, True, None])
async def test_what_is_no_object_is_refused(ask: Asking, body: Any) -> None:
    owner = ask.by(await make_user(ask.engines))
    document = await make_document(owner)
    given = {"id": document, "body": body}
    assert await owner.refused("updateDocument", given, DOCUMENT) == [("InvalidInput", ("input", "body"))]
    if body is not None:
        (error,) = (await owner.do("updateDocument", given, DOCUMENT))["errors"]
        assert error["message"] == 'This must be a JSON object, for instance {"key": "value"}.'


async def test_values_that_python_takes_for_equal_are_told_apart(ask: Asking) -> None:
    owner = ask.by(await make_user(ask.engines))
    document = await make_document(owner, body={"a": [1, 0], "b": 1})
    for version, body in enumerate(({"a": [True, 0], "b": 1}, {"a": [True, False], "b": 1}, {"b": 1, "a": [1, 0]}), 2):
        changed = (await owner.do("updateDocument", {"id": document, "body": body}, DOCUMENT))["document"]
        assert (repr(sorted(changed["body"].items())), changed["version"]) == (repr(sorted(body.items())), version)
    same = {"a": [1, 0], "b": 1}  # in another order
    assert (await owner.do("updateDocument", {"id": document, "body": same}, DOCUMENT))["document"]["version"] == 4


async def test_owners_and_admins_change_and_delete_them(ask: Asking) -> None:
    owner, other = ask.by(await make_user(ask.engines)), ask.by(await make_user(ask.engines, "editor"))
    document = await make_document(owner)
    for name, member in (("updateDocument", DOCUMENT), ("deleteDocument", "deletedId")):
        assert await other.refused(name, {"id": document}, member) == [("NotFound", ("input", "id"))]
        assert await ask.refused(name, {"id": document}, member) == [("NotSignedIn", ())]
    changed = await owner.do("updateDocument", {"id": document, "body": {"new": 1}}, DOCUMENT)
    assert (changed["document"]["body"], changed["document"]["version"]) == ({"new": 1}, 2)
    changed = await ask.by(ADMIN).do("updateDocument", {"id": document, "title": "By an admin"}, DOCUMENT)
    assert (changed["document"]["title"], changed["document"]["version"]) == ("By an admin", 3)
    assert (await ask.by(ADMIN).do("deleteDocument", {"id": document}, "deletedId"))["deletedId"] == document


async def test_an_owner_is_chosen_by_admins_alone(ask: Asking) -> None:
    ada = await make_user(ask.engines, name="Ada")
    given = {"kind": "note", "title": "T", "body": {}, "ownerId": id_of(User, ada.id)}
    other = ask.by(await make_user(ask.engines))
    assert await other.refused("createDocument", given, DOCUMENT) == [("Forbidden", ("input", "ownerId"))]
    assert (await ask.by(ADMIN).do("createDocument", given, DOCUMENT))["document"]["owner"] == {"name": "Ada"}
    assert (await ask.by(ada).do("createDocument", given, DOCUMENT))["document"]["owner"] == {"name": "Ada"}
    wrong = given | {"ownerId": id_of(Document, 1)}
    assert await ask.by(ADMIN).refused("createDocument", wrong, DOCUMENT) == [("InvalidInput", ("input", "ownerId"))]
