"""What is read of a database: all that is in it, in a few statements, and nothing is written."""

import hashlib
from pathlib import Path
from typing import Optional

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.exc import DBAPIError

from db.reflection import Chosen, UnknownSchema, read
from db.reflection.catalog import Catalog, FoundForeignKey, FoundKey, Generated, Kind, Name, Told
from db.session.engines import Engines
from tests.databases import Database, engine_statements, settings_for
from tests.db.reflection.databases import attribute, catalog_of, model, planned, relations, table

SHOP = """
CREATE TABLE customers (id integer PRIMARY KEY, email varchar(100) NOT NULL UNIQUE, nick text UNIQUE,
    city text DEFAULT 'Bern', age integer CHECK (age > 0), double_age integer GENERATED ALWAYS AS (age * 2) STORED)

CREATE TABLE orders (customer_id integer NOT NULL REFERENCES customers ON DELETE CASCADE, number integer NOT NULL,
    note text, PRIMARY KEY (customer_id, number))

CREATE TABLE no_key (a integer, b integer)

CREATE TABLE one_key (a integer, b integer NOT NULL UNIQUE)

CREATE INDEX ix_city ON customers (city, id)

CREATE UNIQUE INDEX ix_old ON customers (city) WHERE age > 90

CREATE INDEX ix_lower ON customers (lower(city))

CREATE VIEW cities AS SELECT DISTINCT city FROM customers
"""


async def test_tables_have_their_keys_columns_and_indexes(blank_database: Database) -> None:
    catalog = await catalog_of(blank_database, SHOP)
    assert [(str(each.name), each.kind) for each in catalog.tables] == [
        ("cities", Kind.VIEW),
        ("customers", Kind.TABLE),
        ("no_key", Kind.TABLE),
        ("one_key", Kind.TABLE),
        ("orders", Kind.TABLE),
    ]
    customers = table(catalog, "customers")
    assert [(each.name, each.nullable, each.generated) for each in customers.columns] == [
        ("id", False, Generated.IDENTITY_BY_DEFAULT if catalog.dialect == "sqlite" else None),
        ("email", False, None),
        ("nick", True, None),
        ("city", True, None),
        ("age", True, None),
        ("double_age", True, Generated.COMPUTED),
    ]
    assert (customers.columns[3].default or "").startswith("'Bern'")
    assert "age" in (customers.columns[5].computed or "")
    assert customers.key is not None
    assert customers.key.columns == ("id",)
    assert [each.columns for each in customers.unique] == [("email",)]
    assert [each.columns for each in customers.nullable_unique] == [("nick",)]
    assert {(each.name, each.columns, each.unique, each.where is None) for each in customers.indexes} == {
        ("ix_city", ("city", "id"), False, True),
        ("ix_old", ("city",), True, False),
        ("ix_lower", (None,), False, True),
    }
    assert ["age" in each.sql for each in customers.checks] == [True]
    (to_customer,) = table(catalog, "orders").foreign_keys
    assert to_customer.target_columns == ("id",)
    assert to_customer.on_delete == "CASCADE"
    assert to_customer.certain == (catalog.dialect != "sqlite")
    assert table(catalog, "no_key").key is None
    one_key = table(catalog, "one_key").key
    assert one_key is not None
    assert (one_key.columns, one_key.told) == (("b",), Told.UNIQUE)


async def test_what_trellis_and_alembic_keep_is_left_out(blank_database: Database) -> None:
    catalog = await catalog_of(
        blank_database,
        """
        CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)

        CREATE TABLE trellis_revisions (version_num varchar(32) PRIMARY KEY)

        CREATE TABLE trellises (id integer PRIMARY KEY)
        """,
    )
    assert [str(each.name) for each in catalog.tables] == ["trellises"]
    assert {each.what for each in catalog.left_out} == {"table alembic_version", "table trellis_revisions"}


