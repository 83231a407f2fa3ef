"""Small letters, and the characters that texts are made of."""

import re
import sys
import unicodedata
from itertools import pairwise

import pytest

from db.characters import HIDDEN, check_line, check_lines, fold

LETTERS = [chr(code) for code in range(sys.maxunicode + 1) if chr(code).isalpha()]


def test_every_letter_has_one_small_letter_which_has_itself() -> None:
    assert all(len(fold(letter)) == 1 and fold(fold(letter)) == fold(letter) for letter in LETTERS)


def test_a_letter_is_folded_alike_wherever_it_stands() -> None:
    assert fold("".join(LETTERS)) == "".join(map(fold, LETTERS))
    assert all(fold(a + b) == fold(a) + fold(b) for a, b in pairwise(("ΟΔΟΣ", " ", "Σ", "İSTANBUL", "STRAẞE")))


def test_what_people_write_in_one_line_stays_as_it_is() -> None:
    written = (
        *("Ada Lovelace", "Zoë Ünïcode", "Zoe\u0308", "עדה לבלייס", "آدا", "می\u200cخواهم", "अ\u200dक", "日本語", "Ⅷ"),  # noqa: RUF001 - scripts
        *(
            "👩\u200d👩\u200d👧",
            "🏴\U000e0067\U000e0062\U000e007f",
            "❤\ufe0f",
            "❤\ufe0f\u200d🔥",
            "1\ufe0f\u20e3",
            "\u2139\ufe0f",
            "葛\U000e0100城",
            "ᠠ\u180bᠡ",
            "क्\u200dष",
            "עדה (Ada)\u200f",
            "آدا\u061c 1\u200e",
            "",
        ),
    )
    assert [check_line(text) for text in written] == list(written)
    assert check_lines("a\tb\r\nc\n\u2028\u202bאב\u202c\x0a") == "a\tb\r\nc\n\u2028\u202bאב\u202c\x0a"


@pytest.mark.parametrize("control", [chr(code) for code in range(0xA0) if unicodedata.category(chr(code)) == "Cc"])
def test_controls_have_no_place_in_texts(control: str) -> None:
    with pytest.raises(ValueError, match=rf"U\+{ord(control):04X} has no place"):
        check_line(f"a{control}b")
    if control not in "\t\n\r":
        with pytest.raises(ValueError, match=rf"leave U\+{ord(control):04X} out"):
            check_lines(f"a{control}b")


@pytest.mark.parametrize("turn", "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
def test_a_line_does_not_turn_what_stands_behind_it(turn: str) -> None:
    with pytest.raises(ValueError, match="turns the direction"):
        check_line(f"Ada{turn}gpj.exe")


UNSEEN = ["\u200b", "\u200d", "\u2060\ufeff", " \u00ad ", "\u3164", "\u2800", "\ufe0f"]


@pytest.mark.parametrize("unseen", UNSEEN)
def test_a_line_can_be_seen(unseen: str) -> None:
    with pytest.raises(ValueError, match="can be seen"):
        check_line(unseen)


@pytest.mark.parametrize(
    "text",
    [
        *(
            f"ad{hidden}min"
            for hidden in "\u00ad\u034f\u061c\u115f\u180e\u200b\u200c\u200d\u200e\u200f\u2060\u2061\u3164\ufe0f"
        ),
        *(f"ad{hidden}min" for hidden in "\ufeff\uffa0\ufff9\U000e0041\U000e007f\U000e0100\U0001d173"),
        *(
            "\u200bAda",
            "Ada\u200d",
            "Ada\ufe0f",
            "\u200d👩",
            "👩\u200d",
            "👩\u200d\u200d👧",
            "अ\u200dA",
            "Ж\u200cЖ",
            "é\ufe0f",
        ),
        *("🏴\U000e0067", "🏴\U000e007f", "日\u200b本", "❤ \ufe0f"),
    ],
)
def test_what_cannot_be_seen_stands_only_where_a_script_needs_it(text: str) -> None:
    with pytest.raises(ValueError, match=r"U\+[0-9A-F]{4,5} cannot be seen here, and is not needed; leave it out"):
        check_line(text)
    assert check_lines(text) == text


def test_hidden_is_what_unicode_says() -> None:
    """Every character of category Cf that leaves no mark, but signs that stand before numbers, which do."""
    formats = {chr(code) for code in range(sys.maxunicode + 1) if unicodedata.category(chr(code)) == "Cf"}
    shown = {character for character in formats if HIDDEN.match(character) is None}
    names = [unicodedata.name(character) for character in shown]
    assert [name for name in names if not re.search("SIGN|MARK|END OF AYAH|EGYPTIAN", name)] == []
    assert not any(HIDDEN.match(character) for character in LETTERS if unicodedata.category(character) != "Lo")
