"""Functions of a row are fields of its type, as they are in the database."""

import pytest

from graph.context import ContextFactory
from graph.errors import code_of
from graph.masking import for_client
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


OF_NO_ROW = """
CREATE TYPE mood AS ENUM ('calm', 'very odd')

CREATE TABLE books (id integer PRIMARY KEY, title text NOT NULL, mood mood)

CREATE TABLE lines (words text)

INSERT INTO books VALUES (1, 'b', 'calm'), (2, 'ab', 'very odd'), (3, 'c', NULL)

INSERT INTO lines VALUES ('one'), ('two')

CREATE FUNCTION add_numbers(a integer, b integer) RETURNS integer IMMUTABLE STRICT LANGUAGE sql AS $$ SELECT a + b $$

CREATE FUNCTION search_books(text text, "where" mood DEFAULT NULL) RETURNS SETOF books STABLE LANGUAGE sql
    AS $$ SELECT * FROM books WHERE (text IS NULL OR title LIKE '%' || text || '%') AND ($2 IS NULL OR mood = $2) $$

CREATE FUNCTION books(n numeric(8, 2)) RETURNS books STABLE LANGUAGE sql AS $$ SELECT * FROM books WHERE id = n $$

CREATE FUNCTION moods() RETURNS SETOF mood STABLE LANGUAGE sql AS $$ SELECT mood FROM books ORDER BY id $$

CREATE FUNCTION many(integer[], timestamptz) RETURNS text[] STABLE LANGUAGE sql
    AS $$ SELECT ARRAY[cardinality($1)::text, $2::date::text] $$

CREATE FUNCTION longer(n integer DEFAULT 0) RETURNS SETOF lines STABLE LANGUAGE sql
    AS $$ SELECT * FROM lines WHERE length(words) > n ORDER BY words DESC $$

CREATE FUNCTION refuses(n integer) RETURNS integer STABLE LANGUAGE plpgsql AS $$ BEGIN RAISE 'secret %', n; END $$

CREATE FUNCTION changes() RETURNS integer LANGUAGE sql AS $$ SELECT 1 $$

CREATE FUNCTION two(OUT a integer, OUT b integer) STABLE LANGUAGE sql AS $$ SELECT 1, 2 $$

CREATE FUNCTION several(VARIADIC n integer[]) RETURNS integer STABLE LANGUAGE sql AS $$ SELECT 1 $$

CREATE FUNCTION made(n integer) RETURNS TABLE (a integer, b text) STABLE LANGUAGE sql AS $$ SELECT n, 'x' $$
"""


@pytest.mark.postgresql
async def test_functions_of_no_row_are_fields_of_the_root(blank_database: Database) -> None:
    async with reflected(blank_database, OF_NO_ROW) as (api, plan, _):
        found = await api.ask(
            """
            {
              addNumbers(a: 1, b: 2)
              searchBooks(text: "b", where: {mood: {isNull: false}}, first: 1) { totalCount nodes { title } }
              odd: searchBooks(whereArgument: VERY_ODD) { nodes { title } }
              booksFunction(n: "2") { title }
              none: booksFunction(n: "2.5") { title }
              moods
              many(argument1: [1, null], argument2: "2024-02-29T12:00:00Z")
              longer(orderBy: [{words: ASC}]) { nodes { words } }
            }
            """
        )
        result = await api.schema.execute("{ refuses(n: 1) moods }", context_value=ContextFactory(api.engines))
        codes = {code_of(error) for error in for_client(result.errors or [])}
    assert found == {
        "addNumbers": 3,
        "searchBooks": {"totalCount": 2, "nodes": [{"title": "b"}]},
        "odd": {"nodes": [{"title": "ab"}]},
        "booksFunction": {"title": "ab"},
        "none": None,
        "moods": ["CALM", "VERY_ODD", None],
        "many": ["2", "2024-02-29"],
        "longer": {"nodes": [{"words": "one"}, {"words": "two"}]},
    }
    assert "NOT_COMPUTABLE" in codes <= {"NOT_COMPUTABLE", "NOT_ANSWERED"}
    assert "addNumbers(\n" in str(api.schema)
    left_out = {each.what.partition("(")[0] for each in plan.left_out}
    assert left_out == {f"function {name}" for name in ("changes", "two", "several", "made")}
