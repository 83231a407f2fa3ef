"""What has changed in a database is merged into what somebody has edited: each kind of change, and any of them at once.

In one process, without a schema: the command itself is in `test_sync.py`.
"""

import ast
import asyncio
import shutil
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import make_url

from db.reflection import MappingPlan
from db.settings import HOUSE
from graph.projects import found, syncing
from graph.projects.empty import ROOMS
from graph.projects.errors import ProjectError
from graph.projects.kept import keep
from graph.projects.writing import Tree
from graph.reflected.reading import plan_shown
from tests.databases import Database
from tests.db.reflection.databases import catalog_of
from tests.entity.laws import tried

TABLES = """
CREATE TABLE authors (id INTEGER PRIMARY KEY, name VARCHAR(100) NOT NULL, born DATE)

CREATE TABLE books (id INTEGER PRIMARY KEY, title VARCHAR(200) NOT NULL, pages INTEGER, author_id INTEGER NOT NULL
REFERENCES authors (id))

CREATE TABLE notes (id INTEGER PRIMARY KEY, word TEXT)
"""
NEEDED = ("pyproject.toml", "migrations/script.py.mako")


class Project:
    """The written rooms of a project, and the database that it follows."""

    def __init__(self, root: Path, database: Database) -> None:
        self.database = database
        for room in (ROOMS, found.ROOMS):
            shutil.copytree(room, root, dirs_exist_ok=True)
        for file in NEEDED:
            (root / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(HOUSE / file, root / file)
        self.tree = Tree(root)

    async def make(self, sql: str = TABLES) -> None:
        """Make the tables, and write the project."""
        plan = await self.plan(sql)
        found.write_found(self.tree, plan, make_url(self.database.url), writable=True)
        self.tree.tidy()
        keep(self.tree, plan, writable=True)

    async def plan(self, sql: str = "") -> MappingPlan:
        """The plan of the database, after these statements."""
        return plan_shown(await catalog_of(self.database, sql))

    async def sync(self, sql: str = "") -> Sequence[str]:
        """Change the database, and follow; what people are told."""
        tree, plan = Tree(self.tree.root), await self.plan(sql)
        merged = syncing.compare(tree, plan, writable=True)
        syncing.write(tree, merged, plan)
        for file in tree.written:
            if file.suffix == ".py":
                ast.parse(tree.read(file))
        return merged.notes

    def read(self, file: str) -> str:
        """The text of a file."""
        return self.tree.read(Path(file))

    def edit(self, file: str, before: str, after: str) -> None:
        """Change a file as people do."""
        text = self.read(file)
        assert text.count(before) == 1, text
        (self.tree.root / file).write_text(text.replace(before, after))


@pytest.fixture
async def project(blank_database: Database, tmp_path: Path) -> Project:
    made = Project(tmp_path / "project", blank_database)
    await made.make()
    assert await made.sync() == []
    return made


def nullable(database: Database) -> str:
    """A column of books becomes nullable; SQLite makes the table anew."""
    if database.dialect == "postgresql":
        return "ALTER TABLE books ALTER title DROP NOT NULL"
    return (
        "DROP TABLE books\n\nCREATE TABLE books (id INTEGER PRIMARY KEY, title VARCHAR(200), pages INTEGER, author_id"
        " INTEGER NOT NULL REFERENCES authors (id))"
    )


async def test_a_column_that_may_be_null_is_so_in_model_and_type(project: Project) -> None:
    assert await project.sync(nullable(project.database)) == []
    assert "    title: Mapped[str | None] = " in project.read("db/models/book.py")
    assert "    title: str | None\n" in project.read("graph/types/book.py")


async def test_a_name_of_ones_own_stays_where_the_database_changes_the_same_line(project: Project) -> None:
    project.edit("graph/types/book.py", "    title: str\n", '    title: str = named("heading")\n')
    notes = await project.sync(nullable(project.database))
    assert notes == ["graph/types/book.py: 1 places have changed here and in the database; yours stay."]
    assert '    title: str = named("heading")\n' in project.read("graph/types/book.py")
    assert "    title: Mapped[str | None] = " in project.read("db/models/book.py")
    assert await project.sync() == []


async def test_a_name_of_ones_own_stays_beside_a_new_column(project: Project) -> None:
    project.edit("graph/types/author.py", "    name: str\n", '    name: str = named("called")\n')
    assert await project.sync("ALTER TABLE authors ADD COLUMN died DATE") == []
    text = project.read("graph/types/author.py")
    assert '    name: str = named("called")\n' in text
    assert "    died: date | None\n" in text


async def test_a_renamed_column_is_there_and_the_old_one_stays_and_is_named(project: Project) -> None:
    notes = await project.sync("ALTER TABLE books RENAME COLUMN pages TO sheets")
    assert notes == [
        f"{file}: Book.pages is no longer in the database; it stays until you remove it."
        for file in ("db/models/book.py", "graph/types/book.py")
    ]
    for file in ("db/models/book.py", "graph/types/book.py"):
        text = project.read(file)
        assert text.index("    sheets: ") < text.index("    pages: ")
    assert '["title", "sheets", "author_id"]' in project.read("graph/mutations/book.py")
    for file in ("db/models/book.py", "graph/types/book.py"):
        lines = project.read(file).splitlines(keepends=True)
        (project.tree.root / file).write_text("".join(line for line in lines if "pages: " not in line))
    assert await project.sync() == []


async def test_a_dropped_table_is_named_and_stays(project: Project) -> None:
    notes = await project.sync("DROP TABLE notes")
    rooms = ("db/models", "graph/mutations", "graph/types")
    assert notes == [
        f"{room}/note.py: the database has no longer what it is about; it stays until you remove it." for room in rooms
    ]
    assert "models.Note: admins," in project.read("graph/policies.py")


async def test_a_file_that_is_no_python_is_named_with_its_line(project: Project) -> None:
    project.edit("graph/types/note.py", "    word: str | None\n", "    word: str |\n")
    with pytest.raises(ProjectError, match=r"graph/types/note\.py, line 13, is no Python: .* Correct it first"):
        await project.sync("ALTER TABLE notes ADD COLUMN stars INTEGER")


async def test_a_new_relation_is_at_both_ends(project: Project) -> None:
    sql = "ALTER TABLE notes ADD COLUMN book_id INTEGER REFERENCES books (id)"
    assert await project.sync(sql) == []
    assert "    book: Book | None\n" in project.read("graph/types/note.py")
    assert "    notes: Connection[Note]\n" in project.read("graph/types/book.py")
    assert 'relationship(back_populates="notes", lazy="raise")' in project.read("db/models/note.py")


async def test_a_new_table_has_its_lines_everywhere_and_a_new_check_is_a_rule(project: Project) -> None:
    project.edit("graph/mutations/note.py", "create=ADMINS", "create=SIGNED_IN")
    sql = "CREATE TABLE prices (id INTEGER PRIMARY KEY, amount INTEGER CHECK (amount > 0))\n\n"
    assert await project.sync(sql + "ALTER TABLE notes ADD COLUMN stars INTEGER CHECK (stars IN (1, 2))") == []
    assert "price_mutations,\n" in project.read("graph/schema.py")
    assert "models.Price: admins,\n" in project.read("graph/policies.py")
    changes = project.read("graph/mutations/note.py")
    assert '        one_of("stars", [1, 2]),\n' in changes
    assert "create=SIGNED_IN" in changes
    assert "one_of" in changes.split("checks")[0]


async def test_a_table_that_gets_a_key_can_be_changed_from_then_on(blank_database: Database, tmp_path: Path) -> None:
    project = Project(tmp_path / "project", blank_database)
    await project.make("CREATE TABLE marks (word TEXT NOT NULL, number INTEGER)")
    assert not (project.tree.root / "graph/mutations/mark.py").exists()
    assert "mark_mutations" not in project.read("graph/schema.py")
    sql = "DROP TABLE marks\n\nCREATE TABLE marks (word TEXT NOT NULL PRIMARY KEY, number INTEGER)"
    assert await project.sync(sql) == []
    assert "marks.update, marks.delete]" in project.read("graph/mutations/mark.py")
    assert "mark_mutations" in project.read("graph/schema.py")
    assert "class Mark(Node):" in project.read("graph/types/mark.py")


OF_POSTGRESQL = """
CREATE TYPE mood AS ENUM ('sad', 'happy')

CREATE TABLE people (id INTEGER PRIMARY KEY, mood mood NOT NULL)
"""
MORE_OF_POSTGRESQL = """
ALTER TYPE mood ADD VALUE 'so so' AFTER 'sad'

ALTER TABLE people ADD COLUMN device MACADDR, ADD COLUMN stays TSRANGE[], ADD COLUMN near POINT, ADD COLUMN bits BIT(3)
"""


@pytest.mark.postgresql
async def test_a_changed_enumeration_and_unusual_types_are_followed(blank_database: Database, tmp_path: Path) -> None:
    project = Project(tmp_path / "project", blank_database)
    await project.make(OF_POSTGRESQL)
    project.edit("db/models/enums.py", '    """The words of `mood`."""\n', '    """How somebody is."""\n')
    assert await project.sync(MORE_OF_POSTGRESQL) == []
    enums = project.read("db/models/enums.py")
    assert "    SAD = 'sad'\n    SO_SO = 'so so'\n".replace("'", '"') in enums
    assert '"""How somebody is."""' in enums
    types = project.read("graph/types/person.py")
    for name in ("device", "stays", "near", "bits"):
        assert f"    {name}: " in types
    plan = await project.plan()
    model = next(it for it in plan.models if it.class_name == "Person")
    shown = [it.name for it in model.attributes if not it.hidden and it.name != "id"]
    assert all(f"    {name}: " in types for name in shown)


class Edit(NamedTuple):
    """What somebody has written in the place of something."""

    file: str
    before: str
    after: str


EDITS = (
    Edit("graph/policies.py", "models.Author: admins", "models.Author: everybody"),
    Edit("graph/policies.py", "models.Book: admins", 'models.Book: owners(own("author_id"))'),
    Edit("graph/types/author.py", '"""A row of the table `authors`."""', '"""Who writes."""'),
    Edit("graph/types/author.py", "    name: str\n", '    name: str = named("called")\n'),
    Edit("graph/types/book.py", "    pages: int | None\n", ""),
    Edit("graph/types/book.py", 'plural="books"', 'plural="volumes"'),
    Edit("graph/mutations/book.py", "    create=ADMINS,\n", "    create=SIGNED_IN,\n"),
    Edit("db/models/note.py", '__tablename__ = "notes"', '__tablename__ = "notes"\n\n    SHORT = 3'),
    Edit("graph/schema.py", "what is in it", "what is there"),
)
CHANGES: Mapping[str, tuple[str, str]] = {
    "ALTER TABLE books ADD COLUMN isbn VARCHAR(13)": ("graph/types/book.py", "    isbn: str | None\n"),
    "ALTER TABLE authors ADD COLUMN died DATE": ("db/models/author.py", "    died: Mapped[date | None] = "),
    "ALTER TABLE notes ADD COLUMN book_id INTEGER REFERENCES books (id)": (
        "graph/types/book.py",
        "    notes: Connection[Note]\n",
    ),
    "CREATE TABLE prices (id INTEGER PRIMARY KEY, amount INTEGER)": ("graph/policies.py", "models.Price: admins,\n"),
    "ALTER TABLE books RENAME COLUMN pages TO sheets": ("db/models/book.py", "    sheets: Mapped[int | None] = "),
    "ALTER TABLE notes ADD COLUMN stars INTEGER CHECK (stars > 0)": (
        "graph/mutations/note.py",
        'compare("stars", ">", 0)',
    ),
    "ALTER TABLE authors RENAME COLUMN name TO full_name": ("graph/types/author.py", "    full_name: str\n"),
}


@given(
    edits=st.lists(st.sampled_from(EDITS), unique=True, max_size=5),
    first=st.lists(st.sampled_from(sorted(CHANGES)), unique=True, max_size=3),
    then=st.lists(st.sampled_from(sorted(CHANGES)), unique=True, max_size=3),
)
@tried(4)
def test_edits_stand_and_changes_are_there_whichever_they_are(
    edits: Sequence[Edit], first: Sequence[str], then: Sequence[str]
) -> None:
    with TemporaryDirectory() as folder:
        asyncio.run(_law(Path(folder), edits, first, [it for it in then if it not in first]))


async def _law(folder: Path, edits: Sequence[Edit], first: Sequence[str], then: Sequence[str]) -> None:
    with closing(sqlite3.connect(folder / "law.db")):
        project = Project(folder / "project", Database(f"sqlite:///{folder / 'law.db'}", "sqlite"))
    await project.make()
    done = [edit for edit in edits if edit.before in project.read(edit.file)]
    for edit in done:
        project.edit(*edit)
    for changes in (first, then):
        await project.sync("\n\n".join(changes))
    for edit in done:
        assert all(line in project.read(edit.file) for line in edit.after.splitlines())
        assert edit.after or edit.before not in project.read(edit.file)
    for change in (*first, *then):
        file, line = CHANGES[change]
        assert line in project.read(file), project.read(file)
    assert not syncing.compare(Tree(project.tree.root), await project.plan(), writable=True).texts
