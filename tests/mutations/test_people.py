"""Users and their roles: who comes, who goes, and who may do what."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import func, select

from db import models
from db.session import Mode, RequestSession
from graph.api_keys import make_key
from graph.auth.passwords import prepared
from graph.identity import sign_ins
from graph.identity.service import Identity
from graph.prepare.documents import OperationRequest
from graph.schema import Mutation
from graph.settings import Settings
from graph.testing.clients import EVERY_KIND
from graph.types.user import User
from graph.viewer import Viewer
from graph.writing.errors import AlreadyExists
from tests.identity.people import CHEAP, PASSWORD, writing
from tests.mutations.asking import ADMIN, SCHEMA, Asking, make_user
from tests.mutations.rows import id_of, make_document, make_post, rows

USER = "user { id email name isActive }"
ROLES = "user { name roles { nodes { name } } }"


@pytest.fixture
def ask(ask: Asking) -> Iterator[Asking]:
    """Asks where passwords can be proven; three wrong ones are many."""
    identity = Identity(ask.engines, Settings.model_construct(sign_in_limit="3/minute"))
    ask.services = [identity]
    yield ask
    identity.close()


async def signed_in(ask: Asking, *roles: str, **values: Any) -> tuple[Viewer, dict[str, str]]:
    """A user who has signed in, and what an input says to prove it."""
    viewer = await make_user(ask.engines, *roles, hashed_password=CHEAP.hash(prepared(PASSWORD)), **values)
    return replace(viewer, sign_in=uuid4()), {"currentPassword": PASSWORD}


def user_id(viewer: Viewer) -> str:
    return id_of(User, viewer.id)


async def errors(ask: Asking, name: str, given: Any, selection: str) -> list[tuple[str, list[str], str]]:
    payload = await ask.do(name, given, selection)
    return [(error["__typename"], error["path"], error["message"]) for error in payload["errors"]]


async def roles_of(ask: Asking, viewer: Viewer) -> set[str]:
    names = select(models.Role.name).join(models.Role.users).where(models.User.id == viewer.id)
    return {name for (name,) in await rows(ask, names)}


async def test_admins_make_users_without_a_password(ask: Asking) -> None:
    payload = await ask.by(ADMIN).do("createUser", {"email": " Ada@Example.COM ", "name": " Ada "}, USER)
    assert payload["errors"] == []
    assert payload["user"] | {"id": ""} == {"id": "", "email": "ada@example.com", "name": "Ada", "isActive": True}
    assert await rows(ask, select(models.User.hashed_password)) == [(None,)]
    editor = ask.by(await make_user(ask.engines, "editor"))
    assert await editor.refused("createUser", {"email": "a@b.org", "name": "A"}, USER) == [("Forbidden", ())]


async def test_a_name_is_one_line_that_can_be_seen(ask: Asking) -> None:
    for name in ("Ada\x1b[31m", "Ada\nLovelace", "\u202eadA", "\u200b", " \u2060 ", "ad\u200bmin", "ad\u00admin"):
        refused = await ask.by(ADMIN).refused("createUser", {"email": "a@b.org", "name": name}, USER)
        assert refused == [("InvalidInput", ("input", "name"))]
    turned = await errors(ask.by(ADMIN), "createUser", {"email": "a@b.org", "name": "\u202eadA"}, USER)
    assert turned == [("InvalidInput", ["input", "name"], "U+202E turns the direction of what follows; leave it out.")]
    payload = await ask.by(ADMIN).do("createUser", {"email": "a@b.org", "name": "נועה 👩\u200d💻"}, USER)
    assert payload["user"]["name"] == "נועה 👩\u200d💻"


async def test_an_address_is_taken_in_any_case_and_both_databases_say_so_alike(ask: Asking) -> None:
    await make_user(ask.engines, email="ada@example.com")
    taken = ("AlreadyExists", ["input", "email"], "Among the users, this email is taken; choose another.")
    given = {"email": "ADA@example.com", "name": "A"}
    assert await errors(ask.by(ADMIN), "createUser", given, USER) == [taken]
    bob, proof = await signed_in(ask)
    change = {"id": user_id(bob), "email": "Ada@Example.com"} | proof
    assert await errors(ask.by(bob), "updateUser", change, USER) == [taken]


def writing_an_address() -> set[str]:
    """The mutations that may say that an address is taken, by their names in the schema."""
    declarations = {field.graphql_name: field.declaration for field in Mutation.__strawberry_definition__.fields}
    return {
        name for name, it in declarations.items() if AlreadyExists in it.answers and "email" in it.input.model_fields
    }


async def test_nobody_takes_the_address_of_the_house_on_any_path(ask: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRELLIS_HOUSE_EMAIL", "Till@Example.org")
    ada, proof = await signed_in(ask)
    given = {
        "signUp": (ask, {"name": "A", "password": "correct horse"}),
        "createUser": (ask.by(ADMIN), {"name": "A"}),
        "updateUser": (ask.by(ada), {"id": user_id(ada)} | proof),
    }
    assert given.keys() == writing_an_address()
    for name, (asking, values) in given.items():
        payload = await asking.do(name, values | {"email": "tiLL@example.org"}, "__typename")
        ((kind, path, message),) = [(it["__typename"], it["path"], it["message"]) for it in payload["errors"]]
        taken = "Among the users, this email is taken; choose another."
        assert (name, kind, path, message) == (name, "AlreadyExists", ["input", "email"], taken)
    house = await make_user(ask.engines, email="till@example.org")
    admin, proof = await signed_in(ask, "admin")
    moved = {"id": user_id(house), "email": "elsewhere@example.org"} | proof
    assert await ask.by(admin).refused("updateUser", moved, USER) == [("InvalidState", ("input", "email"))]
    named = {"id": user_id(house), "email": "till@example.org", "name": "The till"}
    assert (await ask.by(ADMIN).do("updateUser", named, USER))["user"]["name"] == "The till"


async def test_users_change_their_own_name_and_address(ask: Asking) -> None:
    ada, proof = await signed_in(ask, email="ada@example.com", name="Ada")
    own = ask.by(ada)
    given = {"id": user_id(ada), "name": "Ada L.", "email": "ADA@lovelace.org"} | proof
    payload = await own.do("updateUser", given, USER)
    assert payload["user"] | {"id": ""} == {"id": "", "email": "ada@lovelace.org", "name": "Ada L.", "isActive": True}
    for field in ("email", "name", "isActive"):
        null = {"id": user_id(ada), field: None}
        assert await own.refused("updateUser", null, USER) == [("InvalidInput", ("input", field))]


async def test_an_address_changes_with_the_password_of_who_changes_it(ask: Asking) -> None:
    ada, proof = await signed_in(ask, email="ada@example.com", name="Ada")
    change = {"id": user_id(ada), "email": "other@example.com"}
    missing = (
        "InvalidInput",
        ["input", "currentPassword"],
        "To change an e-mail address takes your own password; send it along.",
    )
    assert await errors(ask.by(ada), "updateUser", change, USER) == [missing]
    wrong = change | {"currentPassword": "not the password"}
    assert await ask.by(ada).refused("updateUser", wrong, USER) == [("SignInFailed", ("input", "currentPassword"))]
    key = replace(ada, sign_in=None, key_id=4)
    assert await ask.by(key).refused("updateUser", change, USER) == [("Forbidden", ("input", "email"))]
    assert await ask.by(key).refused("updateUser", change | proof, USER) == [
        ("Forbidden", ("input", "currentPassword"))
    ]
    assert await rows(ask, select(models.User.email)) == [("ada@example.com",)]
    same = {"id": user_id(ada), "email": "ADA@example.com", "name": "A"}  # as a form sends what it has
    for viewer in (ada, key):
        assert (await ask.by(viewer).do("updateUser", same, USER))["errors"] == []
    assert (await ask.by(ada).do("updateUser", change | proof, USER))["user"]["email"] == "other@example.com"


async def test_guesses_count_as_those_of_signing_in(ask: Asking) -> None:
    ada, proof = await signed_in(ask)
    change = {"id": user_id(ada), "name": "A", "currentPassword": "not the password"}
    told = [await ask.by(ada).refused("updateUser", change, USER) for _ in range(4)]
    assert told == [[("SignInFailed", ("input", "currentPassword"))]] * 3 + [[("TooManyAttempts", ("input",))]]
    assert await ask.by(ada).refused("updateUser", change | proof, USER) == [("TooManyAttempts", ("input",))]
    ((email,),) = await rows(ask, select(models.User.email))
    given = {"email": email, "password": PASSWORD}
    assert await ask.refused("signIn", given, "viewer { id }") == [("TooManyAttempts", ("input",))]


async def test_nobody_asks_for_many_addresses_whether_they_are_taken(ask: Asking) -> None:
    ada, proof = await signed_in(ask)
    await make_user(ask.engines, email="bob@example.com")
    probes = [{"id": user_id(ada), "email": "bob@example.com"} | proof] * 4
    told = [await ask.by(ada).refused("updateUser", it, USER) for it in probes]
    assert told == [[("AlreadyExists", ("input", "email"))]] * 3 + [[("TooManyAttempts", ("input",))]]
    other, proof = await signed_in(ask)  # who is counted apart
    change = {"id": user_id(other), "email": "new@example.com"} | proof
    assert (await ask.by(other).do("updateUser", change, USER))["errors"] == []


async def test_admins_change_addresses_of_others_with_their_own_password(ask: Asking) -> None:
    ada, _ = await signed_in(ask, email="ada@example.com")
    admin, proof = await signed_in(ask, "admin")
    change = {"id": user_id(ada), "email": "other@example.com"}
    assert await ask.by(ADMIN).refused("updateUser", change, USER) == [("Forbidden", ("input", "email"))]
    assert await ask.by(admin).refused("updateUser", change, USER) == [("InvalidInput", ("input", "currentPassword"))]
    assert (await ask.by(admin).do("updateUser", change | proof, USER))["user"]["email"] == "other@example.com"


async def test_others_are_not_changed_and_their_addresses_not_shown(ask: Asking) -> None:
    ada, bob = await make_user(ask.engines, name="Ada"), await make_user(ask.engines, "editor", name="Bob")
    given = {"id": user_id(ada), "name": "X"}
    assert await ask.by(bob).refused("updateUser", given, USER) == [("Forbidden", ("input", "id"))]
    assert await ask.by(ADMIN).do("updateUser", given, USER)
    document = "query($id: ID!) { node(id: $id) { ... on User { name email } } }"
    assert await ask.by(bob)(document, id=user_id(ada)) == {"node": {"name": "X", "email": None}}


async def test_only_admins_let_users_in_and_out_and_sign_ins_end(ask: Asking) -> None:
    ada, bob = await make_user(ask.engines), await make_user(ask.engines)
    await open_sign_in(ask, ada)
    await open_sign_in(ask, bob)
    out = {"id": user_id(ada), "isActive": False}
    assert await ask.by(ada).refused("updateUser", out, USER) == [("Forbidden", ("input", "isActive"))]
    assert (await ask.by(ADMIN).do("updateUser", out, USER))["user"]["isActive"] is False
    ended = select(models.SignIn.user_id, models.SignIn.revoked_at.is_not(None)).order_by(models.SignIn.user_id)
    assert [bool(it) for _, it in await rows(ask, ended)] == [True, False]
    back = await ask.by(ADMIN).do("updateUser", {"id": user_id(ada), "isActive": True}, USER)
    assert back["user"]["isActive"] is True
    assert [bool(it) for _, it in await rows(ask, ended)] == [True, False]


async def open_sign_in(ask: Asking, viewer: Viewer) -> None:
    async def work(transaction: Any) -> None:
        await sign_ins.open(transaction, int(viewer.id or 0), life_s=60, in_cookie=False)

    async with RequestSession(ask.engines, Mode.CURRENT) as session:
        await session.write(work)


async def test_a_user_who_has_something_is_not_deleted(ask: Asking) -> None:
    ada = await make_user(ask.engines, "author")
    await make_post(ask.by(ada))
    await make_document(ask.by(ada))
    says = "This user still has posts, documents and post contributors; delete or move what it has first."
    ((kind, path, message),) = await errors(ask.by(ADMIN), "deleteUser", {"id": user_id(ada)}, "deletedId")
    assert (kind, path) == ("StillReferenced", ["input", "id"])
    assert sorted(message.replace(",", "").replace(" and", "").split()) == sorted(
        says.replace(",", "").replace(" and", "").split()
    )
    assert await rows(ask, select(func.count()).select_from(models.User)) == [(1,)]


async def test_a_user_who_has_nothing_goes_with_sign_ins_and_leaves_the_record(ask: Asking) -> None:
    ada = await make_user(ask.engines, "member", name="Ada")
    await open_sign_in(ask, ada)
    async with writing(ask.engines) as session:
        assert await make_key(session, "hers", ["member"], user=ada.number)
        assert await make_key(session, "a machine's", ["member"])
    await ask.by(ada).do("updateUser", {"id": user_id(ada), "name": "A"}, USER)
    deleted = await ask.by(ADMIN).do("deleteUser", {"id": user_id(ada)}, "deletedId")
    assert deleted == {"deletedId": user_id(ada), "errors": []}
    for table in (models.User.__table__, models.SignIn.__table__, models.user_roles):
        assert await rows(ask, select(table)) == []
    assert await rows(ask, select(models.ApiKey.name)) == [("a machine's",)]
    actors = select(models.AuditEntry.actor, models.AuditEntry.user_number).order_by(models.AuditEntry.id)
    assert await rows(ask, actors) == [(f"user:{ada.id}", None), ("key:1", None)]


async def test_admins_delete_others_but_never_themselves(ask: Asking) -> None:
    ada, admin = await make_user(ask.engines), await make_user(ask.engines, "admin")
    assert await ask.by(ada).refused("deleteUser", {"id": user_id(ada)}, "deletedId") == [
        ("Forbidden", ("input", "id"))
    ]
    assert await ask.by(ada).refused("deleteUser", {"id": user_id(admin)}, "deletedId") == [
        ("Forbidden", ("input", "id"))
    ]
    assert await ask.by(admin).refused("deleteUser", {"id": user_id(admin)}, "deletedId") == [
        ("InvalidState", ("input", "id"))
    ]
    assert (await ask.by(admin).do("deleteUser", {"id": user_id(ada)}, "deletedId"))["errors"] == []


async def test_roles_are_granted_and_revoked_any_number_of_times(ask: Asking) -> None:
    ada = await make_user(ask.engines, name="Ada")
    admin = ask.by(ADMIN)
    for _ in range(2):  # the role itself is made on the way
        payload = await admin.do("grantRole", {"userId": user_id(ada), "role": "EDITOR"}, ROLES)
        assert payload == {"user": {"name": "Ada", "roles": {"nodes": [{"name": "editor"}]}}, "errors": []}
    for _ in range(2):
        payload = await admin.do("revokeRole", {"userId": user_id(ada), "role": "EDITOR"}, ROLES)
        assert payload == {"user": {"name": "Ada", "roles": {"nodes": []}}, "errors": []}


async def test_roles_that_nobody_knows_and_users_who_are_not_there(ask: Asking) -> None:
    ada = await make_user(ask.engines)
    for name in ("grantRole", "revokeRole"):
        text = f"mutation($input: {name[0].upper()}{name[1:]}Input!) {{ {name}(input: $input) {{ user {{ id }} }} }}"
        given = {"input": {"userId": user_id(ada), "role": "EMPEROR"}}
        answer = await SCHEMA.operations.answer(OperationRequest(text, given), ask.by(ADMIN).context(), EVERY_KIND)
        assert ["does not exist in 'RoleName' enum" in error.message for error in answer.errors or ()] == [True]
        missing = {"userId": id_of(User, 999), "role": "EDITOR"}
        assert await ask.by(ADMIN).refused(name, missing, ROLES) == [("NotFound", ("input", "userId"))]


async def test_the_last_admin_stays(ask: Asking) -> None:
    ada, bob = await make_user(ask.engines, "admin"), await make_user(ask.engines, "admin")
    revoked = await ask.by(ada).do("revokeRole", {"userId": user_id(bob), "role": "ADMIN"}, ROLES)
    assert revoked["errors"] == []
    last = {"userId": user_id(ada), "role": "ADMIN"}
    assert await ask.by(ada).refused("revokeRole", last, ROLES) == [("InvalidState", ("input", "role"))]
    out = {"id": user_id(ada), "isActive": False}
    assert await ask.by(ada).refused("updateUser", out, USER) == [("InvalidState", ("input", "isActive"))]
    gone = {"id": user_id(ada)}
    assert await ask.by(ADMIN).refused("deleteUser", gone, "deletedId") == [("InvalidState", ("input", "id"))]


async def test_an_admin_who_may_not_sign_in_does_not_count(ask: Asking) -> None:
    ada, bob = await make_user(ask.engines, "admin"), await make_user(ask.engines, "admin")
    await ask.by(ada).do("updateUser", {"id": user_id(bob), "isActive": False}, USER)
    last = {"userId": user_id(ada), "role": "ADMIN"}
    assert await ask.by(ada).refused("revokeRole", last, ROLES) == [("InvalidState", ("input", "role"))]


async def test_of_two_admins_who_leave_at_once_one_stays(ask: Asking) -> None:
    admins = [await make_user(ask.engines, "admin") for _ in range(2)]

    async def leave(viewer: Viewer) -> Any:
        return await ask.by(viewer).do("revokeRole", {"userId": user_id(viewer), "role": "ADMIN"}, ROLES)

    payloads = await asyncio.gather(*map(leave, admins))
    assert sorted(len(payload["errors"]) for payload in payloads) == [0, 1]
    assert sorted([await roles_of(ask, viewer) for viewer in admins], key=len) == [set(), {"admin"}]


async def test_a_role_that_is_granted_by_many_at_once_is_made_once(ask: Asking) -> None:
    viewers = [await make_user(ask.engines) for _ in range(5)]

    async def grant(viewer: Viewer) -> Any:
        return await ask.by(ADMIN).do("grantRole", {"userId": user_id(viewer), "role": "AUTHOR"}, ROLES)

    payloads = await asyncio.gather(*map(grant, viewers))
    assert all(payload["errors"] == [] for payload in payloads)
    assert await rows(ask, select(models.Role.name)) == [("author",)]


async def test_no_password_stands_in_the_record(ask: Asking) -> None:
    given = {"email": "ada@example.com", "name": "Ada", "password": PASSWORD}
    assert (await ask.by(Viewer()).do("signUp", given, "viewer { name }"))["errors"] == []
    ((kept,),) = await rows(ask, select(models.AuditEntry.input).where(models.AuditEntry.action == "signUp"))
    assert kept == {**given, "password": "***"}
