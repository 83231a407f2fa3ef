"""A kept statement means what it means to SQLAlchemy: the same values in, the same rows out, the same errors."""

import enum
import uuid
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any, TypeAlias

import pytest
from sqlalchemy import (
    ARRAY,
    JSON,
    BigInteger,
    BindParameter,
    Boolean,
    ClauseElement,
    Date,
    DateTime,
    Dialect,
    Double,
    Enum,
    Float,
    Integer,
    Interval,
    LargeBinary,
    Numeric,
    Row,
    Select,
    SmallInteger,
    String,
    Text,
    Time,
    Uuid,
    any_,
    bindparam,
    func,
    insert,
    inspect,
    literal,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import INET, JSONB
from sqlalchemy.exc import StatementError
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import DeclarativeBase, Mapper
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine

from db import demo, models
from db.base import JSON_DOCUMENT, Base, EmailAddress, UtcDateTime, text_enum
from db.fast import CompiledStatement
from db.own import IdempotencyKey
from db.relations import parameter_type
from db.session import Mode, RequestSession
from db.session.engines import Engines
from db.settings import DatabaseSettings
from db.trace import StatementTrace
from tests.databases import Database, StatementRecorder, settings_for
from tests.entity import odd, things
from tests.entity.odd_rows import ODD
from tests.entity.serving import Sample, fill
from tests.entity.things_rows import SAMPLE as THINGS

Statement: TypeAlias = Select[*tuple[Any, ...]]


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


MOMENT = datetime(2024, 2, 29, 12, 30, 15, 123456, timezone(timedelta(hours=2)))

ECHOES: list[tuple[TypeEngine[Any], list[Any]]] = [
    (Integer(), [0, -1, 2**31 - 1]),
    (BigInteger(), [2**63 - 1]),
    (SmallInteger(), [-(2**15)]),
    (Boolean(), [True, False]),
    (String(), ["", "ünï'%$1:x", "a\nb"]),
    (Text(), ["long " * 5000]),
    (Float(), [0.1, -1e300]),
    (Double(), [1 / 3]),
    (Float(asdecimal=True), [Decimal("0.1")]),
    (Numeric(), [Decimal("1.10"), Decimal("-1E+30")]),
    (Numeric(10, 2), [Decimal("1.1"), Decimal(3)]),
    (Numeric(9, 6, asdecimal=False), [0.142857, 2.0]),
    (Date(), [date(2024, 2, 29)]),
    (Time(), [time(23, 59, 59, 999999)]),
    (DateTime(), [datetime(2024, 2, 29, 1, 2, 3)]),  # noqa: DTZ001 - a column without a zone
    (DateTime(timezone=True), [MOMENT]),
    (UtcDateTime(), [MOMENT, MOMENT.astimezone(UTC)]),
    (Interval(), [timedelta(days=1, seconds=2, microseconds=3)]),
    (LargeBinary(), [b"", b"\x00\xff"]),
    (Uuid(), [uuid.UUID(int=7)]),
    (Uuid(as_uuid=False), [str(uuid.UUID(int=7))]),
    (EmailAddress(), ["Ada@Example.org"]),
    (text_enum(models.PostStatus), [models.PostStatus.DRAFT]),
    (Enum(Colour, native_enum=False, length=10), [Colour.BLUE]),
    (JSON(), [{"a": [1, None, 1.5, "ü"]}, [], "text", 3]),
    (JSONB(), [{"a": {"b": None}}, [1], True]),
    (JSON_DOCUMENT, [{"price": 1.10}]),
    (INET(), ["192.168.0.1"]),
    (ARRAY(Integer), [[], [1, None, 3]]),
    (ARRAY(Uuid), [[uuid.UUID(int=1)]]),
    (ARRAY(Text), [["a", "b"]]),
    (ARRAY(Numeric(10, 2)), [[Decimal("1.50"), None]]),
    (ARRAY(UtcDateTime()), [[MOMENT]]),
    (ARRAY(Enum(Colour, native_enum=False, length=10)), [[Colour.RED, Colour.BLUE]]),
]


def exactly(rows: Sequence[Sequence[Any]]) -> list[list[tuple[type, Any]]]:
    """The values of rows with their types, so that 1, 1.0, True and Decimal(1) differ."""
    return [[(type(value), value) for value in row] for row in rows]


def went_past(rows: Sequence[Any]) -> bool:
    """Whether rows were made by this house and not by SQLAlchemy."""
    return bool(rows) and not isinstance(rows[0], Row)


async def both_ways(session: RequestSession, statement: Statement, **values: Any) -> tuple[list[Any], list[Any]]:
    """The rows of a statement as SQLAlchemy returns them, and as the kept form does when it has learnt."""
    kept = CompiledStatement(statement)
    await session.rows(kept, values)
    assert (kept.form is not None) is (session.dialect == "postgresql"), statement
    rows = await session.rows(kept, values)
    assert went_past(rows) is (session.dialect == "postgresql" and bool(rows))
    return exactly(await session.rows(statement, values)), exactly(rows)


RECORDS = (models.ApiKey, models.AuditEntry, IdempotencyKey, models.SignIn)
"""Models that the demo does not fill."""


async def assert_models_come_the_same(engines: Engines, base: type[DeclarativeBase]) -> None:
    """Every column and hybrid of every model, all rows and none."""
    async with RequestSession(engines) as session:
        for mapper in base.registry.mappers:
            statement = select(*_expressions(mapper)).order_by(*mapper.primary_key)
            ordinary, kept = await both_ways(session, statement)
            assert kept == ordinary
            assert kept or mapper.class_ in RECORDS, mapper
            assert await both_ways(session, statement.where(literal(value=False))) == ([], [])


def _expressions(mapper: Mapper[Any]) -> list[Any]:
    hybrids = [name for name, it in mapper.all_orm_descriptors.items() if isinstance(it, hybrid_property)]
    return [getattr(mapper.entity, name) for name in (*mapper.column_attrs.keys(), *hybrids)]


async def test_every_column_and_hybrid_of_the_nouns_comes_as_sqlalchemy_returns_it(engines: Engines) -> None:
    await demo.fill(engines)
    async with engines.writing().begin() as connection:
        accounts = (await connection.scalars(select(models.Account.id).limit(2))).all()
        transfer = {"from_account_id": accounts[0], "to_account_id": accounts[1], "amount_minor": 5}
        keys = {"currency": "EUR", "idempotency_key": "k", "sender_id": 1}
        named = set(inspect(models.Transfer).column_attrs.keys())
        if not (await connection.scalars(select(models.Transfer.id).limit(1))).first():
            await connection.execute(
                insert(models.Transfer).values({k: v for k, v in (transfer | keys).items() if k in named})
            )
    await assert_models_come_the_same(engines, Base)


@pytest.mark.parametrize(("sample", "base"), [(ODD, odd.Base), (THINGS, things.Base)])
async def test_every_column_of_other_mappings_comes_as_sqlalchemy_returns_it(
    blank_database: Database, sample: Sample, base: type[DeclarativeBase]
) -> None:
    await fill(blank_database, sample)
    engines = Engines(settings_for(blank_database))
    await assert_models_come_the_same(engines, base)
    await engines.dispose()


@pytest.mark.postgresql
@pytest.mark.parametrize(("type_", "values"), ECHOES, ids=lambda it: repr(it) if isinstance(it, TypeEngine) else "")
async def test_a_value_of_any_type_goes_in_and_comes_back_as_with_sqlalchemy(
    session: RequestSession, type_: TypeEngine[Any], values: list[Any]
) -> None:
    statement = select(bindparam("value", type_=type_), literal(1))
    for value in (*values, None):
        ordinary, kept = await both_ways(session, statement, value=value)
        assert kept == ordinary
        assert len(kept) == 1


@pytest.mark.postgresql
@pytest.mark.parametrize(
    ("column", "given"),
    [
        (models.User.id, [1, 2, 99]),
        (models.User.email, ["ADA@example.org"]),
        (models.Order.id, [uuid.UUID(int=1)]),
        (models.Order.status, [models.OrderStatus.PAID, models.OrderStatus.PENDING]),
        (models.Order.created_at, [MOMENT]),
        (models.User.id, []),
    ],
)
async def test_a_list_of_keys_is_bound_as_with_sqlalchemy(
    session: RequestSession, column: Any, given: list[Any]
) -> None:
    keys = bindparam("keys", type_=ARRAY(parameter_type(column.type)))
    statement = select(column, func.cardinality(keys)).where(column == any_(keys))
    echo = select(keys)
    assert (await both_ways(session, statement, keys=given)) == ([], [])
    ordinary, kept = await both_ways(session, echo, keys=given)
    assert kept == ordinary


@pytest.mark.postgresql
async def test_the_same_column_twice_and_columns_without_a_name_keep_their_places(session: RequestSession) -> None:
    when = literal(MOMENT, UtcDateTime())
    statements: list[Statement] = [
        select(when, when, literal(1)),
        select(when.label("a"), literal(2).label("a"), when),
        select(func.now() - func.now(), when, literal(Decimal("1.5")) * 2),
        select(func.count(), func.avg(literal(2)), func.sum(literal(2.5))),
    ]
    for statement in statements:
        ordinary, kept = await both_ways(session, statement)
        assert kept == ordinary


@pytest.mark.postgresql
async def test_a_value_that_stands_in_the_statement_holds_unless_another_is_given(session: RequestSession) -> None:
    named = bindparam("named", value=1, type_=Integer)
    statement: Statement = select(named, literal("kept"), bindparam(None, 3), bindparam("x" * 80, 4))
    alternatives: list[dict[str, Any]] = [
        {},
        {"named": 2},
        {"x" * 80: 5},
        {"named": None, "unknown": 1},
        {"param_1": "9"},
    ]
    for given in alternatives:
        ordinary, kept = await both_ways(session, statement, **given)
        assert kept == ordinary


@pytest.mark.postgresql
async def test_statements_that_differ_in_a_value_alone_keep_their_own(session: RequestSession) -> None:
    for value in (1, 2):  # SQLAlchemy compiles the first alone
        kept = CompiledStatement(select(literal(value)))
        await session.rows(kept)
        assert await session.rows(kept) == [(value,)]


@pytest.mark.postgresql
async def test_a_statement_is_compiled_once(session: RequestSession, monkeypatch: pytest.MonkeyPatch) -> None:
    begin, compiled = SQLCompiler.__init__, list[object]()

    def noted(self: SQLCompiler, dialect: Dialect, statement: ClauseElement | None, **named: Any) -> None:
        compiled.append(statement)
        begin(self, dialect, statement, **named)

    monkeypatch.setattr(SQLCompiler, "__init__", noted)
    kept = CompiledStatement(select(models.Tag.name).where(models.Tag.id > 0))
    await session.rows(kept)
    await session.rows(kept)
    assert kept.form is not None
    assert compiled == [kept.statement]


@pytest.mark.postgresql
async def test_a_list_that_stands_in_the_statement_becomes_part_of_its_sql(
    engines: Engines, statements: StatementRecorder
) -> None:
    number = bindparam("number", type_=Integer)
    numbers: BindParameter[Any] = bindparam("numbers", [2, 3], expanding=True)
    statement: Statement = select(number, literal(MOMENT, UtcDateTime()).in_([MOMENT, None])).where(
        number.in_(numbers), literal(1).not_in([]), literal(1) == bindparam("one", 1, literal_execute=True)
    )
    async with RequestSession(engines) as session:
        for given in ({"number": 2}, {"number": 4}, {"number": 4, "numbers": [4]}, {"number": 2, "one": 2}):
            kept = CompiledStatement(statement)
            with statements() as seen:
                await session.rows(kept, given)
            assert kept.form is not None
            assert (seen == [kept.form.sql]) is given.keys().isdisjoint(("numbers", "one"))
            rows = await session.rows(kept, given)
            assert exactly(rows) == exactly(await session.rows(statement, given))
            assert went_past(rows) is (given == {"number": 2})


async def test_names_that_must_be_escaped_are_found(session: RequestSession) -> None:
    statement: Statement = select(bindparam('of 100% "it"', type_=Integer), bindparam("a.b:c", type_=Integer))
    ordinary, kept = await both_ways(session, statement, **{'of 100% "it"': 1, "a.b:c": 2})
    assert kept == ordinary == [[(int, 1), (int, 2)]]


async def test_what_expands_into_the_sql_and_what_is_computed_late_goes_through_sqlalchemy(
    session: RequestSession,
) -> None:
    later = iter(range(10))
    for statement, expected in (
        (select(literal(1)).where(literal(2).in_(bindparam("some", expanding=True))), [(1,)]),
        (select(text("1 AS one"), literal(2)), [(1, 2)]),
        (select(literal(1)).execution_options(logging_token="told"), [(1,)]),
    ):
        kept = CompiledStatement(statement)
        for _ in range(2):
            assert await session.rows(kept, {"some": [1, 2]}) == expected
            assert kept.form is None
    kept = CompiledStatement(select(bindparam("late", callable_=lambda: next(later), type_=Integer)))
    assert [await session.rows(kept) for _ in range(2)] == [[(0,)], [(1,)]]


@pytest.mark.postgresql
@pytest.mark.parametrize(
    ("statement", "good", "bad"),
    [
        (select(literal(1) / bindparam("x", type_=Integer)), {"x": 1}, {"x": 0}),
        (select(bindparam("x", type_=Integer)), {"x": 1}, {"x": "one"}),
        (select(bindparam("x", type_=Integer)), {"x": 1}, {"x": 2**40}),
        (select(bindparam("x", type_=Integer)), {"x": 1}, {}),
        (select(bindparam("x", type_=UtcDateTime())), {"x": MOMENT}, {"x": MOMENT.replace(tzinfo=None)}),
        (select(bindparam("x", type_=text_enum(models.PostStatus))), {"x": models.PostStatus.DRAFT}, {"x": 7}),
        (select(bindparam("x", type_=String)), {"x": "a"}, {"x": "\x00"}),
        (select(func.set_config("search_path", bindparam("x", type_=String), False)), {"x": "public"}, {"x": 1}),
    ],
)
async def test_an_error_is_the_one_that_sqlalchemy_raises(
    engines: Engines, statement: Statement, good: dict[str, Any], bad: dict[str, Any]
) -> None:
    kept = CompiledStatement(statement)
    async with RequestSession(engines, Mode.SINGLE) as session:
        await session.rows(kept, good)
        assert kept.form is not None
        raised = []
        for either in (statement, kept):
            with pytest.raises(StatementError) as caught:
                await session.rows(either, bad)
            raised.append(caught.value)
    ordinary, other = raised
    assert type(other) is type(ordinary)
    assert str(other.orig) == str(ordinary.orig)
    assert type(other.orig) is type(ordinary.orig)
    assert other.statement == ordinary.statement
    assert getattr(other.orig, "sqlstate", None) == getattr(ordinary.orig, "sqlstate", None)
    assert other.hide_parameters


@pytest.mark.postgresql
async def test_who_listens_to_statements_hears_the_kept_ones_too(
    engines: Engines, statements: StatementRecorder
) -> None:
    kept = CompiledStatement(select(models.Tag.name))
    async with RequestSession(engines) as session:
        await session.rows(kept)
        with statements() as seen:
            await session.rows(kept)
        await session.rows(kept)
    assert seen == ["SELECT tags.name \nFROM tags"]
    assert session.statements == 3


@pytest.mark.postgresql
async def test_the_log_has_the_kept_ones_too(settings: DatabaseSettings, caplog: pytest.LogCaptureFixture) -> None:
    engines = Engines(settings.model_copy(update={"log_sql": True}))
    kept = CompiledStatement(select(models.Tag.name))
    async with RequestSession(engines) as session:
        await session.rows(kept)
        caplog.clear()
        await session.rows(kept)
    await engines.dispose()
    assert [message for message in caplog.messages if message.startswith("SELECT tags.name")]
    assert "COMMIT" in caplog.messages


@pytest.mark.postgresql
async def test_pgbouncer_gets_no_prepared_statement_from_kept_ones_either(settings: DatabaseSettings) -> None:
    engines = Engines(settings.model_copy(update={"pgbouncer": True}))
    kept = CompiledStatement(select(bindparam("value", type_=UtcDateTime())))
    for mode in (Mode.SINGLE, Mode.SNAPSHOT):
        async with RequestSession(engines, mode) as session:
            for _ in range(3):
                assert [tuple(row) for row in await session.rows(kept, {"value": MOMENT})] == [(MOMENT,)]
            assert kept.form is not None
            assert await session.rows(text("SELECT count(*) FROM pg_prepared_statements")) == [(0,)]
    await engines.dispose()


@pytest.mark.postgresql
async def test_a_statement_learns_anew_when_its_table_changes(engines: Engines) -> None:
    kept = CompiledStatement(select(models.Tag.name))
    async with engines.writing().begin() as connection:
        await connection.execute(text("INSERT INTO tags (name, slug) VALUES ('7', 'seven')"))
    async with RequestSession(engines) as session:
        await session.rows(kept)
        assert await session.rows(kept) == [("7",)]
    async with engines.writing().begin() as connection:
        await connection.execute(text("ALTER TABLE tags ALTER COLUMN name TYPE integer USING name::integer"))
    async with RequestSession(engines) as session:
        assert [tuple(row) for row in await session.rows(kept)] == [(7,)]  # asked again, on another connection
        assert [tuple(row) for row in await session.rows(kept)] == [(7,)]


@pytest.mark.postgresql
@pytest.mark.parametrize("remark", ["", "traceparent='00-1-1-01'"])
async def test_a_traced_statement_learns_anew_when_its_table_changes(engines: Engines, remark: str) -> None:
    kept = CompiledStatement(select(models.Tag.name))
    async with RequestSession(engines) as session:
        for _ in range(2):
            await session.rows(kept)
    for kind, value in (("integer USING 7", 7), ("text USING 'seven'", "seven")):
        async with engines.writing().begin() as connection:
            await connection.execute(text("DELETE FROM tags"))
            await connection.execute(text(f"ALTER TABLE tags ALTER COLUMN name TYPE {kind}"))
            await connection.execute(text(f"INSERT INTO tags (name, slug) VALUES ({value!r}, 'seven')"))
        async with RequestSession(engines) as session:
            session.trace = StatementTrace(remark)
            assert [tuple(row) for row in await session.rows(kept)] == [(value,)]
            assert [tuple(row) for row in await session.rows(kept)] == [(value,)]
