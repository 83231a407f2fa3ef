"""Who asks through a proxy: the client's address, the scheme and the host that a trusted proxy tells.

A request enters; the application gets it with the client, the scheme and the host of whoever has sent it. Headers of
strangers are believed never: who is trusted, `TRELLIS_TRUSTED_PROXIES` says. No value of a header is an error: what
cannot be read is not believed. Sources: https://www.rfc-editor.org/rfc/rfc7239,
https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/X-Forwarded-For
"""

import ipaddress
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, repeat
from typing import NamedTuple, TypeAlias, TypeVar

from starlette.types import ASGIApp, Receive, Scope, Send

from graph.setting_types import TOKEN, UNIX_SOCKET

T = TypeVar("T")

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
RawHeaders: TypeAlias = Sequence[tuple[bytes, bytes]]

PAIR = re.compile(rf'[ \t]*({TOKEN.pattern})=(?:({TOKEN.pattern})|"((?:[^"\\]|\\.)*+)")[ \t]*([;,]|$)')
"""A parameter of `Forwarded`, with what ends it."""
QUOTED = re.compile(r"\\(.)")

NODE = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([0-9.]+))(?::(\d{1,5}))?|([0-9A-Fa-f:.]+)")
"""An address with or without its port; IPv6 has brackets in `Forwarded`, and often none in `X-Forwarded-For`."""

BY_TRUSTED_PROXY = "trellis.by_trusted_proxy"
"""In the scope of a request: a proxy that is trusted has sent it. No client can write there."""

HOST = re.compile(r"(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?")
SCHEMES = ("http", "https")


class Node(NamedTuple):
    """Where a request came from; the port is 0 where nobody tells it."""

    address: Address
    port: int


class Hop(NamedTuple):
    """What one proxy tells of the request that it was sent; None where it tells nothing that can be read."""

    sender: Node | None
    scheme: str | None
    host: str | None


class TrustedProxies:
    """Gives requests of trusted proxies the client, the scheme and the host that these tell."""

    def __init__(self, app: ASGIApp, trusted: Iterable[str]) -> None:
        """`trusted`: addresses and networks, and `unix` for whoever connects by a Unix socket."""
        self._app = app
        names = set(trusted)
        self._trusts_sockets = UNIX_SOCKET in names
        self._networks = [ipaddress.ip_network(name) for name in names - {UNIX_SOCKET}]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] in ("http", "websocket") and self._trusts_peer(scope.get("client")):
            scope[BY_TRUSTED_PROXY] = True
            self._believe(scope)
        await self._app(scope, receive, send)

    def _trusts_peer(self, peer: Sequence[object] | None) -> bool:
        address = _address(str(peer[0])) if peer else None
        return self._trusts_sockets if address is None else self._trusts(address)

    def _trusts(self, address: Address) -> bool:
        return any(address in network for network in self._networks)

    def _believe(self, scope: Scope) -> None:
        """Write what is told into the scope: the server's own, so that its log names the client, too."""
        headers: RawHeaders = scope["headers"]
        clients = (self._client(hops) for hops in (_standard_hops(headers), _customary_hops(headers)))
        told = [client for client in clients if client is not None]
        # A proxy writes one kind and may pass the other on as a stranger has sent it. Which one it writes nobody knows,
        # and a stranger knows the address that the proxy tells: what one kind says alone is not believed.
        if len({one.sender and one.sender.address for one in told}) != 1:
            return
        sender, scheme, host = told[0].sender, _agreed(one.scheme for one in told), _agreed(one.host for one in told)
        if sender is not None:
            scope["client"] = (str(sender.address), _agreed(one.sender and one.sender.port for one in told) or 0)
        if scheme is not None:
            scope["scheme"] = scheme.replace("http", "ws") if scope["type"] == "websocket" else scheme
        if host is not None:
            others = [(name, value) for name, value in headers if name != b"host"]
            scope["headers"] = [(b"host", host.encode("ascii")), *others]

    def _client(self, hops: Iterable[Hop]) -> Hop | None:
        """The client, as the farthest proxy that is trusted tells it; `hops` begin with the nearest. None without any.

        Whoever is not trusted may have written all that stands farther away. Where a sender is hidden or cannot be
        read, the proxy that tells so stands for all its clients.
        """
        client: Hop | None = None
        for hop in hops:
            told = client or hop
            client = Hop(hop.sender or told.sender, hop.scheme or told.scheme, hop.host or told.host)
            if hop.sender is None or not self._trusts(hop.sender.address):
                break
        return client


def _agreed(values: Iterable[T]) -> T | None:
    """What all say; None where they differ."""
    first, *others = values
    return first if all(other == first for other in others) else None


def _standard_hops(headers: RawHeaders) -> Iterator[Hop]:
    """What `Forwarded` tells, the nearest proxy first. A line with an error ends it."""
    for line in reversed(_values(headers, b"forwarded")):
        elements = _elements(line)
        if elements is None:
            yield Hop(None, None, None)
            return
        for it in reversed(elements):
            yield Hop(_node(it.get("for", "")), _scheme(it.get("proto", "")), _host(it.get("host", "")))


def _elements(line: str) -> list[dict[str, str]] | None:
    """The elements of one line of `Forwarded`, each by its parameters; None for a line with an error."""
    elements: list[dict[str, str]] = [{}]
    at, end = 0, ","
    while at < len(line):
        found = PAIR.match(line, at)
        if found is None:
            return None
        name, token, quoted, end = found.groups()
        elements[-1].setdefault(name.lower(), token if quoted is None else QUOTED.sub(r"\1", quoted))
        if end == ",":
            elements.append({})
        at = found.end()
    return None if end else elements


def _customary_hops(headers: RawHeaders) -> Iterator[Hop]:
    """What `X-Forwarded-For`, `-Proto` and `-Host` tell, the nearest proxy first.

    Of a scheme or a host that is told by fewer proxies than addresses, the last value holds for those farther away.
    """
    senders, schemes, hosts = (
        list(_listed(headers, name)) for name in (b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host")
    )
    told = zip(senders or [""] * bool(schemes or hosts), _and_on(schemes), _and_on(hosts), strict=False)
    return (Hop(_node(sender), _scheme(scheme), _host(host)) for sender, scheme, host in told)


def _listed(headers: RawHeaders, name: bytes) -> Iterator[str]:
    """The values of a header that is a list, the last first."""
    for line in reversed(_values(headers, name)):
        yield from (value for part in reversed(line.split(",")) if (value := part.strip()))


def _and_on(values: Sequence[str]) -> Iterable[str]:
    return chain(values, repeat(values[-1] if values else ""))


def _values(headers: RawHeaders, name: bytes) -> list[str]:
    return [value.decode("latin-1") for header, value in headers if header == name]


def _node(text: str) -> Node | None:
    """A sender; None for `unknown`, for a name that hides it, and for what is no address."""
    found = NODE.fullmatch(text)
    if found is None:
        return None
    address = _address(found[1] or found[2] or found[4])
    port = int(found[3] or 0)
    return None if address is None else Node(address, port if port < 2**16 else 0)


def _address(text: str) -> Address | None:
    """An address; one of IPv4 also where a socket for both calls it `::ffff:192.0.2.1`."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, ipaddress.IPv6Address) else address


def _scheme(text: str) -> str | None:
    scheme = text.lower()
    return scheme if scheme in SCHEMES else None


def _host(text: str) -> str | None:
    return text if HOST.fullmatch(text) else None
