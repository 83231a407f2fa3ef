"""Rules of values, from the columns that will hold them: lengths, patterns, e-mail addresses, currencies, numbers.

A column enters, an annotation for Pydantic leaves. Limits come from the column's type; what a text must look like, from
the `info` that `db.base` gives to columns of its vocabulary.
"""

from collections.abc import Callable, Collection
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

import sqlalchemy
from pydantic import AfterValidator, Field, StringConstraints, TypeAdapter, ValidationError
from sqlalchemy import Column, Numeric, SmallInteger, String, Text
from sqlalchemy.types import TypeDecorator
from strawberry.scalars import JSON

from db.base import KIND, EmailAddress
from db.emails import MAX_CHARACTERS, email_address
from db.money import CURRENCIES
from db.slugs import slug_of
from graph.entity.registry import Attribute
from graph.entity.scalars import BigInt, LocalDateTime
from graph.writing.wording import NULL

MAX_TEXT = 200_000
"""Characters of a text without a limit of its own; a request holds about as much."""

SMALL = 2**15
"""Where PostgreSQL's smallint ends."""


def currency_code(value: str) -> str:
    """A code of ISO 4217. Raises `ValueError` for any other text."""
    if value not in CURRENCIES:
        raise ValueError("this is not the code of a currency; write it as ISO 4217 has it, for instance EUR")
    return value


def slug(value: str) -> str:
    """A name in addresses. Raises `ValueError` that says how to write it."""
    proper = slug_of(value)
    if not proper:
        raise ValueError("a slug needs a letter or a digit, for instance `climbing-roses`")
    if proper != value:
        raise ValueError(f"a slug has small letters, digits and hyphens; write `{proper}`")
    return value


Email = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=MAX_CHARACTERS), AfterValidator(email_address)
]
JsonObject = dict[str, Any]
Currency = Annotated[str, StringConstraints(strip_whitespace=True), AfterValidator(currency_code)]

_OF_KIND = {"slug": slug, "currency": currency_code}


def rule_of(attribute: Attribute, column: Column[Any]) -> Any:
    """What a value for a column must be like. Null is allowed where the column allows it."""
    rule = _rule(attribute.type, column)
    return rule | None if column.nullable else rule


def fits(rule: TypeAdapter[Any], value: Any) -> bool:
    """Whether a value that no client gave keeps a rule."""
    try:
        rule.validate_python(value)
    except ValidationError:
        return False
    return True


def canonical(column: Column[Any], value: Any) -> Any:
    """A value as the database compares it: e-mail addresses are equal in any case."""
    return value.lower() if isinstance(column.type, EmailAddress) and isinstance(value, str) else value


def _rule(type_: Any, column: Column[Any]) -> Any:
    stored = column.type.impl if isinstance(column.type, TypeDecorator) else column.type
    if isinstance(column.type, EmailAddress):
        return Email
    if type_ is str:
        return _text(column, stored)
    if type_ is JSON:
        return Any if column.nullable else Annotated[Any, AfterValidator(_not_null)]
    if type_ is Decimal and isinstance(stored, Numeric):
        return Annotated[Decimal, Field(max_digits=stored.precision, decimal_places=stored.scale)]
    if type_ is int and isinstance(stored, SmallInteger):
        return Annotated[int, Field(ge=-SMALL, lt=SMALL)]
    known: dict[Any, Any] = {BigInt: int, LocalDateTime: datetime}  # Pydantic does not know these names
    return known.get(type_, type_)


def _text(column: Column[Any], stored: Any) -> Any:
    if isinstance(stored, sqlalchemy.Enum):
        return Annotated[str, AfterValidator(_one_of(stored.enums))]
    limit = stored.length if isinstance(stored, String) and not isinstance(stored, Text) else None
    length = StringConstraints(
        strip_whitespace=limit is not None,
        min_length=0 if column.nullable or limit is None else 1,
        max_length=limit or MAX_TEXT,
    )
    check = _OF_KIND.get(column.info.get(KIND, ""))
    return Annotated[str, length, AfterValidator(check)] if check else Annotated[str, length]


def _not_null(value: Any) -> Any:
    if value is None:
        raise ValueError(NULL)
    return value


def _one_of(words: Collection[str]) -> Callable[[str], str]:
    def check(value: str) -> str:
        if value not in words:
            raise ValueError(f"this must be one of {', '.join(words)}")
        return value

    return check
