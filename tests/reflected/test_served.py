"""What a server shows of a database that was there before, and what it leaves as it is."""

import asyncio
import inspect
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import make_url, text
from sqlalchemy.exc import DBAPIError

from db.dialects import Outage, failure_of
from db.reflection import Chosen, MappingPlan
from db.reflection.catalog import Catalog, LeftOut
from db.reflection.plan import Guess
from db.session.engines import Engines
from graph.app import create_app
from graph.errors import CannotStart
from graph.reflected.reading import read_plan
from graph.reflected.telling import told
from graph.settings import Settings
from tests.databases import Database, StatementRecorder, settings_for
from tests.db.reflection.databases import planned
from tests.entity.serving import Api
from tests.reflected.library import reflected, settings_of, sql_of

RELATED = """{
  authors(first: 50) {
    nodes { fullName mentor { fullName } booksByAuthor(first: 9) { nodes { title tags { nodes { word } } } } }
  }
}"""


async def test_what_graphiql_opens_with_is_answered(blank_database: Database) -> None:
    async with reflected(blank_database, sql_of(blank_database.dialect)) as (api, _, domain):
        page, aggregate = [await api.ask(tab.query) for tab in domain.tabs]
    assert page["books"]["totalCount"] == aggregate["booksAggregate"]["count"] == 30
    assert len(page["books"]["nodes"]) == 5


async def test_each_relation_costs_a_statement(blank_database: Database, statements: StatementRecorder) -> None:
    async with reflected(blank_database, sql_of(blank_database.dialect)) as (api, _, _):
        await api.ask(RELATED)  # what a driver asks about types that it has not met
        with statements() as seen:
            found = await api.ask(RELATED)
        words = await api.rows(text("SELECT count(*) FROM book_tags"))
    assert len(seen) == 4  # authors, their mentors, their books, the tags of these
    books = [book for author in found["authors"]["nodes"] for book in author["booksByAuthor"]["nodes"]]
    assert sum(len(book["tags"]["nodes"]) for book in books) == words[0][0]


async def test_an_id_finds_its_row_again_whatever_its_key(blank_database: Database) -> None:
    async with reflected(blank_database, sql_of(blank_database.dialect)) as (api, _, _):
        page = await api.ask("{ bookCopies(first: 3) { nodes { id library number } } genres { nodes { id code } } }")
        for type_, nodes in (("BookCopy", page["bookCopies"]["nodes"]), ("Genre", page["genres"]["nodes"])):
            fields = " ".join(nodes[0])
            for node in nodes:
                document = f"query ($id: ID!) {{ node(id: $id) {{ ... on {type_} {{ {fields} }} }} }}"
                assert (await api.ask(document, id=node["id"]))["node"] == node


async def test_rows_without_a_key_and_views_are_read(blank_database: Database) -> None:
    async with reflected(blank_database, sql_of(blank_database.dialect)) as (api, plan, _):
        found = await api.ask("{ visits(limit: 50) { nodes { reader minutes } } priceds { totalCount } }")
        priced = await api.rows(text("SELECT count(*) FROM priced"))
    assert len(found["visits"]["nodes"]) == 15
    assert found["priceds"]["totalCount"] == priced[0][0]
    assert told(plan)[0].startswith("Serving 9 tables, 1 view and ")  # the tenth only leads from books to tags


async def test_nothing_is_written_and_nothing_can_be(blank_database: Database) -> None:
    async with reflected(blank_database, sql_of(blank_database.dialect)) as (api, _, domain):
        before = await contents(blank_database)
        settings = settings_of(blank_database).model_copy(update={"start_checks": True})
        app = create_app(settings, domain=domain)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://reflected") as client,
        ):
            answer = await client.post("/graphql", json={"query": RELATED})
            assert (await client.get("/readyz")).json() == {"status": "ok"}
        assert "errors" not in answer.json()
        assert "type Mutation" not in str(api.schema)
        with pytest.raises(DBAPIError) as refused:
            async with api.engines.writing().begin() as connection:
                await connection.execute(text("INSERT INTO visits VALUES ('me', 1)"))
        assert failure_of(refused.value) is Outage.READ_ONLY
    assert await contents(blank_database) == before


