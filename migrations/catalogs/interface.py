"""What every catalog gives: the words of a table. No database is named here."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple, Protocol

from sqlalchemy import Constraint, Index, Table

SERIAL = "a sequence of its own"
"""The default of a column that is counted up by a sequence, whatever that is called."""


class ColumnWords(NamedTuple):
    """A column, as its database describes it."""

    type: str
    collation: str | None
    """None: the collation that the type has anyway."""
    default: str | None
    generated: str | None
    """The expression of a computed column."""


class TableWords(NamedTuple):
    """A table, as its database describes it, without foreign keys; everything by its name."""

    columns: Mapping[str, ColumnWords] = MappingProxyType({})
    constraints: Mapping[str, str] = MappingProxyType({})
    """Primary keys, CHECK, UNIQUE and EXCLUDE."""
    indexes: Mapping[str, str] = MappingProxyType({})
    """Those that stand behind no constraint."""


class Catalog(Protocol):
    """What a database says of the tables that it holds and of those that the models want."""

    canonical_types: bool
    """Whether one type has one description only."""
    has_identities: bool
    """Whether there are identity columns."""

    def held(self, table: str, schema: str | None) -> TableWords:
        """A table that the database holds."""

    def wanted(self, table: str, schema: str | None) -> TableWords:
        """A table of the models, had the database made it now."""

    def enumerations(self, *, wanted: bool) -> Mapping[str, Sequence[str]]:
        """The words of each enumeration that the database has as a type; `wanted`: of the models."""

    def sequences(self, *, wanted: bool) -> Mapping[str, str]:
        """The options of each sequence that stands behind no column; `wanted`: of the models."""

    def index(self, name: str, words: str, table: Table) -> Index:
        """An index of these words, on a table that was read from the database."""

    def constraint(self, name: str, words: str, table: Table) -> Constraint:
        """A constraint of these words, on a table that was read from the database."""
