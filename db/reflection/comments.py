"""Tags in the comments of a database: what people say there of names, keys and references.

A comment enters, its text without tags leaves, with the tags. A tag stands at the beginning of a line or behind a
space, and goes to the end of the line or to the next tag:

    @key (id)                       of a view: no two rows have one id, and none is null
    @references shop.authors (id)   of a column: each value is the id of an author
    @references (a, b) pairs (a, b) of a table or a view: the same for several columns
    @name Person people             the class of a table and its plural; of a column, its name
    @name author @back posts        of a foreign key: the relation, and the relation that leads back
    @omit                           left out

What is no tag of ours is text. A tag that cannot be read raises `UnreadableTag`, which names the form.
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
_TAG = re.compile(
    r"(?:^|(?<=\s))@(key|references|name|back|omit)\b((?:(?!(?<=\s)@(?:key|references|name|back|omit)\b)[^\n])*)"
)
_PART = r'(?:"(?:[^"]|"")+"|[^\s".,()]+)'
_LIST = rf"\(\s*({_PART}(?:\s*,\s*{_PART})*)\s*\)"
_KEY = re.compile(_LIST)
_REFERENCES = re.compile(rf"(?:{_LIST}\s*)?({_PART})(?:\.({_PART}))?\s*{_LIST}")
_NAMES = re.compile(rf"{_PART}(?:\s+{_PART})?")


class UnreadableTag(ValueError):
    """A tag of ours in no form that we know."""

    def __init__(self, tag: str, written: str) -> None:
        self.tag = tag
        self.written = written
        super().__init__(f"`{written}` is not understood; write `{FORMS[tag]}`.")


@dataclass(frozen=True)
class Reference:
    """What `@references` says. Without columns, those of the comment's own column are meant."""

    columns: Sequence[str]
    target: Name
    target_columns: Sequence[str]


@dataclass
class Tags:
    """What the tags of one comment say."""

    text: str | None = None
    """The comment without tags; None where nothing is left."""
    key: Sequence[str] | None = None
    references: list[Reference] = field(default_factory=list)
    names: Sequence[str] = ()
    back: str | None = None
    omit: bool = False


def tags_of(comment: str | None) -> Tags:
    """The tags of a comment. Raises `UnreadableTag`."""
    found = Tags(text_of(comment))
    for match in _TAG.finditer(comment or ""):
        _read(found, match.group(1), match.group(2).strip(), match.group().strip())
    return found


def has_tags(comment: str) -> bool:
    """Whether there is a tag in a comment."""
    return _TAG.search(comment) is not None


def text_of(comment: str | None) -> str | None:
    """A comment without its tags; None where nothing is left."""
    lines = (line.rstrip() for line in _TAG.sub("", comment or "").split("\n"))
    return "\n".join(lines).strip() or None


def _read(found: Tags, tag: str, said: str, written: str) -> None:
    if tag == "omit" and not said:
        found.omit = True
    elif tag == "key" and (key := _KEY.fullmatch(said)):
        found.key = _names(key.group(1))
    elif tag == "references" and (reference := _REFERENCES.fullmatch(said)):
        found.references.append(_reference(reference))
    elif tag == "name" and _NAMES.fullmatch(said):
        found.names = _names(said)
    elif tag == "back" and re.fullmatch(_PART, said):
        (found.back,) = _names(said)
    else:
        raise UnreadableTag(tag, written)


def _reference(match: re.Match[str]) -> Reference:
    columns, first, second, target_columns = match.groups()
    target = Name(None, _unquoted(first)) if second is None else Name(_unquoted(first), _unquoted(second))
    return Reference(_names(columns or ""), target, _names(target_columns))


def _names(written: str) -> Sequence[str]:
    return tuple(_unquoted(part) for part in re.findall(_PART, written))


def _unquoted(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name
