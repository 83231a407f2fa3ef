"""Trellis's own tables: where they are, what makes them, and how those of before come there."""

from collections.abc import Collection
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from pydantic import SecretStr
from sqlalchemy import Connection, insert, select, text
from sqlalchemy.orm import Mapped, mapped_column

from db import migrate
from db.own import PREFIX, Counter, Feature, OwnBase, TrustedDocument, TrustedDocumentId, own_tables
from db.own.place import version_table
from db.probing import Note, Probe, wanted_by
from db.refusals import ForeignOwnRevision, ForeignSchema, NoSchema
from db.relations import EVERYTHING
from db.revisions import own_history
from db.session.engines import Engines
from db.settings import HOUSE, DatabaseSettings
from graph.domain import Domain, own_features
from graph.entity import Schema
from graph.settings import DocumentsMode, Settings
from tests.databases import Database, settings_for
from tests.migrations import sample
from tests.own_tables import SCHEMA, names_of

ALL = tuple(Feature)


@pytest.fixture
def blank(blank_database: Database) -> DatabaseSettings:
    return settings_for(blank_database)


MARKS = "trellis_change_ids"


def made_for(settings: DatabaseSettings, features: Collection[Feature]) -> set[str]:
    """The names of tables, and of the one with the revisions."""
    kept = version_table(settings, own=True)
    # On MariaDB triggers need one table more, which no statement of ours writes to.
    marks = {MARKS} if Feature.CHANGES in features and settings.primary.get_backend_name() == "mysql" else set()
    return {*map(str, own_tables(features, kept.schema).tables), str(kept), *marks}


async def run(settings: DatabaseSettings, *statements: str) -> None:
    def execute(connection: Any) -> None:
        for statement in statements:
            connection.execute(text(statement))

    await sample.ask(settings, execute)


async def value(settings: DatabaseSettings, statement: str) -> Any:
    return await sample.ask(settings, lambda connection: connection.scalar(text(statement)))


async def test_own_tables_come_with_an_upgrade_and_go_at_the_base(blank: DatabaseSettings) -> None:
    migrate.upgrade(blank, "0001")
    assert await sample.ask(blank, names_of) == made_for(blank, ALL)
    assert own_history(ALL).newest < migrate.own_current(blank)
    migrate.downgrade(blank, "base")
    assert await sample.ask(blank, names_of) == made_for(blank, ())
    migrate.upgrade(blank)
    assert await sample.ask(blank, names_of) == made_for(blank, ALL)


async def test_only_what_is_on_is_made_and_the_rest_comes_when_it_is_switched_on(blank: DatabaseSettings) -> None:
    migrate.upgrade(blank, own=())
    assert await sample.ask(blank, names_of) == set()
    assert migrate.check(blank, own=()) == []
    assert migrate.check(blank, own=[Feature.USAGE, Feature.COUNTERS]) == [
        "Trellis's own tables for counters, usage are not at their newest revision. Run `trellis db upgrade`."
    ]
    for features in ([Feature.COUNTERS], [Feature.COUNTERS, Feature.USAGE]):
        migrate.upgrade(blank, own=features)
        assert await sample.ask(blank, names_of) == made_for(blank, features)
        assert migrate.check(blank, own=features) == []
    migrate.upgrade(blank, own=[])
    assert await sample.ask(blank, names_of) == made_for(blank, features)  # what is off stays
    migrate.downgrade(blank, "base")
    assert await sample.ask(blank, names_of) == made_for(blank, ())


@pytest.mark.parametrize(
    ("given", "asked", "features"),
    [
        ({}, (), {Feature.USAGE}),
        ({"record_usage": False}, (), set()),
        ({"record_usage": False, "documents": DocumentsMode.ACCEPT}, (), {Feature.DOCUMENTS}),
        ({"record_usage": False}, (Feature.COUNTERS,), {Feature.COUNTERS}),
        ({"record_usage": False, "limits_storage": "memory"}, (Feature.COUNTERS,), set()),
        ({"record_usage": False, "limits_storage": "database"}, (), {Feature.COUNTERS}),
    ],
)
def test_settings_and_the_domain_say_what_is_on(
    given: dict[str, Any], asked: tuple[Feature, ...], features: set[Feature]
) -> None:
    def no_schema(_settings: Settings) -> Schema:
        raise AssertionError

    domain = Domain(no_schema, lambda _viewer: EVERYTHING, own=asked)
    assert own_features(domain, Settings(**given)) == features


