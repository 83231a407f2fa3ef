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


class Operation(NamedTuple):
    """One thing that is measured."""

    name: str
    asks: str
    arguments: Mapping[str, Any]


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
)
OPERATIONS: Mapping[str, Operation] = {operation.name: operation for operation in _ALL}

NOT_YET: Mapping[str, str] = {"write": "createPost", "transfer": "money from one account to another"}
"""Will be measured as soon as the mutations exist."""


def document(folder: str, operation: Operation) -> str:
    """The operation as a server of this schema understands it."""
    return (DOCUMENTS / folder / f"{operation.name}.graphql").read_text()
