"""What is asked: the operations, their arguments, and the document of each server.

Every server gets the same arguments; the documents differ as the schemas do, and give fields the same names by
aliases, so that the answers can be compared.
"""

import uuid
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

DOCUMENTS = Path(__file__).parent / "documents"

FEED = "feed"
LOOKUP = "lookup"
HIDDEN = "hidden"
SIGNED_IN = "signed_in"
SIGNED_IN_LOOKUP = "signed_in_lookup"

WRITE = "write"
TRANSFER = "transfer"
CHANGES = frozenset({WRITE, TRANSFER})
"""Operations that change something. Only Trellis and the limit do them: what others would do is not the same."""

WRITER = 777
"""The number of the user in whose name posts are written and money is moved."""

READER = 778
"""The number of the user who asks as a member: of twenty posts, the member sees one, and all of their own."""

PROLIFIC = 5_001
"""The number of the user who has written more posts than anybody else."""

MEMBER = "bench-member"
"""The header that says a member's number where a request with a token is not what is measured."""
TOKEN_KEY = "a key of the bench that signs tokens and is no secret"
SIGN_IN = uuid.UUID(int=READER)
"""The sign-in that tokens name."""

NEVER_THE_SAME = "__NUMBER__"
"""Stands in a text of the arguments for a number that no other request has."""

VARIANTS = 500
ACCOUNTS = 1_000
"""Transfers go from each of the first thousand accounts to one of the next thousand."""


class Sender(StrEnum):
    """Who asks."""

    ADMIN = "admin"
    """Nobody is asked: Trellis takes the request for an admin's, and others show everything to everybody."""
    MEMBER = "member"
    """A header says who, at no cost."""
    SIGNED_IN = "signed in"
    """A token says who."""


class Operation(NamedTuple):
    """One thing that is measured."""

    name: str
    asks: str
    arguments: Mapping[str, Any]
    variants: int = 1
    """How many sets of arguments take turns: a change that is made again and again would wait for itself."""
    sender: Sender = Sender.ADMIN
    like: str = ""
    """The operation whose document it has, if not one of its own."""

    def of(self, variant: int) -> Mapping[str, Any]:
        """The arguments of one of them."""
        if self.name != TRANSFER:
            return self.arguments
        source = 1 + variant * 7 % ACCOUNTS
        return {**self.arguments, "from": source, "to": source + ACCOUNTS}


_ALL = (
    Operation(FEED, "50 posts, the newest first, with author and tags", {"first": 50}),
    Operation("authors", "20 users, each with the first 10 posts by date, with tags", {"users": 20, "posts": 10}),
    Operation("all", "20 users with all their posts, with tags", {"users": 20}),
    Operation(LOOKUP, "one user by id", {"id": 777}),
    Operation("flat", "1,000 posts, six columns", {"first": 1_000}),
    Operation("deep", "10 users, 5 posts, author, 5 posts, tags", {"users": 10, "posts": 5}),
    Operation(
        "filtered", "20 posts by tag and title, with totalCount", {"first": 20, "tag": "tag-77", "title": "roses"}
    ),
    Operation(
        "skewed",
        "10 posts of an author with 10,000, and of 10 users, with tags",
        {"id": PROLIFIC, "users": 10, "posts": 10},
    ),
    Operation(HIDDEN, "feed for a member, who sees one of twenty posts", {"first": 50}, 1, Sender.MEMBER, FEED),
    Operation(SIGNED_IN, "the same feed, with a token", {"first": 50}, 1, Sender.SIGNED_IN, FEED),
    Operation(SIGNED_IN_LOOKUP, "oneself by id, with a token", {"id": READER}, 1, Sender.SIGNED_IN, LOOKUP),
    Operation(
        WRITE,
        "createPost, with its author",
        {"title": f"Roses {NEVER_THE_SAME}", "content": "They climb.", "summary": "On roses."},
    ),
    Operation(TRANSFER, "transferFunds from one account to another", {"amount": "0.01"}, VARIANTS),
)
OPERATIONS: Mapping[str, Operation] = {operation.name: operation for operation in _ALL}


def document(folder: str, operation: Operation) -> str:
    """The operation as a server of this schema understands it."""
    return (DOCUMENTS / folder / f"{operation.like or operation.name}.graphql").read_text()
