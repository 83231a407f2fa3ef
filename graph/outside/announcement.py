"""What a start says of a viewer for development: settings and addresses enter; a line leaves, or `CannotStart`.

Apart from the viewer itself, because a parent of several processes loads no more than this.
"""

import ipaddress
from collections.abc import Iterable

from graph.errors import CannotStart
from graph.settings import Settings


def announcement(settings: Settings, addresses: Iterable[str]) -> str | None:
    """What a start says of `TRELLIS_DEV_VIEWER`; None without one. `addresses` are those that are listened on.

    Raises `CannotStart` where one of them can be reached from other machines.
    """
    if not settings.dev_viewer:
        return None
    others = [address for address in addresses if not ipaddress.ip_address(address.partition("%")[0]).is_loopback]
    if others:
        raise CannotStart(
            f"TRELLIS_DEV_VIEWER is for a server that this machine alone can reach, and others reach {others[0]}, too."
            " Listen on 127.0.0.1, or unset it."
        )
    return (
        f"Whoever asks from this machine without credentials is {', '.join(settings.dev_viewer)} (TRELLIS_DEV_VIEWER)"
    )
