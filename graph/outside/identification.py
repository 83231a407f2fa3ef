"""Ways to know who asks that settings name: settings enter; ways leave, none, or `CannotStart`.

An application gets the ways that are found here beside its own, or in the place of none (`graph.app`). Settings that
could say two things about one credential are refused.
"""

import logging
from urllib.parse import urlsplit

from graph.auth.tokens import ISSUER
from graph.domain import Started, nobody
from graph.errors import CannotStart
from graph.outside.bearer import ByToken
from graph.outside.claims import Places
from graph.outside.errors import Misfit
from graph.outside.keys import OF_PUBLIC_KEYS, SECRET_BYTES, key_of_secret, keys_of_pem
from graph.outside.proxy import ByProxy
from graph.outside.tokens import GivenKeys, Keys, Rules, Tokens
from graph.outside.ways import OfTheApplication, Several, Way
from graph.setting_types import WEB_ADDRESS
from graph.settings import UNSAID, Settings

logger = logging.getLogger("trellis")

KEYS = ("jwt_jwks_url", "jwt_public_key", "jwt_secret", "jwt_discovery")
"""The settings that say where the keys of a provider of tokens are; the issuer alone says so, too."""
COOKIE = "cookie"

LOOPBACK = ("localhost", "127.0.0.1", "::1")

WITH_SECRETS = ("HS256",)
WITH_PUBLIC_KEYS = ("RS256", "PS256", "ES256", "EdDSA")
"""Algorithms that are believed where the settings name none."""


def identification(settings: Settings, *own: Way) -> Way | None:
    """The one way to know who asks, `own` and those of the settings together; None if there is none.

    They are asked in this order: a proxy, whose headers strangers are refused; `own`; the provider of tokens; a
    webhook, for what belongs to nobody else. Raises `CannotStart` for settings that do not fit.
    """
    tokens = _key_setting(settings)
    if settings.proxy_roles_header and not settings.proxy_user_header:
        raise CannotStart("TRELLIS_PROXY_ROLES_HEADER is of no use alone; set TRELLIS_PROXY_USER_HEADER, too.")
    ways: list[Way] = []
    if settings.proxy_user_header:
        ways.append(_proxy(settings))
    ways += own
    if tokens is not None:
        ways.append(ByToken(_tokens(settings, tokens), settings))
    if settings.auth_webhook_url:
        ways.append(_webhook(settings, has_all_cookies=not any(it.reads_cookies for it in ways)))
    if own and tokens is not None and settings.jwt_issuer == ISSUER:
        raise CannotStart(f"TRELLIS_JWT_ISSUER is {ISSUER!r}, which is the issuer of this server's own tokens, too.")
    return Several(ways) if len(ways) > 1 else next(iter(ways), None)


def beside(started: Started, settings: Settings, keys: Way | None = None) -> Way | None:
    """Who says who asks, where settings or API keys do: alone, or beside the application; None where it alone knows.

    Raises `CannotStart` where the application cannot tell what is its own.
    """
    others = () if keys is None else (keys,)
    if started.identify is nobody:
        return identification(settings, *others)
    if started.recognizes is None:
        if identification(settings, *others) is None:
            return None
        raise CannotStart(
            "Settings or API keys say who asks, and this application knows that itself. It has to tell which"
            " credentials are its own (Started.recognizes); else unset TRELLIS_JWT_…, TRELLIS_AUTH_WEBHOOK_URL and"
            " TRELLIS_PROXY_USER_HEADER, and have no Domain(api_keys=…)."
        )
    own = OfTheApplication(started.identify, started.has_credentials, started.recognizes)
    found = identification(settings, own, *others)
    return None if found is own else found


def _key_setting(settings: Settings) -> str | None:
    """The setting that says where keys of tokens are; None where no tokens are believed. Raises `CannotStart`."""
    given = [name for name in KEYS if _given(settings, name)]
    if len(given) > 1:
        raise CannotStart(f"{' and '.join(map(_variable, given))} are two ways to know keys; unset all but one.")
    alone = "jwt_issuer" if settings.jwt_issuer not in ("", UNSAID) else None
    return given[0] if given else alone


def _proxy(settings: Settings) -> ByProxy:
    setting = _variable("proxy_user_header")
    if not settings.trusted_proxies:
        raise CannotStart(f"{setting} is believed of no proxy; name those that you have in TRELLIS_TRUSTED_PROXIES.")
    return ByProxy(settings, setting)


def _webhook(settings: Settings, *, has_all_cookies: bool) -> Way:
    from graph.outside.webhook import ByWebhook  # late: httpx takes a tenth of a second, and most need none

    if not has_all_cookies and COOKIE in map(str.lower, settings.auth_webhook_headers):
        raise CannotStart(
            "TRELLIS_AUTH_WEBHOOK_HEADERS has Cookie, and there is somebody else whom cookies tell who asks; name other"
            " headers alone: TRELLIS_AUTH_WEBHOOK_HEADERS=Authorization."
        )
    _tell_of_an_open_line(_variable("auth_webhook_url"), settings.auth_webhook_url)
    return ByWebhook(settings)


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
    if way in ("jwt_discovery", "jwt_issuer"):
        return _discovered(settings, way)
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


def _discovered(settings: Settings, way: str) -> Keys:
    """Keys whose address the provider's own document names."""
    from graph.outside.discovery import DiscoveredPlace, document_of
    from graph.outside.jwks import TIMEOUT_S, PublishedKeys  # late, as above

    if way == "jwt_issuer" and not WEB_ADDRESS.fullmatch(settings.jwt_issuer):
        raise CannotStart(
            "TRELLIS_JWT_ISSUER is no address, at which the provider could say where its keys are; set"
            " TRELLIS_JWT_JWKS_URL, TRELLIS_JWT_DISCOVERY, TRELLIS_JWT_PUBLIC_KEY or TRELLIS_JWT_SECRET, too."
        )
    url = settings.jwt_discovery or document_of(settings.jwt_issuer)
    _tell_of_an_open_line(_variable(way), url)
    issuer = None if settings.jwt_issuer == UNSAID else settings.jwt_issuer
    place = DiscoveredPlace(url, issuer, settings.jwt_jwks_refresh_s, TIMEOUT_S)
    return PublishedKeys(place, settings.jwt_jwks_refresh_s)


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
