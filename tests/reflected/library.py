"""A lending library as somebody has made it by SQL.

In it are keys of several columns, a self reference, two ways to one table, a table between, words, a view, rows without
a key, and odd names. A database enters, an API over it leaves. Nothing here is mapped by hand.
"""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random

from pydantic import SecretStr

from db.reflection import MappingPlan
from db.session.engines import Engines
from graph.domain import Domain
from graph.reflected import reflected_domain
from graph.reflected.reading import plan_shown
from graph.settings import Settings
from tests.databases import Database
from tests.db.reflection.databases import catalog_of, check_that_nothing_vanished
from tests.entity.serving import Api

MOOD = {
    "postgresql": "CREATE TYPE mood AS ENUM ('calm', 'very odd')\n\n",
    "sqlite": "",
}

TABLES = """
CREATE TABLE genres (code text PRIMARY KEY, label text NOT NULL)

CREATE TABLE authors (
    id integer PRIMARY KEY, full_name text NOT NULL, "birthYear" integer, mentor_id integer REFERENCES authors (id)
)

CREATE TABLE books (
    id integer PRIMARY KEY,
    title text NOT NULL,
    author_id integer NOT NULL REFERENCES authors (id),
    editor_id integer REFERENCES authors (id),
    genre text REFERENCES genres (code),
    price numeric(8, 2),
    mood %(mood)s NOT NULL,
    in_print boolean NOT NULL
)

CREATE TABLE "Book Copies" (
    library text NOT NULL, number integer NOT NULL, book_id integer NOT NULL REFERENCES books (id), bought date,
    PRIMARY KEY (library, number)
)

CREATE TABLE readers (id integer PRIMARY KEY, "Name_" text NOT NULL, email text UNIQUE)

CREATE TABLE loans (
    id integer PRIMARY KEY, library text, number integer, reader_id integer NOT NULL REFERENCES readers (id),
    days integer, FOREIGN KEY (library, number) REFERENCES "Book Copies" (library, number)
)

CREATE TABLE tags (id integer PRIMARY KEY, word text NOT NULL UNIQUE)

CREATE TABLE book_tags (
    book_id integer NOT NULL REFERENCES books (id), tag_id integer NOT NULL REFERENCES tags (id),
    PRIMARY KEY (book_id, tag_id)
)

CREATE TABLE query (id integer PRIMARY KEY, "count" integer, "and" text, node integer NOT NULL)

CREATE TABLE visits (reader text, minutes integer)

CREATE VIEW priced AS SELECT id AS book_id, title, price FROM books WHERE price IS NOT NULL

"""

KEY_OF_THE_VIEW = {
    "postgresql": "COMMENT ON VIEW priced IS 'Books that have a price. @key (book_id)'\n\n",
    "sqlite": "",
}
WORDS = {"postgresql": "mood", "sqlite": "text CHECK (mood IN ('calm', 'very odd'))"}


def sql_of(dialect: str, seed: int = 7) -> str:
    """The statements that make the tables and fill them, parted by empty lines."""
    return MOOD[dialect] + TABLES % {"mood": WORDS[dialect]} + KEY_OF_THE_VIEW[dialect] + _rows(Random(seed))


def _rows(dice: Random) -> str:
    """The same rows on both databases. Texts are of letters that every collation has in one order."""

    def some(low: int, high: int, empty: float = 0.2) -> str:
        return "NULL" if dice.random() < empty else str(dice.randint(low, high))

    def word(empty: float = 0.0) -> str:
        return "NULL" if dice.random() < empty else f"'{''.join(dice.choice('abc') for _ in range(3))}'"

    mentors = ["NULL", *(some(1, number - 1) for number in range(2, 13))]
    rows = {
        "genres": [f"'{code}', {word()}" for code in "ab"],
        "authors": [f"{n}, {word()}, {some(1900, 1905)}, {mentors[n - 1]}" for n in range(1, 13)],
        "books": [
            f"{n}, {word()}, {some(1, 12, 0)}, {some(1, 12)}, {dice.choice(['NULL', repr('a'), repr('b')])},"
            f" {dice.choice(['NULL', '9.50', '12', '0.25'])}, {dice.choice([repr('calm'), repr('very odd')])},"
            f" {dice.choice(['true', 'false'])}"
            for n in range(1, 31)
        ],
        '"Book Copies"': [
            f"'{place}', {n}, {some(1, 30, 0)}, {dice.choice(['NULL', repr('2024-02-29')])}"
            for place in ("north", "south")
            for n in range(1, 11)
        ],
        "readers": [f"{n}, {word()}, {dice.choice(['NULL', repr(f'r{n}@example.org')])}" for n in range(1, 8)],
        "loans": [
            f"{n}, {dice.choice([repr('north'), repr('south')])}, {some(1, 10)}, {some(1, 7, 0)}, {some(1, 9)}"
            for n in range(1, 41)
        ],
        "tags": [f"{n}, 't{n}'" for n in range(1, 6)],
        "book_tags": [f"{b}, {t}" for b in range(1, 31) for t in range(1, 6) if dice.random() < 0.3],
        "query": [f"{n}, {some(1, 3)}, {word(0.3)}, {some(1, 3, 0)}" for n in range(1, 11)],
        "visits": [f"{word(0.3)}, {some(1, 3)}" for _ in range(15)],
    }
    return "\n\n".join(f"INSERT INTO {table} VALUES ({'), ('.join(values)})" for table, values in rows.items())


def settings_of(database: Database, *, writable: bool = False) -> Settings:
    """The settings of a server that looks at a database."""
    return Settings(
        database_url=SecretStr(database.url), pool_size=2, pool_timeout_s=10, read_only=not writable, record_usage=False
    )


@asynccontextmanager
async def reflected(
    database: Database, sql: str, *, writable: bool = False
) -> AsyncIterator[tuple[Api, MappingPlan, Domain]]:
    """Run statements, and serve what is there then."""
    plan = plan_shown(await catalog_of(database, sql))
    check_that_nothing_vanished(plan)
    settings = settings_of(database, writable=writable)
    domain = reflected_domain(plan, writable=writable)
    engines = Engines(settings)
    try:
        # What work is allowed, tests/prepare/test_work.py is about.
        schema = domain.schema(settings.model_copy(update={"max_work": sys.maxsize}))
        yield Api(schema, engines), plan, domain
    finally:
        await engines.dispose()
