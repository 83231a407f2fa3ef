"""What values must be like, from the columns that will hold them."""

from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy
from pydantic import TypeAdapter, ValidationError
from sqlalchemy import CHAR, BigInteger, Column, Enum, Numeric, SmallInteger, String, Text
from sqlalchemy.types import TypeDecorator, TypeEngine
from strawberry.scalars import JSON

from db import emails, money, slugs  # noqa: F401 - kinds of text register themselves
from db.base import EmailAddress
from db.text_kinds import KIND
from graph.entity.scalars import BigInt
from graph.writing.rules import canonical, fits, rule_of


class Shouted(TypeDecorator[str]):
    """Text of a type that somebody made."""

    impl = String(5)
    cache_ok = True


def rule(type_: Any, column_type: TypeEngine[Any], *, nullable: bool = False, kind: str = "") -> Any:

    return rule_of(type_, Column("it", column_type, nullable=nullable, info={KIND: kind}))


@pytest.mark.parametrize(
    ("found", "good", "bad"),
    [
        (rule(str, String(3)), ["abc", "  abc ", "日本語"], ["", "   ", "abcd", None, 1]),
        (rule(str, String(3), nullable=True), ["", None], ["abcd"]),
        (rule(str, CHAR(3)), ["abc", " ab  "], ["a\tb", "abcd", "\u200b"]),
        (rule(str, String(255)), ["می\u200cخواهم"], ["a\nb", "a\x1b[31m", "a\u2028b", "\u202eab", "\u200b"]),  # noqa: RUF001 - a script
        (rule(str, String(255), nullable=True), ["", None], ["\u200b", "\x7f"]),
        (rule(str, String(256)), ["a\nb", "a\tb", "\u202ba\u202c"], ["a\x1b[31m", "a\x85b"]),
        (rule(str, Text()), ["", " ", "a\r\nb\tc", "x" * 200_000], ["x" * 200_001, None, "\x9b", "a\x0cb"]),
        (rule(str, Shouted()), ["12345"], ["", "123456"]),
        (rule(str, Enum("a", "b", native_enum=False)), ["a"], ["c", "", None]),
        (rule(str, String(9), kind="slug"), ["a-b", "ä"], ["A", "a b", "-", ""]),
        (rule(str, String(3), kind="currency"), ["EUR", " EUR "], ["EURO", "eur", "XXZ"]),
        (rule(str, EmailAddress()), ["a@b.org", "ä@b.org"], ["a", "a@", "a@b", ""]),
        (rule(int, SmallInteger()), [-(2**15), 2**15 - 1], [2**15, -(2**15) - 1]),
        (rule(BigInt, BigInteger()), [2**62], ["x", None]),
        (rule(Decimal, Numeric(4, 2)), ["99.99", "-1.5"], ["100", "0.001", "NaN"]),
        (rule(JSON, sqlalchemy.JSON()), [[], {}, 0, False, ""], [None]),
        (rule(JSON, sqlalchemy.JSON(), nullable=True), [[], None], []),
    ],
)
def test_a_column_says_what_fits(found: Any, good: list[Any], bad: list[Any]) -> None:
    assert [value for value in good if not fits(TypeAdapter(found), value)] == []
    assert [value for value in bad if fits(TypeAdapter(found), value)] == []


def test_addresses_are_kept_and_compared_in_lower_case() -> None:
    column: Column[Any] = Column("it", EmailAddress())
    assert TypeAdapter(rule(str, column.type)).validate_python(" Ada@Example.ORG ") == "ada@example.org"
    assert canonical(column, "Ada@Example.ORG") == "ada@example.org"
    assert canonical(Column("it", String(50)), "Ada ") == "Ada "
    assert canonical(Column("it", CHAR(50)), "Ada ") == "Ada"


def test_a_slug_is_told_how_it_is_written() -> None:
    with pytest.raises(ValidationError, match="write `a-b`"):
        TypeAdapter(rule(str, String(9), kind="slug")).validate_python("A b")
