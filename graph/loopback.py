"""Whether a request comes from this machine itself.

A request enters; yes or no leaves. Who asks through a proxy is not on this machine, whatever the address says.
"""

import ipaddress

from starlette.requests import HTTPConnection

FORWARDED = frozenset({b"forwarded", b"x-real-ip", b"via"})
FORWARDED_PREFIX = b"x-forwarded-"
"""Headers of a proxy, whoever has written them: nobody on this machine sends one."""


def is_on_this_machine(request: HTTPConnection) -> bool:
    """Whether the address is of this machine, and nothing says that somebody else stands behind it.

    A proxy on this machine that adds none of these headers looks like somebody here.
    """
    if request.client is None or any(_is_of_a_proxy(name) for name, _ in request.headers.raw):
        return False
    try:
        return ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:  # of a socket without addresses
        return False


def _is_of_a_proxy(header: bytes) -> bool:
    return header in FORWARDED or header.startswith(FORWARDED_PREFIX)
