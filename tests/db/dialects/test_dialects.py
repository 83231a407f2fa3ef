"""A database is one class and one entry: nothing else in `db` or `graph` asks which database there is."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, String, Table, bindparam, create_engine, event, select, text
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship
from sqlalchemy.schema import ForeignKey

import db
from db.dialects import DIALECTS, FunctionName, UnknownDialect, dialect_of
from db.dialects.sqlite import SQLite
from db.functions import among, fold_case
from db.relations import link, total_order
from db.statements import LIMIT, Key, PageShape, Statement, count, first_by_key, page, rows_by_key
from db.violations import Rule, violation_of

HOUSE = Path(db.__file__).parent.parent

NAMED = re.compile("postgres|sqlite|asyncpg", re.IGNORECASE)

NAMING = {
    "db/care/backup.py": "one database copies itself, and the other has tools for it",
    "db/care/online/checking.py": "what a revision locks is another thing on each database",
    "db/care/online/rendered.py": "the linter reads statements of one database",
    "db/care/online/rules.py": "what revisions are to say instead, in the words of Alembic",
    "db/fast/fast_connection.py": "statements go straight to asyncpg, the one driver that the fast path knows",
    "db/full_text.py": "the first full-text index of posts was made of other tables on each database",
    "db/migrate.py": "revisions go past PgBouncer",
    "db/reflection/forms.py": "a type of one database that nobody reads",
    "db/reflection/postgresql.py": "how its catalogs are read",
    "db/reflection/postgresql_functions.py": "how its catalogs are read",
    "db/reflection/postgresql_types.py": "how its catalogs are read",
    "db/reflection/reading.py": "which reader is whose",
    "db/reflection/rules.py": "which grammar a CHECK is written in, and what LIKE and REGEXP mean there",
    "db/reflection/sqlite.py": "how its PRAGMAs are read",
    "db/search.py": "the search index of posts is asked in other words on each database",
    "db/search_index.py": "the search index of posts is made of other tables on each database",
    "db/settings.py": "the default of TRELLIS_DATABASE_URL, and the forms that a URL may have",
    "graph/checkup/contradictions.py": "what a setting of one database means on the other",
    "graph/checkup/database.py": "cures are in the words of the database",
    "graph/cli/actions/next_step.py": "URLs, as examples",
    "graph/cli/init.py": "URLs, as examples",
    "graph/projects/columns.py": "models are written in the types of the database that was there before",
    "graph/projects/models.py": "indexes are written in the words of the database that was there before",
    "graph/cli/failures.py": "the default of TRELLIS_DATABASE_URL, in words",
    "graph/startup.py": "a URL, as an example",
    "graph/testing/choices.py": "on which databases tests run",
    "graph/testing/databases.py": "how each database is copied and emptied between tests",
    "graph/testing/mariadb.py": "how a server is started for a run of tests",
    "graph/testing/plugin.py": "a mark for tests of one database",
    "graph/testing/postgresql.py": "how a server is started for a run of tests",
}
"""Modules that name a database, each with its reason; models do as their tables want."""


class Toy(SQLite):
    """A database of its own that is SQLite inside."""

    name = "toy"
    max_keys = 2
    functions = {**SQLite.functions, FunctionName.FOLD_CASE: "lower({0})"}  # noqa: RUF012 - as in its base


class ToyOfSQLAlchemy(SQLiteDialect_pysqlite):
    """The same for SQLAlchemy."""

    name = "toy"
    supports_statement_cache = True


registry.register("toy", __name__, ToyOfSQLAlchemy.__name__)


class ToyBase(DeclarativeBase):
    """The models of the toy."""


class Box(ToyBase):
    """A parent."""

    __tablename__ = "boxes"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(20), unique=True)
    things: Mapped[list["Thing"]] = relationship(back_populates="box")


class Thing(ToyBase):
    """A child."""

    __tablename__ = "things"

    id: Mapped[int] = mapped_column(primary_key=True)
    box_id: Mapped[int] = mapped_column(ForeignKey("boxes.id"))
    box: Mapped[Box] = relationship(back_populates="things")


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> Iterator[Connection]:
    """Three boxes with 1, 2 and 3 things in them, in a database that `DIALECTS` has one entry for."""
    monkeypatch.setitem(DIALECTS, "toy", Toy())
    engine = create_engine("toy://")
    event.listen(engine, "connect", lambda connection, _: dialect_of("toy").prepare(connection))
    with engine.begin() as connection:
        ToyBase.metadata.create_all(connection)
        connection.execute(table(Box).insert(), [{"id": n, "name": f"BOX {n}"} for n in (1, 2, 3)])
        connection.execute(table(Thing).insert(), [{"box_id": n} for n in (1, 2, 2, 3, 3, 3)])
        yield connection
    engine.dispose()


def table(model: type[ToyBase]) -> Table:
    found = model.__table__
    assert isinstance(found, Table)
    return found


def read(toy: Connection, statement: Statement, keys: list[Key], **parameters: int) -> list[Any]:
    """The rows of all runs that the keys take."""
    rows: list[Any] = []
    for of_keys in statement.parameters(keys):
        rows += toy.execute(statement.select, {**of_keys, **parameters}).all()
    return rows


def test_a_third_database_reads_for_many_parents(toy: Connection) -> None:
    things, box = link(Box.things), link(Thing.box)
    source = things.children()
    shape = PageShape(("id",), total_order(things.target, source.row, source.order))
    keys: list[Key] = [(1,), (2,), (3,)]
    pages = read(toy, page(source, shape, "toy"), keys, **{LIMIT: 2})
    assert [tuple(row) for row in pages] == [(1, 1), (2, 2), (3, 2), (4, 3), (5, 3)]
    counts = count(things.children(), "toy")
    assert {key: row[0] for key, row in first_by_key(counts, read(toy, counts, keys)).items()} == {
        (1,): 1,
        (2,): 2,
        (3,): 3,
    }
    assert sorted(row[0] for row in read(toy, rows_by_key(box.children(), ["name"], "toy"), keys)) == [
        "BOX 1",
        "BOX 2",
        "BOX 3",
    ]


def test_a_third_database_takes_as_many_keys_at_once_as_it_says() -> None:
    keys: list[Key] = [(1,), (2,), (3,), (4,), (5,)]
    for dialect, runs in ((Toy(), [keys[:2], keys[2:4], keys[4:]]), (DIALECTS["postgresql"], [keys])):
        statement = Statement(select(Box.id), dialect, 1, 1)
        assert statement.parameters(keys) == [dialect.key_parameters(run, 1) for run in runs]
        assert statement.parameters(keys[:1]) == [dialect.key_parameters(keys[:1], 1)]


def test_a_third_database_has_functions_of_its_own_and_those_that_it_inherits(toy: Connection) -> None:
    first = select(Thing.box_id).where(Thing.id == 1).scalar_subquery()
    folded = select(fold_case(Box.name)).where(among(Box.id, first))
    assert "lower(boxes.name)" in str(folded.compile(toy))
    assert toy.scalars(folded).all() == ["box 1"]


def test_a_third_database_inserts_what_is_missing_and_changes_what_is_there(toy: Connection) -> None:
    dialect, boxes = dialect_of("toy"), table(Box)
    toy.execute(dialect.insert_missing(boxes, ["name"]), [{"id": 9, "name": "BOX 1"}, {"id": 4, "name": "BOX 4"}])
    new = dialect.new_values(boxes)
    upsert = dialect.upsert(boxes, [boxes.c.id], {"name": new.name}, boxes.c.id == bindparam("only"))
    toy.execute(upsert, [{"id": 1, "name": "first", "only": 1}, {"id": 2, "name": "second", "only": 1}])
    assert toy.execute(select(Box.id, Box.name).order_by(Box.id)).all() == [
        (1, "first"),
        (2, "BOX 2"),
        (3, "BOX 3"),
        (4, "BOX 4"),
    ]


def test_a_third_database_tells_which_rule_was_broken(toy: Connection) -> None:
    with pytest.raises(IntegrityError) as error:
        toy.execute(table(Box).insert(), {"name": "BOX 1"})
    found = violation_of(error.value, ToyBase.metadata)
    assert (found.rule, found.table, found.columns) == (Rule.UNIQUE, table(Box), ("name",))


def test_a_database_that_nobody_added_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(UnknownDialect, match=r"no database 'oracle'; it knows postgresql, sqlite"):
        dialect_of("oracle")


def test_every_function_has_sql_or_is_given_to_connections() -> None:
    for dialect in DIALECTS.values():
        called = set(FunctionName) - dialect.functions.keys()
        if called:  # only a database in the process can call Python
            engine = create_engine("sqlite://")
            event.listen(engine, "connect", lambda connection, _, it=dialect: it.prepare(connection))
            with engine.connect() as connection:
                assert called <= set(connection.scalars(text("SELECT name FROM pragma_function_list")))
            engine.dispose()


def naming(path: Path) -> bool:
    """Whether a module's code names a database; its prose may."""
    tree = ast.parse(path.read_text())
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return any(NAMED.search(word) for node in ast.walk(tree) if id(node) not in prose for word in words(node))


def words(node: ast.AST) -> Iterator[str]:
    """The names and the texts of a node, without its children's."""
    for _, value in ast.iter_fields(node):
        if isinstance(value, str):
            yield value


def test_no_module_but_the_dialects_and_a_few_with_a_reason_names_a_database() -> None:
    found = {
        str(path.relative_to(HOUSE))
        for room in ("db", "graph")
        for path in (HOUSE / room).rglob("*.py")
        if not {HOUSE / "db/dialects", HOUSE / "db/models"} & {*path.parents} and naming(path)
    }
    assert found == {name for name in NAMING if (HOUSE / name).exists()}  # a project has other nouns
