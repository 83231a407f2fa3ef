"""JSON on MariaDB, where JSON is text: parts are found by patterns that know its grammar.

What a client asks enters as a value that is bound, a pattern of PCRE leaves. MariaDB's own functions take numbers for
doubles, `1` for `[1]`, and texts for equal as a collation does; a pattern takes a number for another one only where
both are the same number, and a text only where both have the same characters, however either is written.
Sources: https://www.rfc-editor.org/rfc/rfc8259, https://www.pcre.org/current/doc/html/pcre2pattern.html
"""

import json
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import Dialect, Text
from sqlalchemy.types import TypeDecorator

from db import exact_json
from db.dialects.errors import UnstorableValue
from db.dialects.mariadb_types import EXACT_ON_MARIADB
from db.dialects.python_functions import INDEX

MAX_CHARACTERS = 30_000
"""Of a pattern; PCRE takes 64 KiB once a pattern is compiled."""

GRAMMAR = (
    r'(?s-i)(?(DEFINE)(?<s>"(?:[^"\\]++|\\.)*+")'
    r"(?<v>(?>(?&s)|[-+.0-9eEa-z]++|\[\s*+(?:(?&v)\s*+(?:,\s*+(?&v)\s*+)*+)?+\]"
    r"|\{\s*+(?:(?&s)\s*+:\s*+(?&v)\s*+(?:,\s*+(?&s)\s*+:\s*+(?&v)\s*+)*+)?+\}))"
    r"(?<e>(?&v)\s*+,\s*+)(?<p>(?&s)\s*+:\s*+(?&v)\s*+,\s*+)"
    r"(?<ten>(?&e){10})(?<hundred>(?&ten){10})(?<thousand>(?&hundred){10})(?<myriad>(?&thousand){10}))"
)
"""A text, a value, an element and a pair with the comma behind each, and many elements."""
MANY = ("e", "ten", "hundred", "thousand", "myriad")
MAX_INDEX = 10**8

ESCAPED = {'"': '"', "\\": "\\", "/": "/", "\b": "b", "\f": "f", "\n": "n", "\r": "r", "\t": "t"}
SHIFTED = 8
"""By how many digits more than a number has its point may be moved, with an exponent that moves it back."""


