"""Variables without a value: a value stays as it is, and a guard that would vanish is an error."""

from typing import Any

import pytest

from tests.writing.asking import ERRORS
from tests.writing.library import AskingLibrary, book

BOOK = "book { id title price changes genres { nodes { name } } }"


async def made(library: AskingLibrary, **values: Any) -> Any:
    given = book(**{"price": "9.50", "genres": {"set": [{"create": {"name": "novel"}}]}, **values})
    return (await library.do("createBook", given, BOOK))["book"]


def mutation(variables: str, field: str, selection: str = "") -> str:
    return f"mutation ({variables}) {{ {field} {{ {selection} {ERRORS} }} }}"


async def test_a_value_whose_variable_was_left_out_stays_as_it_is(library: AskingLibrary) -> None:
    before = await made(library)
    document = mutation(
        "$id: ID!, $title: String, $price: Decimal, $genres: BookGenresInput, $set: [GenreOrNewReference!],"
        " $gone: [GenreReference!]",
        """updateBook(input: {id: $id, title: $title, price: $price, genres: $genres}) { book { changes } }
           again: updateBook(input: {id: $id, genres: {set: $set, remove: $gone, add: $set}})""",
        BOOK,
    )
    again = (await library(document, id=before["id"]))["again"]
    assert again == {"book": before, "errors": []}


async def test_null_is_not_left_out(library: AskingLibrary) -> None:
    before = await made(library)
    document = mutation("$id: ID!, $price: Decimal", "updateBook(input: {id: $id, price: $price})", BOOK)
    payload = (await library(document, id=before["id"], price=None))["updateBook"]
    assert payload == {"book": {**before, "price": None, "changes": before["changes"] + 1}, "errors": []}
    for name in ("title", "genres"):
        assert await library.refused("updateBook", {"id": before["id"], name: None}, BOOK) == [
            ("InvalidInput", ("input", name))
        ]


@pytest.mark.parametrize("variables", [{}, {"version": None}])
async def test_a_version_that_was_left_out_or_is_null_guards_and_nothing_is_changed(
    library: AskingLibrary, variables: Any
) -> None:
    before = await made(library)
    for field, member in (
        ('updateBook(input: {id: $id, title: "Other", ifVersion: $version})', "book { id }"),
        ("deleteBook(input: {id: $id, ifVersion: $version})", "deletedId"),
    ):
        document = mutation("$id: ID!, $version: Int", field, member)
        (payload,) = (await library(document, id=before["id"], **variables)).values()
        (error,) = payload["errors"]
        assert (error["code"], error["path"]) == ("INVALID_INPUT", ["input", "ifVersion"])
        assert error["message"] == (
            "Null stands against nothing; send a value, or leave it out."
            if variables
            else "`$version` has no value, so the change would be made whatever the version is;"
            " send one, or do not write this."
        )
    assert (await made(library, title="Next"))["changes"] == 1
    assert (await library("{ books { nodes { title } } }"))["books"]["nodes"] == [{"title": "Emma"}, {"title": "Next"}]


async def test_a_version_by_default_or_in_a_whole_input_is_given(library: AskingLibrary) -> None:
    before = await made(library)
    document = mutation(
        "$id: ID!, $version: Int = 7", 'updateBook(input: {id: $id, title: "Other", ifVersion: $version})'
    )
    (error,) = (await library(document, id=before["id"]))["updateBook"]["errors"]
    assert error["__typename"] == "VersionConflict"
    assert (await library.do("updateBook", {"id": before["id"], "title": "Other"}, BOOK))["book"]["title"] == "Other"


async def test_a_row_that_takes_the_place_of_another_is_written_whole_or_not(library: AskingLibrary) -> None:
    await library.do("upsertGenres", {"genres": [{"name": "novel", "note": "long"}]})
    document = mutation("$note: String", 'upsertGenres(input: {genres: [{name: "novel", note: $note}]})')
    (error,) = (await library(document))["upsertGenres"]["errors"]
    assert error["path"] == ["input", "genres", "0", "note"]
    assert (await library("{ genres { nodes { note } } }"))["genres"]["nodes"] == [{"note": "long"}]
    assert not (await library(document, note=None))["upsertGenres"]["errors"]
    assert (await library("{ genres { nodes { note } } }"))["genres"]["nodes"] == [{"note": None}]


async def test_an_id_that_was_left_out_is_no_id(library: AskingLibrary) -> None:
    await made(library)
    for variables in ("$id: ID", "$id: ID!"):
        context = library.context()
        document = mutation(variables, "deleteBook(input: {id: $id})", "deletedId")
        assert (await library.schema.execute(document, context_value=context)).errors
    assert (await library("{ books { totalCount } }"))["books"]["totalCount"] == 1
