"""Functions of PostgreSQL: which of them are fields, of what, and why others are none."""

import pytest

from tests.databases import Database
from tests.db.reflection.databases import catalog_of, model, planned

SQL = """
CREATE TYPE mood AS ENUM ('fine', 'sad')

CREATE TABLE users (id integer PRIMARY KEY, first text, last text)

CREATE FUNCTION users_full_name(u users) RETURNS text STABLE LANGUAGE sql AS $$ SELECT u.first || u.last $$

CREATE FUNCTION greeting(users, word text DEFAULT 'Hello') RETURNS text IMMUTABLE LANGUAGE sql AS $$ SELECT $2 $$

CREATE FUNCTION first(u users) RETURNS mood IMMUTABLE LANGUAGE sql AS $$ SELECT 'fine'::mood $$

CREATE FUNCTION adults(youngest integer) RETURNS SETOF users STABLE LANGUAGE sql AS $$ SELECT * FROM users $$

CREATE FUNCTION users() RETURNS users STABLE LANGUAGE sql AS $$ SELECT * FROM users LIMIT 1 $$

CREATE FUNCTION add(a integer, b integer) RETURNS bigint IMMUTABLE LANGUAGE sql AS $$ SELECT a + b $$

CREATE FUNCTION add(a numeric, "class" text[]) RETURNS numeric IMMUTABLE LANGUAGE sql AS $$ SELECT a $$

CREATE FUNCTION change(a integer) RETURNS integer LANGUAGE sql AS $$ SELECT a $$

CREATE FUNCTION numbers() RETURNS SETOF integer STABLE LANGUAGE sql AS $$ SELECT 1 $$

CREATE FUNCTION pairs() RETURNS TABLE (a integer, b integer) STABLE LANGUAGE sql AS $$ SELECT 1, 2 $$

CREATE FUNCTION any_of(anyelement) RETURNS integer STABLE LANGUAGE sql AS $$ SELECT 1 $$

CREATE FUNCTION two(u users, n integer) RETURNS text STABLE LANGUAGE sql AS $$ SELECT 'x' $$

CREATE FUNCTION trigger_() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$

CREATE FUNCTION secret() RETURNS integer STABLE LANGUAGE sql AS $$ SELECT 1 $$

COMMENT ON FUNCTION secret IS '@omit'

CREATE FUNCTION odd() RETURNS integer STABLE LANGUAGE sql AS $$ SELECT 1 $$

COMMENT ON FUNCTION odd IS 'The answer. @name answer'
"""


@pytest.mark.postgresql
async def test_functions_of_a_row_are_its_fields_and_others_are_of_the_root(blank_database: Database) -> None:
    plan = await planned(blank_database, SQL)
    (mood,) = plan.enums
    of_user = {each.graphql_name: each for each in model(plan, "User").functions}
    assert {name: each.annotation for name, each in of_user.items()} == {
        "fullName": str,
        "greeting": str,
        "first2": mood,  # the column is called so
    }
    assert [(each.graphql_name, each.found.has_default) for each in of_user["greeting"].arguments] == [("word", True)]
    found = [(each.graphql_name, each.annotation, each.target, each.many) for each in plan.functions]
    assert found == [
        ("add", int, None, False),
        ("add2", found[1][1], None, False),
        ("adults", None, "User", True),
        ("answer", int, None, False),
        ("users2", None, "User", False),  # the list is called so
    ]
    assert sorted(argument.graphql_name for each in plan.functions[:2] for argument in each.arguments) == [
        *("a", "a", "b", "class_"),
    ]
    assert plan.functions[3].function.comment == "The answer."


@pytest.mark.postgresql
async def test_functions_that_are_no_fields_are_left_out_by_name(blank_database: Database) -> None:
    catalog = await catalog_of(blank_database, SQL)
    assert {each.what for each in catalog.left_out} == {
        "function any_of(anyelement)",
        "function change(a integer)",
        "function numbers()",
        "function pairs()",
        "function secret",
        "function two(u users, n integer)",
    }
