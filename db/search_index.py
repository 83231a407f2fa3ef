"""The search index of posts: the words of each, kept by the database beside the tables of the models.

`posts_search` has a row for each post, with the words of its title, its summary and its content. Triggers on `posts`
keep it, so it follows whoever writes. On PostgreSQL it is a table with a `tsvector` and a GIN index, on SQLite an FTS5
table. Revision 0003 creates and drops it from here; `db.search` reads it. Never change what stands here once it is
released: a revision that needs another form writes its own, as this one came after `db.full_text`.

Sources: https://www.postgresql.org/docs/current/textsearch-tables.html, https://www.sqlite.org/fts5.html.
"""

from collections.abc import Callable

from sqlalchemy import Connection, text

from db import full_text
from db.words import postgresql, sqlite

TABLE = "posts_search"
VECTOR = "vector"
VECTOR_INDEX = "ix_posts_search_vector"
"""PostgreSQL: the index over `posts_search`. Before revision 0003, an index of this name was on `posts`."""
FUNCTION = "posts_search_follow"
"""PostgreSQL: what the trigger calls."""
TRIGGER = "posts_search_follow"
TRIGGERS = ("posts_search_insert", "posts_search_update", "posts_search_delete")
"""SQLite."""

SEARCHED_CHARACTERS = 100_000
"""How much of a content is searched. PostgreSQL refuses a vector above 1 MiB, and with it the row; this much fits."""

Execute = Callable[[str], None]

_CONTENT = f"substr({{row}}.content, 1, {SEARCHED_CHARACTERS})"


_ADD_ON_SQLITE = (
    f"INSERT INTO {TABLE} (rowid, title, summary, content) SELECT {{row}}.id, {sqlite.words_of('{row}.title')},"
    f" {sqlite.words_of('{row}.summary')}, {sqlite.words_of(_CONTENT)}"
)

_ADD_ON_POSTGRESQL = f"""
    INSERT INTO {TABLE} (id, title, summary, content)
    SELECT {{row}}.id, {postgresql.WORDS}({{row}}.title), {postgresql.WORDS}(coalesce({{row}}.summary, '')),
        {postgresql.WORDS}({_CONTENT})
    """


def create(dialect: str, execute: Execute) -> None:
    """Create the index, and fill it from the posts that there are."""
    if dialect == "postgresql":
        _create_on_postgresql(execute)
    if dialect != "sqlite":
        return
    sqlite.create(execute)
    execute(f"CREATE VIRTUAL TABLE {TABLE} USING fts5(title, summary, content, tokenize = '{sqlite.TOKENIZER}')")
    execute(f"{_ADD_ON_SQLITE.format(row='posts')} FROM posts")
    create_triggers(execute)


def create_triggers(execute: Execute) -> None:
    """Create SQLite's triggers alone."""
    remove, add = f"DELETE FROM {TABLE} WHERE rowid =", _ADD_ON_SQLITE.format(row="new")
    insert, update, delete = TRIGGERS
    # A row that INSERT OR REPLACE replaces has been deleted without a word to us.
    execute(f"CREATE TRIGGER {insert} AFTER INSERT ON posts BEGIN {remove} new.id; {add}; END")
    execute(
        f"CREATE TRIGGER {update} AFTER UPDATE OF id, title, summary, content ON posts"
        f" BEGIN {remove} old.id; {remove} new.id; {add}; END"
    )
    execute(f"CREATE TRIGGER {delete} AFTER DELETE ON posts BEGIN {remove} old.id; END")


def drop(dialect: str, execute: Execute) -> None:
    """Drop the index, before `posts` itself."""
    if dialect == "postgresql":
        execute(f"DROP TRIGGER {TRIGGER} ON posts")
        execute(f"DROP FUNCTION {FUNCTION}()")
        execute(f"DROP TABLE {TABLE}")
        postgresql.drop(execute)
    if dialect != "sqlite":
        return
    for trigger in TRIGGERS:
        execute(f"DROP TRIGGER {trigger}")
    execute(f"DROP TABLE {TABLE}")
    sqlite.drop(execute)


def _create_on_postgresql(execute: Execute) -> None:
    postgresql.create(execute)
    execute(
        f"""
        CREATE TABLE {TABLE} (
            id bigint PRIMARY KEY REFERENCES posts ON DELETE CASCADE ON UPDATE CASCADE,
            title text COLLATE "C" NOT NULL,
            summary text COLLATE "C" NOT NULL,
            content text COLLATE "C" NOT NULL,
            title_vector tsvector GENERATED ALWAYS AS ({postgresql.VECTOR}(title)) STORED,
            summary_vector tsvector GENERATED ALWAYS AS ({postgresql.VECTOR}(summary)) STORED,
            {VECTOR} tsvector GENERATED ALWAYS AS ({postgresql.VECTOR}(title || summary || content)) STORED
        )
        """
    )
    execute(f"{_ADD_ON_POSTGRESQL.format(row='posts')} FROM posts")
    execute(f"CREATE INDEX {VECTOR_INDEX} ON {TABLE} USING gin ({VECTOR})")
    # Whoever may write posts writes their words, though nobody was granted the table.
    execute(
        f"""
        CREATE FUNCTION {FUNCTION}() RETURNS trigger
        LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
        BEGIN
            {_ADD_ON_POSTGRESQL.format(row="new")}
            ON CONFLICT (id) DO UPDATE
            SET title = excluded.title, summary = excluded.summary, content = excluded.content;
            RETURN NULL;
        END $$
        """
    )
    execute(
        f"CREATE TRIGGER {TRIGGER} AFTER INSERT OR UPDATE OF title, summary, content ON posts"
        f" FOR EACH ROW EXECUTE FUNCTION {FUNCTION}()"
    )


def holds(name: str | None, kind: str) -> bool:
    """Whether a table, column or index belongs to the search index, now or before revision 0003, and so to no model."""
    if name is None:
        return False
    if kind == "table":
        return name in (TABLE, sqlite.CHARACTERS) or name.startswith(f"{TABLE}_")  # FTS5 keeps five tables of its own
    return name in (full_text.VECTOR, full_text.VECTOR_INDEX)


def missing(connection: Connection) -> list[str]:
    """A sentence for each part of the index that the database lacks."""
    if connection.dialect.name == "postgresql":
        expected: tuple[str, ...] = (TABLE, VECTOR_INDEX, TRIGGER)
        there = text(
            "SELECT relname FROM pg_class WHERE relnamespace = CAST(current_schema() AS regnamespace)"
            " UNION ALL SELECT tgname FROM pg_trigger WHERE tgrelid = to_regclass('posts')"
        )
    elif connection.dialect.name != "sqlite":
        return []
    else:
        expected = (TABLE, sqlite.CHARACTERS, *TRIGGERS)
        there = text("SELECT name FROM sqlite_schema WHERE type IN ('table', 'trigger')")
    names = set(connection.scalars(there))
    return [f"{name}, a part of the search index of posts, is missing." for name in expected if name not in names]
