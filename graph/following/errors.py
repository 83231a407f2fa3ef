"""Why a noun cannot be followed, or not any more: each says the cure.

Tables are named in the log alone, for clients know types.
"""

from graph.errors import ClientError


class NotFollowable(ClientError):
    """Nobody hears of changes of these rows."""

    code = "NOT_LIVE"


def no_log() -> NotFollowable:
    """Said where changes are not recorded at all."""
    return NotFollowable(
        "This server hears of no changes, so that nothing can be followed. Whoever runs the server switches it on:"
        " `Feature.CHANGES` in the domain, TRELLIS_CHANGES, and `trellis live install`."
    )


def not_recorded(many: str) -> NotFollowable:
    """Said where changes of a noun's table are not recorded."""
    return NotFollowable(
        f"Changes of {many} are not recorded, so that nobody would hear of them. Whoever runs the server finds the"
        " tables in its log, and records them with `trellis live install`."
    )


class NotFollowed(ClientError):
    """The log of changes cannot be read at the moment."""

    code = "UNAVAILABLE"

    def __init__(self) -> None:
        super().__init__(
            "Changes cannot be followed at the moment; subscribe again in a moment. The server's log says why."
        )


class InvalidPosition(ClientError):
    """A position of another subscription, or none of ours."""

    code = "INVALID_CURSOR"

    def __init__(self) -> None:
        super().__init__(
            "`after` is not a position of this subscription with this `where`; subscribe without it, and read again"
            " what you show.",
            argument="after",
        )


class ChangesGone(ClientError):
    """What followed a position is not known any more, or what has changed is not known by rows."""

    code = "RESYNC"

    def __init__(self) -> None:
        super().__init__(
            "What has changed since then is not known row by row any more: subscribe without `after`, and read again"
            " what you show."
        )
