"""Claims: where id, roles and the rest stand, in the forms of providers."""

import json
from typing import Any

import pytest

from graph.outside.claims import BESIDE, Known, Places
from graph.outside.errors import Misfit, RoleRefused
from graph.viewer import Claims, Viewer

NAMESPACE = "https://hasura.io/jwt/claims"
HASURA = {
    "X-Hasura-User-Id": "7",
    "x-hasura-allowed-roles": ["editor", "user"],
    "x-hasura-default-role": "user",
    "X-Hasura-Org-Id": "12",
}


@pytest.mark.parametrize(
    ("place", "said", "roles"),
    [
        ("roles", {"roles": ["a", "b"]}, {"a", "b"}),
        ("realm_access.roles", {"realm_access": {"roles": ["a"]}}, {"a"}),  # Keycloak
        ("resource_access.my.client.roles", {"resource_access": {"my.client": {"roles": ["a"]}}}, {"a"}),
        ("cognito:groups", {"cognito:groups": ["a"]}, {"a"}),  # Amazon Cognito
        ("https://example.org/roles", {"https://example.org/roles": ["a"]}, {"a"}),  # Auth0
        ("scope", {"scope": "read:notes write:notes"}, {"read:notes", "write:notes"}),
        ("role", {"role": "authenticated"}, {"authenticated"}),  # Supabase
        ("roles", {"roles": "a, b,c"}, {"a", "b", "c"}),
        ("roles", {"roles": ["editor in chief"]}, {"editor in chief"}),
        ("roles", {"roles": []}, set()),
        ("roles", {"roles": ""}, set()),
        ("roles", {"roles": None}, set()),
        ("roles", {}, set()),
        ("a.roles", {"a": "text", "a.b": {"roles": ["a"]}}, set()),
    ],
    ids=range(14),
)
def test_roles_stand_where_the_provider_writes_them(place: str, said: dict[str, Any], roles: set[str]) -> None:
    assert Places("sub", place).read({"sub": "ada", **said}) == Known("ada", frozenset(roles))


@pytest.mark.parametrize(
    "id_", ["ada", 7, -7, 0, "auth0|5f7c", "0193d5a0-1111-7abc-8def-000000000001", "Ada Müller", None]
)
def test_an_id_is_a_number_or_a_text(id_: Any) -> None:
    known = Places("user.id", "roles").read({"user": {"id": id_}})
    assert known.viewer(None) == Viewer(id_)


def test_other_claims_are_kept_as_policies_take_them() -> None:
    said = {"org": {"id": 12}, "teams": ["a", "b"], "plan": "gold", "flags": [{"x": 1}], "none": None, "beyond": 1}
    known = Places("sub", "roles", ("org.id", "teams", "plan", "flags", "org", "none", "missing")).read(said)
    assert dict(known.claims) == {
        "org.id": 12,
        "teams": ("a", "b"),
        "plan": "gold",
        "flags": '[{"x":1}]',
        "org": '{"id":12}',
    }
    assert hash(known.viewer(None)) == hash(Viewer(claims=Claims(known.claims)))


@pytest.mark.parametrize("value", ["\0", "\ud800", ["\ud800"], {"x": "\ud800"}, {"x": 2**70}], ids=ascii)
def test_a_claim_that_no_database_takes_is_refused(value: Any) -> None:
    with pytest.raises(Misfit):
        Places("sub", "roles", ("org",)).read({"org": value})


@pytest.mark.parametrize(
    ("place", "said"),
    [
        (NAMESPACE, {NAMESPACE: HASURA}),
        (NAMESPACE, {NAMESPACE: json.dumps(HASURA)}),  # claims_format: stringified_json
        ("app.claims", {"app": {"claims": HASURA}}),
        (BESIDE, HASURA),
    ],
)
def test_hasuras_session_variables_say_who_asks(place: str, said: dict[str, Any]) -> None:
    known = Places("sub", "roles", hasura=place).read({"sub": "ada", "roles": ["admin"], **said})
    claims = Claims({"x-hasura-user-id": "7", "x-hasura-org-id": "12"})
    assert known.viewer(None) == Viewer("7", frozenset({"user"}), claims=claims)
    assert known.viewer("editor") == Viewer("7", frozenset({"editor"}), claims=claims)
    for other in ("admin", "", "Editor", "editor,user"):
        with pytest.raises(RoleRefused):
            known.viewer(other)


@pytest.mark.parametrize(
    "variables",
    [
        None,
        "{",
        "[]",
        [],
        {},
        {**HASURA, "x-hasura-allowed-roles": "user"},
        {**HASURA, "x-hasura-allowed-roles": [7, "user"]},
        {**HASURA, "x-hasura-allowed-roles": []},
        {**HASURA, "x-hasura-default-role": "admin"},
        {**HASURA, "x-hasura-default-role": None},
        {**HASURA, "X-Hasura-User-Id": ["7"]},
        {**HASURA, "x-hasura-org-id": "\0"},
    ],
    ids=str,
)
def test_session_variables_of_another_form_are_refused(variables: Any) -> None:
    with pytest.raises(Misfit):
        Places("sub", "roles", hasura=NAMESPACE).read({"sub": "ada", "roles": ["admin"], NAMESPACE: variables})
