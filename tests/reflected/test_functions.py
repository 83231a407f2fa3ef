"""Functions of a row are fields of its type, as they are in the database."""

import pytest

from tests.databases import Database
from tests.reflected.library import reflected

SQL = """
CREATE TYPE mood AS ENUM ('calm', 'very odd')

CREATE TABLE users (id integer PRIMARY KEY, first text, last text, boss_id integer REFERENCES users)

INSERT INTO users VALUES (1, 'Ada', 'Zuse', NULL), (2, 'Bo', NULL, 1), (3, 'Cy', 'Yau', 1)

CREATE FUNCTION users_full_name(u users) RETURNS text STABLE LANGUAGE sql AS $$ SELECT u.first || ' ' || u.last $$

CREATE FUNCTION mood(users, n integer DEFAULT 2) RETURNS mood STABLE LANGUAGE sql
    AS $$ SELECT CASE WHEN $1.id > n THEN 'very odd'::mood END $$
"""


@pytest.mark.postgresql
async def test_functions_of_a_row_are_asked_for_as_columns_are(blank_database: Database) -> None:
    async with reflected(blank_database, SQL) as (api, _, _):
        found = await api.ask(
            """
            {
              users(orderBy: [{fullName: DESC}]) { nodes { fullName mood boss { fullName } } }
              odd: users(where: {mood: {eq: VERY_ODD}}) { nodes { first } }
            }
            """
        )
    ada = {"fullName": "Ada Zuse"}
    assert found["users"]["nodes"] == [
        {"fullName": "Cy Yau", "mood": "VERY_ODD", "boss": ada},
        {"fullName": "Ada Zuse", "mood": None, "boss": None},
        {"fullName": None, "mood": None, "boss": ada},
    ]
    assert found["odd"]["nodes"] == [{"first": "Cy"}]
