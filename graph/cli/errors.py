"""How commands fail: one sentence with the cure, a page of the manual, and a status that scripts can use."""

from enum import IntEnum


class Exit(IntEnum):
    """The exit statuses of `trellis`."""

    OK = 0
    FAILED = 1
    """The command ran and the answer is no: a check found a difference, a file was refused."""
    USAGE = 2
    """The command line or a setting is wrong."""
    UNAVAILABLE = 3
    """The database, a file or a port could not be reached."""


class CommandError(Exception):
    """Ends a command: the message goes to stderr, without a traceback, with the address of a page of the manual."""

    def __init__(self, message: str, status: Exit = Exit.FAILED, page: str | None = None) -> None:
        """`page`: where the manual says more (`graph.manual.address`); None: at the entry of the command."""
        super().__init__(message)
        self.status = status
        self.page = page
