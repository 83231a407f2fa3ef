"""A database that somebody else has made: odd names, keys of several columns, views, enumerations, circles."""

from sqlalchemy import text

from db.session.engines import Engines
from tests.databases import Database, settings_for

COMMON = """
CREATE TABLE authors (id INTEGER PRIMARY KEY, "Name_" VARCHAR(100) NOT NULL UNIQUE, born DATE, mentor_id INTEGER
REFERENCES authors (id));

CREATE TABLE "Order Lines" ("order" INTEGER NOT NULL, line INTEGER NOT NULL, "a_b" TEXT, "aB" TEXT, "and" BOOLEAN,
"x y" NUMERIC(10, 2) NOT NULL, "naïve" DOUBLE PRECISION, PRIMARY KEY ("order", line));

CREATE TABLE query (id INTEGER PRIMARY KEY, node TEXT, count INTEGER, "date" DATE, "datetime" TIMESTAMP, "_1st" TEXT,
"USER_NAME" TEXT, "BillingCountry" TEXT, "str" TEXT, "metadata" TEXT, "Base" TEXT, "class" TEXT);

CREATE TABLE "MetaData" (code VARCHAR(3) PRIMARY KEY, parent VARCHAR(3) REFERENCES "MetaData" (code));

CREATE TABLE books (id INTEGER PRIMARY KEY, title TEXT NOT NULL, author_id INTEGER NOT NULL REFERENCES authors (id),
editor_id INTEGER REFERENCES authors (id), owner_id INTEGER, pages INTEGER DEFAULT 1, CHECK (pages > 0));

CREATE INDEX books_by_author ON books (author_id, id);

CREATE UNIQUE INDEX books_titles ON books (lower(title)) WHERE pages > 10;

CREATE TABLE tags (id INTEGER PRIMARY KEY, word TEXT NOT NULL UNIQUE);

CREATE TABLE book_tags (book_id INTEGER NOT NULL REFERENCES books (id), tag_id INTEGER NOT NULL REFERENCES tags (id),
PRIMARY KEY (book_id, tag_id));

CREATE TABLE follows (follower_id INTEGER NOT NULL REFERENCES authors (id), followed_id INTEGER NOT NULL REFERENCES
authors (id), PRIMARY KEY (follower_id, followed_id));

CREATE TABLE reviews (book_id INTEGER NOT NULL REFERENCES books (id), author_id INTEGER NOT NULL REFERENCES authors
(id), stars INTEGER NOT NULL, PRIMARY KEY (book_id, author_id));

CREATE TABLE parts (book_id INTEGER PRIMARY KEY REFERENCES books (id), note TEXT);

CREATE TABLE shipments (tenant INTEGER NOT NULL, id INTEGER NOT NULL, "order" INTEGER NOT NULL, line INTEGER NOT NULL,
parent INTEGER, PRIMARY KEY (tenant, id), FOREIGN KEY ("order", line) REFERENCES "Order Lines" ("order", line),
FOREIGN KEY (tenant, parent) REFERENCES shipments (tenant, id));

CREATE TABLE nothing_but_rows (word TEXT, number INTEGER);

CREATE VIEW prolific AS SELECT author_id, count(*) AS books FROM books GROUP BY author_id;

INSERT INTO authors VALUES (1, 'Ann', '1970-01-02', NULL), (2, 'Bob', NULL, 1), (3, 'Çelik', '1999-12-31', 1);

INSERT INTO "Order Lines" VALUES (1, 1, 'a', 'b', TRUE, 12.50, 0.5), (1, 2, NULL, NULL, NULL, 0.01, NULL);

INSERT INTO query VALUES (1, 'n', 2, '2026-01-01', '2026-01-01 12:00:00', '1', 'u', 'DE', 's', 'm', 'b', 'c');

INSERT INTO "MetaData" VALUES ('a', NULL), ('b', 'a');

INSERT INTO books VALUES (1, 'One', 1, 2, 7, 10), (2, 'Two', 1, NULL, 8, 20), (3, 'Drei', 3, 1, NULL, 30);

INSERT INTO tags VALUES (1, 'red'), (2, 'blue');

INSERT INTO book_tags VALUES (1, 1), (1, 2), (2, 1);

INSERT INTO follows VALUES (1, 2), (2, 1);

INSERT INTO reviews VALUES (1, 2, 5), (1, 3, 4);

INSERT INTO parts VALUES (1, 'first');

INSERT INTO shipments VALUES (1, 1, 1, 1, NULL), (1, 2, 1, 2, 1);

INSERT INTO nothing_but_rows VALUES ('a', 1), ('a', 1), (NULL, NULL)
"""

