"""Values that the driver writes into the texts of statements: none of them ends its literal."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import LargeBinary, Text, bindparam, literal, select, text

from db.session.engines import Engines

pytestmark = pytest.mark.mysql

AWKWARD = (
    "\\",
    "'",
    "\\'",
    "' OR 1 = 1 -- ",
    "\\' OR 1 = 1 -- ",
    "\0",
    '"',
    "%",
    "%s",
    ":x",
    "ü\u20ac\U0001f600",
    "\n\\n",
)


async def test_texts_and_bytes_are_what_they_were(engines: Engines) -> None:
    async with engines.reading().connect() as connection:
        for words in AWKWARD:
            raw = words.encode() + b"\xff"
            question = select(literal(words, Text), literal(raw, LargeBinary))
            assert (await connection.execute(question)).one() == (words, raw)
            row = (await connection.exec_driver_sql("SELECT %s, %s, %s", (words, raw, bytearray(raw)))).one()
            assert tuple(row) == (words, raw, raw)


@given(st.binary(max_size=20), st.text(max_size=20))
async def test_any_bytes_and_any_text(engines: Engines, raw: bytes, words: str) -> None:
    question = text("SELECT :raw, :words").bindparams(bindparam("raw", raw), bindparam("words", words))
    async with engines.reading().connect() as connection:
        assert (await connection.execute(question)).one() == (raw, words)


async def test_what_has_no_form_is_a_text(engines: Engines) -> None:
    async with engines.reading().connect() as connection:
        (found,) = (await connection.exec_driver_sql("SELECT %s", ({"a": "' OR \\' --"},))).one()
    assert found == str({"a": "' OR \\' --"})
