"""What the models say otherwise is seen, named and mended by a revision of alembic, with rows in the tables."""

import asyncio
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import (
    CheckConstraint,
    Column,
    Computed,
    DateTime,
    Enum,
    ForeignKey,
    Identity,
    Index,
    Integer,
    MetaData,
    Numeric,
    PrimaryKeyConstraint,
    Sequence,
    String,
    Table,
    Text,
    UniqueConstraint,
    desc,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, ExcludeConstraint

from db.base import NAMING_CONVENTION, text_enum
from db.settings import DatabaseSettings
from db.views import VIEW
from tests.databases import Database, settings_for
from tests.migrations import sample
from tests.migrations.evolution import Evolution


def words(*found: str) -> type[StrEnum]:
    return StrEnum("Status", {word.upper(): word for word in found})  # type: ignore[return-value]  # words vary


def metadata(*tables: tuple[str, list[Any]]) -> MetaData:
    """Models of these tables, each with a key."""
    made = MetaData(naming_convention=NAMING_CONVENTION)
    for name, parts in tables:
        Table(name, made, Column("id", Integer, primary_key=True), *parts)
    return made


@pytest.fixture
def blank(blank_database: Database) -> DatabaseSettings:
    return settings_for(blank_database)


@pytest.fixture
def evolution(blank: DatabaseSettings, tmp_path: Path) -> Evolution:
    return Evolution(blank, tmp_path / "versions")


async def run(settings: DatabaseSettings, *statements: str) -> None:
    def execute(connection: Any) -> None:
        for statement in statements:
            connection.exec_driver_sql(statement)

    await sample.ask(settings, execute)


async def evolve(
    evolution: Evolution, settings: DatabaseSettings, before: MetaData, after: MetaData, *rows: str
) -> tuple[list[str], str]:
    """From one state to the other, back, and there again, with these rows; gives the differences and the revision.

    At every station the database is as the models of the station want it, and no row is lost.
    """

    def first() -> None:
        evolution.to(before)
        assert evolution.differences(before) == []

    def there() -> tuple[list[str], str]:
        found = evolution.differences(after)
        revision = evolution.to(after)
        assert evolution.differences(after) == []
        return found, revision

    def back_and_there() -> None:
        evolution.back(before)
        assert evolution.differences(before) == []
        evolution.again(after)
        assert evolution.differences(after) == []

    await asyncio.to_thread(first)
    await run(settings, *rows)
    counts = await count(settings)
    found = await asyncio.to_thread(there)
    await asyncio.to_thread(back_and_there)
    assert counts.items() <= (await count(settings)).items()
    return found


async def count(settings: DatabaseSettings) -> dict[str, int]:
    return {name: len(rows) for name, rows in (await sample.ask(settings, sample.contents)).items()}


async def test_a_new_word_of_a_text_enumeration_is_seen_and_can_be_stored(
    evolution: Evolution, blank: DatabaseSettings
) -> None:
    def articles(*found: str) -> MetaData:
        return metadata(("articles", [Column("status", text_enum(words(*found)), nullable=False)]))

    found, revision = await evolve(
        evolution,
        blank,
        articles("draft", "published"),
        articles("draft", "published", "archived"),
        "INSERT INTO articles (id, status) VALUES (1, 'draft'), (2, 'published')",
    )
    (sentence,) = found
    assert sentence.startswith("The constraint articles.ck_articles_status is CHECK (")
    assert sentence.endswith("and CHECK (status IN ('draft', 'published', 'archived')) in the models.")
    assert "\"status IN ('draft', 'published', 'archived')\"" in revision
    await run(blank, "INSERT INTO articles (id, status) VALUES (3, 'archived')")


def everything(*, after: bool) -> MetaData:
    """A table with one of each kind, before and after."""

    def either(old: Any, new: Any) -> Any:
        return new if after else old

    parts = [
        Column(
            "size", Integer, either(CheckConstraint("size > 0", name="positive"), None), server_default=either("1", "2")
        ),
        Column("order", Integer, server_default=either(None, text("2 + 3"))),
        Column("made", DateTime(timezone=True), server_default=either(func.now(), None)),
        Column(
            "title",
            String(either(20, 30)),
            server_default=either("it's", '100 %: "a" :b'),
            nullable=either(True, False),
        ),
        Column("number", either(String(10), Integer), server_default=either("5", "6")),
        Column("price", Numeric(either(8, 10), 2)),
        Column("area", Integer, Computed(either("size * 2", "size * 3"), persisted=True)),
        CheckConstraint("size < 100", name=either("small", "little")),
        CheckConstraint(either("size <> 50", "size <> 51"), name="changed"),
        CheckConstraint(f"title <> 'a \\:b {either(1, 2)}' AND title <> 'c::d'", name="colons"),
        CheckConstraint("title <> 'a:b' AND title NOT LIKE '%x y (,)%'", name="kept"),
        CheckConstraint(either("title <> 'old'", "area > 0"), name=either("removed", "added")),
        Index("ix_lower", text(either("lower(title)", "upper(title)"))),
        Index("ix_order", either(desc("size"), "size"), "id"),
        Index("ix_area", "area", unique=either(False, True)),
        Index(
            "ix_some",
            "size",
            sqlite_where=text(f"size > {either(1, 2)}"),
            postgresql_where=text(f"size > {either(1, 2)}"),
        ),
        Index(
            "ix_kept",
            text("lower(title)"),
            text("size DESC"),
            sqlite_where=text("size IN (1, 2)"),
            postgresql_where=text("title IN ('a', 'b')"),
        ),
        Index(either("ix_gone", "ix_come"), "price"),
        UniqueConstraint("title", either("size", "id"), name="uq_title"),
        Column("kind", text_enum(words("a", "b")), server_default="b") if after else Column("gone", Integer),
    ]
    return metadata(
        ("things", [part for part in parts if part is not None]),
        ("children", [Column("thing_id", ForeignKey("things.id", ondelete=either("CASCADE", "RESTRICT")), index=True)]),
        *either([], [("fresh", [Column("kind", text_enum(words("a", "b"))), Index("ix_fresh", "kind")])]),
    )


async def test_every_kind_of_difference_is_named_and_mended(evolution: Evolution, blank: DatabaseSettings) -> None:
    found, _ = await evolve(
        evolution,
        blank,
        everything(after=False),
        everything(after=True),
        "INSERT INTO things (id, title, number, price) VALUES (1, 'x', '7', 1.5), (2, 'y', NULL, 2)",
        "UPDATE things SET size = 3 WHERE id = 2",
        "INSERT INTO children (id, thing_id) VALUES (1, 1), (2, NULL)",
    )
    for named in (
        "things.size",
        "things.order",
        "things.made",
        "things.title",
        "things.number",
        "things.price",
        "things.area",
        "ck_things_positive",
        "ck_things_small",
        "ck_things_little",
        "ck_things_changed",
        "ck_things_colons",
        "ck_things_removed",
        "ck_things_added",
        "ix_lower",
        "ix_order",
        "ix_area",
        "ix_some",
        "ix_gone",
        "ix_come",
        "uq_title",
        "things.gone",
        "things.kind",
        "ck_things_status",
        "fk_children_thing_id_things",
        "fresh",
    ):
        assert any(named in sentence for sentence in found), named
    assert not any("kept" in sentence or "ix_children" in sentence for sentence in found)
    changed = "is CHECK (size <> 50) in the database and CHECK (size <> 51) in the models."
    assert f"The constraint things.ck_things_changed {changed}" in [
        sentence.replace("((size <> 50))", "(size <> 50)") for sentence in found
    ]
    rows = (await sample.ask(blank, sample.contents))["things"]
    assert [(row["number"], row["area"], row["kind"]) for row in rows] == [(7, 3, "b"), (None, 9, "b")]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (["sad", "glad"], ["sad", "ok", "glad", "it's"]),
        (["sad", "ok", "glad"], ["glad", "sad"]),
    ],
    ids=["added", "taken away"],
)
@pytest.mark.postgresql
async def test_words_of_a_native_enumeration_change(
    evolution: Evolution, blank: DatabaseSettings, before: list[str], after: list[str]
) -> None:
    def people(found: list[str]) -> MetaData:
        mood = Enum(*found, name="Mood")
        return metadata(
            (
                "people",
                [
                    Column("mood", mood, server_default=found[-1]),
                    Column("past", ARRAY(mood), server_default=text("'{sad}'")),
                    CheckConstraint("mood <> 'glad' OR id > 0", name="glad"),
                    Index("ix_sad", "id", postgresql_where=text("mood = 'sad'")),
                ],
            )
        )

    found, revision = await evolve(
        evolution,
        blank,
        people(before),
        people(after),
        "INSERT INTO people (id, mood, past) VALUES (1, 'sad', '{glad}')",
    )
    old, new = ", ".join(before), ", ".join(after)
    assert f"The words of the enumeration Mood are {old} in the database and {new} in the models." in found
    assert ("autocommit_block" in revision) == (len(after) > len(before))
    await run(blank, "INSERT INTO people (id) VALUES (2)")