OF_POSTGRESQL = """
CREATE SCHEMA shop;

CREATE TYPE shop.mood AS ENUM ('sad', 'o''k', 'very happy');

CREATE DOMAIN positive AS integer CHECK (VALUE > 0);

CREATE TYPE shop.place AS (city text, "Zip Code" numeric(6, 0), moods shop.mood[], id integer);

CREATE TYPE shop.book AS (place shop.place, stops shop.place[], lasts interval, grid integer[][]);

CREATE TABLE shop.people (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, mood shop.mood NOT NULL DEFAULT 'sad',
moods shop.mood[], tags text[], data jsonb, at timestamptz DEFAULT now(), size positive, uid uuid UNIQUE,
words tsvector, home shop.place, homes shop.place[], read shop.book, query tsquery, grid integer[][],
doubled bigint GENERATED ALWAYS AS (2 * 3) STORED, serial serial,
favorite integer REFERENCES public.books (id), status text CHECK (status IN ('new', 'old')), user_id integer);

ALTER TABLE shop.people ENABLE ROW LEVEL SECURITY;

CREATE POLICY own ON shop.people FOR SELECT USING (user_id = 7);

COMMENT ON TABLE shop.people IS 'Who buys. "Quoted", and more: a \\ too.';

COMMENT ON COLUMN shop.people.mood IS E'How they are.\\n\\nIn the mo''rning.';

CREATE MATERIALIZED VIEW shop.moods AS SELECT id, mood FROM shop.people;

COMMENT ON MATERIALIZED VIEW shop.moods IS '@key (id)
@references shop.people (id)';

INSERT INTO shop.people (mood, moods, tags, data, size, uid, status, home, homes, read, query, grid)
VALUES ('very happy', '{sad,NULL}', '{a,b}', '{"a": 1}', 3, '00000000-0000-0000-0000-000000000001', 'new',
'(Oslo,150,{sad},1)', '{"(Rome,,,)",NULL}', '("(Oslo,150,,)",,1 mon,"{{1,2}}")', 'a & b', '{{1,2},{3,4}}'),
('o''k', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);

REFRESH MATERIALIZED VIEW shop.moods;

CREATE FUNCTION shop.people_next_mood(p shop.people) RETURNS shop.mood STABLE LANGUAGE sql AS $$ SELECT p.mood $$;

CREATE FUNCTION shop.people_label(p shop.people, sign text DEFAULT '!') RETURNS text STABLE LANGUAGE sql
AS $$ SELECT p.status || sign $$;

COMMENT ON FUNCTION shop.people_label(shop.people, text) IS 'What is on the "door".'
"""

SCHEMAS = {"postgresql": ["--schema", "public,shop"], "sqlite": []}


async def make(database: Database) -> None:
    """Make the tables, with some rows."""
    engines = Engines(settings_for(database))
    script = COMMON + (f";\n{OF_POSTGRESQL}" if database.dialect == "postgresql" else "")
    async with engines.writing().begin() as connection:
        for statement in script.split(";\n"):
            await connection.execute(text(statement.replace(":", "\\:")))
    await engines.dispose()
