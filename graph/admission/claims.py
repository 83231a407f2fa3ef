"""What a request claims before anything is asked of a database: which one it needs, and how much of it.

A request enters as it was read; it leaves with its operation prepared where memory alone tells which document is meant,
and with its claim. What is wrong with it is told at its turn, by whoever prepares it. Nobody is identified here.
"""

from graph.documents import Documents
from graph.errors import ClientError
from graph.prepare.documents import InvalidDocument, OperationRequest, Preparer
from graph.prepare.fields import Weight
from graph.prepare.weight import NOTHING, Claim

UNKNOWN_PRICE = 64
"""More than any operation has that may be run."""

UNKNOWN = Claim(needs_database=True, reads=False, weight=Weight.DEAR, price=UNKNOWN_PRICE)
"""The claim of a batch, and of a document that has to be looked up or that not everybody may send."""


def claimed(asked: OperationRequest, documents: Documents, preparer: Preparer) -> tuple[OperationRequest, Claim]:
    """The request with its operation, or what is wrong with that, as far as it can be told here; and its claim."""
    try:
        known = documents.known(asked)
    except (ClientError, InvalidDocument):  # raised again at its turn
        return asked, NOTHING
    if known is None:
        return asked, UNKNOWN
    found = preparer.tried(known)
    claim = NOTHING if isinstance(found, InvalidDocument) else found.claim
    return OperationRequest(*asked[:-1], found), claim  # a third of what `_replace` takes
