"""The functions of `db.functions` in Python, for databases that call Python and have no operators of their own.

SQL values enter, JSON as text; SQL values leave. They mean what PostgreSQL means:
https://www.postgresql.org/docs/current/functions-json.html
"""

import json
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from enum import Enum, auto
from functools import lru_cache
from hashlib import md5
from operator import itemgetter
from typing import Any, Literal, NamedTuple, TypeAlias

from db import exact_json
from db.characters import fold, without_accents
from db.dialects.interface import FunctionName
from db.dialects.sqlite_moments import DAY_BESIDE, DAY_KEY, MOMENT_KEY, TIME_KEY
from db.moments import day_beside, day_key, moment_key, time_key
from db.periods import day_start, moment_start

Number: TypeAlias = int | float | Decimal
Json: TypeAlias = dict[str, "Json"] | list["Json"] | str | Number | bool | None


Value: TypeAlias = str | int | float | bool | bytes | None
"""What SQLite holds."""


class _Missing(Enum):
    """What stands at a path that leads nowhere: not even null."""

    MISSING = auto()


MISSING = _Missing.MISSING

INDEX = re.compile(r"\s*[+-]?\d+", re.ASCII)
"""What C's `strtol` reads as a whole number: PostgreSQL asks it."""

KINDS: Mapping[type, str] = {
    dict: "object",
    list: "array",
    str: "string",
    int: "number",
    float: "number",
    Decimal: "number",
    bool: "boolean",
    type(None): "null",
}


EMPTY_LIST = "0"
"""The place of an empty list, in front of everything."""
EXPONENTS = 5 * 10**19
"""In the middle of all exponents that a decimal has."""
REVERSED = str.maketrans("0123456789", "9876543210")


class PythonFunction(NamedTuple):
    """A function and the number of its arguments; -1 for any number."""

    arguments: int
    function: Callable[..., Value]


def _fold_case(text: str | None) -> str | None:
    return None if text is None else fold(text)


@lru_cache(100)
def _compiled(pattern: str) -> Any:
    import re2  # late: 1.6 MiB that only a filter by a pattern needs, and only on SQLite

    quiet = re2.Options()
    quiet.log_errors = False
    return re2.compile(f"(?s){pattern}", quiet)


def _matches(text: str | None, pattern: str) -> bool | None:
    return None if text is None else _compiled(pattern).search(str(text)) is not None


def _at(document: str | None, path: str) -> str | None:
    part: Json | Literal[_Missing.MISSING] = MISSING if document is None else _exactly(document)
    for key in json.loads(path):
        part = _step(part, key)
    return None if part is MISSING else exact_json.dumps(part)


def _step(part: Json | Literal[_Missing.MISSING], key: str) -> Json | Literal[_Missing.MISSING]:
    if isinstance(part, dict):
        return part.get(key, MISSING)
    if isinstance(part, list) and INDEX.fullmatch(key) and -len(part) <= int(key) < len(part):
        return part[int(key)]
    return MISSING


def _exactly(text: str | float) -> Json:
    """Parse JSON, keeping fractions as they are written, as PostgreSQL does: 1e23 is not the nearest double."""
    value: Json = exact_json.loads_decimals(text if isinstance(text, str) else repr(text))
    return value


def _kind(part: str | None) -> str | None:
    return None if part is None else KINDS[type(_exactly(part))]


def _text(part: str | None) -> str | None:
    value = None if part is None else _exactly(part)
    return value if isinstance(value, str) else None


def _order(part: str | None, value: str) -> int | None:
    if part is None:
        return None
    left, right = _exactly(part), _exactly(value)
    if KINDS[type(left)] != KINDS[type(right)]:
        return None
    left_place, right_place = _place(left), _place(right)
    return (left_place > right_place) - (left_place < right_place)


def _sorted(part: str | None) -> str | None:
    """A JSON text that is ordered among others, by its bytes, as PostgreSQL orders the parts themselves."""
    value = None if part is None else _exactly(part)
    if value is None:
        return None
    return f'"{_place(value)}"' if value != [] else f'"{EMPTY_LIST}"'


def _place(value: Json) -> str:
    """Null < string < number < boolean < array < object; longer arrays and objects after shorter ones.

    Digits and `!`, `~`, so that whatever begins alike is told apart by what follows, and the shorter one is less.
    """
    if isinstance(value, dict):
        # PostgreSQL keeps keys by length, then by bytes, and compares pair after pair, each key by its bytes alone.
        pairs = sorted(((len(_bytes(key)), _bytes(key), item) for key, item in value.items()), key=itemgetter(0, 1))
        return f"5{len(pairs):010}{''.join(f'{key.hex()}!{_place(item)}!' for _, key, item in pairs)}"
    if isinstance(value, list):
        return f"4{len(value):010}{''.join(f'{_place(item)}!' for item in value)}"
    if isinstance(value, bool):
        return f"3{int(value)}"
    if isinstance(value, int | float | Decimal):
        return f"2{_place_of_number(Decimal(value))}"
    return f"1{_bytes(value).hex()}" if isinstance(value, str) else "0"


