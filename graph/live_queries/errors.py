"""Why a query is not live, or not any more: each keeps its data and says the cure.

Tables are named in the log alone, for clients know types.
"""

from graph.errors import ClientError


class InvalidThrottle(ClientError):
    """A live query wants to be run more often, or less often, than it may be."""

    code = "INVALID_THROTTLE"

    def __init__(self, given: int, least: int, most: int) -> None:
        super().__init__(
            f"`throttleMs` is {given}, and has to be from {least} to {most}; send another number, or leave it out."
        )


class NotLive(ClientError):
    """Nobody hears of changes of what a query reads."""

    code = "NOT_LIVE"


def no_log() -> NotLive:
    """Said where changes are not recorded at all."""
    return NotLive(
        "This server hears of no changes, so that no query is live; ask without `@live`. Whoever runs the server"
        " switches it on: `Feature.CHANGES` in the domain, TRELLIS_CHANGES, and `trellis live install`."
    )


def not_recorded() -> NotLive:
    """Said where a query reads a table whose changes are not recorded."""
    return NotLive(
        "Changes of some of what this query reads are not recorded, so that nobody would hear of them; ask without"
        " `@live`. Whoever runs the server finds the tables in its log, and records them with `trellis live install`."
    )


class NotFollowed(ClientError):
    """The log of changes cannot be read at the moment."""

    code = "UNAVAILABLE"

    def __init__(self) -> None:
        super().__init__(
            "Changes cannot be followed at the moment; ask again in a moment, or ask without `@live`. The server's log"
            " says why."
        )