@pytest.mark.sqlite
async def test_what_somebody_else_writes_meanwhile_is_read(blank_database: Database) -> None:
    async with reflected(blank_database, sql_of("sqlite")) as (api, _, _):
        visits = "{ visits { totalCount } }"
        assert (await api.ask(visits))["visits"]["totalCount"] == 15
        for expected in (16, 17):
            with closing(sqlite3.connect(str(make_url(blank_database.url).database))) as other, other:
                other.execute("INSERT INTO visits VALUES ('me', 1)")
                other.commit()
                assert (await api.ask(visits))["visits"]["totalCount"] == expected
            assert (await api.ask(visits))["visits"]["totalCount"] == expected


async def contents(database: Database) -> Any:
    """All that a database holds: a file with what is beside it, or the rows of every table and every name."""
    file = make_url(database.url).database or ""
    if database.dialect == "sqlite":
        return {each.name: each.read_bytes() for each in Path(file).parent.iterdir()}
    engines = Engines(settings_for(database))
    try:
        async with engines.reading().connect() as connection:
            names = list(await connection.scalars(text("SELECT oid::regclass::text FROM pg_class ORDER BY 1")))
            own = await connection.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))
            rows = {name: list(await connection.execute(text(f'SELECT t.*, t.xmin FROM "{name}" t'))) for name in own}
        return names, rows
    finally:
        await engines.dispose()


async def test_rows_are_made_changed_and_deleted_where_that_is_wanted(blank_database: Database) -> None:
    async with reflected(blank_database, sql_of(blank_database.dialect), writable=True) as (api, _, _):
        made = await do(api, "createBookCopy", {"library": "west", "number": 1, "bookId": 3})
        changed = await do(api, "updateBookCopy", {"id": made["id"], "bookId": 4})
        assert (changed["number"], changed["book"]["id"]) == (1, made["book"]["id"][:-1] + changed["book"]["id"][-1])
        assert (await api.rows(text("SELECT book_id FROM \"Book Copies\" WHERE library = 'west'"))) == [(4,)]
        taken = await api.ask(MAKE, input={"library": "west", "number": 1, "bookId": 3})
        assert [error["__typename"] for error in taken["createBookCopy"]["errors"]] == ["AlreadyExists"]
        nowhere = await api.ask(MAKE, input={"library": "west", "number": 2, "bookId": 99})
        assert [error["__typename"] for error in nowhere["createBookCopy"]["errors"]] == ["NotFound"]
        gone = "mutation ($id: ID!) { deleteBookCopy(input: { id: $id }) { deletedId errors { __typename } } }"
        assert (await api.ask(gone, id=made["id"]))["deleteBookCopy"]["deletedId"] == made["id"]


MAKE = """mutation ($input: CreateBookCopyInput!) {
  createBookCopy(input: $input) { bookCopy { id } errors { __typename } }
}"""


async def do(api: Api, name: str, given: dict[str, Any]) -> dict[str, Any]:
    """What a mutation of a copy has made of it."""
    type_ = f"{name[0].upper()}{name[1:]}Input"
    document = f"""mutation ($input: {type_}!) {{
      {name}(input: $input) {{ bookCopy {{ id number book {{ id }} }} errors {{ __typename }} }}
    }}"""
    found = (await api.ask(document, input=given))[name]
    assert found["errors"] == []
    return dict(found["bookCopy"])


