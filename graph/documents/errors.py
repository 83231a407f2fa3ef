"""Why a request's document is not answered; the codes are those that clients fall back on, where there are some."""

from graph.errors import ClientError


class PersistedQueryNotFound(ClientError):
    """Apollo's word for a hash that is not known. Clients send the text along next time, and look for this message."""

    code = "PERSISTED_QUERY_NOT_FOUND"

    def __init__(self) -> None:
        super().__init__("PersistedQueryNotFound")


class DocumentNotFound(ClientError):
    """No document has this id."""

    code = "PERSISTED_DOCUMENT_NOT_FOUND"

    def __init__(self) -> None:
        super().__init__("No document is registered under this `documentId`; send its text as `query`, or register it.")


class DocumentRequired(ClientError):
    """The server answers registered documents only."""

    code = "PERSISTED_DOCUMENT_REQUIRED"

    def __init__(self) -> None:
        super().__init__("This server answers registered documents only; register this one, or send the id of another.")


class WrongId(ClientError):
    """An id of no good form, or one that does not belong to the text beside it."""
