"""What a provider says of somebody: claims enter as JSON has them; an id, roles and other claims leave, or `Misfit`.

Where a claim stands, the settings say. A claim that is not there is nothing; one of another kind than an id or roles
can be is an error of the provider or of the settings, and never guessed at.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from db.relations import Claim, Scalar, ViewerId
from graph.errors import Unauthenticated
from graph.outside.errors import Misfit, RoleRefused
from graph.viewer import MAX_NAME, NOTHING_ELSE, Claims, Viewer

BIGGEST = 2**63
SEPARATORS = re.compile(r"[\s,]+")

ROLE_HEADER = "X-Hasura-Role"
PREFIX = "x-hasura-"
USER, ROLE = f"{PREFIX}user-id", f"{PREFIX}role"
ALLOWED, DEFAULT = f"{PREFIX}allowed-roles", f"{PREFIX}default-role"
"""Names of Hasura's session variables; capitals do not count.
Source: https://hasura.io/docs/2.0/auth/authentication/jwt/#hasura-jwt-format"""
BESIDE = "$"
"""Where they are, if they have no claim of their own."""


class Known(NamedTuple):
    """What is known of a sender."""

    id: ViewerId | None
    roles: frozenset[str]
    claims: Claims = NOTHING_ELSE
    default_role: str | None = None
    """The one of the roles that a request has which names none; None: it has all of them."""

    def viewer(self, role: str | None) -> Viewer:
        """The viewer; in the role that the request names, if one is to be chosen. Raises `RoleRefused`."""
        if self.default_role is None:
            return Viewer(self.id, self.roles, claims=self.claims)
        chosen = self.default_role if role is None else role
        if chosen not in self.roles:
            raise RoleRefused(ROLE_HEADER)
        return Viewer(self.id, frozenset((chosen,)), claims=self.claims)


class Places(NamedTuple):
    """Where claims stand: each a name, or a path with dots."""

    id: str
    roles: str
    others: Sequence[str] = ()
    hasura: str = ""
    """Where Hasura's session variables stand; empty: nowhere."""

    def read(self, claims: Mapping[str, Any]) -> Known:
        """What claims say. Raises `Misfit`."""
        others = chosen(claims, self.others)
        if self.hasura:
            return of_session(_variables(claims, self.hasura), others)
        return Known(
            id_of(found_at(claims, self.id), self.id),
            roles_of(found_at(claims, self.roles), self.roles),
            Claims(others),
        )


def found_at(claims: Mapping[str, Any], place: str) -> Any:
    """What stands at a place; None if nothing does. Names may have dots, too: the longest that is there counts."""
    if place in claims:
        return claims[place]
    for dot in reversed([at for at, it in enumerate(place) if it == "."]):
        inner = claims.get(place[:dot])
        if isinstance(inner, Mapping):
            return found_at(inner, place[dot + 1 :])
    return None


def id_of(value: Any, place: str) -> ViewerId | None:
    """A user's id. Raises `Misfit`."""
    if value is None or (isinstance(value, int) and not isinstance(value, bool) and abs(value) < BIGGEST):
        return value
    if isinstance(value, str) and value.isprintable() and 0 < len(value) <= MAX_NAME:
        return value
    raise Misfit(f"`{place}` is no id: a number, or a text of 1 to {MAX_NAME} visible characters.")


def roles_of(value: Any, place: str) -> frozenset[str]:
    """Roles: of a list, or of a text that has several. Raises `Misfit`."""
    listed = SEPARATORS.split(value) if isinstance(value, str) else value
    if value is None:
        return frozenset()
    if isinstance(listed, list) and all(isinstance(it, str) and it.isprintable() for it in listed):
        return frozenset(filter(None, listed))
    raise Misfit(f"`{place}` has no roles: a list of texts, or a text.")


def chosen(claims: Mapping[str, Any], places: Iterable[str]) -> dict[str, Claim]:
    """Other claims, by their places. Raises `Misfit`."""
    found = ((place, found_at(claims, place)) for place in places)
    return {place: _claim(value, place) for place, value in found if value is not None}


def other_claims(claims: Mapping[str, Any], but: Collection[str]) -> dict[str, Claim]:
    """All claims but these, by their names. Raises `Misfit`."""
    return {name: _claim(it, name) for name, it in claims.items() if name not in but and it is not None}


def of_session(variables: Mapping[str, Any], others: Mapping[str, Claim]) -> Known:
    """What Hasura's session variables say in a token. Raises `Misfit`."""
    allowed, default = variables.get(ALLOWED), variables.get(DEFAULT)
    if not isinstance(allowed, list) or not isinstance(default, str) or default not in allowed:
        raise Misfit(f"`{DEFAULT}` is not one of the roles in `{ALLOWED}`, or one of them is missing.")
    kept = other_claims(variables, (ALLOWED, DEFAULT))
    return Known(id_of(variables.get(USER), USER), roles_of(allowed, ALLOWED), Claims({**others, **kept}), default)


def session_variables(found: Mapping[str, Any]) -> dict[str, Any]:
    """Hasura's session variables among other things, by their names without capitals."""
    return {low: value for name, value in found.items() if (low := name.lower()).startswith(PREFIX)}


def json_object(text: str | bytes) -> Mapping[str, Any]:
    """An object of JSON. Raises `Misfit`."""
    try:
        found = orjson.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise Misfit("an object of JSON is missing.")
    return found


def one_header(headers: Iterable[tuple[bytes, bytes]], name: str) -> str | None:
    """The value of a header; None without one.

    Raises `Unauthenticated` for two of them: whoever stands before us may have looked at the other one.
    """
    wanted = name.lower().encode("ascii")
    values = [value for header, value in headers if header == wanted]
    if len(values) > 1:
        raise Unauthenticated
    return values[0].decode("latin-1").strip() if values else None


def _variables(claims: Mapping[str, Any], place: str) -> dict[str, Any]:
    found = claims if place == BESIDE else found_at(claims, place)
    if isinstance(found, str):  # `claims_format: stringified_json`
        found = json_object(found)
    if not isinstance(found, Mapping):
        raise Misfit(f"`{place}` has no session variables.")
    return session_variables(found)


def _claim(value: Any, place: str) -> Claim:
    """A claim as policies take it: lists as tuples, objects as their JSON."""
    if isinstance(value, list) and all(isinstance(it, Scalar) for it in value):
        return tuple(_scalar(it, place) for it in value)
    return _scalar(value if isinstance(value, Scalar) else _json(value, place), place)


def _json(value: Any, place: str) -> str:
    try:
        return orjson.dumps(value).decode()
    except TypeError:  # a surrogate, a number of more than 64 bits, too deep
        raise Misfit(f"`{place}` is no JSON.") from None


def _scalar(value: Scalar, place: str) -> Scalar:
    """A value that every database takes."""
    if isinstance(value, str) and ("\0" in value or any("\ud800" <= it <= "\udfff" for it in value)):
        raise Misfit(f"`{place}` has characters that are none.")
    return value
