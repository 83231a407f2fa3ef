"""Types that databases have and the specification does not: addresses, bytes, bits, durations, documents, paths.

Entries leave, for the table of `graph.entity.types`. Each says how texts off the wire are checked before a database
sees them; what a database alone can judge, that judges. How the columns are read and written: `db.dialects`.
"""

import base64
import ipaddress
import re
from collections.abc import Callable
from datetime import time, timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, SkipValidation
from sqlalchemy import Column, Text, func, type_coerce

from db import durations, moments
from db.kinds import (
    Bits,
    DatabaseText,
    InternetAddress,
    KeyValues,
    LabelPath,
    LogPosition,
    MacAddress,
    NetworkAddress,
    OffsetTime,
    SearchVector,
    TransactionNumber,
    Xml,
)
from db.relations import is_local, undecorated, underlying
from graph.entity import values
from graph.entity.aggregate_functions import EXTREMES
from graph.entity.comparisons import EQUALITY_WITH_ONE, IS_NULL, ORDER, Operator, Test, same
from graph.entity.scalar_type import ScalarType
from graph.entity.scalars import InvalidScalar, check_text, from_text

_CARD = re.compile(r"[0-9a-f]{2}(?:([:-]?)[0-9a-f]{2})(?:\1[0-9a-f]{2}){4}(?:(?:\1[0-9a-f]{2}){2})?")
_LABELS = re.compile(r"(?:[\w-]{1,1000}(?:\.[\w-]{1,1000})*)?")
_BITS = re.compile("[01]*")
_LOG_POSITION = re.compile("[0-9A-Fa-f]{1,8}/[0-9A-Fa-f]{1,8}")


def _means(operator: str) -> Test:
    return lambda column, value: column.bool_op(operator)(value)


def internet_address(text: str) -> str:
    """An address, and the length of its network where it is not the whole address. Raises `ValueError`."""
    length = text.partition("/")[2]
    if "%" in text or (length and not length.isdecimal()):  # zones and masks, which PostgreSQL does not know
        raise ValueError(text)
    found = ipaddress.ip_interface(text)
    return str(found.ip) if found.network.prefixlen == found.ip.max_prefixlen else found.with_prefixlen


def network_address(text: str) -> str:
    """A network; no bit behind the prefix may be set. Raises `ValueError`."""
    if "%" in text or not text.partition("/")[2].isdecimal():
        raise ValueError(text)
    return ipaddress.ip_network(text).with_prefixlen


def mac_address(text: str) -> str:
    """The address of a card, in pairs. Raises `ValueError`."""
    if _CARD.fullmatch(text.lower()) is None:
        raise ValueError(text)
    digits = re.sub("[:-]", "", text.lower())
    return ":".join(digits[start : start + 2] for start in range(0, len(digits), 2))


def _matching(pattern: re.Pattern[str]) -> Callable[[str], str]:
    def read(text: str) -> str:
        if pattern.fullmatch(text) is None:
            raise ValueError(text)
        return text

    return read


def transaction_number(text: str) -> str:
    """Digits of at most 64 bits. Raises `ValueError`."""
    if not (text.isascii() and text.isdecimal() and int(text[:21]) < 2**64):
        raise ValueError(text)
    return text


