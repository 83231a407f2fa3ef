"""Every type that a column of PostgreSQL can have is served right, or is named in the report.

The oracle is the catalog: each type of `pg_type` gets a column, and each value that the type reads from a text a row.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from random import Random
from typing import Any, NamedTuple

import asyncpg
import pytest
from graphql import GraphQLField, GraphQLObjectType, GraphQLOutputType, get_named_type

from db.kinds import DatabaseText
from db.reflection import MappingPlan
from db.session.engines import Engines
from graph.context import ContextFactory
from graph.entity import ScalarType
from graph.entity.registry import entities_named
from graph.entity.types import TYPES
from graph.reflected import reflected_domain
from graph.reflected.reading import plan_shown
from tests.databases import Database
from tests.db.reflection.databases import catalog_of
from tests.entity.serving import Api
from tests.reflected.library import settings_of

pytestmark = pytest.mark.postgresql

OF_OUR_OWN = """
CREATE EXTENSION IF NOT EXISTS ltree;
CREATE EXTENSION IF NOT EXISTS hstore;
CREATE EXTENSION IF NOT EXISTS citext;
CREATE SCHEMA other;
CREATE TYPE mood AS ENUM ('', 'true', 'null', 'a b', 'a-b', 'A', 'a');
CREATE TYPE other.mood AS ENUM ('a', 'Ω');
CREATE TYPE address AS (city text, "Zip Code" numeric(8, 2), moods mood[], eq integer, place point);
CREATE TYPE journey AS (start address, stops address[], days daterange, spent interval);
CREATE TYPE floats AS RANGE (subtype = float8);
CREATE TYPE hours AS RANGE (subtype = time);
CREATE TYPE texts AS RANGE (subtype = text);
CREATE DOMAIN positive AS integer CHECK (VALUE > 0);
CREATE DOMAIN many AS integer[];
CREATE DOMAIN far AS int4range;
CREATE DOMAIN home AS address;
CREATE DOMAIN bounded AS numeric(6, 2);
CREATE TABLE places (id integer, name text);
"""

WORDS = (
    *("", "0", "1", "-1", "32767", "-2147483648", "9223372036854775807", "18446744073709551615", "1.50", "0.1"),
    *("1e30", "1e-300", "NaN", "Infinity", "-Infinity", "infinity", "-infinity", "true", "f", "a", "A", "null", "a b"),
    *("ä €", "x y ", "$1.50", "2026-03-01", "0044-03-15 BC", "294276-12-31", "2026-03-01 12:30:00.5+02"),
    *("4713-01-01 00:00:00 BC", "12:30", "24:00:00", "12:30:00.123456-11:30", "1 year 2 mons 3 days 04:05:06.7"),
    *("-1 year -2 mons -3 days -00:00:01", "178000000 years", "101", "{}", "[]", '{"a": [1, null]}', "[1.50, 1e400]"),
    *("{1,NULL,-2}", "{{1,2},{3,4}}", "[0:1]={1,2}", "{a,NULL,b}", '{"",NULL}', "[1,5)", "(,5]", "empty", "(,)"),
    *("[a,b)", '["a, b",c)', "{[1,3),[5,9]}", "{empty}", "[2026-03-01,infinity)", "[12:00,13:30)", "(1,2)", "(NaN,1)"),
    *("{1,2,3}", "[(1,2),(3,4)]", "((1,2),(3,4))", "<(1,2),3>", "192.0.2.1", "10.0.0.0/8", "2001:db8::1/64"),
    *("08:00:2b:01:02:03", "08:00:2b:01:02:03:04:05", "01890a5d-ac96-774b-bcce-b302099a8057", "<a>b</a>"),
    *("Top.Science", "a=>1, b=>NULL", "'a':1 'b':2A", "a & !b", "$.a[*]", "16/B374D848", "10:20:10,14", "(0,1)"),
    *("pg_class", "integer", "pg_catalog", "english", "postgres", "=(integer,integer)", "now()", "\\x00ff"),
    *("postgres=r/postgres", "C", "simple"),
    *("(Oslo,1.50,{A},7,)", "(,,,,)", '("a ""b"", (c)",,"{NULL,"""", ""a b""}",-1,"(1,2)")', "(1,x)", "(,)"),
    *('("(Oslo,1.50,,,)","{""(Rome,,,,)"",NULL}","[2026-03-01,)","1 mon")',),
)
"""Texts of which each type reads some."""


