"""The trace of a session: what was sent, also what was done again and what has failed."""

from typing import Any

import pytest
from sqlalchemy import event, func, literal, select, text
from sqlalchemy.exc import DBAPIError

from db.fast import CompiledStatement
from db.session import Engines, Mode, RequestSession
from db.trace import MAX_NOTES, Kind, StatementTrace, kind_of

CONFLICT = "DO $$ BEGIN RAISE EXCEPTION 'in the way' USING ERRCODE = '40001'; END $$"


def traced(engines: Engines, mode: Mode) -> tuple[RequestSession, StatementTrace]:
    session, trace = RequestSession(engines, mode), StatementTrace()
    session.trace = trace
    return session, trace


@pytest.mark.postgresql
async def test_work_that_is_done_again_is_there_as_often_as_it_was_done(engines: Engines) -> None:
    attempts = 0

    async def work(session: RequestSession) -> None:
        nonlocal attempts
        attempts += 1
        await session.execute(text(CONFLICT if attempts < 3 else "SELECT 1"))

    session, trace = traced(engines, Mode.CURRENT)
    async with session:
        await session.write(work)
    failed = ["BEGIN", CONFLICT, "ROLLBACK"]
    told = [sent.sql for sent in trace.sent if sent.sql != "SAVEPOINT trellis_commit"]  # without the fast path
    assert told == [*failed, *failed, "BEGIN", "SELECT 1", "COMMIT"]
    assert [sent.rows for sent in trace.sent if sent.kind is Kind.READ] == [None, None, 1]


async def test_rows_are_counted_whichever_way_a_statement_goes(engines: Engines) -> None:
    numbers = select(literal(1).label("number")).union_all(select(literal(2))).subquery()
    statement = CompiledStatement(select(numbers.c.number))
    session, trace = traced(engines, Mode.SINGLE)
    async with session:
        for _ in range(3):
            assert len(await session.rows(statement)) == 2
        await session.execute(text("SELECT 1"))
    assert [(sent.rows, sent.kind) for sent in trace.sent] == [(2, Kind.READ)] * 3 + [(1, Kind.READ)]
    assert all(sent.ms > 0 for sent in trace.sent)


async def test_a_failing_statement_has_no_rows_and_hides_nothing_that_follows(engines: Engines) -> None:
    session, trace = traced(engines, Mode.SINGLE)
    async with session:
        with pytest.raises(DBAPIError):
            await session.rows(text("SELECT nothing FROM nowhere"))
        with pytest.raises(DBAPIError):
            await session.execute(text("SELECT nothing FROM nowhere"))
        await session.rows(text("SELECT 1"))
    assert [sent.rows for sent in trace.sent] == [None, None, 1]
    known = "42P01" if engines.dialect == "postgresql" else "OperationalError"
    assert [sent.failure for sent in trace.sent] == [known, known, None]
    assert all(sent.ms > 0 for sent in trace.sent)


REMARK = "traceparent='00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'"


@pytest.mark.postgresql
async def test_statements_carry_a_remark_and_none_is_kept_prepared_with_it(engines: Engines) -> None:
    said = CompiledStatement(select(func.current_query().label("said")))
    kept = text("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%trace' || 'parent%'")
    async with RequestSession(engines, Mode.SINGLE) as session:
        before = [(await session.rows(said))[0][0] for _ in range(3)]
    session, trace = traced(engines, Mode.SNAPSHOT)
    trace.remark = REMARK
    async with session:
        for _ in range(3):
            assert [tuple(row) for row in await session.rows(said)] == [(f"{before[0]} /*{REMARK}*/",)]
        assert (await session.execute(text("SELECT current_query()"))).scalar_one().endswith(f" /*{REMARK}*/")
        assert (await session.rows(text("SELECT current_query() -- of ours")))[0][0].endswith("-- of ours")
        assert (await session.rows(kept))[0][0] <= 1  # this one, while it runs
    assert [sent.kind for sent in trace.sent if sent.kind is not Kind.READ] == [Kind.TRANSACTION] * 2
    assert REMARK not in "".join(sent.sql for sent in trace.sent)
    async with RequestSession(engines, Mode.SINGLE) as session:
        assert (await session.rows(said))[0][0] == before[0]
        assert [tuple(row) for row in await session.rows(kept)] == [(0,)]


@pytest.mark.sqlite
async def test_statements_carry_a_remark_on_sqlite(engines: Engines) -> None:
    heard: list[str] = []

    @event.listens_for(engines.primary.sync_engine, "connect")
    def listen(connection: Any, _record: object) -> None:
        connection.run_async(lambda driver: driver.set_trace_callback(heard.append))

    session, trace = traced(engines, Mode.SNAPSHOT)
    trace.remark = REMARK
    async with session:
        await session.rows(CompiledStatement(select(literal(1).label("one"))))
    assert [sql for sql in heard if "SELECT" in sql] == [f"SELECT 1 AS one /*{REMARK}*/"]


async def test_the_next_session_on_a_connection_is_not_traced(engines: Engines) -> None:
    statement = CompiledStatement(select(literal(1).label("one")))
    session, trace = traced(engines, Mode.SNAPSHOT)
    for _ in range(2):
        async with session:
            await session.rows(statement)
        before = len(trace.sent)
        async with RequestSession(engines) as other:
            await other.rows(statement)
        assert len(trace.sent) == before
        session.trace = None
        session, trace = traced(engines, Mode.SNAPSHOT)


async def test_no_more_statements_are_kept_than_anybody_reads(engines: Engines) -> None:
    trace = StatementTrace()
    for _ in range(MAX_NOTES + 3):
        trace.note("SELECT 1", (), "primary").answered(0)
    assert (len(trace.sent), trace.left_out) == (MAX_NOTES, 3)


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("SELECT 1", Kind.READ),
        ("\n  with a as (select 1) select * from a", Kind.READ),
        ("WITH a AS (INSERT INTO b VALUES (1) RETURNING *) SELECT * FROM a", Kind.CHANGE),
        ("insert into a values (1)", Kind.CHANGE),
        ("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", Kind.TRANSACTION),
        ("SAVEPOINT a", Kind.TRANSACTION),
        ("SET LOCAL lock_timeout = 1", Kind.TRANSACTION),
    ],
)
def test_a_statement_is_of_the_kind_that_its_first_word_says(sql: str, kind: Kind) -> None:
    assert kind_of(sql) is kind
