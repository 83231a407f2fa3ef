"""What a text to look for asks of the database, before it is asked."""

import pytest

from db.search import BEGINNING, EXCLUDED_PHRASE, PHRASE, SHORT_BEGINNING, WORD, work
from db.words.english import forms
from db.words.query import MAX_CHARACTERS, QueryTooLong


def test_each_part_of_a_text_is_weighed_once() -> None:
    assert work("") == 0
    assert work("at") == work("at at at") == WORD
    assert work("rose") == WORD * len(forms("rose"))
    assert work('"red rose"') == PHRASE
    assert work("gard*") == BEGINNING
    assert work("a*") == SHORT_BEGINNING
    assert work('at -"red rose"') == WORD + PHRASE + EXCLUDED_PHRASE


def test_a_text_that_is_too_long_has_no_work() -> None:
    with pytest.raises(QueryTooLong):
        work("x" * (MAX_CHARACTERS + 1))
