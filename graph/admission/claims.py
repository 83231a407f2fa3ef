"""What a request claims before anything is asked of a database: which one it needs, and how much of it.

A request enters as it was read; it leaves with its operation prepared where memory alone tells which document is meant,
and with its claim. What is wrong with it is told at its turn, by whoever prepares it. Nobody is identified here.
"""

from graph.documents import Documents
from graph.errors import ClientError
from graph.http.requests import Batch
from graph.prepare.documents import InvalidDocument, OperationRequest, Preparer
from graph.prepare.fields import Weight
from graph.prepare.weight import NOTHING, Bulk, Claim

UNKNOWN_PRICE = 64
"""More than any operation has that may be run."""

UNKNOWN = Claim(needs_database=True, reads=False, weight=Weight.DEAR, price=UNKNOWN_PRICE)
"""The claim of a batch, and of a document that has to be looked up or that not everybody may send."""


LONG, VERY_LONG = 1_000, 5_000
"""Characters of documents that take about 5 ms, and 50 ms, to prepare."""


def claimed(
    asked: OperationRequest, documents: Documents, preparer: Preparer, *, has_turn: bool
) -> tuple[OperationRequest, Claim]:
    """The request with its operation, or what is wrong with that, as far as it can be told here; and its claim.

    A long document that was not prepared before is prepared when it `has_turn`.
    """
    try:
        known = documents.known(asked)
    except (ClientError, InvalidDocument):  # raised again at its turn
        return asked, NOTHING
    if known is None:
        return asked, UNKNOWN
    if len(known.query) > LONG and not has_turn and not preparer.knows(known):
        return asked, _unprepared(len(known.query))
    found = preparer.tried(known)
    claim = NOTHING if isinstance(found, InvalidDocument) else found.claim
    return OperationRequest(*asked[:-1], found), claim  # a third of what `_replace` takes


def claim_of_batch(asked: Batch) -> Claim:
    """The claim of several operations in one request."""
    length = sum(len(one.query) for one in asked if isinstance(one, OperationRequest))
    return _unprepared(length)


def _unprepared(length: int) -> Claim:
    """The claim of so many characters that are to be prepared."""
    if length > VERY_LONG:
        return UNKNOWN._replace(bulk=Bulk.LARGE)
    return UNKNOWN._replace(bulk=Bulk.MEDIUM) if length > LONG else UNKNOWN
