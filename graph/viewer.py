"""Who asks: what is known about the sender of a request, and nothing about how it became known."""

import uuid
from dataclasses import dataclass, field

ADMIN = "admin"
EDITOR = "editor"
AUTHOR = "author"
MEMBER = "member"


@dataclass(frozen=True)
class Viewer:
    """A user, a machine with a key, or nobody."""

    id: int | None = None
    """The user's number; None for nobody, and for a key that acts for no user."""
    roles: frozenset[str] = field(default_factory=frozenset)
    sign_in: uuid.UUID | None = None
    """The sign-in that the request belongs to."""
    key_id: int | None = None
    """The number of the API key that the request came with."""
    read_only: bool = False
    """Whether the request may change nothing."""

    @property
    def is_known(self) -> bool:
        """Whether this is anybody at all."""
        return self.id is not None or self.key_id is not None

    @property
    def name(self) -> str:
        """Who it is, for records: `user:42`, `key:7` or `nobody`."""
        if self.key_id is not None:
            return f"key:{self.key_id}"
        return "nobody" if self.id is None else f"user:{self.id}"

    def has(self, *roles: str) -> bool:
        """Whether the viewer has one of these roles; an admin has them all."""
        return ADMIN in self.roles or not self.roles.isdisjoint(roles)


NOBODY = Viewer()
