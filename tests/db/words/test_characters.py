"""Words are the same for every spelling of a text, and the same in every database, character by character."""

import re
import sqlite3
import unicodedata
from hashlib import sha256

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from db.session.engines import create_engine
from db.words import postgresql, sqlite
from db.words.characters import WITHOUT_SPACES, form, runs, words
from tests.databases import Database, settings_for

EVERY_CHARACTER = [chr(code) for code in range(1, 0x110000) if not 0xD800 <= code < 0xE000]


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("Climbing ROSES, pruned", "climbing roses pruned"),
        ("well-known and/or 3.14", "well known and or 3 14"),
        ("ada@example.org https://example.org/a?b=c#d", "ada example org https example org a b c d"),
        ("don't don\u2019t donʼt", "don t don t don t"),  # noqa: RUF001 - three apostrophes
        ("café cafe\u0301 CAFÉ", "cafe cafe cafe"),
        ("Straße STRASSE STRAẞE", "strasse strasse strasse"),
        ("Łódź øre Æsir þorn", "lodz ore aesir thorn"),
        ("İstanbul ISTANBUL ıstanbul", "istanbul istanbul istanbul"),  # noqa: RUF001 - Turkish
        ("ΟΔΟΣ οδός", "οδοσ οδοσ"),
        ("Ёжик", "ежик"),
        ("\ufb01ne \uff21\uff22 m² ½ Ⅳ", "fine ab m2 1 2 iv"),
        ("東京タワー", "東 京 タ ワ ー"),
        ("今日はPythonを。", "今 日 は python を"),
        ("ガ \uff76\uff9e", "ガ カ \u3099"),
        ("서울에서 A", "서 울 에 서 a"),
        ("ไทย", "ไ ท ย"),
        ("كِتَاب كـتاب ﻛﺘﺎﺏ", "كتاب كتاب كتاب"),
        ("שָׁלוֹם", "שלום"),
        ("नमस्ते", "नमस्ते"),
        ("👍🏽❤\ufe0f Trellis™", "👍 🏽 ❤ trellis ™"),
        ("co\u00adop zero\u200bwidth", "coop zero width"),
        (" — … \u0301 !", ""),
    ],
)
def test_a_text_becomes_words(written: str, found: str) -> None:
    assert words(written) == found.split(" ") * bool(found)


def test_no_form_has_changed_since_the_first_index_was_made() -> None:
    digest = sha256(repr([tuple(run) for run in runs()]).encode()).hexdigest()
    assert digest == "a1df2f8a762e9f47d488bd9eb9a8e29f9e6b4971a229a04c460b1fe202cbcbd3"


def test_runs_are_the_forms_of_all_characters() -> None:
    following = [*(run.first for run in runs()[1:]), 0x110000]
    for (first, its_form), after in zip(runs(), following, strict=True):
        for character in map(chr, range(first, after, 1 if after - first < 2_000 else 97)):
            assert form.__wrapped__(character) == its_form or "\ud800" <= character <= "\udfff", hex(ord(character))


def test_what_unicode_holds_for_equal_has_the_same_words() -> None:
    for character in EVERY_CHARACTER:
        apart = unicodedata.normalize("NFD", character)
        if apart != character and form.__wrapped__(character) != " * " and not in_pieces(character):
            assert words(apart) == words(character), hex(ord(character))


def in_pieces(character: str) -> bool:
    """Whether it stays whole: a query asks for both spellings. The signs are of music, and a number's mark in Greek."""
    return any(ord(character) in block for block in WITHOUT_SPACES) or character in "\u0374"


async def test_both_databases_make_the_words_of_every_kind_of_character(blank_database: Database) -> None:
    edges = [character for run in runs() for character in (chr(run.first), chr(run.first - 1))]
    written = "x".join([*map(chr, range(1, 128)), *(each for each in edges if not "\ud800" <= each <= "\udfff")])
    is_sqlite = blank_database.dialect == "sqlite"
    settings, statements = settings_for(blank_database), list[str]()
    (sqlite if is_sqlite else postgresql).create(statements.append)
    engine = create_engine(settings.primary, settings)
    async with engine.connect() as connection:
        for statement in statements:
            await connection.exec_driver_sql(statement)
        found = await (words_on_sqlite if is_sqlite else words_on_postgresql)(connection, written)
    await engine.dispose()
    assert found == words(written)


async def words_on_postgresql(connection: AsyncConnection, written: str) -> list[str]:
    found: str = await connection.scalar(text(f"SELECT {postgresql.WORDS}(:written)"), {"written": written})
    assert found == f" {' '.join(found.split())} "
    return found.split()


async def words_on_sqlite(connection: AsyncConnection, written: str) -> list[str]:
    found = await connection.scalar(text(f"SELECT {sqlite.words_of(':written')}"), {"written": written})
    return [word for word in re.split(r"[\x00-/:-`{-\x7f]+", str(found).translate(LOWER)) if word]


LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}
"""What the tokenizer does with ASCII."""


def test_sqlite_needs_no_function_of_ours() -> None:
    connection = sqlite3.connect(":memory:")
    sqlite.create(connection.execute)  # type: ignore[arg-type]
    assert connection.execute(f"SELECT {sqlite.words_of('?')}".replace("?", "'É 東京'")).fetchone() == ("e  東  京 ",)
    connection.close()
