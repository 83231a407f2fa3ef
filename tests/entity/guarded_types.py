"""The GraphQL types of papers, a few of them, and who may see what."""

from __future__ import annotations

from db.relations import Predicate, viewer_id
from graph.auth.visibilities import Kind, visibility_of
from graph.entity import Connection, Node, entity, hybrid, query_type
from tests.entity import guarded
from tests.entity.serving import Rows, Sample


@entity(guarded.Box)
class Box(Node):
    name: str
    papers: Connection[Paper]
    first_paper: Paper | None


@entity(guarded.Shelf)
class Shelf(Node):
    papers: Connection[Paper]
    first_paper: Paper | None


@entity(guarded.Paper, keys=["secret"])
class Paper(Node):
    owner: int
    secret: str
    length: int = hybrid(needs=["secret"])
    loud: str | None
    box: Box
    shelf: Shelf


@entity(guarded.Letter)
class Letter(Node):
    secret: str


def rows(_scale: int) -> Rows:
    return {
        guarded.Box: [{"id": 1, "name": "mine", "owner": 1}, {"id": 2, "name": "theirs", "owner": 2}],
        guarded.Shelf: [{"id": 1}],
        guarded.Paper: [
            {
                "id": number,
                "kind": "letter" if number > 4 else "paper",
                "owner": owner,
                "secret": secret,
                "box_id": owner,
                "shelf_id": 1,
            }
            for number, (owner, secret) in enumerate([(1, "d"), (2, "c"), (2, "e"), (1, "b"), (2, "a"), (1, "f")], 1)
        ],
    }


GUARDED = Sample("guarded", guarded.Base.metadata, rows, query_type(Box, Shelf, Paper, Letter))


def _all(_kind: Kind) -> None:
    return None


def _own(_kind: Kind) -> Predicate:
    return lambda row: row.owner == viewer_id()


VISIBLE = visibility_of(
    Kind(is_user=True, roles=frozenset()),
    {guarded.Box: _own, guarded.Shelf: _all, guarded.Paper: _all},
    {(guarded.Paper, "secret"): _own, (guarded.Paper, "shelf_id"): _own},
)
"""What somebody may see who is no admin."""
