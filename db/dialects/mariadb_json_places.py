"""JSON values as texts on MariaDB: texts that are ordered as the values are, and texts that equal values share.

An expression enters, SQL leaves; the same places are made in Python, for values that are bound. SQL has no recursion
over a value at hand, so a statement has a subquery for each level of lists and objects: `DEPTH` of them. What nests
deeper is an error, and no place.
Sources: https://mariadb.com/kb/en/json_table/, https://mariadb.com/kb/en/group_concat/
"""

from collections.abc import Callable
from decimal import Decimal
from operator import itemgetter
from typing import Any

from sqlalchemy import Dialect, Text
from sqlalchemy.types import TypeDecorator

from db import exact_json
from db.dialects.mariadb_json import kind_sql, quoted, unquoted
from db.dialects.mariadb_types import CHARACTERS, EXACT_ON_MARIADB, error_sql

DEPTH = 6
"""How many lists and objects may be inside of one another."""

EMPTY_LIST = "0"
EXPONENTS = 5 * 10**17
"""In the middle of all exponents; SQL computes with 64 bits."""
REVERSED = str.maketrans("0123456789", "JIHGFEDCBA")
"""Digits of negative numbers, the other way round. No digit is a letter, so one can be replaced after another."""

_COLUMN = f"part LONGTEXT CHARACTER SET {CHARACTERS} COLLATE {EXACT_ON_MARIADB}"


class JSONPlace(TypeDecorator[str]):
    """A JSON value, as the text by which it is ordered among others."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """From the value, as JSON."""
        return None if value is None else place(exact_json.loads_decimals(value))


def place(value: Any) -> str:
    """Null < text < number < boolean < list < object; longer lists and objects behind shorter ones."""
    if isinstance(value, dict):
        pairs = sorted(((len(_bytes(key)), _bytes(key), item) for key, item in value.items()), key=itemgetter(0, 1))
        return f"5{len(pairs):010}{''.join(f'{key.hex().upper()}!{place(item)}!' for _, key, item in pairs)}"
    if isinstance(value, list):
        return f"4{len(value):010}{''.join(f'{place(item)}!' for item in value)}"
    if isinstance(value, bool):
        return f"3{int(value)}"
    if isinstance(value, str):
        return f"1{_bytes(value).hex().upper()}"
    return "0" if value is None else f"2{_place_of_number(Decimal(value))}"


def _bytes(text: str) -> bytes:
    return text.encode(errors="surrogatepass")


def _place_of_number(number: Decimal) -> str:
    if not number:
        return "1"
    digits = "".join(map(str, number.as_tuple().digits)).strip("0")
    written = f"{number.adjusted() + EXPONENTS:018}{digits}"
    return f"2{written}" if number > 0 else f"0{written.translate(REVERSED)}~"


def place_sql(part: str) -> str:
    """The place of a part; NULL of no part."""
    return _once(part, lambda value: _sql(value, _scalar_place, _places, DEPTH))


def sorted_sql(part: str) -> str:
    """The place as JSON, NULL for JSON's null; an empty list stands before everything."""
    return _once(
        part,
        lambda value: (
            f"CASE WHEN {kind_sql(value)} = 'n' THEN NULL"
            f" WHEN {kind_sql(value)} = '[' AND JSON_LENGTH({value}) = 0 THEN '\"{EMPTY_LIST}\"'"
            f" ELSE CONCAT('\"', {_sql(value, _scalar_place, _places, DEPTH)}, '\"') END"
        ),
    )


def written_sql(part: str) -> str:
    """The part as JSON whose keys have an order; NULL for JSON's null."""
    return _once(
        part,
        lambda value: (
            f"CASE WHEN {kind_sql(value)} = 'n' THEN NULL ELSE {_sql(value, _scalar_written, _written, DEPTH)} END"
        ),
    )


def _once(part: str, sql: Callable[[str], str]) -> str:
    """SQL about a part that is computed once; a scalar subquery, whose one row has the part as a text."""
    return f"(SELECT {sql('v.part')} FROM {_row(part, 'v')})"


def _row(part: str, name: str) -> str:
    """A table of one row, with a JSON value as a text: a column of JSON_TABLE would lose its quotation marks."""
    as_text = quoted(f"CONVERT({part} USING {CHARACTERS})")
    return f"JSON_TABLE(CONCAT('[', {as_text}, ']'), '$[*]' COLUMNS ({_COLUMN} PATH '$')) AS {name}"


