"""Functions of PostgreSQL: which of them are fields of a row, and why others are none."""

from decimal import Decimal

import pytest

from tests.databases import Database
from tests.db.reflection.databases import model, planned

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

CREATE FUNCTION friends(users) RETURNS SETOF users STABLE LANGUAGE sql AS $$ SELECT * FROM users $$

CREATE FUNCTION odd(users) RETURNS integer STABLE LANGUAGE sql AS $$ SELECT 1 $$

COMMENT ON FUNCTION odd IS 'The answer. @name answer'
"""


@pytest.mark.postgresql
async def test_functions_of_a_row_are_its_fields(blank_database: Database) -> None:
    plan = await planned(blank_database, SQL)
    (mood,) = plan.enums
    of_user = {each.graphql_name: each for each in model(plan, "User").functions}
    assert {name: each.annotation for name, each in of_user.items()} == {
        "fullName": str,
        "greeting": str,
        "first2": mood,  # the column is called so
        "answer": int,
    }
    assert [each.has_default for each in of_user["greeting"].function.arguments] == [False, True]
    assert of_user["answer"].function.comment == "The answer."
    assert {each.what for each in plan.guesses if each.what.startswith("function") and "(users" in each.what} == {
        *("function users_full_name(users)", "function greeting(users, text)", "function first(users)"),
        "function odd(users)",
    }


@pytest.mark.postgresql
async def test_functions_of_no_row_are_fields_of_the_root_with_names_of_their_own(blank_database: Database) -> None:
    plan = await planned(blank_database, SQL)
    assert [(each.graphql_name, each.target, each.annotation) for each in plan.calls] == [
        ("add", None, int),
        ("add2", None, Decimal),
        ("adults", "User", None),
        ("numbers", None, int),
        ("usersFunction", "User", None),  # the list is called so
    ]
    assert [(it.name, it.may_be_null) for it in plan.calls[1].arguments] == [("a", True), ("class_", True)]
    assert "function adults(integer)" in {each.what for each in plan.guesses}


@pytest.mark.postgresql
async def test_functions_that_are_no_fields_are_left_out_by_name(blank_database: Database) -> None:
    plan = await planned(blank_database, SQL)
    assert {each.what for each in plan.left_out} == {
        "function any_of(anyelement)",
        "function change(a integer)",
        "function friends(users)",
        "function pairs()",
        "function secret",
        "function two(u users, n integer)",
    }
