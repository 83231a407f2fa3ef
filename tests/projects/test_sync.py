"""`trellis sync`: edits stand, what has changed in the database is there, and what has vanished is named and stays."""

from pathlib import Path

from db.session.engines import Engines
from tests.databases import Database, settings_for
from tests.projects import sample
from tests.projects.conftest import BIN, run_in
from tests.projects.test_found import init

CHANGES = (
    "ALTER TABLE books ADD COLUMN isbn VARCHAR(13)",
    "ALTER TABLE tags ADD COLUMN color TEXT",
    'ALTER TABLE query DROP COLUMN "_1st"',
    "CREATE TABLE prices (id INTEGER PRIMARY KEY, book_id INTEGER NOT NULL REFERENCES books (id))",
)


def edit(file: Path, before: str, after: str) -> None:
    """Change a file as people do."""
    text = file.read_text()
    assert text.count(before) == 1
    file.write_text(text.replace(before, after))


async def change(database: Database) -> None:
    """Change the tables as their owner does."""
    engines = Engines(settings_for(database))
    async with engines.writing().begin() as connection:
        for statement in CHANGES:
            await connection.exec_driver_sql(statement)
    await engines.dispose()


async def test_edits_stand_and_changes_of_the_database_are_there(blank_database: Database, tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    await sample.make(blank_database)
    init(blank_database, folder)
    (folder / ".venv").symlink_to(BIN.parent)
    assert run_in(folder, "trellis", "sync", "--check") == "The project says what the database has.\n"

    edit(folder / "graph/policies.py", "models.Tag: admins", "models.Tag: everybody")
    edit(folder / "graph/types/book.py", '"""A row of the table `books`."""', '"""Something to read."""')
    edit(folder / "graph/types/book.py", "@entity(models.Book, plural=", "@entity(models.Book, plural='volumes' or ")
    edit(folder / "db/models/tag.py", '__tablename__ = "tags"', '__tablename__ = "tags"\n\n    SHORT = 3')
    await change(blank_database)

    shown = run_in(folder, "trellis", "sync")
    assert "+++ b/db/models/price.py" in shown
    assert "+    isbn: Mapped[str | None] = mapped_column(VARCHAR(length=13))\n" in shown
    for file in ("db/models/query_row.py", "graph/types/query_row.py"):
        assert f"{file}: QueryRow.column_1st is no longer in the database; it stays until you remove it.\n" in shown
    assert not (folder / "db/models/price.py").exists()
    run_in(folder, "trellis", "sync", "--check", status=1)
    assert "Wrote " in run_in(folder, "trellis", "sync", "--write")

    types = (folder / "graph/types/book.py").read_text()
    assert '"""Something to read."""' in types
    assert "'volumes' or" in types
    assert "    isbn: str | None\n" in types
    assert "    prices: Connection[Price]\n" in types
    tag = (folder / "db/models/tag.py").read_text()
    assert "    SHORT = 3\n" in tag
    assert "    color: " in tag
    policies = (folder / "graph/policies.py").read_text()
    assert "models.Tag: everybody,\n" in policies
    assert "models.Price: admins,\n" in policies
    assert "  volumes(" in (folder / "schema.graphql").read_text()
    run_in(folder, "ruff", "format", "--check", "db", "graph/policies.py", "graph/schema.py")
    again = run_in(folder, "trellis", "sync")
    assert "+++" not in again
    assert "is no longer in the database; it stays until you remove it" in again


async def test_a_revision_follows_the_models_and_drops_nothing_that_no_revision_has_made(
    blank_database: Database, tmp_path: Path
) -> None:
    folder = tmp_path / "shop"
    await sample.make(blank_database)
    init(blank_database, folder, "--only", "authors,books")
    (folder / ".venv").symlink_to(BIN.parent)
    run_in(folder, "trellis", "db", "adopt")
    edit(
        folder / "db/models/author.py",
        "    mentor_id: Mapped[int | None]",
        "    isni: Mapped[str | None] = mapped_column(VARCHAR(16))\n    mentor_id: Mapped[int | None]",
    )
    said = run_in(folder, "trellis", "sync", "--migration", "Add isni")
    assert "Wrote migrations/versions/0002_add_isni.py. Read it; `trellis db upgrade` runs it." in said
    up = (folder / "migrations/versions/0002_add_isni.py").read_text().partition("def downgrade")[0]
    assert "isni" in up
    assert "drop" not in up
    run_in(folder, "trellis", "db", "upgrade")
    run_in(folder, "trellis", "db", "check")
    engines = Engines(settings_for(blank_database))
    async with engines.reading().connect() as connection:
        kept = await connection.exec_driver_sql("SELECT count(*), count(isni) FROM authors")
        assert tuple(kept.one()) == (3, 0)
        assert (await connection.exec_driver_sql("SELECT count(*) FROM book_tags")).scalar_one() == 3
    await engines.dispose()
    again = run_in(folder, "trellis", "sync", "--migration", "Again")
    assert again == "The models and the tables agree: no revision was written.\n"
    run_in(folder, "trellis", "sync", "--write")
    assert run_in(folder, "trellis", "sync", "--check") == "The project says what the database has.\n"
