"""A database that serves nobody at the moment: what a client reads of it, and what the log says.

An error enters; the outage that it tells of leaves, or none. The log gets one line a second for each kind, with the
cure, and no traceback: an outage fails every request, and says nothing about any of them.
"""

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy.exc import DBAPIError

from db.dialects import Outage, outage_of
from db.session import Unreachable
from graph.errors import ClientError

logger = logging.getLogger("trellis")

QUIET_S = 1.0
"""Seconds for which a kind of outage is not told again."""

CURES: Mapping[Outage, str] = {
    Outage.UNREACHABLE: "Start it, and check its URL and the network.",
    Outage.LOST: "Look into its own log.",
    Outage.STOPPING: "Wait until it is up.",
    Outage.REFUSING: "Check user, password and name of the database in its URL.",
    Outage.CROWDED: "Raise its limit of connections, or lower TRELLIS_POOL_SIZE.",
    Outage.FULL: "Make room on its disk; until then nothing can be changed.",
    Outage.READ_ONLY: "Lead TRELLIS_DATABASE_URL to the primary, or let the server write.",
    Outage.BROKEN: "Check its disk and its files; restore a backup if they are damaged.",
}
"""What whoever runs the server can do."""


class Unavailable(ClientError):
    """The database serves nobody at the moment, and nothing was changed."""

    code = "UNAVAILABLE"

    def __init__(self) -> None:
        super().__init__("The database does not answer at the moment; nothing was changed. Try again in a moment.")


@dataclass
class OutageLog:
    """Tells each kind of outage once a second at most, and how often it was left out since."""

    _told: dict[Outage, float] = field(default_factory=dict)
    """When each kind was told, by `time.monotonic`."""
    _left_out: dict[Outage, int] = field(default_factory=dict)

    def tell(self, outage: Outage) -> None:
        """Tell of an outage, or count it."""
        now = time.monotonic()
        if now - self._told.get(outage, -QUIET_S) < QUIET_S:
            self._left_out[outage] = self._left_out.get(outage, 0) + 1
            return
        self._told[outage] = now
        more = self._left_out.pop(outage, 0)
        since = f" ({more} more since this was last told)" if more else ""
        logger.error("The database %s%s. %s", outage, since, CURES[outage])


LOG = OutageLog()


def outage_in(error: BaseException) -> Outage | None:
    """The outage that an error tells of; None for any other."""
    if isinstance(error, Unreachable):
        return Outage.UNREACHABLE
    return outage_of(error) if isinstance(error, DBAPIError) else None