def random_words(dice: Random) -> Iterator[str]:
    """More of them, anywhere between the ends."""
    for bits in (7, 15, 31, 63):
        yield str(dice.randrange(-(2**bits), 2**bits))
    yield from (f"{dice.uniform(-1, 1) * 10.0 ** dice.randint(-300, 300)!r}" for _ in range(3))
    yield f"{dice.randrange(10**20)}.{dice.randrange(10**15):015}"
    for _ in range(3):
        day = f"{dice.randint(1, 9999):04}-{dice.randint(1, 12):02}-{dice.randint(1, 28):02}"
        at = f"{dice.randrange(24):02}:{dice.randrange(60):02}:{dice.randrange(60):02}.{dice.randrange(10**6):06}"
        zone = f"{dice.choice('+-')}{dice.randrange(16):02}:{dice.randrange(60):02}"
        yield from (day, at, f"{at}{zone}", f"{day} {at}{zone}", f"[{day},)", f'{{"{day} {at}{zone}",NULL}}')
        parts = [dice.choice([-1, 1]) * dice.randrange(10**6) for _ in range(3)]
        yield f"{parts[0]} mons {parts[1]} days {dice.choice(['', '-'])}{at}"
    numbers = sorted(dice.randrange(-(2**31), 2**31) for _ in range(4))
    yield from (f"{{{','.join(map(str, numbers))}}}", f"[{numbers[0]},{numbers[3]})")
    yield f"{{[{numbers[0]},{numbers[1]}),({numbers[2]},{numbers[3]}]}}"
    yield "".join(chr(dice.randrange(1, 0xD800)) for _ in range(20))
    yield "".join(dice.choice("01") for _ in range(40))


OF_ARRAYS = "int4,text,timestamptz,interval,inet,bpchar,int4range,regclass,money,bytea,jsonb,float4,int4multirange"


class Column(NamedTuple):
    """A column, and the texts that its type reads, by the number of their rows."""

    name: str
    written: str
    words: dict[int, str]


async def _columns(connection: Any) -> list[str]:
    """The types that a column can have, as SQL writes them; with arrays of those in `OF_ARRAYS`."""
    rows = await connection.fetch(
        f"""
        SELECT CASE pg_type.oid WHEN 'bpchar'::regtype THEN 'bpchar' ELSE format_type(pg_type.oid, NULL) END AS written
        FROM pg_type JOIN pg_namespace ON pg_namespace.oid = typnamespace
            LEFT JOIN pg_type AS one ON one.typarray = pg_type.oid
        WHERE pg_type.typtype IN ('b', 'd', 'e', 'r', 'm', 'c') AND pg_type.typisdefined
            AND nspname <> 'information_schema' AND (pg_type.typrelid = 0 OR nspname <> 'pg_catalog')
            AND (one.oid IS NULL OR nspname <> 'pg_catalog' OR one.oid = ANY ('{{{OF_ARRAYS}}}'::regtype[]))
        ORDER BY pg_type.oid
        """
    )
    return [row["written"] for row in rows]


async def made(database: Database) -> Sequence[Column]:
    """Make the table, a column for each type and a row for each value of each."""
    connection = await asyncpg.connect(database.url)
    try:
        await connection.execute(OF_OUR_OWN)
        types = await _columns(connection)
        await connection.execute(
            f"CREATE TABLE specimens (nr serial PRIMARY KEY, {', '.join(f'v{n}_ {it}' for n, it in enumerate(types))})"
        )
        return [Column(f"v{n}_", it, await _filled(connection, f"v{n}_", it)) for n, it in enumerate(types)]
    finally:
        await connection.close()


async def _filled(connection: Any, column: str, written: str) -> dict[int, str]:
    # The block answers for what a type does not read, as the server's own words are all that is wanted.
    await connection.execute(
        f"""
        CREATE OR REPLACE FUNCTION pg_temp.fill(words text) RETURNS void LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO specimens ({column}) VALUES (CAST(words AS {written}));
        EXCEPTION WHEN OTHERS THEN NULL;
        END $$
        """
    )
    await connection.fetch(
        "SELECT pg_temp.fill(words) FROM unnest($1::text[]) AS words", [*WORDS, *random_words(Random(7))]
    )
    rows = await connection.fetch(
        f"SELECT nr, CAST({column} AS text) AS words FROM specimens WHERE {column} IS DISTINCT FROM NULL"
    )
    return {row["nr"]: row["words"] for row in rows}


@asynccontextmanager
async def served(database: Database) -> AsyncIterator[tuple[Api, MappingPlan]]:
    """What is there, as `trellis serve --reflect` shows it."""
    settings = settings_of(database, writable=True)
    plan = plan_shown(await catalog_of(database))
    engines = Engines(settings)
    try:
        yield Api(reflected_domain(plan, writable=True).schema(settings), engines), plan
    finally:
        await engines.dispose()


class Answer(NamedTuple):
    """What an operation is answered."""

    nodes: list[dict[str, Any]]
    edges: list[dict[str, Any]]
    unreadable: set[int]
    """The places of rows with a value that cannot be read."""


