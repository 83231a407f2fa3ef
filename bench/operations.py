"""What is asked: the operations, their arguments, and the document of each server.

Every server gets the same arguments; the documents differ as the schemas do, and give fields the same names by
aliases, so that the answers can be compared.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

DOCUMENTS = Path(__file__).parent / "documents"

FEED = "feed"
LOOKUP = "lookup"


WRITE = "write"
TRANSFER = "transfer"
CHANGES = frozenset({WRITE, TRANSFER})
"""Operations that change something. Only Trellis and the limit do them: what others would do is not the same."""

WRITER = 777
"""The number of the user in whose name posts are written and money is moved."""

NEVER_THE_SAME = "__NUMBER__"
"""Stands in a text of the arguments for a number that no other request has."""

VARIANTS = 500
ACCOUNTS = 1_000
"""Transfers go from each of the first thousand accounts to one of the next thousand."""


class Operation(NamedTuple):
    """One thing that is measured."""

    name: str
    asks: str
    arguments: Mapping[str, Any]
    variants: int = 1
    """How many sets of arguments take turns: a change that is made again and again would wait for itself."""

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
        WRITE,
        "createPost, with its author",
        {"title": f"Roses {NEVER_THE_SAME}", "content": "They climb.", "summary": "On roses."},
    ),
    Operation(TRANSFER, "transferFunds from one account to another", {"amount": "0.01"}, VARIANTS),
)
OPERATIONS: Mapping[str, Operation] = {operation.name: operation for operation in _ALL}


def document(folder: str, operation: Operation) -> str:
    """The operation as a server of this schema understands it."""
    return (DOCUMENTS / folder / f"{operation.name}.graphql").read_text()
