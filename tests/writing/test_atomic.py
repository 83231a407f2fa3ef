"""What an atomic operation comes to when a change of it fails, and what happens after all are kept."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from graphql import GraphQLError
from pydantic import Field
from sqlalchemy import String, bindparam, update

from db.fast import CompiledStatement
from db.session import DeadlineExceeded
from db.session.engines import Engines
from graph.entity import Schema
from graph.errors import code_of
from graph.prepare.documents import OperationRequest
from graph.prepare.error_behavior import ErrorBehavior
from graph.settings import Settings
from graph.testing.clients import EVERY_KIND
from graph.writing import Change, Input, Rejected, mutation, mutation_type
from graph.writing.errors import InvalidState
from tests.databases import Database, StatementRecorder
from tests.entity.serving import settings_of
from tests.writing.library import EDITOR, AskingLibrary, GenreRow, Query, genres

HAPPENED: list[str] = []
TIMEOUT_S = 0.2
RENAMED = CompiledStatement(update(GenreRow).values(note=bindparam("word", type_=String())))


class StepInput(Input):
    """What is to happen."""

    word: str = Field(description="A word.")


@mutation(word=(str, "The word."))
async def step(values: StepInput, change: Change) -> str:
    """Say a word once the change is kept, unless it is a bad one."""

    async def say() -> None:
        HAPPENED.append(values.word)

    if values.word == "fail":
        raise RuntimeError(values.word)
    if values.word == "undeclared":
        raise Rejected(InvalidState("Not in this state.", change.place))
    change.afterwards.append(say)
    return values.word


@mutation(note=(str, "The note of the first genre, as an entity of the session has it."))
async def note_of(_values: StepInput, change: Change) -> str | None:
    """Read an entity."""
    genre: GenreRow = await change.session.get_one(GenreRow, 1)
    return genre.note


@mutation(word=(str, "The word."))
async def set_note(values: StepInput, change: Change) -> str:
    """Write past the session's entities."""
    await change.rows(RENAMED, {"word": values.word})
    return values.word


@mutation(word=(str, "The word."))
async def dawdle(values: StepInput, change: Change) -> str:
    """Take longer than a change may."""
    await change.flush()
    await asyncio.sleep(TIMEOUT_S * 3)
    await change.rows(RENAMED, {"word": values.word})
    return values.word


class AskingSteps(AskingLibrary):
    """Asks a schema of these mutations."""

    schema = Schema(
        Query, Settings.model_construct(), mutation=mutation_type([genres.create, step, note_of, set_note, dawdle])
    )

    async def answer(self, document: str, on_error: ErrorBehavior | None = None) -> tuple[Any, list[GraphQLError]]:
        """The data and the errors of an operation."""
        request = OperationRequest(document, on_error=on_error)
        result = await self.schema.operations.answer(request, self.context(), EVERY_KIND)
        return result.data, list(result.errors or ())


@pytest.fixture
def ask(library: AskingLibrary) -> Iterator[AskingSteps]:
    """Nothing has happened yet."""
    HAPPENED.clear()
    yield AskingSteps(library.engines, EDITOR)
    HAPPENED.clear()


def steps(*words: str) -> str:
    undone = "errors { ... on Undone { code cause } }"
    fields = [f'a{at}: step(input: {{word: "{word}"}}) {{ word {undone} }}' for at, word in enumerate(words)]
    genre = f'genre: createGenre(input: {{name: "a"}}) {{ genre {{ name }} {undone} }}'
    return f"mutation @atomic {{ {genre} {' '.join(fields)} }}"


async def genres_in(ask: AskingSteps) -> int:
    return int((await ask("{ genres { totalCount } }"))["genres"]["totalCount"])


async def test_what_is_to_happen_afterwards_happens_in_order_once_all_is_kept(ask: AskingSteps) -> None:
    data, errors = await ask.answer(steps("one", "two"))
    assert errors == []
    assert data["genre"]["genre"] == {"name": "a"}
    assert HAPPENED == ["one", "two"]


@pytest.mark.parametrize(("word", "code"), [("fail", None), ("undeclared", "INVALID_STATE")])
async def test_a_failure_stands_where_it_was_and_undoes_the_rest(ask: AskingSteps, word: str, code: str) -> None:
    data, (error,) = await ask.answer(steps("one", word, "two"))
    assert (data, error.path, code_of(error)) == (None, ["a1"], code)
    data, (error,) = await ask.answer(steps("one", word, "two"), ErrorBehavior.NULL)
    undone = [{"code": "UNDONE", "cause": "a1"}]
    assert data == {
        "genre": {"genre": None, "errors": undone},
        "a0": {"word": None, "errors": undone},
        "a1": None,
        "a2": {"word": None, "errors": undone},
    }
    assert error.path == ["a1"]
    assert (await genres_in(ask), HAPPENED) == (0, [])


async def test_entities_of_one_change_are_read_again_by_the_next(
    ask: AskingSteps, statements: StatementRecorder
) -> None:
    await ask('mutation { createGenre(input: {name: "a", note: "old"}) { errors { __typename } } }')
    word = '(input: {word: "new"})'
    with statements() as seen:
        data, errors = await ask.answer(
            f"mutation @atomic {{ a: noteOf{word} {{ note }} setNote{word} {{ word }} b: noteOf{word} {{ note }} }}"
        )
    assert errors == []
    assert (data["a"]["note"], data["b"]["note"]) == ("old", "new")
    assert len(seen) == 3, seen


async def test_one_deadline_holds_for_all(library: AskingLibrary, blank_database: Database) -> None:
    engines = Engines(settings_of(blank_database).model_copy(update={"statement_timeout_s": TIMEOUT_S}))
    document = """mutation @atomic {
      genre: createGenre(input: {name: "a"}) { genre { name } errors { ... on Undone { cause } } }
      late: dawdle(input: {word: "b"}) { word }
    }"""
    data, (error,) = await AskingSteps(engines, EDITOR).answer(document, ErrorBehavior.NULL)
    await engines.dispose()
    assert data == {"genre": {"genre": None, "errors": [{"cause": "late"}]}, "late": None}
    assert error.path == ["late"]
    assert isinstance(error.original_error, DeadlineExceeded)
    assert await genres_in(AskingSteps(library.engines, EDITOR)) == 0
