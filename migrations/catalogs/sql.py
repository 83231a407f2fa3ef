"""The words of SQL: a text enters, tokens leave. No statement is understood here, and none is run.

Source: https://www.sqlite.org/draft/tokenreq.html
"""

import re
from collections.abc import Iterator, Sequence
from typing import TypeAlias

from sqlalchemy.dialects import sqlite

Tokens: TypeAlias = Sequence[str]

_TOKEN = re.compile(
    r"""
    \s+ | --[^\n]* | /\*.*?\*/                                                          # between tokens
    | (?P<text> [xX]? '(?:[^']|'')*' )
    | (?P<name> "(?:[^"]|"")*" | `(?:[^`]|``)*` | \[[^\]]*\] )
    | (?P<word> [^\W\d][\w$]* )
    | (?P<rest> \d[\w.]*(?:[eE][+-]\d+)? | ->>|->|\|\||<>|<=|>=|!=|==|<<|>>|::|. )
    """,
    re.VERBOSE | re.DOTALL,
)
quoted = sqlite.dialect().identifier_preparer.quote
"""A name, in quotes if SQLite needs them."""


def tokens(text: str) -> list[str]:
    """The tokens of SQL without comments; words in lower case, names without quotes that they do not need."""
    return [_token(match) for match in _TOKEN.finditer(text) if match.lastgroup]


def _token(match: re.Match[str]) -> str:
    if match["name"] is not None:
        return quoted(unquoted(match["name"]))
    return match["word"].lower() if match["word"] is not None else match.group()


def unquoted(name: str) -> str:
    """What a name says, however it is quoted."""
    if name[:1] == "[":
        return name[1:-1]
    return name[1:-1].replace(name[0] * 2, name[0]) if name[:1] in ('"', "`") else name


def literal(value: str) -> str:
    """A text of SQL."""
    return "'{}'".format(value.replace("'", "''"))


def closing(parts: Tokens, opening: int) -> int:
    """Where the bracket that opens there is closed."""
    depth = 0
    for place in range(opening, len(parts)):
        depth += (parts[place] == "(") - (parts[place] == ")")
        if depth == 0:
            return place
    raise ValueError(f"A bracket is never closed: {text_of(parts)}")


def split(parts: Tokens, separator: str = ",") -> Iterator[Tokens]:
    """The parts between separators that stand in no brackets."""
    start = depth = 0
    for place, part in enumerate(parts):
        depth += (part == "(") - (part == ")")
        if part == separator and depth == 0:
            yield parts[start:place]
            start = place + 1
    yield parts[start:]


def bare(parts: Tokens) -> Tokens:
    """Tokens without brackets around all of them."""
    while parts and parts[0] == "(" and closing(parts, 0) == len(parts) - 1:
        parts = parts[1:-1]
    return parts


def text_of(parts: Tokens) -> str:
    """SQL of tokens."""
    before = ("(", *parts[:-1])
    return "".join(
        part if last == "(" or part in (")", ",") else f" {part}" for last, part in zip(before, parts, strict=True)
    )
