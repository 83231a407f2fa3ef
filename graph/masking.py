"""What a client sees of an error.

Errors enter as the execution raised them. Those that a client can do something about leave as they are; of anything
else an id leaves, and the log has the rest under the same id. Database text never reaches a client.
"""

import logging
import secrets
from collections.abc import Callable, Iterable, Mapping

from graphql import GraphQLError
from sqlalchemy.exc import DBAPIError, StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from db.dialects import Failure, Outage, failure_of
from db.session import ChangeKept, DeadlineExceeded, OutcomeUnknown, OutdatedView
from db.unreadable import UnreadableValue
from graph.errors import ClientError, Overloaded, Undeclared, Unexpected, UnfitValue, UnreadableField
from graph.outages import LOG, Unavailable, outage_in

logger = logging.getLogger("trellis")


class Late(ClientError):
    """The operation ran out of time."""

    code = "DEADLINE_EXCEEDED"


class Unsettled(ClientError):
    """Nobody knows whether a change was kept."""

    code = "OUTCOME_UNKNOWN"


class Kept(ClientError):
    """A change was kept, and its result could not be read."""

    code = "CHANGE_KEPT"


class OutOfRange(ClientError):
    """A number that was asked for, or is to be stored, is too large for the database, or a quotient by zero."""

    code = "OUT_OF_RANGE"

    def __init__(self) -> None:
        super().__init__(
            "A number here is larger than the database computes with, or a quotient by zero; ask for other rows, or for"
            " smaller numbers."
        )


class Uncomputable(ClientError):
    """A view or a function that a row of the database, or an argument, makes fail."""

    code = "NOT_COMPUTABLE"

    def __init__(self) -> None:
        super().__init__(
            "The database cannot compute this of one of the rows that it would read, or of an argument; ask for other"
            " rows, send other arguments, or leave the field out."
        )


class UnknownLanguage(ClientError):
    """Texts were to be ordered by the rules of a language."""

    code = "INVALID_PAGE"

    def __init__(self) -> None:
        super().__init__(
            "The database does not know the rules of a language that `locale` names; name it without its country, name"
            " another one, or leave `locale` out."
        )


class Unanswered(ClientError):
    """A field that stood beside one that the database could not answer."""

    code = "NOT_ANSWERED"

    def __init__(self) -> None:
        super().__init__(
            "Another field of this operation has failed in the database, which then answers nothing else of the"
            " operation; its error says what to change. Change that field, or leave it out."
        )


class ReadOnly(ClientError):
    """The database takes no changes."""

    code = "READ_ONLY"

    def __init__(self) -> None:
        super().__init__("The database takes no changes now, and nothing was changed; it can be read. Try again later.")


class NoRoom(ClientError):
    """The disk of the database is full."""

    code = "INSUFFICIENT_STORAGE"

    def __init__(self) -> None:
        super().__init__("The database has no room left, and nothing was changed; it can be read. Try again later.")


OF_OUTAGES: Mapping[Outage, Callable[[], ClientError]] = {Outage.READ_ONLY: ReadOnly, Outage.FULL: NoRoom}
"""With these, reads are answered; with others nothing is."""

OF_FAILURES: Mapping[Failure | Outage | None, Callable[[], ClientError]] = {
    Failure.UNFIT_VALUE: UnfitValue,
    Failure.OUT_OF_RANGE: OutOfRange,
    Failure.ABORTED: Unanswered,
    Failure.NO_COLLATION: UnknownLanguage,
    Failure.UNCOMPUTABLE: Uncomputable,
    Failure.REFUSED: Uncomputable,
    Failure.BUSY: Overloaded,
}
"""Errors of a database that a client's value has caused, a row that is there, or the work of others."""


def for_client(errors: Iterable[GraphQLError]) -> list[GraphQLError]:
    """The errors as the client may see them. What broke many fields at once has one id, and is logged once."""
    ids: dict[int, str] = {}
    return [_for_client(error, ids) for error in errors]


def _for_client(error: GraphQLError, ids: dict[int, str]) -> GraphQLError:
    cause = _cause(error)
    if isinstance(cause, Undeclared):
        logger.error(cause.cure)
    if cause is None or isinstance(cause, ClientError):
        return error
    if isinstance(cause, DeadlineExceeded):
        return _placed(Late(str(cause)), error)
    if isinstance(cause, OutcomeUnknown):
        return _placed(Unsettled(str(cause)), error)
    if isinstance(cause, UnreadableValue):
        return _placed(UnreadableField(), error)
    if isinstance(cause, PoolTimeout):
        return _placed(Overloaded(), error)
    if isinstance(cause, ChangeKept):
        return _placed(Kept(str(cause)), error)
    if isinstance(cause, OutdatedView):
        return _placed(Unavailable(), error)
    outage = outage_in(cause)
    if outage is not None:
        LOG.tell(outage)
        return _placed(OF_OUTAGES.get(outage, Unavailable)(), error)
    failure = _error_of_failure(cause)
    if failure is not None:
        return _placed(failure, error)
    if id(cause) not in ids:
        ids[id(cause)] = reported(cause, error.path)
    return Unexpected(ids[id(cause)], error)


def _error_of_failure(cause: BaseException) -> ClientError | None:
    """The error for a value that the database, or its column's type, does not take, or for a lock; None for others."""
    if isinstance(cause, DBAPIError):
        found = OF_FAILURES.get(failure_of(cause))
        return None if found is None else found()
    return UnfitValue() if isinstance(cause, StatementError) and isinstance(cause.orig, ValueError) else None


def reported(cause: BaseException, place: object) -> str:
    """Log what went wrong and where; the id under which the log has it."""
    error_id = secrets.token_hex(8)
    logger.error("%s: %s at %s", error_id, type(cause).__name__, place, exc_info=cause)
    return error_id


def _cause(error: GraphQLError) -> BaseException | None:
    """What was raised first; None when graphql-core itself found the document, or a value, wrong."""
    cause: BaseException | None = error.original_error
    while type(cause) is GraphQLError:
        cause = cause.original_error
    return cause


def _placed(shown: ClientError, error: GraphQLError) -> GraphQLError:
    return GraphQLError(shown.message, nodes=error.nodes, path=error.path, extensions=shown.extensions)