@pytest.mark.postgresql
async def test_what_postgresql_alone_has(evolution: Evolution, blank: DatabaseSettings) -> None:
    def state(*, after: bool) -> MetaData:
        numbers = Sequence("numbers", increment=2 if after else 1)
        other = Sequence("more")
        more = [Column("number", Integer, other, server_default=other.next_value())] if after else []
        counted = [Identity(start=5)] if after else []
        room: Column[int] = Column("room", Integer, *counted, nullable=False)
        made = metadata(
            (
                "stays",
                [
                    room,
                    Column("next", Integer, numbers, server_default=numbers.next_value()),
                    *more,
                    Column("days", Text, comment="new" if after else "old"),
                    Column("name", String(20, collation="C" if after else None)),
                    ExcludeConstraint(("room", "="), ("id", "<>" if after else "="), name="no_two", using="btree")
                    if not after
                    else UniqueConstraint("room", "name", name="no_two", postgresql_nulls_not_distinct=True),
                    Index("ix_days", "days", postgresql_include=["room"] if after else []),
                ],
            )
        )
        Table(
            "keys",
            made,
            Column("a", Integer, nullable=False),
            Column("b", Integer, nullable=False),
            PrimaryKeyConstraint("a", *(["b"] if after else [])),
        )
        return made

    found, _ = await evolve(
        evolution, blank, state(after=False), state(after=True), "INSERT INTO stays (id, room) VALUES (1, 1)"
    )
    for named in (
        "stays.room",
        "sequence numbers counts",
        "sequence more",
        "stays.days",
        "stays.name",
        "no_two",
        "ix_days",
        "pk_keys",
    ):
        assert any(named in sentence for sentence in found), named


