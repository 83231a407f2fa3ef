"""The forms of an export: rows of a response enter, bytes leave.

NDJSON has a line of JSON for each row (https://github.com/ndjson/ndjson-spec). CSV is RFC 4180's
(https://www.rfc-editor.org/rfc/rfc4180), with names in its first line. Nothing is read or sent here.
"""

import csv
import io
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from graphql import GraphQLError

from db import exact_json
from graph.export.listing import Column, Listing
from graph.http.responses import json_bytes

FORMULAS = ("=", "+", "-", "@", "\t", "\r")
"""How texts begin that a spreadsheet computes. Source: https://owasp.org/www-community/attacks/CSV_Injection"""


class Form(ABC):
    """One form of one export."""

    media_type: ClassVar[str]
    ending: ClassVar[str]
    """Of the file's name."""
    for_json: ClassVar[bool]
    """Whether moments may come as they are, for JSON writes them."""

    @abstractmethod
    def head(self) -> bytes:
        """What stands in front of all rows."""

    @abstractmethod
    def rows(self, found: Sequence[Mapping[str, Any]]) -> bytes:
        """The rows of a page."""

    @abstractmethod
    def broken(self, errors: Iterable[GraphQLError]) -> bytes:
        """What is said where an export ends before its end."""


class NDJSON(Form):
    """A line of JSON for each row."""

    media_type = "application/x-ndjson"
    ending = "ndjson"
    for_json = True

    def head(self) -> bytes:
        """Nothing."""
        return b""

    def rows(self, found: Sequence[Mapping[str, Any]]) -> bytes:
        """A line for each."""
        return b"".join([json_bytes(row) + b"\n" for row in found])

    def broken(self, errors: Iterable[GraphQLError]) -> bytes:
        """A line that is no row: no list has a field `errors` that is a list of messages alone."""
        return json_bytes({"errors": [error.formatted for error in errors]}) + b"\n"


class CSV(Form):
    """A line for each row, with a cell for each value; names stand in the first line.

    Texts are in quotation marks and null is an empty cell without them, as PostgreSQL's COPY reads and writes it; where
    each row has one cell, the csv module quotes that as well.
    """

    media_type = "text/csv"
    ending = "csv"
    for_json = False

    def __init__(self, listing: Listing, *, escape_formulas: bool = False) -> None:
        """`escape_formulas`: put an apostrophe before texts that a spreadsheet would compute.

        Raises `InvalidExport` for what is no table.
        """
        self._columns = listing.columns()
        self._escape_formulas = escape_formulas

    def head(self) -> bytes:
        """The names of the columns."""
        return _lines([[column.name for column in self._columns]])

    def rows(self, found: Sequence[Mapping[str, Any]]) -> bytes:
        """A line for each."""
        return _lines([self._cell(row, column) for column in self._columns] for row in found)

    def broken(self, errors: Iterable[GraphQLError]) -> bytes:
        """Nothing: whatever stood there would be a row."""
        return b""

    def _cell(self, row: Mapping[str, Any], column: Column) -> object:
        value: Any = row
        for key in column.path:
            value = value[key]
            if value is None:
                return NULL
        if isinstance(value, bool):
            return TRUE if value else FALSE
        if isinstance(value, dict | list):
            return exact_json.dumps(value)
        escaped = self._escape_formulas and isinstance(value, str) and value.startswith(FORMULAS)
        return f"'{value}" if escaped else value


class _Unquoted(float):
    """A word that the csv module takes for a number, and so leaves without quotation marks."""

    def __new__(cls, word: str) -> "_Unquoted":
        made = super().__new__(cls)
        made.word = word
        return made

    word: str

    def __str__(self) -> str:
        return self.word


NULL, TRUE, FALSE = map(_Unquoted, ("", "true", "false"))


def _lines(rows: Iterable[Sequence[object]]) -> bytes:
    written = io.StringIO(newline="")
    csv.writer(written, quoting=csv.QUOTE_NONNUMERIC).writerows(rows)
    return written.getvalue().encode(errors="backslashreplace")  # half of a surrogate pair, which a JSON text may hold
