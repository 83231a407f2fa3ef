"""Kinds of texts: slugs, e-mail addresses, codes of currencies.

A room that knows a kind registers its check here and gets the kind's name back; columns carry that name. Whoever takes
a text from outside asks for the kind of its column. No kind is known here, and no text is checked.
"""

from collections.abc import Callable
from typing import NamedTuple

from sqlalchemy import Column

KIND = "trellis_kind"
"""In a column's `info`: the name of the kind of its texts. A type of columns may have a `kind` instead."""


class TextKind(NamedTuple):
    """What texts of one kind look like."""

    check: Callable[[str], str]
    """Gives a text in the form in which it is stored. Raises `ValueError` that says how to write it."""
    canonical: Callable[[str], str] = str
    """The form that the database compares: texts of one canonical form are equal there."""
    judges_empty: bool = False
    """Whether `check` has a sentence of its own for the empty text."""


class UnknownTextKind(LookupError):
    """A column names a kind that no imported module has registered. An unchecked text would be worse than an error."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"No kind of text is called {name!r}; call register_kind({name!r}, …), or import the module that does."
        )


_KINDS: dict[str, TextKind] = {}


def register_kind(name: str, kind: TextKind) -> str:
    """Make a kind known, and return its name for `info={KIND: …}`. Raises `ValueError` for a name that is taken."""
    if _KINDS.setdefault(name, kind) != kind:
        raise ValueError(f"There is a kind of text called {name!r} already; choose another name.")
    return name


def kind_of(column: Column[object]) -> TextKind | None:
    """The kind of a column's texts; None for texts of no special form. Raises `UnknownTextKind`."""
    name: str | None = column.info.get(KIND) or getattr(column.type, "kind", None)
    if name is None:
        return None
    if name not in _KINDS:
        raise UnknownTextKind(name)
    return _KINDS[name]