async def test_tables_and_enumerations_of_others_stay(evolution: Evolution, blank: DatabaseSettings) -> None:
    mine, more = metadata(("mine", []), ("lost", [])), metadata(("mine", []))
    statements = ["CREATE TABLE theirs (id INTEGER PRIMARY KEY)", "CREATE INDEX ix_theirs ON theirs (id)"]
    if blank.primary.get_backend_name() == "postgresql":
        statements.append("CREATE TYPE their_mood AS ENUM ('a')")
    await run(blank, *statements)
    await asyncio.to_thread(evolution.to, mine)
    found = await asyncio.to_thread(evolution.differences, more)
    assert found == ["The table lost is in the database and not in the models."]
    assert "their" not in await asyncio.to_thread(evolution.to, more)


@pytest.mark.postgresql
async def test_revisions_that_one_database_wrote_run_on_the_other(
    evolution: Evolution, blank: DatabaseSettings, tmp_path: Path
) -> None:
    states = [everything(after=False), everything(after=True)]
    file = settings_for(Database(f"sqlite:///{tmp_path}/other.db", "sqlite"))
    written_there = Evolution(file, tmp_path / "there")

    def write_and_run(writer: Evolution, other: DatabaseSettings) -> None:
        for state in states:
            writer.to(state)
        elsewhere = writer.on(other)
        elsewhere.upgrade(states[-1])
        assert elsewhere.differences(states[-1]) == []

    await asyncio.to_thread(write_and_run, evolution, file)
    await asyncio.to_thread(evolution.down, states[-1])
    file = settings_for(Database(f"sqlite:///{tmp_path}/another.db", "sqlite"))
    written_there = Evolution(file, tmp_path / "there")
    await asyncio.to_thread(write_and_run, written_there, blank)


