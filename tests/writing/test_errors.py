"""User errors in the schema: each payload has a union of what its mutation may answer, and nothing is ever lost."""

import logging
from functools import partial
from typing import Any

import pytest
import strawberry
from graphql import GraphQLEnumType, GraphQLInterfaceType, GraphQLSchema, GraphQLUnionType, get_named_type
from pydantic import Field
from sqlalchemy import func, select

from db.session import Mode, RequestSession
from graph.entity import Schema, query_type
from graph.errors import DeclarationError
from graph.masking import for_client
from graph.prepare.documents import OperationRequest
from graph.settings import Settings
from graph.testing.clients import EVERY_KIND
from graph.writing import Change, Crud, Input, Rejected, UserError, mutation, mutation_type, user_error, with_right
from graph.writing.errors import InvalidState
from graph.writing.rights import ANYBODY
from tests.writing.library import EDITORS, SCHEMA, AskingLibrary, Book, Genre, GenreRow


@user_error
class OnLoan(UserError):
    """Somebody has the book."""

    CODE = "ON_LOAN"

    days_left: int = strawberry.field(description="How many days it is away.")

    def __init__(self, message: str, place: tuple[str | int, ...], *, days_left: int) -> None:
        super().__init__(message, place)
        self.days_left = days_left


class BorrowInput(Input):
    """Which way it goes wrong."""

    way: str | None = Field(None, description="Which way.")


async def borrow(values: BorrowInput, change: Change) -> dict[str, Any]:
    """Borrow a book."""
    change.session.add(GenreRow(name="borrowed"))
    await change.flush()
    error = OnLoan("Wait until it is back.", ("input", "way"), days_left=3)
    if values.way == "beside":
        return {"done": True, "errors": [error]}
    raise Rejected(error)


BORROW = mutation(right=ANYBODY, errors=[OnLoan], done=(bool, "Whether it was done."))(borrow)
CARELESS_BORROW = mutation(right=ANYBODY, done=(bool, "Whether it was done."))(borrow)
OWN = Schema(query_type(Book, Genre), Settings.model_construct(), mutation=mutation_type([BORROW]))
CARELESS = Schema(query_type(Book, Genre), Settings.model_construct(), mutation=mutation_type([CARELESS_BORROW]))


class AskingBorrowers(AskingLibrary):
    schema = OWN


class AskingCareless(AskingLibrary):
    schema = CARELESS


def core(schema: Schema) -> GraphQLSchema:
    return schema._schema  # noqa: SLF001 - Strawberry has no public way to graphql-core's schema


def answers(schema: Schema) -> dict[str, list[str]]:
    """By mutation, the members of the union under `errors`."""
    mutations = core(schema).mutation_type
    assert mutations is not None
    found = {}
    for name, field in mutations.fields.items():
        union = get_named_type(get_named_type(field.type).fields["errors"].type)
        assert isinstance(union, GraphQLUnionType)
        assert union.name == f"{name[0].upper()}{name[1:]}Error"
        found[name] = [member.name for member in union.types]
    return found


def test_each_mutation_says_what_it_may_answer() -> None:
    always = ["Forbidden", "InvalidInput", "NotFound", "NotSignedIn"]
    assert answers(SCHEMA) == {
        "createBook": ["AlreadyExists", *always, "Undone"],
        "updateBook": sorted(["AlreadyExists", *always, "IdempotencyConflict", "Undone", "VersionConflict"]),
        "deleteBook": [*always, "StillReferenced", "Undone", "VersionConflict"],
        "createBooks": ["AlreadyExists", *always, "Undone"],
        "updateBooks": sorted(["AlreadyExists", *always, "IdempotencyConflict", "Undone"]),
        "deleteBooks": sorted([*always, "IdempotencyConflict", "StillReferenced", "Undone"]),
        "createGenre": ["AlreadyExists", *always, "Undone"],
        "updateGenre": ["AlreadyExists", *always, "Undone", "VersionConflict"],
        "updateGenres": sorted(["AlreadyExists", *always, "IdempotencyConflict", "Undone"]),
        "deleteGenres": sorted([*always, "IdempotencyConflict", "StillReferenced", "Undone"]),
        "upsertGenre": ["AlreadyExists", *always, "Undone"],
        "upsertGenres": ["AlreadyExists", *always, "Undone"],
    }


