"""Mistakes of administrators: users, roles and keys that are unknown, taken or not allowed.

Each class keeps its data and writes its own sentence, with the cure. Nothing is raised here.
"""

from collections.abc import Iterable

from graph.errors import ClientError


class InvalidEmail(ClientError):
    """A text that is no e-mail address."""

    code = "INVALID_EMAIL"

    def __init__(self, reason: str) -> None:
        super().__init__(f"This is no e-mail address: {reason}")


class EmailTaken(ClientError):
    """There is a user with this e-mail address."""

    code = "EMAIL_TAKEN"

    def __init__(self, email: str) -> None:
        super().__init__(f"There is a user with the address {email} already; take another address.")


class UnknownUser(ClientError):
    """There is no user with this e-mail address."""

    code = "NOT_FOUND"

    def __init__(self, email: str) -> None:
        super().__init__(f"There is no user with the address {email}; correct it.")


class UnknownRole(ClientError):
    """There is no such role."""

    code = "NOT_FOUND"

    def __init__(self, name: str, known: Iterable[str]) -> None:
        super().__init__(f"There is no role {name!r}; take one of {', '.join(known)}.")


class InvalidKey(ClientError):
    """An API key that must not be made."""

    code = "INVALID_KEY"


class UnknownKey(ClientError):
    """There is no API key with this name."""

    code = "NOT_FOUND"

    def __init__(self, name: str) -> None:
        super().__init__(f"There is no key with the name {name!r}; `trellis key list` has them all.")
