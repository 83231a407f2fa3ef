"""Checks of a noun: asked of every new row and of changes, and declared for attributes that are there."""

import pytest

from graph.errors import DeclarationError
from graph.writing import Check, Crud, compare, match
from tests.writing.library import EDITORS, AskingLibrary, Book, book


async def test_each_of_many_rows_is_checked_at_its_place(library: AskingLibrary) -> None:
    rows = [book(), book("Persuasion", code="TAKEN DOWN")]
    payload = await library.do("createBooks", {"books": rows, "onError": "REJECT_FAILED"}, "books { title }")
    assert payload["books"] == [{"title": "Emma"}]
    assert [(it["path"], it["message"]) for it in payload["errors"]] == [
        (["input", "books", "1", "code"], "This must be of at most 9 characters.")
    ]


def test_a_check_is_of_columns_and_a_pattern_is_one() -> None:
    with pytest.raises(DeclarationError, match="Book has no column paegs, which a check names"):
        Crud(Book, ["pages"], may=lambda _viewer, _row: True, create=EDITORS, checks=[compare("paegs", ">", 0)])
    with pytest.raises(DeclarationError, match=r"code: '\(' is no pattern"):
        match("code", "(")


def test_values_that_python_cannot_compare_are_left_to_the_database() -> None:
    assert compare("pages", ">", 0).holds([float("nan")])
    assert compare("pages", ">", 0).holds(["infinity"])
    own = Check(("pages", "edition"), lambda pages, edition: pages > edition, "{0} must be more than {1}")
    assert own.holds([None, 1])
    assert not own.holds([1, 1])


def test_a_pattern_takes_time_that_is_linear_in_the_text() -> None:
    assert not match("code", "^(a+)+$").holds([f"{'a' * 50_000}b"])
