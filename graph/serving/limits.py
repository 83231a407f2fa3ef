"""What one client may take of the transport. Settings enter, numbers with units leave; nothing is counted here."""

import signal
from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import NamedTuple, Self

from graph.settings import KIB, Settings

MAX_HEADERS = 100
"""Lines of a head, and of a body's trailers. As Apache has it: https://httpd.apache.org/docs/2.4/mod/core.html"""
MAX_PIPELINED = 16
"""Requests that wait for the answer before theirs; hardly any client sends two."""
LEAST_BYTES_PER_S = KIB
"""The least pace of a body, and of who reads an answer. A modem of 1995 was faster."""
LINGER_S = 2.0
"""How long a refused client may go on sending, so that it comes to reading why."""
MAX_REFUSED = 100
"""How many clients are told at once that they may not connect; more than these are just cut off."""
SWEEP_S = 0.5
"""How often connections are looked at, and so how late each limit of time may be."""
IN_USE_S = 1.0
"""How long after its last use a connection is not ended for want of one: the next request may be on its way."""
IN_USE_AT_MOST_S = 5.0
"""The same where others serve in a server's place, for nothing presses then; half of the grace, if that is less."""
LAST_REQUESTS_S = 0.1
"""How long requests may still arrive on connections that are to be closed: those which were on their way."""
LAST_WORDS_S = 2.0
"""How long cancelled work may take to undo what it did, and to say so."""
HANGING_S = 3.0
"""How much longer than it should an application may take to end before its process ends without it."""
SIGNALS = (signal.SIGINT, signal.SIGTERM)
"""What tells a server to stop."""

Network = IPv4Network | IPv6Network


class Limits(NamedTuple):
    """The limits of one process."""

    header_bytes: int = 32 * KIB
    header_timeout_s: float = 10
    body_timeout_s: float = 20
    write_timeout_s: float = 20
    keep_alive_s: float = 75
    connections: int = 1_000
    connections_per_address: int = 256
    """0: as many as there may be in total."""
    trusted: tuple[Network, ...] = ()
    """Whose connections are not counted by address: proxies, behind which all clients have one."""

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """The limits of these settings."""
        return cls(
            settings.max_header_bytes,
            settings.header_timeout_s,
            settings.body_timeout_s,
            settings.write_timeout_s,
            settings.keep_alive_s,
            settings.max_connections,
            settings.max_connections_per_address,
            cls.networks(settings.trusted_proxies),
        )

    @staticmethod
    def networks(names: Iterable[str]) -> tuple[Network, ...]:
        """The networks among these names: `unix` is none, for who has no address is not counted by address."""
        return tuple(ip_network(name, strict=False) for name in names if name != "unix")

    def is_trusted(self, host: str) -> bool:
        """Whether a proxy of ours has this address."""
        return bool(self.trusted) and any(ip_address(host) in network for network in self.trusted)
