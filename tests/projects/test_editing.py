"""Lines go where the syntax tree says, once, and what somebody has edited stays."""

import ast

import pytest

from graph.projects.editing import with_checked_import, with_import, with_items, with_member, words_of
from graph.projects.errors import NotEditable

MODULE = '''"""What is — by whom — edited."""

from a import b

ROWS = {b.One: x}  # mine
Query = query_type(  # é
    One,
)


class One:
    """One."""

    name: str  # mine
    other: int

    def twice(self) -> int:
        return self.other * 2
'''


def test_an_import_is_added_once_behind_the_others() -> None:
    once = with_import(MODULE, "c", "D")
    assert "from a import b\nfrom c import D\n" in once
    assert with_import(once, "c", "D") == once
    assert "from c import D as E\n" in with_import(MODULE, "c", "D", "E")
    assert with_import('"""Empty."""\n', "c", "D") == '"""Empty."""\nfrom c import D\n'


def test_an_import_for_type_checking_makes_its_block_once() -> None:
    once = with_checked_import(MODULE, "c", "D")
    twice = with_checked_import(once, "c", "E")
    assert twice.count("if TYPE_CHECKING:") == 1
    assert with_checked_import(twice, "c", "D") == twice
    ast.parse(twice)


def test_items_are_added_to_calls_and_dictionaries_by_what_they_stand_for() -> None:
    edited = with_items(MODULE, "f.py", "Query", ["One", "On", "Two"])
    assert "    One,\n    On,\n    Two,\n)" in edited
    edited = with_items(edited, "f.py", "ROWS", ["# a remark\n    b.Two: admins", "b.One: admins"])
    assert "{b.One: x,\n    # a remark\n    b.Two: admins,\n}  # mine" in edited
    assert with_items(edited, "f.py", "ROWS", ["b.Two: everybody"]) == edited
    with pytest.raises(NotEditable, match=r"f\.py has no list `Nothing`"):
        with_items(MODULE, "f.py", "Nothing", ["One"])


def test_a_member_stands_behind_the_last_annotation_of_its_class() -> None:
    edited = with_member(MODULE, "f.py", "One", "more: list[str]")
    assert "    other: int\n    more: list[str]\n\n    def twice" in edited
    with pytest.raises(NotEditable, match="class `Two`"):
        with_member(MODULE, "f.py", "Two", "more: str")


def test_words_of_a_class_are_those_that_people_would_read() -> None:
    assert [words_of(it) for it in ("Book", "OrderLine", "HTTPPost", "book")] == [
        "book",
        "order_line",
        "http_post",
        "book",
    ]


def test_items_of_a_call_stand_before_its_keywords() -> None:
    edited = with_items("Query = query_type(extra=EXTRA)  # é\n", "f.py", "Query", ["One", "Two"])
    assert edited == "Query = query_type(One, Two, extra=EXTRA)  # é\n"
    assert (
        with_items(edited, "f.py", "Query", ["Two", "Six"]) == "Query = query_type(One, Two, Six, extra=EXTRA)  # é\n"
    )
    assert with_items("EXTRA: X = ()\n", "f.py", "EXTRA", ["*FUNCTIONS"]) == "EXTRA: X = (\n    *FUNCTIONS,\n)\n"
