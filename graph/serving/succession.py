"""A server that is alone and is to be new: its sockets enter, and a worker serves on them in its place.

The process stays, so that whoever has started it finds it again, and looks after the worker from then on.
"""

import logging
import socket
from collections.abc import Callable, Sequence
from types import FrameType

from graph.serving.supervisor import Supervisor

logger = logging.getLogger("uvicorn.error")


class Succession:
    """What a server that is alone does at SIGHUP: a worker takes its place, and it becomes the worker's parent."""

    def __init__(
        self, supervisor_on: Callable[[Sequence[socket.socket]], Supervisor], sockets: Sequence[socket.socket]
    ) -> None:
        self._supervisor_on = supervisor_on
        self._sockets = sockets
        self._supervisor: Supervisor | None = None
        self._has_begun = self._is_over = False
        self.is_wanted = False
        """Whether SIGHUP has come, which means that, unless a terminal has gone."""

    def hear(self, _number: int, _frame: FrameType | None) -> None:
        """Hear SIGHUP."""
        self.is_wanted = True

    def begin(self) -> bool:
        """Start the worker and wait until it serves, which blocks. Whether it does."""
        self.is_wanted = False
        copies = [each.dup() for each in self._sockets]
        self._supervisor = self._supervisor_on(copies)
        try:
            self._has_begun = not self._is_over and self._supervisor.begin()
        except OSError as error:
            logger.error("No worker can be started (%s); this process serves on. Send SIGHUP again.", error.strerror)
        if not self._has_begun:
            for copy in copies:
                copy.close()
        return self._has_begun

    def end(self) -> None:
        """Let the worker end, too. It may be called in the handler of a signal."""
        self._is_over = True
        if self._supervisor is not None:
            self._supervisor.stop()

    def go_on(self) -> bool:
        """Look after the worker, if there is one, until a signal says stop. False: it cannot serve any more."""
        if self._supervisor is None or not self._has_begun:
            return True
        if self._is_over:
            self._supervisor.stop()
        if self.is_wanted:
            self._supervisor.replace_all()
        return self._supervisor.run()
