"""The words of SQL: a text enters, tokens leave. No statement is understood here, and none is run.

Source: https://www.sqlite.org/draft/tokenreq.html
"""

import re
from collections.abc import Iterator, Sequence
from typing import TypeAlias, TypeVar

from sqlalchemy.dialects import sqlite


class Token(str):
    """A token: a word in lower case, a name without quotes that it does not need."""

    __slots__ = ("name",)
    name: str
    """What it names, as it was written."""


Tokens: TypeAlias = Sequence[Token]
T = TypeVar("T", bound=str)

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


def tokens(text: str) -> list[Token]:
    """The tokens of SQL, without comments."""
    return [_token(match) for match in _TOKEN.finditer(text) if match.lastgroup]


def _token(match: re.Match[str]) -> Token:
    written = match.group()
    name = unquoted(written)
    token = Token(quoted(name) if match["name"] is not None else written.lower() if match["word"] else written)
    token.name = name
    return token


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


def split(parts: Sequence[T], separator: str = ",") -> Iterator[Sequence[T]]:
    """The parts between separators that stand in no brackets."""
    start = depth = 0
    for place, part in enumerate(parts):
        depth += (part == "(") - (part == ")")
        if part == separator and depth == 0:
            yield parts[start:place]
            start = place + 1
    yield parts[start:]


def after(parts: Tokens, word: str) -> Tokens | None:
    """What follows a word that stands in no brackets; None: it stands nowhere."""
    depth = 0
    for place, part in enumerate(parts):
        depth += (part == "(") - (part == ")")
        if part == word and depth == 0:
            return parts[place + 1 :]
    return None


def escaped(text: str) -> str:
    """A text that `sqlalchemy.text` takes as it is: a colon in it is no parameter.

    Source: https://docs.sqlalchemy.org/en/21/core/sqlelement.html#sqlalchemy.sql.expression.text
    """
    return re.sub(r"(?<!:)(:\w)", r"\\\1", text)


def bare(parts: Tokens) -> Tokens:
    """Tokens without brackets around all of them."""
    while parts and parts[0] == "(" and closing(parts, 0) == len(parts) - 1:
        parts = parts[1:-1]
    return parts


def text_of(parts: Sequence[str]) -> str:
    """SQL of tokens."""
    before = ("(", *parts)
    return "".join(
        part if last == "(" or part in (")", ",") else f" {part}" for last, part in zip(before, parts, strict=False)
    )