async def test_what_the_database_gives_is_not_writable(blank_database: Database) -> None:
    plan = await planned(blank_database, SHOP)
    customer = model(plan, "Customer")
    assert attribute(customer, "city").writable
    assert not attribute(customer, "double_age").writable
    assert customer.natural_keys == ("email",)
    assert not any(each.writable for each in model(plan, "City").attributes)
    assert {"key of table no_key", "key of table one_key", "key of view cities"} <= {each.what for each in plan.guesses}


async def test_reading_writes_nothing(blank_database: Database) -> None:
    before = await catalog_of(blank_database, SHOP)
    digest_before = digest_of_file(blank_database)
    engines = Engines(settings_for(blank_database))
    async with engines.primary.connect() as connection:
        assert repr(await read(connection)) == repr(before)
        if connection.dialect.name == "postgresql":  # what has no number in the log has written nothing
            assert await connection.scalar(text("SELECT pg_current_xact_id_if_assigned()")) is None
            with pytest.raises(DBAPIError, match="read-only transaction"):
                await connection.execute(text("CREATE TABLE mine (id integer)"))
    await engines.dispose()
    assert digest_of_file(blank_database) == digest_before


@pytest.mark.postgresql
async def test_many_tables_cost_no_more_statements_than_few(blank_database: Database) -> None:
    async def statements() -> int:
        with engine_statements() as seen:
            await catalog_of(blank_database)
        return len(seen)

    await catalog_of(blank_database, "CREATE TABLE t0 (id integer PRIMARY KEY, other_id integer REFERENCES t0)")
    few = await statements()
    many = "\n\n".join(
        f"CREATE TABLE t{n} (id integer PRIMARY KEY, other_id integer REFERENCES t0)" for n in range(1, 30)
    )
    await catalog_of(blank_database, many)
    # Read only, schemas, tables, columns, constraints, indexes, policies, enumerations, domains; SQLAlchemy asks for
    # types with three.
    assert await statements() == few
    assert few <= 14


@pytest.mark.postgresql
async def test_schemas_are_those_of_the_search_path_or_those_that_are_named(blank_database: Database) -> None:
    sql = """
        CREATE SCHEMA a

        CREATE SCHEMA b

        CREATE TABLE here (id integer PRIMARY KEY)

        CREATE TABLE a.users (id integer PRIMARY KEY, name text)

        CREATE TABLE b.users (id integer PRIMARY KEY, friend_id integer REFERENCES a.users)

        CREATE TABLE b.things (id integer PRIMARY KEY)
    """
    plan = await planned(blank_database, sql)
    assert [each.class_name for each in plan.models] == ["Here"]
    assert {each.what for each in plan.left_out} == {"schema a", "schema b"}
    plan = await planned(blank_database, chosen=Chosen(schemas=["a", "b"]))
    assert {each.class_name: str(each.table.name) for each in plan.models} == {
        "AUser": "a.users",
        "BUser": "b.users",
        "Thing": "b.things",  # the schema stands before a name only where two are alike
    }
    assert relations(model(plan, "BUser")) == ["friend: AUser?"]
    plan = await planned(blank_database, chosen=Chosen(schemas=["a", "b"], only=["b.*"]))
    assert [each.class_name for each in plan.models] == ["Thing", "User"]
    with pytest.raises(UnknownSchema, match=r"There is no schema 'c'; there are: a, b, public\."):
        await catalog_of(blank_database, chosen=Chosen(schemas=["c"]))


@pytest.mark.sqlite
async def test_sqlite_has_one_schema(blank_database: Database) -> None:
    assert (await catalog_of(blank_database, SHOP, Chosen(schemas=["main"]))).tables
    with pytest.raises(UnknownSchema):
        await catalog_of(blank_database, chosen=Chosen(schemas=["public"]))


