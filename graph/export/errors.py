"""What can be wrong with an export, for the client to read."""

from collections.abc import Mapping, Sequence

from graphql import GraphQLError

from graph.errors import ClientError, TrellisError
from graph.masking import for_client

ROW = 2
"""Where the number of a row stands in the path of an error: behind the list and `nodes`."""


class InvalidExport(ClientError):
    """The document is no list that could be exported, or not in this form."""

    code = "INVALID_EXPORT"


class TooManyRows(ClientError):
    """A list is longer than an export may be. Some of its rows were sent already."""

    code = "EXPORT_TOO_LONG"

    def __init__(self, most: int) -> None:
        super().__init__(
            f"The list has more than {most} rows, which one export may have: this one is not whole. Ask for fewer with"
            " `where`, or say with `first` how many you want.",
            allowed=most,
        )


class Incomplete(TrellisError):
    """A page of an export has come with errors, so that the export ends."""

    def __init__(self, errors: Sequence[GraphQLError], rows_before: int) -> None:
        self._errors = errors
        self._rows_before = rows_before
        super().__init__("; ".join(error.message for error in errors))

    def told(self) -> list[GraphQLError]:
        """The errors as the client may see them, each with the row and the column that it is about."""
        return [
            GraphQLError(error.message, extensions={**(error.extensions or {}), **self._place(error.path or ())})
            for error in for_client(self._errors)
        ]

    def _place(self, path: Sequence[str | int]) -> Mapping[str, object]:
        """Of a path such as `invoices.nodes.17.customer.name`."""
        row = path[ROW] if len(path) > ROW else None
        if not isinstance(row, int):
            return {}
        return {"row": self._rows_before + row + 1, "column": ".".join(map(str, path[ROW + 1 :]))}
