"""Kinds of texts: registered once, found by the columns that name them, and never overlooked."""

from typing import Any

import pytest
from sqlalchemy import Column, String

from db.base import EmailAddress
from db.emails import EMAIL, email_address
from db.money import CURRENCY, currency_code
from db.slugs import SLUG, check_slug
from db.text_kinds import KIND, TextKind, UnknownTextKind, kind_of, register_kind


def column(kind: str) -> Column[Any]:
    return Column("it", String(20), info={KIND: kind})


def check_plate(text: str) -> str:
    if not text[:1].isalpha():
        raise ValueError("a number plate begins with a letter")
    return text.upper()


PLATE = register_kind("plate", TextKind(check_plate, canonical=str.upper))


def test_a_kind_is_found_by_the_column_or_by_its_type() -> None:
    found = [kind_of(column(name)) for name in (SLUG, CURRENCY, EMAIL, PLATE)]
    assert [kind.check for kind in found if kind] == [check_slug, currency_code, email_address, check_plate]
    assert kind_of(Column("it", EmailAddress())) == found[2]
    assert kind_of(Column("it", String())) is None


def test_a_kind_that_no_module_registered_is_an_error_and_no_unchecked_text() -> None:
    with pytest.raises(UnknownTextKind, match="No kind of text is called 'isbn'; call register_kind"):
        kind_of(column("isbn"))


def test_a_name_belongs_to_one_kind() -> None:
    assert register_kind("plate", TextKind(check_plate, canonical=str.upper)) == PLATE
    with pytest.raises(ValueError, match="There is a kind of text called 'plate' already"):
        register_kind("plate", TextKind(str.upper))