async def test_check_names_an_own_table_that_is_gone_and_a_column_that_differs(settings: DatabaseSettings) -> None:
    there = own_tables(ALL, version_table(settings, own=True).schema).sorted_tables[::-1]
    (counters,) = [table for table in there if table.name.endswith("counters")]
    gone = [table for table in there if table is not counters]
    # First: once the log of changes is gone, SQLite alters no table, for triggers name it.
    await run(settings, f"ALTER TABLE {counters.fullname} DROP COLUMN state")
    if settings.primary.get_backend_name() == "mysql":
        await run(settings, "ALTER TABLE trellis_changes DROP FOREIGN KEY fk_trellis_changes_of_ids")
        await run(settings, f"DROP TABLE {MARKS}")
    for table in gone:
        await sample.ask(settings, table.drop)
    found = migrate.check(settings)
    assert {it for it in found if it.startswith("The table ")} == {
        f"The table {table.name} is in the models and not in the database." for table in gone
    }
    assert f"The column {counters.name}.state is in the models and not in the database." in found


def test_a_name_that_an_application_may_have_is_refused() -> None:
    with pytest.raises(ValueError, match=f"begin its name with {PREFIX}"):

        class Usage(OwnBase, feature=Feature.USAGE):
            __tablename__ = "usage"
            id: Mapped[int] = mapped_column(primary_key=True)


BEFORE = (
    "CREATE TABLE trellis_revisions (version_num VARCHAR(32) NOT NULL)",
    "INSERT INTO trellis_revisions VALUES ('0003')",
    "INSERT INTO trellis_documents VALUES ('5', '{ a }')",
    "INSERT INTO trellis_document_ids VALUES ('i', '5')",
    "INSERT INTO trellis_counters VALUES ('n', 's', 7)",
)


def rows(connection: Connection) -> list[Any]:
    """What the statements above have inserted, as the code of today finds it."""
    documents = select(TrustedDocumentId.id, TrustedDocument.text).join(
        TrustedDocument, TrustedDocument.sha256 == TrustedDocumentId.sha256
    )
    return [*connection.execute(documents), *connection.execute(select(Counter.name, Counter.state, Counter.ends))]


async def test_tables_of_before_move_with_their_rows_and_back(blank: DatabaseSettings) -> None:
    migrate.upgrade(blank, own=())
    await sample.ask(blank, own_tables([Feature.USAGE, Feature.DOCUMENTS, Feature.COUNTERS], None).create_all)
    await run(blank, *BEFORE)
    migrate.upgrade(blank)
    expected = [("i", "{ a }"), ("n", "s", 7)]
    assert await sample.ask(blank, rows) == expected
    assert await sample.ask(blank, names_of) == made_for(blank, ALL)
    assert migrate.check(blank) == []
    migrate.upgrade(blank)  # once more, and nothing moves

    migrate.run(blank, partial(command.downgrade, revision="place@base"), own=True)
    assert await value(blank, "SELECT version_num FROM trellis_revisions") == "0003"
    assert await value(blank, "SELECT state FROM trellis_counters") == "s"
    migrate.upgrade(blank)
    assert await sample.ask(blank, rows) == expected
    assert migrate.check(blank) == []


@pytest.mark.postgresql
async def test_a_schema_of_somebody_else_is_refused_and_another_can_be_named(blank: DatabaseSettings) -> None:
    await run(blank, f"CREATE SCHEMA {SCHEMA}", f"CREATE TABLE {SCHEMA}.plants (id int)")
    with pytest.raises(ForeignSchema, match=r"holds others: plants\. .*TRELLIS_OWN_SCHEMA"):
        migrate.upgrade(blank)
    assert await sample.ask(blank, names_of) == {f"{SCHEMA}.plants"}
    other = blank.model_copy(update={"own_schema": "Garden"})
    migrate.upgrade(other)
    assert migrate.check(other) == []
    await sample.ask(other, lambda them: them.execute(insert(Counter).values(name="a", state="b", ends=1)))
    assert await value(other, 'SELECT state FROM "Garden".counters') == "b"
    assert await sample.ask(blank, names_of) == {f"{SCHEMA}.plants"}


