"""Why a WebSocket or a stream of events ends: the code that the client gets, and the sentence beside it.

Sources: https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md,
https://www.iana.org/assignments/websocket/websocket.xhtml#close-code-number
"""

from typing import NamedTuple

from graphql import GraphQLError

from graph.errors import ClientError, CrossSite, Overloaded, Stopped, Unauthenticated, code_of
from graph.masking import for_client

MAX_REASON = 123
"""Bytes of a reason. Source: https://www.rfc-editor.org/rfc/rfc6455#section-5.5"""


class TooSlow(ClientError):
    """More answers wait for a client than may, for it reads too slowly."""

    code = "TOO_SLOW"

    def __init__(self) -> None:
        super().__init__("You read more slowly than there is news; subscribe again, to less, or read faster.")


class IdentityChanged(ClientError):
    """A viewer has other roles, or is somebody else, since a subscription began."""

    code = "IDENTITY_CHANGED"

    def __init__(self) -> None:
        super().__init__("Who you are, or what you may see, has changed; subscribe again.")


class IdentityUnknown(ClientError):
    """It could not be asked for a while who has opened a socket."""

    code = "UNAVAILABLE"

    def __init__(self) -> None:
        super().__init__("It cannot be found out whether your credentials still hold; subscribe again in a moment.")


class TooManyOperations(ClientError):
    """A WebSocket has as many operations under way as it may have."""

    code = "TOO_MANY_OPERATIONS"

    def __init__(self, allowed: int) -> None:
        super().__init__(
            f"This WebSocket has {allowed} operations under way, which are all that it may have; complete one, or open"
            " another WebSocket.",
            allowed=allowed,
        )


class TooManySockets(ClientError):
    """A viewer has opened as many sockets and streams as one may have."""

    code = "TOO_MANY_SOCKETS"

    def __init__(self, allowed: int) -> None:
        super().__init__(
            f"You have {allowed} WebSockets and streams open, which are all that you may have; close one, or ask for"
            " several things over one WebSocket.",
            allowed=allowed,
        )


class End(NamedTuple):
    """Why one ends."""

    code: int
    reason: str
    error: ClientError | None = None
    """What a stream of events tells before it is complete; None: nothing is wrong."""

    @property
    def sent_reason(self) -> str:
        """The reason, as far as a frame has room for it."""
        return self.reason.encode(errors="replace")[:MAX_REASON].decode(errors="ignore")


LEFT = End(1000, "")
IDLE = End(1000, "Nothing was under way for a while; connect again when there is something to ask.")
DRAINING = End(1012, "The server stops; connect again.", Stopped())
TOO_SLOW = End(1013, "You read too slowly; connect again, and subscribe to less.", TooSlow())
UNKNOWN = End(1013, "It cannot be found out who you are; connect again in a moment.", IdentityUnknown())
BUSY = End(1013, "The server is busy; connect again in a moment.")
CROWDED = End(1013, "You have as many WebSockets as you may have; close one.")
UNACKNOWLEDGED = End(4401, "Unauthorized: send connection_init, and wait for connection_ack.")
FORBIDDEN = End(4403, "Forbidden: these credentials are not valid, or not any more.", Unauthenticated())
FOREIGN = End(4403, "Forbidden: a cookie is believed for pages of this site; send a token.")
WRONG_PROTOCOL = End(4406, "Subprotocol not acceptable: offer graphql-transport-ws.")
LATE = End(4408, "Connection initialisation timeout")
AGAIN = End(4429, "Too many initialisation requests")
BROKEN = End(1011, "Something went wrong on our side.")


def invalid(sentence: str) -> End:
    """The end of a WebSocket on which something else was sent than a message of the protocol."""
    return End(4400, sentence)


def taken(id_: str) -> End:
    """The end of a WebSocket that has begun an operation under an id that is under way."""
    return End(4409, f"Subscriber for {id_} already exists")


def end_of(error: Exception) -> End:
    """The end of a WebSocket of which nobody can say who has opened it, and why; what is our own fault is logged."""
    if isinstance(error, CrossSite):
        return FOREIGN
    if isinstance(error, ClientError):
        return BUSY if isinstance(error, Overloaded) else UNKNOWN if error.code == UNKNOWN_CODE else FORBIDDEN
    (shown,) = for_client([GraphQLError(str(error), original_error=error)])
    return ENDS.get(code_of(shown) or "", BROKEN)


UNKNOWN_CODE = IdentityUnknown.code
ENDS = {UNKNOWN_CODE: UNKNOWN, Overloaded.code: BUSY, "DEADLINE_EXCEEDED": BUSY}
"""By the code of what a client would be told."""
