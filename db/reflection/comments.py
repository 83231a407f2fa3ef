"""Directives in the comments of a database: what people say there of names, keys and references.

A comment enters, its text without directives leaves, with the directives. A directive stands at the beginning of a
line or behind a space, and goes to the end of the line or to the next directive:

    @key (id)                       of a view: no two rows have one id, and none is null
    @references shop.authors (id)   of a column: each value is the id of an author
    @references (a, b) pairs (a, b) of a table or a view: the same for several columns
    @name Person people             the class of a table and its plural; of a column, its name
    @name author @back posts        of a foreign key: the relation, and the relation that leads back
    @omit                           left out

What is no directive of ours is text. One that cannot be read raises `UnreadableDirective`, which names the form.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from db.reflection.catalog import Name

FORMS = {
    "key": "@key (column, …)",
    "references": "@references schema.table (column, …)",
    "name": "@name new_name",
    "back": "@back new_name",
    "omit": "@omit",
}
_DIRECTIVE = re.compile(
    r"(?:^|(?<=\s))@(key|references|name|back|omit)\b((?:(?!(?<=\s)@(?:key|references|name|back|omit)\b)[^\n])*)"
)
_PART = r'(?:"(?:[^"]|"")+"|[^\s".,()]+)'
_LIST = rf"\(\s*({_PART}(?:\s*,\s*{_PART})*)\s*\)"
_KEY = re.compile(_LIST)
_REFERENCES = re.compile(rf"(?:{_LIST}\s*)?({_PART})(?:\.({_PART}))?\s*{_LIST}")
_NAMES = re.compile(rf"{_PART}(?:\s+{_PART})?")


class UnreadableDirective(ValueError):
    """A directive of ours in no form that we know."""

    def __init__(self, directive: str, written: str) -> None:
        self.directive = directive
        self.written = written
        super().__init__(f"`{written}` is not understood; write `{FORMS[directive]}`.")


@dataclass(frozen=True)
class Reference:
    """What `@references` says. Without columns, those of the comment's own column are meant."""

    columns: Sequence[str]
    target: Name
    target_columns: Sequence[str]


@dataclass
class Directives:
    """What the directives of one comment say."""

    text: str | None = None
    """The comment without directives; None where nothing is left."""
    key: Sequence[str] | None = None
    references: list[Reference] = field(default_factory=list)
    names: Sequence[str] = ()
    back: str | None = None
    omit: bool = False


def directives_of(comment: str | None) -> Directives:
    """The directives of a comment. Raises `UnreadableDirective`."""
    found = Directives(text_of(comment))
    for match in _DIRECTIVE.finditer(comment or ""):
        _read(found, match.group(1), match.group(2).strip(), match.group().strip())
    return found


def has_directives(comment: str) -> bool:
    """Whether there is a directive in a comment."""
    return _DIRECTIVE.search(comment) is not None


def text_of(comment: str | None) -> str | None:
    """A comment without its directives; None where nothing is left."""
    lines = (line.rstrip() for line in _DIRECTIVE.sub("", comment or "").split("\n"))
    return "\n".join(lines).strip() or None


def _read(found: Directives, directive: str, said: str, written: str) -> None:
    if directive == "omit" and not said:
        found.omit = True
    elif directive == "key" and (key := _KEY.fullmatch(said)):
        found.key = _names(key.group(1))
    elif directive == "references" and (reference := _REFERENCES.fullmatch(said)):
        found.references.append(_reference(reference))
    elif directive == "name" and _NAMES.fullmatch(said):
        found.names = _names(said)
    elif directive == "back" and re.fullmatch(_PART, said):
        (found.back,) = _names(said)
    else:
        raise UnreadableDirective(directive, written)


def _reference(match: re.Match[str]) -> Reference:
    columns, first, second, target_columns = match.groups()
    target = Name(None, _unquoted(first)) if second is None else Name(_unquoted(first), _unquoted(second))
    return Reference(_names(columns or ""), target, _names(target_columns))


def _names(written: str) -> Sequence[str]:
    return tuple(_unquoted(part) for part in re.findall(_PART, written))


def _unquoted(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name