@pytest.mark.postgresql
async def test_comments_of_postgresql_override(blank_database: Database) -> None:
    catalog = await catalog_of(
        blank_database,
        """
        CREATE TABLE tbl_author (id integer PRIMARY KEY, nm text NOT NULL, secret text)

        CREATE TABLE tbl_book (id integer PRIMARY KEY, a integer,
            CONSTRAINT wrote FOREIGN KEY (a) REFERENCES tbl_author)

        CREATE VIEW sales AS SELECT 1 AS author, 2 AS amount

        CREATE VIEW twice AS SELECT n % 2 AS id FROM generate_series(1, 3) AS n

        CREATE VIEW nulls AS SELECT CAST(NULL AS integer) AS id

        CREATE TABLE hidden (id integer)

        COMMENT ON TABLE tbl_author IS E'Who writes.\\n@name Writer writers'

        COMMENT ON COLUMN tbl_author.nm IS 'The name. @name name'

        COMMENT ON COLUMN tbl_author.secret IS '@omit'

        COMMENT ON CONSTRAINT wrote ON tbl_book IS '@name writer @back works'

        COMMENT ON VIEW sales IS '@key (author)'

        COMMENT ON COLUMN sales.author IS '@references tbl_author (id)'

        COMMENT ON VIEW twice IS '@key (id)'

        COMMENT ON VIEW nulls IS '@key (id)'

        COMMENT ON TABLE hidden IS '@omit'

        COMMENT ON TABLE tbl_book IS '@key id'
        """,
    )
    plan = await planned(blank_database)
    author = model(plan, "Writer")
    assert (author.plural, author.description) == ("writers", "Who writes.")
    assert [(each.name, each.column.comment) for each in author.attributes] == [("id", None), ("name", "The name.")]
    assert relations(author) == ["sale: Sale?", "works: [TblBook]"]
    assert relations(model(plan, "TblBook")) == ["writer: Writer?"]
    sales = table(catalog, "sales")
    assert sales.key == FoundKey(("author",), told=Told.COMMENT, certain=False)
    assert not sales.columns[0].nullable
    assert sales.foreign_keys == [
        FoundForeignKey(
            columns=("author",),
            target=Name(None, "tbl_author"),
            target_columns=("id",),
            told=Told.COMMENT,
            certain=False,
        )
    ]
    why = {each.what: each.why for each in plan.left_out}
    assert why == {
        "table hidden": "Its comment says `@omit`.",
        "column tbl_author.secret": "Its comment says `@omit`.",
        "comment of table tbl_book": "`@key id` is not understood; write `@key (column, …)`.",
        "key of view nulls": "(id) is none: a row has null there; name columns that tell rows apart.",
        "key of view twice": "(id) is none: 2 rows have 1 there; name columns that tell rows apart.",
    }


@pytest.mark.sqlite
async def test_comments_inside_of_a_create_override_on_sqlite(blank_database: Database) -> None:
    plan = await planned(
        blank_database,
        """
        CREATE TABLE authors (id integer PRIMARY KEY -- the number
        )

        CREATE VIEW sales AS -- @key (author)
            SELECT 1 AS author, '-- @omit' AS words /* @references (author) authors (id) */
        """,
    )
    sale = model(plan, "Sale")
    assert sale.table.key == FoundKey(("author",), told=Told.COMMENT, certain=False)
    assert relations(sale) == ["author_row: Author?"]
    assert model(plan, "Author").description == ""


