"""Which tables of a database are meant: schemas, and patterns of names.

Names enter, a yes or no leaves. No database is asked here.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from db.reflection.catalog import Name


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """The tables that are meant.

    A pattern is a name, `*` stands for any characters: `film*` is of every schema, `shop.film*` of one. Upper and
    lower case are told apart.
    """

    schemas: Sequence[str] = ()
    """None: those that the database looks in by itself (PostgreSQL's search path; SQLite has one)."""
    only: Sequence[str] = ()
    """None: every table."""
    without: Sequence[str] = ()

    def takes(self, name: Name, default_schema: str | None) -> bool:
        """Whether a table is meant. The schema of a name that has none is the default schema."""
        return (not self.only or _fits(name, default_schema, self.only)) and not _fits(
            name, default_schema, self.without
        )


def _fits(name: Name, default_schema: str | None, patterns: Sequence[str]) -> bool:
    whole = f"{name.schema or default_schema}.{name.name}"
    return any(fnmatchcase(name.name, pattern) or fnmatchcase(whole, pattern) for pattern in map(_plain, patterns))


def _plain(pattern: str) -> str:
    """A pattern in which `*` alone has a meaning: names may have brackets and question marks in them."""
    return "".join(f"[{character}]" if character in "[?" else character for character in pattern)


class UnknownSchema(LookupError):
    """A schema was chosen that the database does not have."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        self.name = name
        self.known = tuple(known)
        super().__init__(f"There is no schema {name!r}; there are: {', '.join(self.known)}.")
