"""Numbers that are added to what a row has: counted once by each, exact, and within the bounds of their columns."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import text

from db.relations import EVERYTHING, Visibility
from db.session.engines import Engines
from graph.entity import Schema, query_type
from graph.errors import DeclarationError
from graph.settings import Settings
from graph.viewer import Viewer
from graph.writing import Crud, compare, mutation_type, with_right
from tests.databases import Database, StatementRecorder
from tests.entity.amounts import Amount, Base, Ledger
from tests.entity.serving import settings_of
from tests.writing.asking import AskingSchema
from tests.writing.library import EDITOR, EDITORS, KEEPER, AskingLibrary, Book, book

NAMES = ["price", "free", "whole", "single", "double"]
amounts = Crud(
    Amount,
    [*NAMES, "payload"],
    may=with_right(EDITORS),
    create=EDITORS,
    increments=NAMES,
    checks=[compare("whole", ">=", -5)],
)

SHOWN = f"amount {{ id {' '.join(NAMES)} }}"


class AskingAmounts(AskingSchema):
    schema = Schema(
        query_type(Amount, Ledger),
        Settings.model_construct(),
        mutation=mutation_type([amounts.create, amounts.update, amounts.update_many]),
    )

    def visible_to(self, viewer: Viewer) -> Visibility:
        return EVERYTHING if viewer.has("editor") else WITHOUT_LARGE_NUMBERS


WITHOUT_LARGE_NUMBERS = Visibility(lambda _mapper: None, lambda _mapper: {"whole": lambda row: row.whole < 100})
"""Of amounts; nothing else is asked for here."""


@pytest.fixture
async def ask(blank_database: Database) -> AsyncIterator[AskingAmounts]:
    engines = Engines(settings_of(blank_database))
    async with engines.writing().begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    yield AskingAmounts(engines, EDITOR)
    await engines.dispose()


async def made(ask: AskingAmounts, **values: Any) -> str:
    payload = await ask.do("createAmount", values, SHOWN)
    assert payload["errors"] == [], payload
    return str(payload["amount"]["id"])


EXACT: list[tuple[str, Any, Any, Any]] = [
    ("whole", "9007199254740993", "-1", "9007199254740992"),
    ("whole", "9223372036854775806", "1", "9223372036854775807"),
    ("price", "0.10", "0.20", "0.30"),
    ("price", "9999999999.98", "0.01", "9999999999.99"),
    ("free", "0.1", "0.2", "0.3"),
    ("free", "12", "-12.5", "-0.5"),
    ("double", 0.5, 0.25, 0.75),
]


async def test_sums_are_exact(ask: AskingAmounts) -> None:
    found_by = "query($where: AmountFilter!) { amounts(where: $where) { nodes { id } } }"
    for name, there, added, sum_ in EXACT:
        id_ = await made(ask, **{name: there})
        payload = await ask.do("updateAmount", {"id": id_, "increment": {name: added}}, SHOWN)
        assert payload["errors"] == []
        assert payload["amount"][name] == sum_
        found = await ask(found_by, where={name: {"eq": sum_}})
        assert {"id": id_} in found["amounts"]["nodes"]


BEYOND: list[tuple[str, Any, Any, str]] = [
    ("whole", "9223372036854775807", "1", "less than"),
    ("whole", "0", "-6", "This must be at least -5."),
    ("whole", "0", f"{10**900}", "less than"),
    ("whole", None, "1", "There is no number yet to add this to"),
    ("price", "9999999999.99", "0.01", "at most 10 digits may stand before the point"),
    ("price", "0.10", "0.001", "At most 2 digits may stand behind the point."),
    ("price", "0.10", "1e900", "at most 12 digits fit here"),
    ("double", 1.7e308, 1.7e308, "larger than any number that fits"),
    ("single", 3.4e38, 3.4e38, "less than"),
]


async def test_a_sum_out_of_bounds_is_an_error_at_its_place(ask: AskingAmounts, statements: StatementRecorder) -> None:
    for name, there, added, message in BEYOND:
        id_ = await made(ask, **{name: there})
        with statements() as seen:
            payload = await ask.do("updateAmount", {"id": id_, "increment": {name: added}}, SHOWN)
        (error,) = payload["errors"]
        assert (error["__typename"], error["path"]) == ("InvalidInput", ["input", "increment", name])
        assert message.lower() in error["message"].lower()
        assert len(error["message"]) < 200
        assert len(seen) == 1, seen  # the row
        kept = await ask("query($id: ID!) { amount(id: $id) { whole price double single } }", id=id_)
        assert kept["amount"][name] == there


@pytest.mark.sqlite
async def test_nothing_is_added_to_what_is_no_number(library: AskingLibrary) -> None:
    made = await library.do("createBook", book(), "book { id }")
    for kept in ("'many'", "1.5", "x'00'"):
        async with library.engines.writing().begin() as connection:
            await connection.execute(text(f"UPDATE books SET pages = {kept}, price = 'dear'"))  # as SQLite lets anybody
        for column, number in (("pages", 1), ("price", "1")):
            changed = {"id": made["book"]["id"], "increment": {column: number}}
            error = [("InvalidInput", ("input", "increment", column))]
            assert await library.refused("updateBook", changed, "book { id }") == error
            many = {"all": True, "increment": {column: number}}
            assert await library.refused("updateBooks", many, "count") == error


@pytest.mark.sqlite
async def test_a_sum_that_the_database_would_round_is_refused(ask: AskingAmounts) -> None:
    id_ = await made(ask, free="0.123456789012345")
    changed = {"id": id_, "increment": {"free": "123"}}
    assert await ask.refused("updateAmount", changed, SHOWN) == [("InvalidInput", ("input", "increment", "free"))]


async def test_a_value_is_set_or_counted(ask: AskingAmounts) -> None:
    id_ = await made(ask, whole="1", price="1")
    both = {"id": id_, "whole": "5", "increment": {"whole": "1"}}
    assert await ask.refused("updateAmount", both, SHOWN) == [("InvalidInput", ("input", "increment", "whole"))]
    null = {"id": id_, "increment": {"whole": None}}
    assert await ask.refused("updateAmount", null, SHOWN) == [("InvalidInput", ("input", "increment", "whole"))]
    other = {"id": id_, "whole": "5", "increment": {"price": "0.5"}}
    payload = await ask.do("updateAmount", other, "amount { whole price }")
    assert payload == {"amount": {"whole": "5", "price": "1.50"}, "errors": []}
    nothing = {"id": id_, "increment": {}}
    assert (await ask.do("updateAmount", nothing, "amount { whole }"))["amount"] == {"whole": "5"}


async def test_many_who_add_at_once_are_all_counted(library: AskingLibrary, statements: StatementRecorder) -> None:
    made = await library.do("createBook", book(), "book { id }")
    changed = {"id": made["book"]["id"], "increment": {"pages": -30}}
    with statements() as seen:
        first = await library.do("updateBook", changed, "book { pages changes }")
    assert first == {"book": {"pages": 370, "changes": 2}, "errors": []}
    # lock + change, then read back
    assert len(seen) == 3, seen
    assert "pages" in seen[1]
    payloads = await asyncio.gather(*(library.do("updateBook", changed, "book { pages }") for _ in range(8)))
    assert all(payload["errors"] == [] for payload in payloads), payloads
    assert (await library("{ books { nodes { pages changes } } }"))["books"]["nodes"] == [{"pages": 130, "changes": 10}]


async def test_a_check_of_the_database_is_told_at_the_number(library: AskingLibrary) -> None:
    made = await library.do("createBook", book(), "book { id }")
    changed = {"id": made["book"]["id"], "increment": {"pages": -400}}
    payload = await library.do("updateBook", changed, "book { pages }")
    assert [(error["path"], error["message"]) for error in payload["errors"]] == [
        (
            ["input", "increment", "pages"],
            "The sum would break a rule of the database: pages are positive. Add less, or something else.",
        )
    ]


async def test_nothing_is_added_to_a_number_that_the_viewer_may_not_see(
    ask: AskingAmounts, statements: StatementRecorder
) -> None:
    """Else the bounds would tell of it, sum by sum."""
    known, hidden = await made(ask, whole="50"), await made(ask, whole="500")
    ask = ask.by(KEEPER)
    with statements() as seen:
        payload = await ask.do("updateAmount", {"id": known, "increment": {"whole": "1"}}, "amount { whole }")
    assert payload == {"amount": {"whole": "51"}, "errors": []}
    # lock + whether it is seen + change, then read back
    assert len(seen) == 4, seen
    for added in ("1", "-1000"):
        changed = {"id": hidden, "increment": {"whole": added}}
        assert await ask.refused("updateAmount", changed, SHOWN) == [("Forbidden", ("input", "increment", "whole"))]
    asked = {"all": True, "increment": {"whole": "1"}, "onError": "REJECT_FAILED"}
    with statements() as seen:
        payload = await ask.do("updateAmounts", asked, "amounts { id } count")
    assert (payload["amounts"], payload["count"]) == ([{"id": known}], 1)
    assert [(it["__typename"], it["path"]) for it in payload["errors"]] == [
        ("Forbidden", ["input", "increment", "whole"])
    ]
    # lock + change, then read back
    assert len(seen) == 3, seen


async def test_the_filter_of_a_change_finds_nothing_by_a_number_that_the_viewer_may_not_see(ask: AskingAmounts) -> None:
    await made(ask, whole="500")
    ask, asked = ask.by(KEEPER), {"where": {"whole": {"gt": "99"}}, "set": {"price": "1"}}
    assert await ask.do("updateAmounts", asked, "count") == {"count": 0, "errors": []}
    asked["where"] = {"whole": {"isNull": True}}
    assert await ask.do("updateAmounts", asked, "count") == {"count": 1, "errors": []}


@pytest.mark.parametrize(("columns", "name"), [(["title", "pages"], "title"), (["title"], "pages")])
def test_numbers_that_are_written_are_counted_and_nothing_else(columns: list[str], name: str) -> None:
    with pytest.raises(DeclarationError, match=rf"Book\.{name} is"):
        Crud(Book, columns, may=with_right(EDITORS), increments=[name])