@pytest.mark.postgresql
async def test_what_postgresql_has_besides_tables(blank_database: Database) -> None:
    catalog = await catalog_of(
        blank_database,
        """
        CREATE TYPE mood AS ENUM ('fine', 'so so')

        CREATE DOMAIN email AS text NOT NULL CONSTRAINT has_at CHECK (VALUE LIKE '%@%')

        CREATE TABLE parts (id integer, at date NOT NULL, PRIMARY KEY (id, at)) PARTITION BY RANGE (at)

        CREATE TABLE parts_2020 PARTITION OF parts FOR VALUES FROM ('2020-01-01') TO ('2021-01-01')

        CREATE TABLE cities (name text PRIMARY KEY)

        CREATE TABLE capitals (state text) INHERITS (cities)

        CREATE TABLE people (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, n bigserial, mood mood, moods mood[],
            email email, ip inet[])

        CREATE MATERIALIZED VIEW counts AS SELECT 1 AS id

        CREATE UNIQUE INDEX ON counts (id)

        CREATE MATERIALIZED VIEW unfilled AS SELECT 1 AS id WITH NO DATA

        CREATE TABLE guarded (id integer PRIMARY KEY, owner_id integer)

        ALTER TABLE guarded ENABLE ROW LEVEL SECURITY

        CREATE POLICY own ON guarded FOR SELECT USING (owner_id = 1)

        CREATE TABLE nothing ()

        CREATE TABLE unshown (a tsvector)
        """,
    )
    assert [str(each.name) for each in catalog.tables] == [
        "capitals",
        "cities",
        "counts",
        "guarded",
        "parts",
        "people",
        "unshown",
    ]
    assert table(catalog, "guarded").policies == ["(owner_id = 1)"]
    assert [(each.name, each.words) for each in catalog.enums] == [(Name(None, "mood"), ("fine", "so so"))]
    (domain,) = catalog.domains
    assert (domain.name, domain.written, domain.nullable) == (Name(None, "email"), "text", False)
    assert [(check.name, check.sql) for check in domain.checks] == [("has_at", "(VALUE ~~ '%@%'::text)")]
    counts = table(catalog, "counts")
    assert (counts.kind, counts.key) == (Kind.MATERIALIZED_VIEW, FoundKey(("id",), "counts_id_idx", Told.UNIQUE))
    people = table(catalog, "people")
    assert [(each.name, each.written, each.generated, each.nullable) for each in people.columns] == [
        ("id", "integer", Generated.IDENTITY_ALWAYS, False),
        ("n", "bigint", Generated.IDENTITY_BY_DEFAULT, False),
        ("mood", "mood", None, True),
        ("moods", "mood[]", None, True),
        ("email", "email", None, False),
        ("ip", "inet[]", None, True),
    ]
    plan = await planned(blank_database)
    person = model(plan, "Person")
    (mood,) = plan.enums
    assert mood.members == (("FINE", "fine"), ("SO_SO", "so so"))
    assert attribute(person, "mood").annotation == mood
    assert attribute(person, "moods").annotation == list[Optional[mood]]  # type: ignore[valid-type]  # noqa: UP045 - made by the plan
    assert attribute(person, "email").annotation is str
    left_out = {each.what for each in plan.left_out}
    assert {"inheritance of table cities", "materialized view unfilled", "table nothing", "table unshown"} <= left_out


@pytest.mark.postgresql
async def test_a_key_that_no_id_can_be_made_of_is_none(blank_database: Database) -> None:
    plan = await planned(
        blank_database,
        """
        CREATE TABLE papers (body jsonb PRIMARY KEY, title text)

        CREATE TABLE notes (id integer PRIMARY KEY, paper jsonb REFERENCES papers)
        """,
    )
    assert model(plan, "Paper").table.key is None
    assert relations(model(plan, "Note")) == relations(model(plan, "Paper")) == []
    assert {each.what: each.why for each in plan.left_out} == {
        "key of table papers": "Ids have no form for jsonb; its rows are a list, and have no ids.",
        "foreign key notes (paper)": "Rows of papers have no ids.",
    }


@pytest.mark.postgresql
async def test_what_inherits_may_repeat_a_key(blank_database: Database) -> None:
    catalog = await catalog_of(
        blank_database,
        """
        CREATE TABLE cities (name text PRIMARY KEY)

        CREATE TABLE capitals (state text) INHERITS (cities)

        INSERT INTO cities VALUES ('Bern')

        INSERT INTO capitals VALUES ('Bern', 'BE')
        """,
    )
    assert table(catalog, "cities").key is None
    assert "key of table cities" in {each.what for each in catalog.left_out}


