"""What CHECKs demand is answered at the field, before a statement, on every path; the rest by the database's word."""

from typing import Any

from sqlalchemy import text

from tests.databases import Database, StatementRecorder
from tests.entity.serving import Api
from tests.reflected.library import reflected

TABLES = """
CREATE TABLE stays (id INTEGER PRIMARY KEY, guests INTEGER NOT NULL CHECK (guests > 0), starts_on DATE, ends_on DATE,
status VARCHAR(10) CHECK (status IN ('new', 'old')), guest_count INTEGER CHECK (guest_count % 2 = 0),
CHECK (starts_on <= ends_on))

CREATE TABLE notes (stay_id INTEGER PRIMARY KEY REFERENCES stays (id), word TEXT)

CREATE TABLE codes (id VARCHAR(5) PRIMARY KEY, word VARCHAR(20) UNIQUE)
"""
GOOD = {"id": 1, "guests": 2, "startsOn": "2026-01-01", "endsOn": "2026-01-05", "status": "new"}


async def ask(api: Api, name: str, given: dict[str, Any], selection: str = "__typename") -> Any:
    document = (
        f"mutation ($input: {name[0].upper()}{name[1:]}Input!) {{ {name}(input: $input) {{ {selection}"
        " errors { ... on UserError { code message path } } } }"
    )
    return (await api.ask(document, input=given))[name]


async def refused(api: Api, name: str, given: dict[str, Any]) -> list[tuple[str, str]]:
    """The place and the sentence of each error."""
    errors = (await ask(api, name, given))["errors"]
    return [(".".join(error["path"][1:]), error["message"]) for error in errors]


def stays(database: Database) -> str:
    """A number of SQLite's INTEGER PRIMARY KEY is given by the database."""
    return TABLES.replace("id INTEGER", "id SMALLINT") if database.dialect == "sqlite" else TABLES


async def test_a_check_is_an_error_of_its_field_and_costs_no_statement(
    blank_database: Database, statements: StatementRecorder
) -> None:
    async with reflected(blank_database, stays(blank_database), writable=True) as (api, _, _):
        bad = {"guests": 0, "startsOn": "2026-01-06", "status": "of"}
        with statements() as seen:
            assert await refused(api, "createStay", GOOD | bad) == [
                ("guests", "This must be more than 0."),
                ("startsOn", "This must hold: startsOn <= endsOn."),
                ("status", "This must be one of new, old."),
            ]
        assert seen == []
        unknown = await refused(api, "createStay", GOOD | {"guestCount": 3})
        assert unknown == [("", "This would break a rule of the database. Choose other values.")]
        made = await ask(api, "createStay", GOOD, "stay { id guests }")
        assert (made["stay"]["guests"], made["errors"]) == (2, [])
        same = await ask(api, "createStay", GOOD)
        assert [error["code"] for error in same["errors"]] == ["ALREADY_EXISTS"]


async def test_a_change_is_checked_with_what_the_row_has(blank_database: Database) -> None:
    async with reflected(blank_database, stays(blank_database), writable=True) as (api, _, _):
        row = (await ask(api, "createStay", GOOD, "stay { id }"))["stay"]["id"]
        assert await refused(api, "updateStay", {"id": row, "endsOn": "2025-12-31"}) == [
            ("endsOn", "This must hold: startsOn <= endsOn.")
        ]
        assert await refused(api, "updateStay", {"id": row, "endsOn": None, "startsOn": "2030-01-01"}) == []
        assert await refused(api, "updateStay", {"id": row, "guests": -1}) == [("guests", "This must be more than 0.")]


async def test_a_key_that_the_database_does_not_give_is_asked_for(blank_database: Database) -> None:
    async with reflected(blank_database, stays(blank_database), writable=True) as (api, _, _):
        await ask(api, "createStay", GOOD)
        assert await refused(api, "createNote", {"stayId": 1, "word": "x"}) == []
        assert await api.rows(text("SELECT stay_id FROM notes")) == [(1,)]
        assert await refused(api, "createCode", {"id": "a", "word": "x"}) == []
        assert await refused(api, "createCode", {"id": "b", "word": "x"}) == [
            ("word", "Among the codes, this word is taken; choose another.")
        ]
        assert await refused(api, "createCode", {"id": "toolong", "word": "y"}) == [
            ("id", "At most 5 characters fit here; shorten the text.")
        ]