async def asked(api: Api, document: str, **variables: Any) -> Answer:
    """Ask for rows. Nothing may be wrong but values that cannot be read."""
    result = await api.schema.execute(document, variables, context_value=ContextFactory(api.engines))
    kinds = {type(error.original_error or error).__name__ for error in result.errors or []}
    assert kinds <= {"UnreadableField"}, (document, variables, result.errors)
    assert result.data is not None
    places = {error.path[2] for error in result.errors or [] if error.path is not None}
    edges = result.data["specimens"]["edges"]
    return Answer([edge["node"] for edge in edges], edges, {int(place) for place in places})


def selection(type_: GraphQLOutputType) -> str:
    """All fields of a type with fields."""
    named = get_named_type(type_)
    if not isinstance(named, GraphQLObjectType):
        return ""
    return f" {{ {' '.join(name + selection(field.type) for name, field in named.fields.items())} }}"


class Shown(NamedTuple):
    """A column, as the schema shows it."""

    column: Column
    name: str
    selection: str
    entry: ScalarType[Any]

    async def walk(self, api: Api) -> dict[int, Any]:
        """The values of all rows with one, page by page and in their order where they have one, by `nr`.

        What cannot be read is left out.
        """
        order = f", orderBy: [{{{self.name}: ASC}}]" if self.entry.is_ordered else ""
        document = f"""query ($after: String) {{
          specimens(first: 60, after: $after, where: {{{self.name}: {{isNull: false}}}}{order}) {{
            edges {{ cursor node {{ nr {self.name}{self.selection} }} }}
          }}
        }}"""
        values: dict[int, Any] = {}
        seen: list[int] = []
        after = None
        while page := (await asked(api, document, after=after)):
            if not page.edges:
                break
            assert not seen or page.nodes[0]["nr"] not in seen, "the walk goes in circles"
            after = page.edges[-1]["cursor"]
            seen += [node["nr"] for node in page.nodes]
            values |= {
                node["nr"]: node[self.name] for place, node in enumerate(page.nodes) if place not in page.unreadable
            }
        there = {row for row, words in self.column.words.items() if self.entry.name != "JSON" or words != "null"}
        assert sorted(seen) == sorted(there), self
        return values

    async def check(self, api: Api) -> None:
        """All rows are walked over, and found by their values."""
        values = await self.walk(api)
        if self.entry.annotation is DatabaseText:
            assert values == self.column.words
        if "eq" in self.entry.filter.operators:
            for row in list(values)[:: max(1, len(values) // 2)]:
                await self.find(api, "eq", row, values[row])
        if "in" in self.entry.filter.operators:
            for row in list(values)[:1]:
                await self.find(api, "in", row, [values[row]])

    async def find(self, api: Api, operator: str, row: int, given: Any) -> None:
        """A row is found by its value."""
        document = f"""query ($is: {self.entry.name}Filter) {{
          specimens(first: 100, where: {{{self.name}: $is}}) {{ edges {{ node {{ nr }} }} }}
        }}"""
        found = (await asked(api, document, **{"is": {operator: given}})).nodes
        assert row in [node["nr"] for node in found], (self, operator, given)


def fields_of(api: Api) -> dict[str, GraphQLField]:
    """The fields of the type."""
    type_: object = api.schema._schema.type_map["Specimen"]  # noqa: SLF001 - Strawberry has no other way
    assert isinstance(type_, GraphQLObjectType)
    fields: dict[str, GraphQLField] = type_.fields
    return fields


async def test_every_type_is_served_or_named(blank_database: Database) -> None:
    columns = {column.name: column for column in await made(blank_database)}
    async with served(blank_database) as (api, plan):
        (model,) = [it for it in plan.models if it.table.name.name == "specimens"]
        left_out = {it.what for it in plan.left_out}
        as_text = {it.what for it in plan.guesses}
        fields = fields_of(api)
        *_, entity = entities_named("Specimen")
        annotations = {name: it.type for name, it in entity.attributes.items()}
        for attribute in model.attributes:
            if attribute.hidden:
                assert f"column specimens.{attribute.column.name}" in left_out
            elif attribute.name != "nr":
                entry = TYPES.known(annotations[attribute.graphql_name])
                name = attribute.graphql_name
                shown = Shown(columns[attribute.column.name], name, selection(fields[name].type), entry)
                await shown.check(api)
                if shown.entry.annotation is DatabaseText:
                    assert f"type of column specimens.{attribute.column.name}" in as_text
        (hidden,) = (it for it in columns.values() if f"column specimens.{it.name}" in left_out)
        assert hidden.written == "tsvector"
