"""What a client sees of an error.

Errors enter as the execution raised them. Those that a client can do something about leave as they are; of anything
else an id leaves, and the log has the rest under the same id. Database text never reaches a client.
"""

import logging
import secrets
from collections.abc import Iterable, Mapping

from graphql import GraphQLError
from sqlalchemy.exc import DBAPIError, StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from db.dialects import Failure, failure_of
from db.session import DeadlineExceeded
from db.unreadable import UnreadableValue
from graph.errors import ClientError, Overloaded, Undeclared, Unexpected, UnfitValue, UnreadableField

logger = logging.getLogger("trellis")


class Late(ClientError):
    """The operation ran out of time."""

    code = "DEADLINE_EXCEEDED"


class OutOfRange(ClientError):
    """A number that was asked for, or is to be stored, is too large for the database, or a quotient by zero."""

    code = "OUT_OF_RANGE"

    def __init__(self) -> None:
        super().__init__(
            "A number here is larger than the database computes with, or a quotient by zero; ask for other rows, or for"
            " smaller numbers."
        )


OF_VALUES: Mapping[Failure | None, type[UnfitValue] | type[OutOfRange]] = {
    Failure.UNFIT_VALUE: UnfitValue,
    Failure.OUT_OF_RANGE: OutOfRange,
}
"""Errors of a database that a client's value has caused."""


def for_client(errors: Iterable[GraphQLError]) -> list[GraphQLError]:
    """The errors as the client may see them. What broke many fields at once has one id, and is logged once."""
    ids: dict[int, str] = {}
    return [_for_client(error, ids) for error in errors]


def code_of(error: GraphQLError) -> str | None:
    """What kind of error it is, for programs."""
    code: str | None = (error.extensions or {}).get("code")
    return code


def _for_client(error: GraphQLError, ids: dict[int, str]) -> GraphQLError:
    cause = _cause(error)
    if isinstance(cause, Undeclared):
        logger.error(cause.cure)
    if cause is None or isinstance(cause, ClientError):
        return error
    if isinstance(cause, DeadlineExceeded):
        return _placed(Late(str(cause)), error)
    if isinstance(cause, UnreadableValue):
        return _placed(UnreadableField(), error)
    if isinstance(cause, PoolTimeout):
        return _placed(Overloaded(), error)
    value = _error_of_value(cause)
    if value is not None:
        return _placed(value, error)
    if id(cause) not in ids:
        ids[id(cause)] = reported(cause, error.path)
    return Unexpected(ids[id(cause)], error)


def _error_of_value(cause: BaseException) -> ClientError | None:
    """The error for a value that the database, or the type of its column, does not take; None for other causes."""
    if isinstance(cause, DBAPIError):
        found = OF_VALUES.get(failure_of(cause))
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
