"""`onError`: what an error in a field does to the rest, in queries and in mutations, and when work ends."""

import asyncio
from typing import Any

import pytest
import strawberry
from strawberry.extensions import SchemaExtension

from db.session.engines import Engines
from graph.entity import Schema
from graph.errors import ClientError, IllFormed
from graph.prepare.error_behavior import ErrorBehavior, error_behavior
from graph.settings import Settings
from tests.databases import StatementRecorder
from tests.entity.market import Query as Market
from tests.execute.running import codes, only_error, run

NULL, HALT, PROPAGATE = ErrorBehavior.NULL, ErrorBehavior.HALT, ErrorBehavior.PROPAGATE


class Broken(ClientError):
    """What fails here."""

    code = "BROKEN"


@strawberry.type
class Part:
    number: int

    @strawberry.field
    def sound(self) -> int:
        """Every second one is broken, though it must not be null."""
        return self._sounded()

    @strawberry.field
    async def later(self) -> int:
        """The same, after a while."""
        await asyncio.sleep(0)
        return self._sounded()

    def _sounded(self) -> int:
        if self.number % 2 == 0:
            raise Broken(f"Part {self.number} is broken.")
        return self.number


@strawberry.type
class Machine:
    parts: list[Part]

    @strawberry.field
    def missing(self) -> str:
        """A null where there must be none."""
        return None  # type: ignore[return-value]  # the mistake that is tried


@strawberry.type
class Query(Market):  # type: ignore[misc]  # made while running
    @strawberry.field
    def machine(self) -> Machine | None:
        return Machine(parts=[Part(number=number) for number in (1, 2, 3)])

    @strawberry.field
    def fails(self) -> str | None:
        raise Broken("It always fails.")


DONE: list[str] = []
"""What mutations have done, in order."""


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def turn(self, name: str) -> Part | None:
        """Do something; what is answered may be broken."""
        await asyncio.sleep(0)
        DONE.append(name)
        return Part(number=len(name))


class Watching(SchemaExtension):
    """Makes graphql-core walk: it wants to be called for each field."""

    def resolve(self, _next: Any, root: Any, info: Any, *arguments: Any, **named: Any) -> Any:
        return _next(root, info, *arguments, **named)


@pytest.fixture(params=["levels", "walk"])
def made(request: pytest.FixtureRequest) -> Schema:
    """The schema, run level by level and by graphql-core."""
    extensions = [Watching] if request.param == "walk" else []
    return Schema(Query, Settings.model_construct(), mutation=Mutation, extensions=extensions)


MACHINE = "{ machine { parts { number sound } } }"


async def test_a_null_rises_where_the_client_does_not_say(made: Schema, nowhere: Engines) -> None:
    for on_error in (None, PROPAGATE):
        result = await run(made, nowhere, MACHINE, on_error=on_error)
        assert result.data == {"machine": None}
        assert only_error(result).path == ["machine", "parts", 1, "sound"]


@pytest.mark.parametrize("field", ["sound", "later"])
async def test_a_null_stays_where_the_error_was(made: Schema, nowhere: Engines, field: str) -> None:
    result = await run(made, nowhere, f"{{ machine {{ missing parts {{ {field} }} }} }}", on_error=NULL)
    assert result.data == {"machine": {"missing": None, "parts": [{field: 1}, {field: None}, {field: 3}]}}
    assert sorted(str(error.path) for error in result.errors or ()) == [
        "['machine', 'missing']",
        f"['machine', 'parts', 1, '{field}']",
    ]


@pytest.mark.parametrize("field", ["sound", "later"])
async def test_the_first_error_ends_the_operation(made: Schema, nowhere: Engines, field: str) -> None:
    result = await run(made, nowhere, f"{{ machine {{ parts {{ {field} }} }} fails other: fails }}", on_error=HALT)
    assert result.data is None
    only_error(result)
    assert codes(result) == {"BROKEN"}


async def test_without_errors_all_behaviors_answer_alike(made: Schema, nowhere: Engines) -> None:
    answers = [await run(made, nowhere, "{ machine { parts { number } } }", on_error=each) for each in ErrorBehavior]
    assert [answer.errors for answer in answers] == [None] * 3
    assert answers[0].data == answers[1].data == answers[2].data


async def test_an_error_that_halts_saves_what_it_can(
    schema: Schema, filled: Engines, statements: StatementRecorder
) -> None:
    # The page is refused before the artists are asked for: no statement at all. Under NULL there is one for them.
    query = "{ albums(first: -1) { nodes { title } } artists(first: 1) { nodes { name } } }"
    with statements() as seen:
        result = await run(schema, filled, query, on_error=HALT)
    assert (result.data, codes(result), len(seen)) == (None, {"INVALID_PAGE"}, 0)
    with statements() as seen:
        result = await run(schema, filled, query, on_error=NULL)
    data: Any = result.data
    assert (data["albums"], len(data["artists"]["nodes"]), len(seen)) == (None, 1, 1)


async def test_what_a_mutation_has_done_stays_done_and_the_rest_is_left(made: Schema, nowhere: Engines) -> None:
    changes = 'mutation { a: turn(name: "a") { sound } bb: turn(name: "bb") { later } c: turn(name: "c") { sound } }'
    for on_error, done in ((HALT, ["a", "bb"]), (NULL, ["a", "bb", "c"]), (PROPAGATE, ["a", "bb", "c"])):
        DONE.clear()
        result = await run(made, nowhere, changes, on_error=on_error)
        assert done == DONE
        assert only_error(result).path == ["bb", "later"]
    assert (await run(made, nowhere, changes, on_error=HALT)).data is None
    assert (await run(made, nowhere, changes, on_error=NULL)).data == {
        "a": {"sound": 1},
        "bb": {"later": None},
        "c": {"sound": 1},
    }


def test_a_word_that_is_none_of_the_three_is_refused_with_the_cure() -> None:
    assert error_behavior(None) is None
    assert error_behavior("NULL") is NULL
    words: list[object] = ["null", "ABORT", "", 1, ["NULL"], {}]
    for wrong in words:
        with pytest.raises(IllFormed, match='must be one of "PROPAGATE", "NULL", "HALT"'):
            error_behavior(wrong)
