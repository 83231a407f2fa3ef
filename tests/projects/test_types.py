"""What the text of a type says: names that comments spell in a way of their own, and JSON that may be null."""

import pytest

from db.row_functions import Called
from graph.projects.functions import functions_text
from graph.projects.types import type_text
from graph.reflected.reading import plan_shown
from tests.databases import Database
from tests.db.reflection.databases import catalog_of, model
from tests.reflected.library import reflected

SQL = """
CREATE TABLE users (id integer PRIMARY KEY, userid text, kept jsonb NOT NULL, plain_name text)

CREATE TABLE notes (id integer PRIMARY KEY, writer integer REFERENCES users)

INSERT INTO users VALUES (1, 'u', 'null', 'p')

COMMENT ON COLUMN users.userid IS '@name userID'

COMMENT ON COLUMN users.plain_name IS '@name plain_name'

COMMENT ON CONSTRAINT notes_writer_fkey ON notes IS '@name noteAuthor @back ownNotesAPI'

CREATE FUNCTION users_twice(users) RETURNS text STABLE LANGUAGE sql AS $$ SELECT $1.userid || $1.userid $$

COMMENT ON FUNCTION users_twice IS '@name twiceID'

CREATE FUNCTION add(a integer, integer DEFAULT 2) RETURNS integer IMMUTABLE STRICT LANGUAGE sql AS $$ SELECT $1 + $2 $$
"""


@pytest.mark.postgresql
async def test_a_project_and_a_first_look_spell_names_as_comments_do(blank_database: Database) -> None:
    async with reflected(blank_database, SQL) as (api, plan, _):
        found = await api.ask(
            "{ users { nodes { userID plainName kept twiceID ownNotesAPI { totalCount } } } notes { totalCount } }"
        )
    assert found["users"]["nodes"] == [
        {"userID": "u", "plainName": "p", "kept": None, "twiceID": "uu", "ownNotesAPI": {"totalCount": 0}}
    ]
    text = type_text(plan, model(plan, "User"))
    assert '    user_id: str | None = named("userID")'.replace('"', "'") in text
    assert "    plain_name: str | None\n" in text
    assert "    kept: JSON | None\n" in text
    assert "    twice_id: str | None = named('twiceID')" in text
    assert "    own_notes_api: Connection[Note] = named('ownNotesAPI')" in text
    assert "    note_author: User | None\n" in type_text(plan, model(plan, "Note"))


@pytest.mark.postgresql
async def test_functions_of_the_database_are_written_as_somebody_would(blank_database: Database) -> None:
    plan = plan_shown(await catalog_of(blank_database, SQL))
    text = functions_text(plan)
    made = f"{Called.__name__}('add', {{'a': INTEGER(), 'argument_2': INTEGER()}}, required=1, by_place=True)"
    takes = "takes={'a': int, 'argument_2': int | None}, gives=INTEGER(), seen_by=is_operator"
    assert f"    function_field('add', int, {made}, {takes}),\n" in text
