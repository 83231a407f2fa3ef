"""Small letters, and the characters that texts are made of."""

import sys
import unicodedata
from itertools import pairwise

import pytest

from db.characters import check_line, check_lines, fold

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
            "a\u200eb\u200f",
            "soft\u00adhyphen",
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


@pytest.mark.parametrize("unseen", ["\u200b", "\u200d", "\u2060\ufeff", " \u00ad ", "\u3164", "\u2800", "\ufe0f"])
def test_a_line_can_be_seen(unseen: str) -> None:
    with pytest.raises(ValueError, match="can be seen"):
        check_line(unseen)
    assert check_line(f"{unseen}a") == f"{unseen}a"