@pytest.mark.parametrize("schema", [SCHEMA, OWN])
def test_every_error_implements_the_interface_and_every_code_is_one_of_theirs(schema: Schema) -> None:
    types, named = core(schema), {name for names in answers(schema).values() for name in names}
    interface, codes = types.type_map["UserError"], types.type_map["UserErrorCode"]
    assert isinstance(interface, GraphQLInterfaceType)
    assert isinstance(codes, GraphQLEnumType)
    assert {type_.name for type_ in types.get_possible_types(interface)} == named
    assert ("ON_LOAN" in codes.values) is ("OnLoan" in named) is (schema is OWN)
    assert all(value.description for value in codes.values.values())


async def test_an_error_of_ones_own_shows_its_own_fields(library: AskingLibrary) -> None:
    ask = AskingBorrowers(library.engines)
    text = """mutation { borrow { done errors {
      __typename ... on UserError { code message path } ... on OnLoan { daysLeft }
    } } }"""
    assert (await ask(text))["borrow"] == {
        "done": None,
        "errors": [
            {
                "__typename": "OnLoan",
                "code": "ON_LOAN",
                "message": "Wait until it is back.",
                "path": ["input", "way"],
                "daysLeft": 3,
            }
        ],
    }


@pytest.mark.parametrize("way", ["raised", "beside"])
async def test_an_error_that_is_not_declared_undoes_the_work_and_is_still_answered(
    library: AskingLibrary, way: str, caplog: pytest.LogCaptureFixture
) -> None:
    ask = AskingCareless(library.engines)
    request = OperationRequest("mutation($i: BorrowInput) { borrow(input: $i) { done } }", {"i": {"way": way}})
    with caplog.at_level(logging.ERROR, "trellis"):
        result = await CARELESS.operations.answer(request, ask.context(), EVERY_KIND)
        (error,) = for_client(result.errors or [])
    assert result.data is None
    assert error.message == "Wait until it is back."
    assert error.extensions == {"code": "ON_LOAN", "input": ["input", "way"]}
    assert caplog.messages == [
        "borrow answers with OnLoan, which it does not declare; add it to the mutation's errors."
    ]
    async with RequestSession(library.engines, Mode.CURRENT) as session:
        assert await session.scalar(select(func.count()).select_from(GenreRow)) == 0


def test_what_is_no_user_error_cannot_be_declared() -> None:
    class Unmarked(InvalidState):
        """Without `@user_error`."""

    with pytest.raises(DeclarationError, match="Unmarked is no user error; put @user_error above it"):
        mutation(errors=[Unmarked], done=(bool, "Whether."))(borrow)
    with pytest.raises(DeclarationError, match="Unmarked is no user error"):
        Crud(Genre, ["name"], may=with_right(EDITORS), delete_errors=[Unmarked]).delete()


@pytest.mark.parametrize("code", ["", "no code", "lower"])
def test_a_code_is_the_name_of_a_value(code: str) -> None:
    made = type("Odd", (UserError,), {"CODE": code, "__doc__": "Odd."})
    with pytest.raises(DeclarationError, match="Odd needs a code in capitals"):
        user_error(made)


def test_two_bulk_mutations_of_one_noun_stand_beside_each_other() -> None:
    genres = Crud(Genre, ["name"], may=with_right(EDITORS), create=EDITORS)
    schema = Schema(
        query_type(Genre),
        Settings.model_construct(),
        mutation=mutation_type([genres.create_many, partial(genres.upsert_many, by="name")]),
    )
    described = [type_.description for type_ in core(schema).type_map.values() if type_.description]
    assert len(described) == len(set(described))