async def test_a_newer_history_of_ours_is_refused(blank: DatabaseSettings) -> None:
    migrate.upgrade(blank)
    kept = version_table(blank, own=True)
    await run(blank, f"UPDATE {kept} SET version_num = 'usage_0099' WHERE version_num LIKE 'usage%'")
    with pytest.raises(ForeignOwnRevision, match="is at revision usage_0099, which this code does not know"):
        migrate.upgrade(blank)


async def test_a_history_of_ours_that_is_one_ahead_is_left_as_it_is(blank: DatabaseSettings) -> None:
    migrate.upgrade(blank)
    kept = version_table(blank, own=True)
    await run(blank, f"UPDATE {kept} SET version_num = 'usage_0002' WHERE version_num LIKE 'usage%'")
    migrate.upgrade(blank)
    assert "usage_0002" in migrate.own_current(blank)


@pytest.mark.postgresql
async def test_a_role_that_may_make_no_schema_is_told_which_grant(blank: DatabaseSettings) -> None:
    migrate.upgrade(blank, own=())
    name = blank.primary.database
    role = f"gardener_{name}"
    await run(
        blank,
        f"CREATE ROLE {role} LOGIN PASSWORD 'x'",
        f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {role}",
        f"GRANT CONNECT ON DATABASE {name} TO {role}",
    )
    url = blank.primary.set(username=role, password="x").render_as_string(hide_password=False)
    theirs = blank.model_copy(update={"database_url": SecretStr(url)})
    try:
        with pytest.raises(NoSchema, match=f"run: GRANT CREATE ON DATABASE {name} TO {role}; or switch off"):
            migrate.upgrade(theirs)
        await run(blank, f"CREATE SCHEMA {SCHEMA}")
        with pytest.raises(NoSchema, match=f"run: GRANT CREATE, USAGE ON SCHEMA {SCHEMA} TO {role}; or"):
            migrate.upgrade(theirs)
        await run(blank, f"GRANT CREATE, USAGE ON SCHEMA {SCHEMA} TO {role}")
        migrate.upgrade(theirs)
        assert migrate.check(theirs) == []
    finally:
        await run(blank, f"DROP OWNED BY {role}", f"DROP ROLE {role}")


@pytest.mark.postgresql
async def test_a_role_that_may_not_read_our_tables_serves_and_is_told(blank: DatabaseSettings) -> None:
    migrate.upgrade(blank)
    role = f"reader_{blank.primary.database}"
    await run(blank, f"CREATE ROLE {role} LOGIN PASSWORD 'x'", f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}")
    url = blank.primary.set(username=role, password="x").render_as_string(hide_password=False)
    engines = Engines(blank.model_copy(update={"database_url": SecretStr(url)}))
    try:
        probe = Probe(engines.probing()["primary"], wanted_by(blank, (), [Feature.USAGE]), takes_changes=True)
        finding = await probe.look(5)
        assert (finding.problem, finding.notes) == (None, (Note.OWN_TABLES,))
    finally:
        await engines.dispose()
        await run(blank, f"DROP OWNED BY {role}", f"DROP ROLE {role}")


def test_every_feature_has_revisions_and_tables() -> None:
    labels = {file.stem.partition("_0001_")[0] for file in Path(HOUSE / "migrations" / "own").glob("*_0001_*.py")}
    assert labels == {*ALL, migrate.PLACE}
    assert all(own_tables([feature], None).tables for feature in ALL)


@pytest.mark.postgresql
async def test_a_schema_that_bears_the_name_of_the_role_gets_none_of_the_applications_tables(
    blank: DatabaseSettings,
) -> None:
    settings = blank.model_copy(update={"own_schema": await value(blank, "SELECT current_user::text")})
    tables = "SELECT string_agg(tablename, ' ') FROM pg_tables WHERE schemaname = 'public' AND tablename LIKE 'r%'"
    migrate.upgrade(settings, "0001")
    assert await value(settings, tables) == "roles"
    migrate.upgrade(settings)  # its schema is there by now
    assert await value(settings, "SELECT to_regclass('public.tags') IS NOT NULL")
    assert migrate.check(settings) == []
    migrate.downgrade(settings, "base")
    assert await value(settings, tables) is None