def _sql(value: str, scalar: Callable[[str], str], several: Callable[[str, str, str, str], str], depth: int) -> str:
    """A value's text: that of a single value, or of the texts of its parts, in order."""
    if not depth:
        return f"IF({kind_sql(value)} IN ('{{{{', '['), {error_sql(value)}, {scalar(value)})"
    at, key, part = f"at{depth}", f"k{depth}", f"p{depth}"
    is_list = f"{kind_sql(value)} = '['"
    # A path with a key would not do: there are keys that no path names here.
    keys, values = f"JSON_KEYS({value})", f"IF({is_list}, {value}, JSON_EXTRACT({value}, '$.*'))"
    here = f"CONCAT('$[', {at}.n - 1, ']')"
    inner = _sql(f"{part}.part", scalar, several, depth - 1)
    parts = (
        f"(SELECT GROUP_CONCAT({several(is_list, f'{key}.part', inner, f'{at}.n')})"
        f" FROM JSON_TABLE({values}, '$[*]' COLUMNS (n FOR ORDINALITY)) AS {at}"
        f" JOIN {_row(f'IF({is_list}, 0, JSON_EXTRACT({keys}, {here}))', key)}"
        f" JOIN {_row(f'JSON_EXTRACT({values}, {here})', part)})"
    )
    framed = _place_frame if scalar is _scalar_place else _written_frame
    twice = f"JSON_LENGTH(JSON_EXTRACT({value}, '$.*')) > JSON_LENGTH({keys})"
    several_of = f"IF({twice}, {error_sql(value)}, {framed(is_list, value, parts)})"
    return f"IF({kind_sql(value)} IN ('{{{{', '['), {several_of}, {scalar(value)})"


def _place_frame(is_list: str, value: str, parts: str) -> str:
    return f"CONCAT(IF({is_list}, '4', '5'), LPAD(JSON_LENGTH({value}), 10, '0'), COALESCE({parts}, ''))"


def _written_frame(is_list: str, value: str, parts: str) -> str:
    return f"CONCAT(IF({is_list}, '[', '{{{{'), COALESCE({parts}, ''), IF({is_list}, ']', '}}}}'))"


def _places(is_list: str, key: str, inner: str, at: str) -> str:
    return (
        f"IF({is_list}, '', CONCAT(HEX({unquoted(key)}), '!')), {inner}, '!'"
        f" ORDER BY {_order(is_list, key, at)} SEPARATOR ''"
    )


def _written(is_list: str, key: str, inner: str, at: str) -> str:
    return (
        f"IF({is_list}, '', CONCAT({quoted(unquoted(key))}, ': ')), {inner}"
        f" ORDER BY {_order(is_list, key, at)} SEPARATOR ', '"
    )


def _order(is_list: str, key: str, at: str) -> str:
    """Elements as they stand, pairs by the lengths of their keys and then by the keys."""
    return f"IF({is_list}, {at}, LENGTH({unquoted(key)})), IF({is_list}, '', HEX({unquoted(key)}))"


def _scalar_place(value: str) -> str:
    true, false, null = "'31'", "'30'", "'0'"
    text, number = f"CONCAT('1', HEX({unquoted(value)}))", f"CONCAT('2', {_number_place(value)})"
    kind = kind_sql(value)
    single = f"WHEN 't' THEN {true} WHEN 'f' THEN {false} WHEN 'n' THEN {null}"
    return f"CASE {kind} WHEN '\"' THEN {text} {single} ELSE {number} END"


def _number_place(value: str) -> str:
    """Its sign, its exponent and its digits; those of a negative number the other way round."""
    written = f"REGEXP_SUBSTR({value}, '[0-9.]+')"
    digits = f"REPLACE({written}, '.', '')"
    zeros = f"(CHAR_LENGTH({digits}) - CHAR_LENGTH(TRIM(LEADING '0' FROM {digits})))"
    whole = f"CHAR_LENGTH(SUBSTRING_INDEX({written}, '.', 1))"
    sign, power = f"REGEXP_SUBSTR({value}, '(?<=[eE])-')", f"REGEXP_SUBSTR({value}, '(?<=[eE]|[eE][-+])[0-9]+')"
    exponent = f"CAST(CONCAT({sign}, '0', {power}) AS SIGNED)"
    place = f"CONCAT(LPAD({EXPONENTS} + {exponent} + {whole} - 1 - {zeros}, 18, '0'), TRIM(BOTH '0' FROM {digits}))"
    turned = place
    for digit, letter in zip("0123456789", "JIHGFEDCBA", strict=True):
        turned = f"REPLACE({turned}, '{digit}', '{letter}')"
    return (
        f"CASE WHEN TRIM(BOTH '0' FROM {digits}) = '' THEN '1'"
        f" WHEN LEFT({value}, 1) = '-' THEN CONCAT('0', {turned}, '~') ELSE CONCAT('2', {place}) END"
    )


def _scalar_written(value: str) -> str:
    return f"IF({kind_sql(value)} = '\"', {quoted(unquoted(value))}, {value})"
