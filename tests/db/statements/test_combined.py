"""What a plan for all values would get wrong is told apart from what it would not."""

from collections.abc import Callable

import pytest
from sqlalchemy import BigInteger, ColumnElement, and_, bindparam, or_

from db.relations import VIEWER, Row, Source, root, total_order, viewer_id
from db.session import Mode, RequestSession
from db.session.engines import Engines
from db.statements import LIMIT, Member, PageShape, Statement, is_selective, page
from tests.entity import chinook

Condition = Callable[[Row], ColumnElement[bool] | None]

LEAST = bindparam("least", type_=BigInteger())
CONDITIONS: dict[str, tuple[Condition, bool]] = {
    "nothing is asked": (lambda _: None, False),
    "a value that never changes": (lambda track: track.milliseconds > 5, False),
    "a value that a client gives": (lambda track: track.milliseconds > LEAST, True),
    "a client's value in an alternative": (lambda track: or_(track.genre_id == 1, track.milliseconds > LEAST), True),
    "the viewer's rows": (lambda track: track.media_type_id == viewer_id(), True),
    "the viewer's rows, one way or another": (
        lambda track: or_(track.media_type_id == viewer_id(), track.genre_id == viewer_id()),
        True,
    ),
    "the viewer's rows besides all others": (
        lambda track: or_(track.genre_id == 1, track.media_type_id == viewer_id()),
        False,
    ),
    "the viewer's rows among some": (
        lambda track: and_(track.genre_id == 1, or_(track.media_type_id == viewer_id(), track.bytes == viewer_id())),
        True,
    ),
}


@pytest.fixture(autouse=True)
def _fast_path(clean_environment: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRELLIS_FAST_PATH", "true")


@pytest.fixture
def dialect() -> str:
    """SQLite combines nothing."""
    return "postgresql"


def tracks(condition: Condition) -> Statement:
    source: Source = root(chinook.Track)
    shape = PageShape(("name",), total_order(chinook.Track.__mapper__, source.row, source.order))
    return page(source, shape, "postgresql", [condition]).to_compiled()


@pytest.mark.parametrize(("condition", "selective"), CONDITIONS.values(), ids=CONDITIONS)
async def test_what_may_be_rare(filled: Engines, condition: Condition, selective: bool) -> None:
    given = {"least": 3} if "least" in str(condition(root(chinook.Track).row)) else {}
    statement = tracks(condition)
    assert statement.compiled is not None
    async with RequestSession(filled, Mode.SNAPSHOT) as session:
        await session.rows(statement.compiled, {**given, VIEWER: 1, LIMIT: 2})
    assert is_selective(Member(statement, None, {**given, LIMIT: 2})) is selective
