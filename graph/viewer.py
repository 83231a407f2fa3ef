"""Who asks: what is known about the sender of a request, and nothing about how it became known.

A role is a text here: which roles there are, and what they allow, is said where the models are.
"""

import hashlib
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from db.relations import Claim, ViewerId, fitted


class Claims(Mapping[str, Claim]):
    """What else is known of a viewer, by names. It never changes, so that viewers can be keys."""

    __slots__ = ("_found", "_hash")

    def __init__(self, found: Mapping[str, Claim]) -> None:
        self._found: Final = dict(found)
        self._hash = hash(frozenset(self._found.items()))

    def __getitem__(self, name: str) -> Claim:
        return self._found[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)

    def __hash__(self) -> int:
        return self._hash

    def __repr__(self) -> str:
        return f"Claims({self._found!r})"


NOTHING_ELSE = Claims({})

MAX_NAME = 255
"""Of an id or of roles, in characters."""


@dataclass(frozen=True)
class Viewer:
    """A user, a machine with a key or with roles alone, or nobody."""

    id: ViewerId | None = None
    """The user's number, UUID or text; None for nobody, and for a machine that acts for no user."""
    roles: frozenset[str] = field(default_factory=frozenset)
    sign_in: uuid.UUID | None = None
    """The sign-in that the request belongs to."""
    key_id: int | None = None
    """The number of the API key that the request came with."""
    read_only: bool = False
    """Whether the request may change nothing."""
    claims: Claims = NOTHING_ELSE
    """What else an identification from outside tells: `viewer.claims.get("org_id")`, and `viewer_claim` in policies."""

    @property
    def number(self) -> int | None:
        """The user's id where users have numbers; None for an id that is none."""
        found: int | None = fitted(self.id, int)
        return found

    @property
    def is_known(self) -> bool:
        """Whether this is anybody at all."""
        return self.id is not None or self.key_id is not None or bool(self.roles)

    @property
    def name(self) -> str:
        """Who it is, for records, in at most 300 characters.

        It is `user:42`, `key:7`, `roles:admin,editor` or `nobody`.
        """
        if self.key_id is not None:
            return f"key:{self.key_id}"
        if self.id is not None:
            return f"user:{self.id}"
        return f"roles:{_short(','.join(sorted(self.roles)))}" if self.roles else "nobody"

    def has(self, *roles: str) -> bool:
        """Whether the viewer has one of exactly these roles: no role stands for another one."""
        return not self.roles.isdisjoint(roles)


def _short(text: str) -> str:
    """A text that fits where names are kept: providers may write hundreds of roles."""
    return text if len(text) <= MAX_NAME else hashlib.sha256(text.encode()).hexdigest()


NOBODY = Viewer()