@pytest.mark.postgresql
async def test_what_a_role_may_not_read_is_left_out_by_name(blank_database: Database) -> None:
    await catalog_of(
        blank_database,
        """
        CREATE TABLE open_ (id integer PRIMARY KEY, name text, secret text)

        CREATE TABLE shut (id integer PRIMARY KEY)

        DO $$ BEGIN CREATE ROLE reflection_reader; EXCEPTION WHEN duplicate_object THEN NULL; END $$

        GRANT USAGE ON SCHEMA public TO reflection_reader

        GRANT SELECT (id, name) ON open_ TO reflection_reader
        """,
    )
    engines = Engines(settings_for(blank_database))
    try:
        async with engines.primary.connect() as connection:
            await connection.execute(text("SET LOCAL ROLE reflection_reader"))
            catalog = await read(connection)
        async with engines.writing().begin() as connection:
            await connection.execute(text("DROP OWNED BY reflection_reader"))
            await connection.execute(text("DROP ROLE reflection_reader"))
    finally:
        await engines.dispose()
    assert column_names(catalog, "open_") == ["id", "name"]
    assert {each.what for each in catalog.left_out} == {"table shut", "column open_.secret"}


@pytest.mark.sqlite
async def test_what_sqlite_has_besides_tables(blank_database: Database) -> None:
    catalog = await catalog_of(
        blank_database,
        """
        CREATE TABLE things (id INTEGER PRIMARY KEY, odd, told STRING, mixed, data BLOB, big UNSIGNED BIG INT)

        INSERT INTO things VALUES (1, 'x', 'y', 1, x'00', 1), (2, NULL, 'z', 'x', NULL, 2)

        CREATE TABLE words (word TEXT, place INT, PRIMARY KEY (word, place)) WITHOUT ROWID

        CREATE TABLE empty (id TEXT PRIMARY KEY)

        INSERT INTO empty VALUES (NULL)

        CREATE TABLE full_ (id TEXT PRIMARY KEY)

        INSERT INTO full_ VALUES ('a')

        CREATE TABLE refers (thing REFERENCES THINGS, odd REFERENCES things (odd), gone REFERENCES gone (id))

        CREATE VIEW counts AS SELECT count(*) AS number FROM things

        CREATE VIEW broken AS SELECT * FROM gone

        CREATE VIRTUAL TABLE texts USING fts5(body)
        """,
    )
    assert [str(each.name) for each in catalog.tables] == ["counts", "empty", "full_", "refers", "things", "words"]
    assert [str(column.type) for column in table(catalog, "things").columns][1:4] == ["TEXT", "TEXT", "NULL"]
    assert table(catalog, "words").key == FoundKey(("word", "place"))
    assert table(catalog, "empty").key is None
    assert table(catalog, "full_").key == FoundKey(("id",))
    assert [each.target for each in table(catalog, "refers").foreign_keys] == [Name(None, "things")]
    assert {each.what for each in catalog.left_out} == {
        "view broken",
        "table texts",
        "key of table empty",
        "foreign key refers (odd)",
        "foreign key refers (gone)",
    }
    plan = await planned(blank_database)
    assert attribute(model(plan, "Count"), "number").annotation is int
    assert {"column things.mixed", "column things.data"} <= {each.what for each in plan.left_out}
    assert "type of column things.odd" in {each.what for each in plan.guesses}


def digest_of_file(database: Database) -> bytes:
    """Of the bytes of a database in a file; of nothing, where a server keeps it."""
    file = Path(make_url(database.url).database or "")
    return hashlib.sha256(file.read_bytes() if file.is_absolute() else b"").digest()


def column_names(catalog: Catalog, name: str) -> list[str]:
    return [column.name for column in table(catalog, name).columns]
