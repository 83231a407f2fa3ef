"""Machines of people whom somebody else knows: a key acts for its user, and never has more rights than the user now."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import HTTPConnection

from db.base import utcnow
from db.own import ApiKey, AuditEntry, Feature
from db.session.engines import Engines
from graph.api_keys import delete_keys_of, make_key
from graph.api_keys.mutations import MAX_KEYS
from graph.app import create_app
from graph.auth import opaque
from graph.domain import Started, own_features
from graph.entity import Schema
from graph.errors import CannotStart
from graph.settings import Settings
from graph.viewer import NOBODY, Viewer
from tests.api_keys.conftest import SKILLS, Serving
from tests.api_keys.workshop import BARE, BARE_DOMAIN, DOMAIN, KEYS, Query, SkillRow, WorkerRow
from tests.databases import StatementRecorder
from tests.http.client import Answer, Client
from tests.outside.provider import token

ERRORS = "errors { ... on UserError { __typename path message } }"
CREATE = f"mutation($input: CreateApiKeyInput!) {{ createApiKey(input: $input) {{ key {ERRORS} }} }}"
REVOKE = f"mutation($input: RevokeApiKeyOfInput!) {{ revokeApiKey(input: $input) {{ done {ERRORS} }} }}"
TOOL = f'mutation {{ createTool(input: {{name: "Anvil"}}) {{ tool {{ name }} {ERRORS} }} }}'
ANYTHING = "{ __typename }"


async def ask(client: Client, text: str, query: str, **variables: Any) -> Answer:
    body = json.dumps({"query": query, "variables": variables}).encode()
    return await client.post(body, authorization=f"Bearer {text}")


def user(name: str) -> str:
    """A token of the provider for somebody of the workshop."""
    return token(sub=name, roles=list(SKILLS.get(name, ())))


async def create(client: Client, by: str, **values: Any) -> dict[str, Any]:
    given = {"name": "importer", **values}
    return dict((await ask(client, by, CREATE, input=given)).data["createApiKey"])


async def key_of(client: Client, who: str, **values: Any) -> str:
    made = await create(client, user(who), **values)
    assert made["errors"] == []
    return str(made["key"])


async def revoke(client: Client, by: str, **values: Any) -> dict[str, Any]:
    return dict((await ask(client, by, REVOKE, input=values)).data["revokeApiKey"])


def errors(payload: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(error["__typename"], ".".join(error["path"])) for error in payload["errors"]]


async def may_make_tools(client: Client, text: str) -> bool:
    answer = (await ask(client, text, TOOL)).data["createTool"]
    return answer["tool"] is not None


async def test_a_key_is_made_shown_once_used_listed_and_ended(client: Client, engines: Engines) -> None:
    key = await key_of(client, "bob", roles=["smith"])
    assert key.startswith(opaque.API_KEY_PREFIX)
    assert await may_make_tools(client, key)
    listed = "{ apiKeys { nodes { name shown } } }"
    for by in (user("bob"), key):
        assert (await ask(client, by, listed)).data["apiKeys"]["nodes"] == [{"name": "importer", "shown": key[:12]}]
    assert (await ask(client, user("ada"), listed)).data["apiKeys"]["nodes"] == []
    async with engines.writing().connect() as connection:
        (kept,) = (await connection.execute(select(ApiKey.secret_hash, ApiKey.roles))).all()
        entries = (await connection.execute(select(AuditEntry.action, AuditEntry.actor).order_by(AuditEntry.id))).all()
    assert tuple(kept) == (opaque.digest(key), ["smith"])
    assert [tuple(it) for it in entries] == [("createApiKey", "user:bob"), ("createTool", "key:1")]
    assert await revoke(client, user("bob"), name="importer") == {"done": True, "errors": []}
    assert (await ask(client, key, ANYTHING)).status == 401
    assert await revoke(client, user("bob"), name="importer") == {"done": True, "errors": []}  # it has ended
    assert errors(await create(client, user("bob"))) == [("AlreadyExists", "input.name")]


async def test_a_key_has_no_more_than_its_user_has_now(client: Client, engines: Engines) -> None:
    key, plain = await key_of(client, "bob", roles=["smith"]), await key_of(client, "bob", name="plain")
    assert (await may_make_tools(client, key), await may_make_tools(client, plain)) == (True, False)
    async with engines.writing().begin() as connection:
        await connection.execute(insert(SkillRow).values(worker_id="bob", name="keeper"))
        await connection.execute(delete(SkillRow).where(SkillRow.worker_id == "bob", SkillRow.name == "smith"))
    assert not await may_make_tools(client, key)
    async with engines.writing().begin() as connection:
        await connection.execute(delete(SkillRow).where(SkillRow.worker_id == "bob"))
    assert (await ask(client, key, ANYTHING)).status == 200  # somebody without roles is still somebody
    async with engines.writing().begin() as connection:
        await connection.execute(update(WorkerRow).where(WorkerRow.id == "bob").values(works=False))
    assert [(await ask(client, it, ANYTHING)).status for it in (key, plain)] == [401, 401]


SETS = [frozenset(it) for it in ((), ("smith",), ("keeper",), ("smith", "keeper"))]


async def test_whatever_was_given_and_whatever_is_left_a_key_has_what_is_in_both(engines: Engines) -> None:
    by_key, by_bare_key = KEYS.way(engines), BARE.way(engines)
    for given in SETS:
        async with AsyncSession(engines.writing()) as session, session.begin():
            key = await make_key(session, f"with {sorted(given)}", given, user="eve")
        request = HTTPConnection({"type": "http", "headers": [(b"authorization", f"Bearer {key}".encode())]})
        for held in SETS:
            async with engines.writing().begin() as connection:
                await connection.execute(delete(SkillRow).where(SkillRow.worker_id == "eve"))
                for name in held:
                    await connection.execute(insert(SkillRow).values(worker_id="eve", name=name))
            viewer = await by_key(request)
            assert (viewer.id, viewer.roles) == ("eve", given & held)
            assert (await by_bare_key(request)).roles == frozenset()


async def test_a_request_with_a_key_is_two_statements_more_and_no_other_request_any(
    client: Client, statements: StatementRecorder
) -> None:
    key = await key_of(client, "bob", roles=["smith"])
    query = "{ tools { totalCount } }"
    counts = []
    for text in (user("bob"), key):
        await ask(client, text, query)
        with statements() as seen:
            assert (await ask(client, text, query)).status == 200
        counts.append(len(seen))
    # the key; the roles that its user has
    assert counts[1] == counts[0] + 2


async def test_where_nobody_knows_the_roles_of_users_keys_have_none(serving: Serving) -> None:
    client = await serving(BARE_DOMAIN)
    assert errors(await create(client, user("bob"), roles=["smith"])) == [("InvalidInput", "input.roles")]
    key = await key_of(client, "bob")
    assert not await may_make_tools(client, key)
    assert (await ask(client, key, "{ apiKeys { totalCount } }")).data == {"apiKeys": {"totalCount": 1}}


async def test_what_no_key_may_be_is_told(client: Client) -> None:
    refused: list[tuple[dict[str, Any], str]] = [
        ({"roles": ["keeper"]}, "roles.0"),
        ({"roles": ["smith", "Smith"]}, "roles.1"),
        ({"name": ""}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"name": "a\u0000b"}, "name"),
        ({"expiresAt": "2020-01-01T00:00:00Z"}, "expiresAt"),
    ]
    for given, place in refused:
        made = await create(client, user("bob"), **given)
        assert (made["key"], errors(made)) == (None, [("InvalidInput", f"input.{place}")]), given
    for moment in ("2099-01-01T00:00:00", "2099-01-01", "9999-12-31T23:59:59-14:00"):  # no zone, no time, not in UTC
        answer = await ask(client, user("bob"), CREATE, input={"name": "x", "expiresAt": moment})
        assert answer.errors[0]["extensions"]["code"] == "BAD_USER_INPUT", answer
    assert (await create(client, user("bob"), name="x", expiresAt="2099-01-01T00:00:00+02:00"))["errors"] == []


async def test_only_a_user_makes_and_ends_keys_and_no_key_does(client: Client) -> None:
    key = await key_of(client, "ada", roles=["keeper"])
    for name, by in (("another", key), ("another", token(sub=None, roles=["keeper"]))):
        assert errors(await create(client, by, name=name)) == [("Forbidden", "input")]
    for more in ({}, {"userId": "ada"}, {"userId": "bob"}):
        assert errors(await revoke(client, key, name="importer", **more)) == [("Forbidden", "input")]
    answer = await client.ask(CREATE, {"input": {"name": "x"}})
    assert errors(answer.data["createApiKey"]) == [("NotSignedIn", "")]
    assert (await ask(client, key, ANYTHING)).status == 200


async def test_keys_of_others_are_ended_by_whoever_has_the_right_and_are_nobody_elses(client: Client) -> None:
    key = await key_of(client, "bob")
    assert errors(await revoke(client, user("eve"), name="importer")) == [("NotFound", "input.name")]
    assert errors(await revoke(client, user("eve"), name="importer", userId="bob")) == [("Forbidden", "input.userId")]
    assert (await ask(client, key, ANYTHING)).status == 200
    assert await key_of(client, "eve") != key  # each user has names of their own
    assert (await revoke(client, user("ada"), name="importer", userId="bob"))["done"] is True
    assert (await ask(client, key, ANYTHING)).status == 401
    assert errors(await revoke(client, user("ada"), name="importer", userId="nobody")) == [("NotFound", "input.name")]


async def test_a_key_ends_at_its_time_and_one_that_only_reads_changes_nothing(client: Client, engines: Engines) -> None:
    soon = (utcnow() + timedelta(hours=1)).isoformat()
    key = await key_of(client, "bob", roles=["smith"], readOnly=True, expiresAt=soon)
    assert (await ask(client, key, "{ tools { totalCount } }")).status == 200
    assert not await may_make_tools(client, key)
    async with engines.writing().begin() as connection:
        await connection.execute(update(ApiKey).values(expires_at=utcnow()))
    assert (await ask(client, key, ANYTHING)).status == 401


async def test_users_see_their_own_keys_and_what_became_of_them(
    client: Client, engines: Engines, statements: StatementRecorder
) -> None:
    query = "{ viewerApiKeys { name shown roles readOnly expiresAt revokedAt isGood } }"
    soon = (utcnow() + timedelta(hours=1)).isoformat()
    key = await key_of(client, "bob", name="a", roles=["smith"], expiresAt=soon)
    await key_of(client, "bob", name="b", readOnly=True)
    await revoke(client, user("bob"), name="b")
    await key_of(client, "ada", name="c")
    async with engines.writing().begin() as connection:
        await connection.execute(update(ApiKey).where(ApiKey.name == "c").values(expires_at=utcnow()))
    (first, second) = (await ask(client, user("bob"), query)).data["viewerApiKeys"]
    assert (first["name"], first["shown"], first["roles"], first["isGood"]) == ("a", key[:12], ["smith"], True)
    assert (second["readOnly"], second["isGood"], second["revokedAt"] is None) == (True, False, False)
    assert [it["isGood"] for it in (await ask(client, user("ada"), query)).data["viewerApiKeys"]] == [False]
    with statements() as seen:
        assert (await ask(client, user("eve"), query)).data == {"viewerApiKeys": []}
    assert len(seen) == 1
    assert (await client.ask(query)).data == {"viewerApiKeys": []}


async def test_nobody_has_keys_without_end_and_those_that_ended_long_ago_go(client: Client, engines: Engines) -> None:
    row = {"shown": "", "user_id": "bob", "roles": [], "read_only": False, "revoked_at": None, "expires_at": None}
    rows = [{**row, "name": str(it), "secret_hash": str(it)} for it in range(MAX_KEYS)]
    async with engines.writing().begin() as connection:
        await connection.execute(insert(ApiKey), rows)
    assert errors(await create(client, user("bob"))) == [("InvalidState", "input")]
    assert await key_of(client, "ada")
    endings = (("0", "revoked_at", 89, False), ("0", "revoked_at", 91, True), ("1", "expires_at", 91, True))
    for name, column, days, is_gone in endings:
        ended = {column: utcnow() - timedelta(days=days)}
        async with engines.writing().begin() as connection:
            await connection.execute(update(ApiKey).where(ApiKey.name == name).values(ended))
        made = await create(client, user("bob"), name=name)
        assert (made["errors"] == []) is is_gone


async def test_keys_go_with_their_user_and_a_machine_has_roles_of_its_own(client: Client, engines: Engines) -> None:
    key = await key_of(client, "bob")
    async with AsyncSession(engines.writing()) as session, session.begin():
        machine = await make_key(session, "machine", ["smith"])
        await delete_keys_of(session, "bob")
    assert machine is not None
    assert (await ask(client, key, ANYTHING)).status == 401
    assert await may_make_tools(client, machine)
    async with engines.writing().connect() as connection:
        assert await connection.scalar(select(func.count()).select_from(ApiKey)) == 1


async def test_what_is_no_key_is_refused_whoever_else_is_believed(client: Client) -> None:
    key = await key_of(client, "bob")
    wrong = (f"{key}x", key[:-1], opaque.API_KEY_PREFIX, f"{opaque.API_KEY_PREFIX}{'x' * 5000}", "whatever", key[8:])
    for text in wrong:
        assert (await ask(client, text, ANYTHING)).status == 401
    assert (await client.post(b'{"query": "{ __typename }"}', authorization=f"Basic {key}")).status == 401
    assert (await client.ask(ANYTHING)).status == 200


def test_the_domain_switches_the_table_on() -> None:
    assert own_features(DOMAIN, Settings(record_usage=False)) == {Feature.API_KEYS, Feature.AUDIT}
    assert own_features(replace(DOMAIN, api_keys=None), Settings(record_usage=False)) == {Feature.AUDIT}


def test_an_application_with_an_identification_of_its_own_says_what_it_recognizes() -> None:
    async def identify(_request: object) -> Viewer:
        return NOBODY

    settings = Settings.model_validate({"database_url": "sqlite:///nowhere.db"})
    with pytest.raises(CannotStart, match=r"have no Domain\(api_keys=…\)"):
        create_app(settings, domain=replace(DOMAIN, start=lambda _engines, _settings: Started(identify)))
    with pytest.raises(CannotStart, match=r"add Feature\.API_KEYS to its Domain"):
        create_app(settings, domain=replace(DOMAIN, api_keys=None))
    only_read = replace(DOMAIN, api_keys=None, schema=lambda given: Schema(Query, given))
    with pytest.raises(CannotStart, match=r"add Feature\.API_KEYS to its Domain"):
        create_app(settings, domain=only_read)