def _bytes(text: str) -> bytes:
    """A text as it is ordered; JSON may hold half of a letter."""
    return text.encode(errors="surrogatepass")


def _place_of_number(number: Decimal) -> str:
    """Its sign, its exponent and its digits; those of a negative number the other way round."""
    if not number:
        return "1"
    digits = "".join(map(str, number.as_tuple().digits)).rstrip("0")
    written = f"{number.adjusted() + EXPONENTS:020}{digits}"
    return f"2{written}" if number > 0 else f"0{written.translate(REVERSED)}~"


def _shuffled(seed: int, *key: Value) -> str:
    """MD5, which every database has: the same order for keys that are written alike."""
    written = "/".join(part.hex() if isinstance(part, bytes) else str(part) for part in (seed, *key))
    return md5(_bytes(written), usedforsecurity=False).hexdigest()


def _contains(document: str | None, value: str) -> bool | None:
    return None if document is None else _holds(_exactly(document), _exactly(value), top=True)


def _holds(whole: Json, part: Json, *, top: bool = False) -> bool:
    if isinstance(whole, dict) and isinstance(part, dict):
        return all(key in whole and _holds(whole[key], item) for key, item in part.items())
    if isinstance(whole, list) and isinstance(part, list):
        return all(any(_holds(element, item) for element in whole) for item in part)
    if top and isinstance(whole, list) and not isinstance(part, dict):
        return any(_holds(element, part) for element in whole)
    return KINDS[type(whole)] == KINDS[type(part)] and bool(whole == part)


def _written(part: str | None) -> str | None:
    """JSON in the form in which PostgreSQL writes it: keys by their lengths, then by their bytes."""
    value = None if part is None else _exactly(part)
    return None if value is None else exact_json.dumps(_in_order(value))


def _in_order(value: Json) -> Json:
    if isinstance(value, dict):
        return {key: _in_order(value[key]) for key in sorted(value, key=lambda key: (len(key.encode()), key.encode()))}
    return list(map(_in_order, value)) if isinstance(value, list) else value


def _has_key(document: str | None, key: str) -> bool | None:
    if document is None:
        return None
    value = _exactly(document)
    return key in value if isinstance(value, dict | list) else value == key


def _of_text(function: Callable[[str], str]) -> Callable[[Value], Value]:
    return lambda value: function(value) if isinstance(value, str) else value


def _day_beside(value: Value, days: int) -> str | None:
    return day_beside(value, days) if isinstance(value, str) else None


def _start_of(start: Callable[..., str]) -> Callable[..., Value]:
    return lambda value, *told: start(value, *told) if isinstance(value, str) else value


FUNCTIONS: Mapping[str, PythonFunction] = {
    FunctionName.FOLD_CASE: PythonFunction(1, _fold_case),
    FunctionName.WITHOUT_ACCENTS: PythonFunction(1, _of_text(without_accents)),
    FunctionName.MATCHES: PythonFunction(2, _matches),
    FunctionName.JSON_AT: PythonFunction(2, _at),
    FunctionName.JSON_KIND: PythonFunction(1, _kind),
    FunctionName.JSON_TEXT: PythonFunction(1, _text),
    FunctionName.JSON_ORDER: PythonFunction(2, _order),
    FunctionName.JSON_SORTED: PythonFunction(1, _sorted),
    FunctionName.SHUFFLED: PythonFunction(-1, _shuffled),
    FunctionName.JSON_CONTAINS: PythonFunction(2, _contains),
    FunctionName.JSON_HAS_KEY: PythonFunction(2, _has_key),
    FunctionName.JSON_WRITTEN: PythonFunction(1, _written),
    FunctionName.MOMENT_START: PythonFunction(3, _start_of(moment_start)),
    FunctionName.LOCAL_START: PythonFunction(2, _start_of(moment_start)),
    FunctionName.DAY_START: PythonFunction(2, _start_of(day_start)),
    MOMENT_KEY: PythonFunction(1, _of_text(moment_key)),
    DAY_KEY: PythonFunction(1, _of_text(day_key)),
    TIME_KEY: PythonFunction(1, _of_text(time_key)),
    DAY_BESIDE: PythonFunction(2, _day_beside),
}
"""By their names in SQL."""
