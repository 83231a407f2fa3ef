"""The first full-text index of posts, as revision 0001 made it; `db.search_index` has taken its place.

PostgreSQL had a generated column and a GIN index, SQLite an FTS5 table that three triggers kept. Revisions create and
drop them from here. Never change what stands here: it is released.

Sources: https://www.postgresql.org/docs/current/textsearch-tables.html,
https://www.sqlite.org/fts5.html#external_content_tables.
"""

from collections.abc import Callable

VECTOR = "search_vector"
"""PostgreSQL: the column of `posts`."""
VECTOR_INDEX = "ix_posts_search_vector"
TABLE = "posts_search"
"""SQLite: the FTS5 table; its row ids are the ids of posts."""
TRIGGERS = ("posts_search_insert", "posts_search_update", "posts_search_delete")

SEARCHED_CHARACTERS = 100_000
"""How much of a content PostgreSQL indexes. It refuses a vector above 1 MiB, and with it the row. A character takes at
most four bytes, and a word with hyphens is kept twice; so this much always fits."""

Execute = Callable[[str], None]

_ON_POSTGRESQL = (
    f"""
    ALTER TABLE posts ADD COLUMN {VECTOR} tsvector GENERATED ALWAYS AS (
        setweight(to_tsvector('english', title), 'A')
        || setweight(to_tsvector('english', coalesce(summary, '')), 'B')
        || setweight(to_tsvector('english', left(content, {SEARCHED_CHARACTERS})), 'C')
    ) STORED
    """,
    f"CREATE INDEX {VECTOR_INDEX} ON posts USING gin ({VECTOR})",
)

_TABLE_ON_SQLITE = f"""
    CREATE VIRTUAL TABLE {TABLE} USING fts5(
        title, summary, content, content = 'posts', content_rowid = 'id', tokenize = 'porter unicode61'
    )
    """

_ADD = f"INSERT INTO {TABLE} (rowid, title, summary, content) VALUES (new.id, new.title, new.summary, new.content);"
_REMOVE = (
    f"INSERT INTO {TABLE} ({TABLE}, rowid, title, summary, content)"
    " VALUES ('delete', old.id, old.title, old.summary, old.content);"
)

_TRIGGERS_ON_SQLITE = (
    f"CREATE TRIGGER posts_search_insert AFTER INSERT ON posts BEGIN {_ADD} END",
    f"CREATE TRIGGER posts_search_update AFTER UPDATE OF id, title, summary, content ON posts"
    f" BEGIN {_REMOVE} {_ADD} END",
    f"CREATE TRIGGER posts_search_delete AFTER DELETE ON posts BEGIN {_REMOVE} END",
)


def create(dialect: str, execute: Execute) -> None:
    """Create the index, and fill it from the posts that there are."""
    if dialect == "postgresql":
        for statement in _ON_POSTGRESQL:
            execute(statement)
    if dialect != "sqlite":  # those that came later begin with `db.search_index`
        return
    execute(_TABLE_ON_SQLITE)
    execute(f"INSERT INTO {TABLE} ({TABLE}) VALUES ('rebuild')")
    create_triggers(execute)


def create_triggers(execute: Execute) -> None:
    """Create SQLite's triggers alone: a batch operation on `posts` makes the table anew and loses them."""
    for statement in _TRIGGERS_ON_SQLITE:
        execute(statement)


def drop(dialect: str, execute: Execute) -> None:
    """Drop the index, before `posts` itself."""
    if dialect == "postgresql":
        execute(f"DROP INDEX {VECTOR_INDEX}")
        execute(f"ALTER TABLE posts DROP COLUMN {VECTOR}")
    if dialect != "sqlite":
        return
    for trigger in TRIGGERS:
        execute(f"DROP TRIGGER {trigger}")
    execute(f"DROP TABLE {TABLE}")
