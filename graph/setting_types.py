"""Types of settings that are more than their class: origins, proxies, names of headers, limits, keys.

A value enters as the environment has it; it leaves as the server uses it, or `ValueError` says the cure, as a sentence
that goes on from the name of the variable. No setting is known here.
"""

import ipaddress
import re
from collections.abc import Callable, Collection
from importlib.util import find_spec
from typing import Annotated, Any, TypeAlias

from pydantic import AfterValidator, BeforeValidator, SecretStr
from pydantic_settings import NoDecode

ANY_ORIGIN = "*"
ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://[^\s/?#@*,]+")
"""Also of apps: `capacitor://localhost`. Source: https://www.rfc-editor.org/rfc/rfc6454#section-6.2"""
DEFAULT_PORTS = {"http": ":80", "https": ":443"}
"""Which browsers leave out."""

UNIX_SOCKET = "unix"
"""Among proxies: whoever connects by a Unix socket, which has no address."""

TOKEN_KEY_CHARACTERS = 32
"""The least of a key. Source: https://www.rfc-editor.org/rfc/rfc7518#section-3.2"""
METRICS_TOKEN_CHARACTERS = 16
VISIBLE = re.compile(r"[!-~]+")

TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""What names of headers and cookies are made of. Source: https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2"""
WEB_ADDRESS = re.compile(r"https?://[^\s/?#]+[^\s#]*", re.IGNORECASE)

CACHED_OPERATION = re.compile(r"(?:[A-Za-z_][0-9A-Za-z_]*|sha256:[0-9a-f]{64})=[1-9][0-9]{0,8}")
"""A query and for how many seconds its answers are shown again."""

REDIS = ("redis://", "rediss://", "unix://")
"""How URLs of Redis begin. Source: https://redis.readthedocs.io/en/stable/connections.html#redis.Redis.from_url"""


def _split(value: Any) -> Any:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _long_enough(keys: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
    if any(len(key) < TOKEN_KEY_CHARACTERS for key in keys):
        raise ValueError(
            f"has a key of fewer than {TOKEN_KEY_CHARACTERS} characters, which could be guessed;"
            " make one with `openssl rand -base64 48`"
        )
    return keys


def _not_to_be_guessed(token: SecretStr | None) -> SecretStr | None:
    if token is None or token.get_secret_value() == "":
        return None
    if len(token) < METRICS_TOKEN_CHARACTERS or not VISIBLE.fullmatch(token.get_secret_value()):
        raise ValueError(
            f"has to be at least {METRICS_TOKEN_CHARACTERS} visible characters of ASCII without blanks; "
            "make one with `openssl rand -base64 32`"
        )
    return token


def _store(address: str) -> str:
    if address and ("://" not in address or (address.startswith("file:") and not address.startswith("file:///"))):
        raise ValueError("is no address such as file:///var/lib/trellis/files or s3://bucket/folder")
    if address and find_spec("obstore") is None:
        raise ValueError("names a store, which takes a package that is not installed; install trellis[files]")
    return address


def _web_address(address: str) -> str:
    if address and not WEB_ADDRESS.fullmatch(address):
        raise ValueError("is no address such as https://login.example.org/keys")
    return address


def _header_names(names: tuple[str, ...]) -> tuple[str, ...]:
    if not names or not all(TOKEN.fullmatch(name) for name in names):
        raise ValueError("has to name headers, such as Authorization")
    return names


def _name(what: str, such_as: str) -> Callable[[str], str]:
    """A check of the name of a header or a cookie; an empty text names none."""

    def check(name: str) -> str:
        if name and not TOKEN.fullmatch(name):
            raise ValueError(f"is no name of a {what}, such as {such_as}")
        return name

    return check


def _origin(text: str) -> str:
    """An origin as browsers write it. Raises `ValueError`."""
    origin = text.lower()
    if not ORIGIN.fullmatch(origin) or not origin.isascii():
        raise ValueError(
            f"has {text!r}, which is not an origin: write scheme, host and port alone, such as https://app.example.org,"
            " and each one by its name; `*` stands alone"
        )
    return origin.removesuffix(DEFAULT_PORTS.get(origin.partition(":")[0], ""))


def _origins(texts: tuple[str, ...]) -> tuple[str, ...]:
    return texts if texts == (ANY_ORIGIN,) else tuple(map(_origin, texts))


def _proxy(text: str) -> str:
    """An address or a network, as people write them, or `unix`. Raises `ValueError`."""
    try:
        return text if text == UNIX_SOCKET else str(ipaddress.ip_network(text, strict=False))
    except ValueError:
        raise ValueError(
            f"has {text!r}, which is neither an address nor a network: write such as 192.0.2.1, 10.0.0.0/8 or"
            f" 2001:db8::/32, or {UNIX_SOCKET} for a Unix socket; names are not looked up"
        ) from None


def _proxies(texts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(map(_proxy, texts))


def _ages(given: tuple[str, ...]) -> tuple[str, ...]:
    wrong = next((it for it in given if not CACHED_OPERATION.fullmatch(it)), None)
    if wrong is not None:
        raise ValueError(
            f"has {wrong!r}; write the name of an operation, or sha256: and the hash of a document, and seconds:"
            " Feed=60"
        )
    return given


def _limit(text: str) -> str:
    # Imported here, because it takes a tenth of a second, and commands of the database need none.
    from limits import parse_many

    try:
        parse_many(text)
    except ValueError:
        raise ValueError("is not a limit such as 10/minute or 10/minute;100/day") from None
    return text


def stored_in(places: Collection[str]) -> AfterValidator:
    """A check of where something is kept: one of these places, or the URL of a Redis."""

    def check(where: SecretStr) -> SecretStr:
        text = where.get_secret_value()
        if text in list(places):
            return where
        if not text.startswith(REDIS):
            raise ValueError(f"is none of {', '.join(places)}, and no URL such as redis://host:6379/0")
        if find_spec("redis") is None:
            raise ValueError("names a Redis, which takes a package that is not installed; install trellis[redis]")
        return where

    return AfterValidator(check)


Listed: TypeAlias = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
"""Texts, separated by commas."""
TokenKeys: TypeAlias = Annotated[tuple[SecretStr, ...], NoDecode, BeforeValidator(_split), AfterValidator(_long_enough)]
MetricsToken: TypeAlias = Annotated[SecretStr | None, AfterValidator(_not_to_be_guessed)]
Store: TypeAlias = Annotated[str, AfterValidator(_store)]
WebAddress: TypeAlias = Annotated[str, AfterValidator(_web_address)]
HeaderNames: TypeAlias = Annotated[Listed, AfterValidator(_header_names)]
ViewerHeader: TypeAlias = Annotated[str, AfterValidator(_name("header", "X-User-Id"))]
SurrogateHeader: TypeAlias = Annotated[str, AfterValidator(_name("header", "Surrogate-Key"))]
CookieName: TypeAlias = Annotated[str, AfterValidator(_name("cookie", "`session`"))]
Origins: TypeAlias = Annotated[Listed, AfterValidator(_origins)]
Proxies: TypeAlias = Annotated[Listed, AfterValidator(_proxies)]
CachedOperations: TypeAlias = Annotated[Listed, AfterValidator(_ages)]
RateLimit: TypeAlias = Annotated[str, AfterValidator(_limit)]
"""Such as `10/minute;100/day`."""
OptionalRateLimit: TypeAlias = Annotated[str, AfterValidator(lambda text: _limit(text) if text else text)]
