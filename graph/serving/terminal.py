"""SIGHUP has two meanings: the terminal of a process has gone, or somebody wants its workers to be new.

The file descriptors of a process enter; whether one of them was a terminal that has gone leaves.
Source: https://man7.org/linux/man-pages/man3/termios.3.html (a terminal that was hung up answers no more)
"""

import os

STREAMS = (0, 1, 2)


class Terminals:
    """The terminals that a process has when it starts."""

    def __init__(self) -> None:
        self._streams = [stream for stream in STREAMS if os.isatty(stream)]

    def have_gone(self) -> bool:
        """Whether somebody has closed one of them."""
        return any(not os.isatty(stream) for stream in self._streams)