def test_what_cannot_be_read_is_refused_with_the_cure(blank_database: Database) -> None:
    settings = settings_of(blank_database, writable=True)
    if blank_database.dialect == "sqlite":
        Path(str(settings.primary.database)).touch()
    with pytest.raises(CannotStart, match=r"has no table that can be read\. Make one"):
        asyncio.run(read_plan(settings, Chosen()))
    asyncio.run(planned(blank_database, sql_of(blank_database.dialect)))
    with pytest.raises(CannotStart, match=r"^No table .* is left by --schema, --only and --except\."):
        asyncio.run(read_plan(settings, Chosen(only=["nothing*"])))
    with pytest.raises(CannotStart, match="Choose among them with --schema"):
        asyncio.run(read_plan(settings, Chosen(schemas=["nowhere"])))
    assert [model.class_name for model in asyncio.run(read_plan(settings, Chosen(only=["ta*"]))).models] == ["Tag"]


@pytest.mark.sqlite
def test_a_missing_file_is_not_made(tmp_path: Path) -> None:
    settings = Settings(database_url=SecretStr(f"sqlite:///{tmp_path / 'none.db'}"), read_only=True)
    with pytest.raises(CannotStart, match=r"none\.db is not there\. Correct --reflect\.$"):
        asyncio.run(read_plan(settings, Chosen()))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.sqlite
async def test_a_hundred_tables_in_a_row_are_served(blank_database: Database) -> None:
    """Whoever walks from type to type goes as deep as there are tables in a row."""
    made = ["CREATE TABLE t0 (id integer PRIMARY KEY)"]
    made += [f"CREATE TABLE t{n} (id integer PRIMARY KEY, up integer REFERENCES t{n - 1} (id))" for n in range(1, 100)]
    calls = sys.getrecursionlimit()
    async with reflected(blank_database, "\n\n".join(made)) as (api, _, domain):
        sys.setrecursionlimit(len(inspect.stack()) + 150)
        try:
            assert [await api.ask(tab.query) for tab in domain.tabs]
        finally:
            sys.setrecursionlimit(calls)


def test_people_are_told_what_is_left_out_and_what_was_guessed() -> None:
    plan = MappingPlan(
        catalog=Catalog(dialect="sqlite", tables=()),
        models=(),
        guesses=[
            Guess("key of view v", "There is none.", "`@key (column)`."),
            Guess("relation a.b", "It is b.", "`@name`."),
        ],
        left_out=[LeftOut("column a.c", "No form is known for it.")],
    )
    assert told(plan) == [
        "Serving 0 tables, 0 views and 0 columns.",
        "Not as it is there: column a.c. No form is known for it.",
        "2 guesses; --verbose tells them.",
    ]
    assert told(plan, verbose=True)[2:] == [
        "Guessed: key of view v. There is none. Otherwise: `@key (column)`.",
        "Guessed: relation a.b. It is b. Otherwise: `@name`.",
    ]


TRIGGERS = {
    "sqlite": "CREATE TRIGGER no BEFORE INSERT ON tags WHEN NEW.word = 'no' BEGIN SELECT RAISE(ABORT, 'secret'); END",
    "postgresql": (
        "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN IF NEW.word = 'no' THEN RAISE EXCEPTION 'secret'; END IF; RETURN NULL; END $$\n\n"
        "CREATE TRIGGER no BEFORE INSERT ON tags FOR EACH ROW EXECUTE FUNCTION no()"
    ),
}


async def test_what_a_trigger_refuses_is_a_user_error(blank_database: Database) -> None:
    sql = f"CREATE TABLE tags (word text PRIMARY KEY)\n\n{TRIGGERS[blank_database.dialect]}"
    async with reflected(blank_database, sql, writable=True) as (api, _, _):
        make = "mutation ($word: String!) { createTag(input: { word: $word }) { tag { word } errors { __typename } } }"
        refused = await api.ask(make, word="no")
        assert refused["createTag"] == {"tag": None, "errors": [{"__typename": "InvalidInput"}]}
        taken = await api.ask(make, word="yes")
        is_left_out = blank_database.dialect == "postgresql"  # its trigger leaves every row out
        assert bool(taken["createTag"]["errors"]) is is_left_out
