"""What goes wrong with an identity from outside and is no fault of whoever sent a request: for clients, and the log."""

import logging
import time

from graph.errors import ClientError, TrellisError

logger = logging.getLogger("trellis")

QUIET_S = 1.0
"""Seconds for which nothing of one kind is told again: what a provider does wrong, every request meets."""


class ProviderUnavailable(ClientError):
    """Whoever knows the sender does not answer: who has sent the request is not known, and nobody is not the answer."""

    code = "UNAVAILABLE"

    def __init__(self) -> None:
        super().__init__("Who you are cannot be found out at the moment; nothing was changed. Try again in a moment.")


class RoleRefused(ClientError):
    """Somebody chooses a role that they have not."""

    code = "FORBIDDEN"

    def __init__(self, header: str) -> None:
        super().__init__(f"The header {header} names a role that you have not; name one of yours, or leave it out.")


class Misfit(TrellisError):
    """What is known of a sender has not the form that the settings say. The sentence is for the log."""


class Unfetched(TrellisError):
    """A provider did not answer, or not with what it should. The sentence is for the log."""


class Log:
    """Tells what is wrong with one provider, once a second at most for each kind."""

    def __init__(self) -> None:
        self._told: dict[type[Exception], float] = {}

    def tell(self, error: Exception) -> None:
        """Write the sentence of an error, unless another one of its kind was written a moment ago."""
        now = time.monotonic()
        if now - self._told.get(type(error), -QUIET_S) >= QUIET_S:
            self._told[type(error)] = now
            logger.error(str(error))
