"""Identifications that are made of settings: settings enter; one identification leaves, none, or `CannotStart`.

An application without an identification of its own gets the one that is found here (`graph.app`). Two ways to say who
asks are refused: nobody could say which one counts.
"""

import logging
from collections.abc import Mapping
from typing import Protocol
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

from db.kept import Figures
from graph.errors import CannotStart
from graph.outside.bearer import ByToken
from graph.outside.claims import Places
from graph.outside.errors import Misfit
from graph.outside.keys import OF_PUBLIC_KEYS, SECRET_BYTES, key_of_secret, keys_of_pem
from graph.outside.proxy import ByProxy
from graph.outside.tokens import GivenKeys, Keys, Rules, Tokens
from graph.settings import UNSAID, Settings
from graph.viewer import Viewer

logger = logging.getLogger("trellis")

WAYS = ("jwt_jwks_url", "jwt_public_key", "jwt_secret", "auth_webhook_url", "proxy_user_header")
"""The settings that name somebody who knows who asks."""

LOOPBACK = ("localhost", "127.0.0.1", "::1")

WITH_SECRETS = ("HS256",)
WITH_PUBLIC_KEYS = ("RS256", "PS256", "ES256", "EdDSA")
"""Algorithms that are believed where the settings name none."""


class OutsideIdentification(Protocol):
    """How a request becomes a viewer by the word of somebody else."""

    setting: str
    """The variable that asks for it."""

    def has_credentials(self, request: HTTPConnection) -> bool:
        """Whether a request says who has sent it."""

    async def __call__(self, request: HTTPConnection) -> Viewer:
        """Who sent a request."""

    def caches(self) -> Mapping[str, Figures]:
        """How full the caches are, by name."""

    async def close(self) -> None:
        """Let go of what lives as long as the server."""


def identification(settings: Settings) -> OutsideIdentification | None:
    """The identification of the settings; None if they name none. Raises `CannotStart` for settings that do not fit."""
    ways = [name for name in WAYS if _given(settings, name)]
    if len(ways) > 1:
        raise CannotStart(f"{' and '.join(map(_variable, ways))} are two ways to know who asks; unset all but one.")
    if settings.proxy_roles_header and not settings.proxy_user_header:
        raise CannotStart("TRELLIS_PROXY_ROLES_HEADER is of no use alone; set TRELLIS_PROXY_USER_HEADER, too.")
    return _by(ways[0], settings, _variable(ways[0])) if ways else None


def _by(way: str, settings: Settings, setting: str) -> OutsideIdentification:
    if way == "proxy_user_header":
        if not settings.trusted_proxies:
            raise CannotStart(
                f"{setting} is believed of no proxy; name those that you have in TRELLIS_TRUSTED_PROXIES."
            )
        return ByProxy(settings, setting)
    if way == "auth_webhook_url":
        from graph.outside.webhook import ByWebhook  # late: httpx takes a tenth of a second, and most need none

        _tell_of_an_open_line(setting, settings.auth_webhook_url)
        return ByWebhook(settings, setting)
    return ByToken(_tokens(settings, way), settings, setting)


def _tokens(settings: Settings, way: str) -> Tokens:
    algorithms = _algorithms(settings, way)
    if not settings.jwt_issuer or not settings.jwt_audience:
        missing = "TRELLIS_JWT_AUDIENCE" if settings.jwt_issuer else "TRELLIS_JWT_ISSUER"
        raise CannotStart(f"{missing} has to say whose tokens are believed; `none` stands for anybody's.")
    rules = Rules(
        algorithms,
        None if settings.jwt_issuer == UNSAID else settings.jwt_issuer,
        None if settings.jwt_audience == (UNSAID,) else settings.jwt_audience,
        settings.jwt_leeway_s,
    )
    places = Places(settings.jwt_user_claim, settings.jwt_roles_claim, settings.jwt_claims, settings.jwt_hasura_claims)
    return Tokens(rules, places, _keys(settings, way, algorithms))


def _keys(settings: Settings, way: str, algorithms: frozenset[str]) -> Keys:
    if way == "jwt_jwks_url":
        from graph.outside.jwks import PublishedKeys  # late, as above

        _tell_of_an_open_line(_variable(way), settings.jwt_jwks_url)
        return PublishedKeys(settings.jwt_jwks_url, settings.jwt_jwks_refresh_s)
    if way == "jwt_secret":
        key = key_of_secret(settings.jwt_secret.get_secret_value())
        short = sorted(algorithms - key.algorithms)
        if short:
            least = SECRET_BYTES[short[-1]]
            raise CannotStart(
                f"TRELLIS_JWT_SECRET has fewer than the {least} bytes that {short[-1]} needs, and could be guessed;"
                " make one with `openssl rand -base64 64`, and give it to the provider."
            )
        return GivenKeys([key])
    try:
        return GivenKeys(keys_of_pem(settings.jwt_public_key))
    except Misfit as error:
        raise CannotStart(f"TRELLIS_JWT_PUBLIC_KEY {error}.") from None


def _algorithms(settings: Settings, way: str) -> frozenset[str]:
    """The algorithms of the settings, which have to be of the kind of key that there is."""
    allowed, usual = (SECRET_BYTES, WITH_SECRETS) if way == "jwt_secret" else (OF_PUBLIC_KEYS, WITH_PUBLIC_KEYS)
    wrong = [name for name in settings.jwt_algorithms if name not in allowed]
    if wrong:
        raise CannotStart(
            f"TRELLIS_JWT_ALGORITHMS has {wrong[0]!r}, which {_variable(way)} cannot verify; use some of"
            f" {', '.join(sorted(allowed))}."
        )
    return frozenset(settings.jwt_algorithms or usual)


def _tell_of_an_open_line(setting: str, url: str) -> None:
    """Say to the log where keys, or credentials, go over a network as anybody can read and write them."""
    address = urlsplit(url)
    if address.scheme.lower() == "http" and address.hostname not in LOOPBACK:
        logger.warning("%s goes over HTTP: whoever is in between can say who asks. Use https, if you can.", setting)


def _given(settings: Settings, name: str) -> bool:
    value = getattr(settings, name)
    return bool(value if isinstance(value, str) else value.get_secret_value())


def _variable(name: str) -> str:
    return f"TRELLIS_{name.upper()}"