def _decoded(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


def _encoded(value: bytes) -> str:
    return base64.b64encode(value).decode()


def offset_time(text: str) -> time:
    """A time of day. Raises `ValueError` for a text without an offset."""
    value = moments.time_of_day(text)
    if value.tzinfo is None:
        raise ValueError(text)
    return value


def key_values(value: object) -> dict[str, str | None]:
    """Texts by their keys. Raises `GraphQLError`."""
    form = 'an object of texts, for instance {"colour": "red", "size": null}'
    if not isinstance(value, dict) or not all(isinstance(text, str | None) for text in value.values()):
        raise InvalidScalar(value, form)
    try:
        for text in (*value, *value.values()):
            check_text(text or "")
    except ValueError:
        raise InvalidScalar(value, form) from None
    return value


def _bits_rule(column: Column[object]) -> object:
    """As many bits as the column keeps; the database would refuse others with its own words."""
    stored: Any = underlying(undecorated(column.type))
    length, varying = getattr(stored, "length", None), getattr(stored, "varying", True)

    def check(value: str) -> str:
        if length is not None and (len(value) > length or (len(value) < length and not varying)):
            raise ValueError(f"this must have {'at most ' if varying else ''}{length} bits")
        return value

    return Annotated[Bits, AfterValidator(check)]


def _as_it_is(annotation: Any) -> Callable[[Column[object]], object]:
    """Pydantic would make a plain value of one that holds more."""
    return lambda _column: Annotated[annotation, SkipValidation]


def _read_by(read: Callable[[str], Any]) -> Callable[[object, values.ColumnType], Any]:
    return lambda value, _column: read(values.text(value))


IN_NETWORKS = (
    Operator("contains", "A network that holds this, or the same.", _means(">>="), bind=same),
    Operator("containedBy", "In this network, or the same.", _means("<<="), bind=same),
    Operator("overlaps", "Holds this, or is in it.", _means("&&"), bind=same),
)
"""Source: https://www.postgresql.org/docs/current/functions-net.html"""

IN_TREES = (
    Operator("ancestorOf", "Leads to this, or the same.", _means("@>"), bind=same),
    Operator("descendantOf", "Below this, or the same.", _means("<@"), bind=same),
)
"""Source: https://www.postgresql.org/docs/current/ltree.html"""

OF_KEY_VALUES = (
    *EQUALITY_WITH_ONE,
    Operator("contains", "Holds all of these keys with these texts.", _means("@>"), bind=same),
    Operator(
        "hasKey", "Has this key.", lambda column, key: column.bool_op("?")(type_coerce(key, Text)), str, bind=same
    ),
)
"""Source: https://www.postgresql.org/docs/current/hstore.html"""

OF_WORDS = (
    IS_NULL,
    Operator(
        "matches",
        'Holds the words of this search, as people write one: `rust -python "type system"`.',
        lambda column, search: column.bool_op("@@")(func.websearch_to_tsquery(type_coerce(search, Text))),
        str,
        bind=same,
    ),
)
"""Source: https://www.postgresql.org/docs/current/textsearch-controls.html"""

ENTRIES: tuple[ScalarType[Any], ...] = (
    ScalarType(
        annotation=bytes,
        name="Base64",
        description="Bytes, in Base64: `3q2+7w==`.",
        specified_by="https://datatracker.ietf.org/doc/html/rfc4648#section-4",
        parse=from_text(_decoded, "bytes in Base64, for instance 3q2+7w=="),
        serialize=_encoded,
        operators=ORDER,
        is_ordered=True,
        decode=_read_by(_decoded),
    ),
    ScalarType(
        annotation=timedelta,
        name="Duration",
        description=(
            "A duration in ISO 8601: `P1Y2M3DT4H5M6.5S`. Each part may have a sign of its own. Months, days and what is"
            " shorter are kept apart; compared, a month counts as 30 days and a day as 24 hours."
        ),
        specified_by="https://datatracker.ietf.org/doc/html/rfc3339#appendix-A",
        parse=from_text(durations.duration, durations.FORM),
        serialize=durations.in_iso_8601,
        operators=ORDER,
        is_ordered=True,
        aggregates=EXTREMES,
        rule=_as_it_is(timedelta),
        decode=values.to_duration,
    ),
    ScalarType(
        annotation=OffsetTime,
        name="OffsetTime",
        description="A time of day in RFC 3339, with the offset of its time zone: `12:30:00+01:00`.",
        specified_by="https://datatracker.ietf.org/doc/html/rfc3339",
        parse=from_text(offset_time, "a time of day with an offset, for instance 12:30:00+01:00"),
        serialize=time.isoformat,
        operators=ORDER,
        is_ordered=True,
        aggregates=EXTREMES,
        columns=(time,),
        is_default=lambda column: not is_local(column),
    ),
    ScalarType(
        annotation=InternetAddress,
        name="InternetAddress",
        description=(
            "An address of version 4 or 6, and the length of its network where it is not the whole address:"
            " `192.0.2.1`, `2001:db8::1/64`."
        ),
        parse=from_text(internet_address, "an address, for instance 192.0.2.1 or 2001:db8::1/64"),
        operators=(*ORDER, *IN_NETWORKS),
        is_ordered=True,
        aggregates=EXTREMES,
        columns=(InternetAddress,),
        decode=_read_by(internet_address),
    ),
    ScalarType(
        annotation=NetworkAddress,
        name="NetworkAddress",
        description="A network with the length of its prefix: `192.0.2.0/24`, `2001:db8::/32`.",
        specified_by="https://datatracker.ietf.org/doc/html/rfc4632#section-3.1",
        parse=from_text(network_address, "a network without bits behind its prefix, for instance 192.0.2.0/24"),
        operators=(*ORDER, *IN_NETWORKS),
        is_ordered=True,
        aggregates=EXTREMES,
        columns=(NetworkAddress,),
        decode=_read_by(network_address),
    ),
    ScalarType(
        annotation=MacAddress,
        name="MacAddress",
        description="The address of a network card, of 48 or 64 bits: `08:00:2b:01:02:03`.",
        parse=from_text(mac_address, "the address of a network card, for instance 08:00:2b:01:02:03"),
        operators=ORDER,
        is_ordered=True,
        columns=(MacAddress,),
        decode=_read_by(mac_address),
    ),
    ScalarType(
        annotation=Bits,
        name="BitString",
        description="Zeros and ones: `1010`.",
        parse=from_text(_matching(_BITS), "zeros and ones, for instance 1010"),
        operators=ORDER,
        is_ordered=True,
        columns=(Bits,),
        rule=_bits_rule,
        decode=_read_by(_matching(_BITS)),
    ),
    ScalarType(
        annotation=Xml,
        name="Xml",
        description="A document of XML, or a part of one. XML is not compared.",
        specified_by="https://www.w3.org/TR/xml/",
        parse=from_text(check_text, "XML"),
        operators=(IS_NULL,),
        columns=(Xml,),
    ),
    ScalarType(
        annotation=LabelPath,
        name="LabelPath",
        description="A place in a tree, as labels with points between them: `Top.Science.Astronomy`.",
        parse=from_text(_matching(_LABELS), "labels with points between them, for instance Top.Science.Astronomy"),
        operators=(*ORDER, *IN_TREES),
        is_ordered=True,
        columns=(LabelPath,),
        decode=_read_by(_matching(_LABELS)),
    ),
    ScalarType(
        annotation=SearchVector,
        name="SearchVector",
        description="The words of a text with their places, for full-text search.",
        parse=from_text(check_text, "words with their places"),
        operators=OF_WORDS,
        columns=(SearchVector,),
    ),
    ScalarType(
        annotation=KeyValues,
        name="KeyValues",
        description='Texts by their keys, as an object: `{"colour": "red", "size": null}`.',
        parse=key_values,
        serialize=dict,
        operators=OF_KEY_VALUES,
        columns=(KeyValues,),
    ),
    ScalarType(
        annotation=LogPosition,
        name="LogPosition",
        description="A place in the log of changes: `16/B374D848`.",
        parse=from_text(_matching(_LOG_POSITION), "a place in the log of changes, for instance 16/B374D848"),
        operators=ORDER,
        is_ordered=True,
        aggregates=EXTREMES,
        columns=(LogPosition,),
        decode=_read_by(_matching(_LOG_POSITION)),
    ),
    ScalarType(
        annotation=TransactionNumber,
        name="TransactionNumber",
        description='The number of a transaction, of 64 bits without a sign, as text: `"18446744073709551615"`.',
        parse=from_text(transaction_number, "the number of a transaction, of 64 bits without a sign"),
        operators=ORDER,
        is_ordered=True,
        columns=(TransactionNumber,),
        decode=_read_by(transaction_number),
    ),
    ScalarType(
        annotation=DatabaseText,
        name="DatabaseText",
        description=(
            "A value of a type that has no form of its own, as the database writes it. Two are equal when the database"
            " writes them alike."
        ),
        parse=from_text(check_text, "a value as the database writes it"),
        columns=(DatabaseText,),
    ),
)
"""The entries, in the order of the documentation."""
