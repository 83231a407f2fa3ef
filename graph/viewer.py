"""Who asks: what is known about the sender of a request, and nothing about how it became known.

A role is a text here: which roles there are, and what they allow, is said where the models are.
"""

import uuid
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Viewer:
    """A user, a machine with a key or with roles alone, or nobody."""

    id: int | None = None
    """The user's number; None for nobody, and for a machine that acts for no user."""
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
        return self.id is not None or self.key_id is not None or bool(self.roles)

    @property
    def name(self) -> str:
        """Who it is, for records: `user:42`, `key:7`, `roles:admin,editor` or `nobody`."""
        if self.key_id is not None:
            return f"key:{self.key_id}"
        if self.id is not None:
            return f"user:{self.id}"
        return f"roles:{','.join(sorted(self.roles))}" if self.roles else "nobody"

    def has(self, *roles: str) -> bool:
        """Whether the viewer has one of exactly these roles: no role stands for another one."""
        return not self.roles.isdisjoint(roles)


NOBODY = Viewer()