class JSONPathPattern(TypeDecorator[str]):
    """A path, as a pattern that finds the part there."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """From the path."""
        return None if value is None else _checked(path_pattern(json.loads(value)))


class JSONKeyPattern(TypeDecorator[str]):
    """A key, as a pattern that finds it at the top of a document."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """From the key."""
        return None if value is None else _checked(key_pattern(value))


class JSONContainedPattern(TypeDecorator[str]):
    """A JSON value, as a pattern of all documents that contain the value."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """From the value, as JSON. Raises `UnstorableValue` for one that is too long."""
        return None if value is None else _checked(contained_pattern(exact_json.loads_decimals(value)))


def path_pattern(keys: Sequence[str]) -> str:
    """What finds the part at a path."""
    return rf"{GRAMMAR}^\s*+{''.join(map(_step, keys))}\K(?&v)"


def key_pattern(key: str) -> str:
    """What finds a key of an object, or a text in a list, or a text that is the whole."""
    text = _text(key)
    return rf"{GRAMMAR}^\s*+(?:\{{\s*+(?&p)*{text}\s*+:|\[\s*+(?&e)*{text}\s*+[,\]]|{text}\s*+\z)"


def contained_pattern(value: Any) -> str:
    """What finds that a document contains a value: a single value may also be an element of a list."""
    held = _holding(value)
    if not isinstance(value, dict | list):
        held = rf"{held}\s*+\z|\[\s*+(?&e)*{held}\s*+[,\]]"
    return rf"{GRAMMAR}^\s*+(?:{held})"


def _checked(pattern: str) -> str:
    if len(pattern) > MAX_CHARACTERS:
        raise UnstorableValue("this database looks for shorter parts of JSON alone; ask for less at once")
    return pattern


def _step(key: str) -> str:
    """From the beginning of a value to the beginning of its part. Of a key that is there twice, the last one counts."""
    ways = [rf"\{{\s*+(?&p)*{_text(key)}\s*+:\s*+"]
    if INDEX.fullmatch(key) and abs(int(key)) < MAX_INDEX:
        ways.append(rf"\[\s*+{_before(int(key))}")
    return f"(?>{'|'.join(ways)})"


def _before(index: int) -> str:
    """What stands before an element, counted from either end."""
    if index >= 0:
        return f"{_elements(index)}(?=(?&v))"
    return rf"(?&e)*(?={_elements(-index - 1)}(?&v)\s*+\])"


def _elements(count: int) -> str:
    """So many elements: a number of repetitions would be written out, and be too long."""
    digits = str(count)
    myriads, rest = (int(digits[:-4] or 0), digits[-4:].zfill(4)) if len(digits) > 4 else (0, digits.zfill(4))
    parts = [("myriad", myriads), *zip(reversed(MANY[:-1]), map(int, rest), strict=True)]
    return "".join(f"(?&{name}){{{times}}}" for name, times in parts if times)


def _holding(value: Any) -> str:
    """What a value is that holds another one, to its end."""
    if isinstance(value, dict):
        looks = (rf"(?=(?>\{{\s*+(?&p)*{_text(key)}\s*+:\s*+){_holding(held)}\s*+[,}}])" for key, held in value.items())
        return rf"(?=\{{){''.join(looks)}(?&v)"
    if isinstance(value, list):
        looks = (rf"(?=\[\s*+(?&e)*{_holding(held)}\s*+[,\]])" for held in value)
        return rf"(?=\[){''.join(dict.fromkeys(looks))}(?&v)"
    if isinstance(value, str):
        return _text(value)
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    return _number(Decimal(value))


def _text(text: str) -> str:
    """A text, in every form that JSON has for each of its characters."""
    return f'"{"".join(map(_character, text))}"'


def _character(character: str) -> str:
    units = character.encode("utf-16-be", errors="surrogatepass")
    numbers = (int.from_bytes(units[at : at + 2]) for at in range(0, len(units), 2))
    forms = ["".join(rf"\\u{''.join(map(_digit, f'{number:04x}'))}" for number in numbers)]
    if character in ESCAPED:
        forms.append(rf"\\{_literal(ESCAPED[character])}")
    if character not in '"\\' and character >= " ":
        forms.append(_literal(character))
    return f"(?:{'|'.join(reversed(forms))})"


def _digit(digit: str) -> str:
    return digit if digit.isdigit() else f"[{digit}{digit.upper()}]"


def _literal(character: str) -> str:
    return character if character.isalnum() or not character.isascii() else f"\\{character}"


def _number(number: Decimal) -> str:
    """A number, with its point at any place and the exponent for it, and with zeros at its end."""
    if not number:
        return r"-?0(?:\.0+)?(?:[eE][-+]?[0-9]+)?"
    digits = "".join(map(str, number.as_tuple().digits)).lstrip("0")
    highest, digits = number.adjusted(), digits.rstrip("0")
    places = {*range(-SHIFTED, len(digits) + SHIFTED + 1), highest + 1}
    ways = "|".join(_with_point(digits, place, highest + 1 - place) for place in sorted(places))
    return f"{'-' if number < 0 else ''}(?:{ways})"


def _with_point(digits: str, place: int, exponent: int) -> str:
    """Digits with the point behind so many of them, and an exponent."""
    if place <= 0:
        written = rf"0\.{_zeros(-place)}{digits}0*"
    elif place < len(digits):
        written = rf"{digits[:place]}\.{digits[place:]}0*"
    else:
        written = rf"{digits}{_zeros(place - len(digits))}(?:\.0+)?"
    if not exponent:
        return f"{written}(?:[eE][-+]?0+)?"
    sign = "-" if exponent < 0 else r"\+?"
    return f"{written}[eE]{sign}0*{abs(exponent)}"


def _zeros(count: int) -> str:
    return f"0{{{count}}}" if count else ""


def kind_sql(part: str) -> str:
    """The character by which a JSON value tells its kind."""
    return f"REGEXP_SUBSTR({part}, '[^[:space:]]')"


def quoted(text: str) -> str:
    """A text as JSON, under the exact collation, as all other texts are."""
    return f"(JSON_QUOTE({text}) COLLATE {EXACT_ON_MARIADB})"


def unquoted(part: str) -> str:
    """The text of a JSON text."""
    return f"(JSON_UNQUOTE({part}) COLLATE {EXACT_ON_MARIADB})"


def kinds(names: Iterable[str]) -> str:
    """SQL arguments: the names of objects, lists, texts, booleans, null and numbers, by their characters."""
    of_object, of_list, of_text, of_boolean, of_null, of_number = names
    return ", ".join([of_object, of_list, of_text, of_boolean, of_boolean, of_null, *([of_number] * 11)])


BEGINNINGS = '{["tfn-0123456789'
"""How objects, lists, texts, true, false, null and numbers begin."""