@pytest.mark.sqlite
async def test_a_table_that_is_made_anew_keeps_what_was_not_read(evolution: Evolution, blank: DatabaseSettings) -> None:
    def state(*more: Column[Any]) -> MetaData:
        nocase = Column("name", String(20, collation="NOCASE"))
        indexes = [Index("ix_lower", text("lower(name)")), Index("ix_down", desc("name"), unique=True)]
        return metadata(("names", [nocase, Column("size", Integer, nullable=not more), *indexes, *more]))

    await evolve(
        evolution, blank, state(), state(Column("more", Integer)), "INSERT INTO names (id, size) VALUES (1, 2)"
    )


@pytest.mark.sqlite
async def test_tables_that_were_written_by_hand_are_read(evolution: Evolution, blank: DatabaseSettings) -> None:
    by_hand = """CREATE TABLE [things] -- not by us
        ("Name" VARCHAR(20) CONSTRAINT "ck_things_name" CHECK ((CAST("Name" AS INTEGER) COLLATE nocase <> -1))
            DEFAULT 'a''b',
        createdAt VARCHAR(20) DEFAULT -1.5, id integer not null, CONSTRAINT `pk_things` PRIMARY KEY (id) /* , */)"""
    await run(blank, by_hand, 'CREATE UNIQUE INDEX if not exists ix_name ON things ( "Name" ASC, [createdAt] desc )')
    parts = [
        Column("Name", String(20), server_default="a'b"),
        Column("createdAt", String(20), server_default=text("-1.5")),
        CheckConstraint('CAST("Name" AS INTEGER) COLLATE nocase <> -1', name="name"),
    ]
    models = metadata(("things", [*parts, Index("ix_name", "Name", text('"createdAt" DESC'), unique=True)]))
    assert await asyncio.to_thread(evolution.differences, models) == []


@pytest.mark.postgresql
async def test_a_key_that_is_not_counted_up_any_more_is_seen(evolution: Evolution, blank: DatabaseSettings) -> None:
    models = metadata(("things", [Column("name", String(5))]))
    await asyncio.to_thread(evolution.to, models)
    await run(blank, "DROP SEQUENCE things_id_seq CASCADE", "INSERT INTO things (id) VALUES (7)")
    found = await asyncio.to_thread(evolution.differences, models)
    assert "The sequence things_id_seq is in the models and not in the database." in found
    await asyncio.to_thread(evolution.to, models)
    assert await asyncio.to_thread(evolution.differences, models) == []
    await run(blank, "INSERT INTO things (name) VALUES ('x')")
    assert [row["id"] for row in (await sample.ask(blank, sample.contents))["things"]] == [7, 8]


async def test_models_of_views_are_nobodys_tables(evolution: Evolution, blank: DatabaseSettings) -> None:
    """A view is neither made nor dropped by a revision, nor is a difference."""

    def models(*, with_view: bool) -> MetaData:
        made = metadata(("base_table", [Column("number", Integer)]))
        if with_view:
            Table("numbers", made, Column("number", Integer, primary_key=True), info=dict(VIEW))
        return made

    def evolve_with_views() -> None:
        evolution.to(models(with_view=False))
        assert evolution.differences(models(with_view=True)) == []

    await asyncio.to_thread(evolve_with_views)
    await run(blank, "CREATE VIEW numbers AS SELECT number FROM base_table")

    def written() -> str:
        assert evolution.differences(models(with_view=True)) == evolution.differences(models(with_view=False)) == []
        return evolution.written(models(with_view=True))

    assert "numbers" not in await asyncio.to_thread(written)
