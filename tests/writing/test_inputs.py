"""Inputs of one's own: where their errors stand, and what they may declare."""

from enum import Enum
from typing import Annotated, Any

import pytest
from pydantic import Field
from strawberry.types.base import StrawberryOptional

from graph.entity.relative_moments import RelativeMoment
from graph.errors import DeclarationError
from graph.writing import Input, Rejected, id_of
from graph.writing.inputs import input_type, parsed, rows_of
from tests.writing.library import Book


class Level(Enum):
    LOW = "low"
    HIGH = "high"


class Leaf(Input):
    """What hangs on it."""

    long_name: str = Field(description="A name.", min_length=2)
    sizes: list[Annotated[int, Field(gt=0)]] = Field([], description="Sizes.", min_length=1, max_length=2)


class Tree(Input):
    """What stands."""

    book_id: id_of(Book) | None = Field(None, description="A book.")  # type: ignore[valid-type]  # Pydantic takes it
    leaf_list: list[Leaf] = Field([], description="Leaves.")
    level: Level = Field(Level.LOW, description="How high.")
    free: rows_of(Leaf) = Field([], description="Checked later.")  # type: ignore[valid-type]  # as above


def errors_of(given: Any) -> list[tuple[list[str], str]]:
    with pytest.raises(Rejected) as refused:
        parsed(Tree, given, ("input",))
    return [(error.path, error.message) for error in refused.value.errors]


def test_paths_of_nested_inputs_and_lists_have_the_names_of_the_schema() -> None:
    given = {"leafList": [{"longName": "ab"}, {"longName": "a", "sizes": [1, 0]}, {"longName": "ab", "sizes": [1] * 3}]}
    assert errors_of(given) == [
        (["input", "leafList", "1", "longName"], "At least 2 characters are needed."),
        (["input", "leafList", "1", "sizes", "1"], "This must be more than 0."),
        (
            ["input", "leafList", "2", "sizes"],
            "At most 2 of them fit into one request, and these are more; send them in several.",
        ),
    ]
    assert errors_of({"leafList": [{"longName": "ab", "sizes": []}]}) == [
        (["input", "leafList", "0", "sizes"], "At least 1 of them must be given.")
    ]
    assert errors_of({"leafList": None}) == [
        (["input", "leafList"], "Null is no value here; leave the field out instead.")
    ]


def test_what_was_left_out_is_told_from_what_is_null() -> None:
    assert not parsed(Tree, {}, ()).given("book_id")
    assert parsed(Tree, {"bookId": None}, ()).given("book_id")


def test_rows_that_are_checked_later_are_taken_as_they_are() -> None:
    given = [{"longName": "\0"}, {}]
    assert parsed(Tree, {"free": given}, ()).free == given


def test_a_default_of_an_enumeration_stands_in_the_schema() -> None:
    fields = {field.python_name: field for field in input_type(Tree).__strawberry_definition__.fields}
    assert fields["level"].default is Level.LOW
    assert not isinstance(fields["level"].type, StrawberryOptional)


def test_a_field_without_a_description_is_refused_when_it_is_declared() -> None:
    class Bare(Input):
        name: str

    with pytest.raises(DeclarationError, match=r"Bare\.name has no description"):
        input_type(Bare)


def test_a_field_that_graphql_has_no_form_for_is_refused_when_it_is_declared() -> None:
    class Odd(Input):
        name: set[int] = Field(description="A set.")

    with pytest.raises(DeclarationError, match=r"Odd\.name"):
        input_type(Odd)


def test_a_moment_that_is_known_at_the_run_alone_is_written_nowhere() -> None:
    late = RelativeMoment("$NOW-P7D")
    assert errors_of({"leafList": [{"longName": late}], "free": []}) == [
        (
            ["input", "leafList", "0", "longName"],
            "$NOW-P7D stands for a moment in filters alone; send the moment itself.",
        )
    ]
    assert not parsed(Tree, {"leafList": [{"longName": "$NOW-P7D"}]}, ("input",)).given("free")
