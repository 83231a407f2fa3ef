"""Many statements as one: each finds what it finds alone, by the keys that another one has found."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from sqlalchemy import ARRAY, Integer, String, bindparam, column, func, literal, select, values

from db.fast import Asked, CombinedStatement, CompiledStatement, Part
from db.session import Mode, OutdatedView, RequestSession
from db.session.engines import Engines

pytestmark = pytest.mark.postgresql

NUMBERS = values(column("n", Integer), column("word", String), name="numbers").data(
    [(1, "one"), (2, "it's $1"), (3, None), (4, 'say "$2" -- $3')]
)
KEYS = bindparam("keys", type_=ARRAY(Integer))


@pytest.fixture
async def session(engines: Engines) -> AsyncIterator[RequestSession]:
    async with RequestSession(engines, Mode.SNAPSHOT) as session:
        yield session


async def part(session: RequestSession, statement: Any, given: dict[str, Any], **more: Any) -> tuple[Part, list[Any]]:
    """A statement that was run, as a part, and what it has found."""
    compiled = CompiledStatement(statement)
    rows = await session.rows(compiled, given)
    form = compiled.form
    assert form is not None
    return Part(form, len(form.untouched), form.convert, **more), list(map(tuple, rows))


async def found(session: RequestSession, parts: Sequence[Part], given: Sequence[dict[str, Any]]) -> list[Any]:
    combined = CombinedStatement(parts)
    values_ = combined.values(given)
    assert values_ is not None
    result = await session.found_together(combined, values_, alone=False)
    assert result is not None
    return [(part.keys, list(part.rows)) for part in result]


async def test_what_one_finds_are_the_keys_of_another(session: RequestSession) -> None:
    least = bindparam("least", type_=Integer)
    first, numbers = await part(session, select(NUMBERS.c.n, NUMBERS.c.word).where(NUMBERS.c.n >= least), {"least": 2})
    by_key = select(func.length(NUMBERS.c.word), NUMBERS.c.n).where(NUMBERS.c.n == func.any(KEYS))
    second, lengths = await part(session, by_key, {"keys": [2, 3, 4]}, keys=("keys",), asked=Asked(0, (0,)))
    third, _ = await part(session, by_key, {"keys": [4]}, keys=("keys",))
    whole = await found(session, [first, second, third], [{"least": 2}, {}, {"keys": [4]}])
    assert whole[0] == (None, numbers)
    assert sorted(whole[1][0]) == [(2,), (3,), (4,)]
    assert sorted(whole[1][1], key=lambda row: row[1]) == lengths
    assert whole[2] == (None, [(14, 4)])


async def test_no_rows_are_no_keys(session: RequestSession) -> None:
    none, _ = await part(session, select(NUMBERS.c.n).where(NUMBERS.c.n > 9), {})
    by_key = select(NUMBERS.c.word, NUMBERS.c.n).where(NUMBERS.c.n == func.any(KEYS))
    below, _ = await part(session, by_key, {"keys": [1]}, keys=("keys",), asked=Asked(0, (0,)))
    assert await found(session, [none, below], [{}, {}]) == [(None, []), ([], [])]


async def test_the_same_keys_are_not_asked_for_twice(session: RequestSession) -> None:
    by_key = select(NUMBERS.c.word, NUMBERS.c.n).where(NUMBERS.c.n == func.any(KEYS))
    some, _ = await part(session, select(NUMBERS.c.n).where(NUMBERS.c.n < 3), {})
    all_, _ = await part(session, select(NUMBERS.c.n), {})
    first, _ = await part(session, by_key, {"keys": [1]}, keys=("keys",), asked=Asked(0, (0,)))
    second = first._replace(asked=Asked(1, (0,)), known=(2,))
    whole = await found(session, [some, all_, first, second], [{}] * 4)
    assert sorted(whole[2][0]) == [(1,), (2,)]
    assert sorted(whole[3][0]) == [(3,), (4,)]


async def test_texts_that_look_like_values_stay_and_values_that_never_change_are_written(
    session: RequestSession,
) -> None:
    tricky = select(literal("it's $1 \\ $$2$$").label("a"), literal("O'Hara").label("b"), literal(-7).label("c"))
    one, rows = await part(session, tricky, {})
    fixed = one._replace(fixed=frozenset(range(len(one.form.slots))))
    combined = CombinedStatement([fixed, one])
    assert "'O''Hara'" in combined.sql
    assert "(-7)" in combined.sql
    assert await found(session, [fixed, one], [{}, {}]) == [(None, rows)] * 2


async def test_arrays_and_too_many_columns_cannot_be_combined(session: RequestSession) -> None:
    array, _ = await part(session, select(literal([1, 2], ARRAY(Integer))), {})
    one, _ = await part(session, select(NUMBERS.c.n), {})
    with pytest.raises(ValueError, match="arrays"):
        CombinedStatement([one, array])
    with pytest.raises(ValueError, match="columns"):
        CombinedStatement([one] * 1_601)
    with pytest.raises(ValueError, match="characters"):
        CombinedStatement([one] * 100)


async def test_twenty_parts_are_planned_in_no_time(session: RequestSession) -> None:
    one, rows = await part(session, select(NUMBERS.c.n).order_by(NUMBERS.c.n), {})
    assert await found(session, [one] * 20, [{}] * 20) == [(None, rows)] * 20


async def test_who_asks_again_where_one_statement_was_to_be_all_is_refused(
    session: RequestSession, engines: Engines
) -> None:
    one, rows = await part(session, select(NUMBERS.c.n), {})
    combined = CombinedStatement([one, one])
    given = combined.values([{}, {}])
    assert given is not None
    async with RequestSession(engines, Mode.SNAPSHOT) as alone:
        found_ = await alone.found_together(combined, given, alone=True)
        assert found_ is not None
        assert [list(map(tuple, it.rows)) for it in found_] == [rows, rows]
        assert not alone.is_broken
        with pytest.raises(OutdatedView):
            await alone.rows(select(NUMBERS.c.n))
        assert alone.is_broken
