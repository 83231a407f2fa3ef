"""Whatever is asked, what was read at once changes no answer and no error."""

from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.entity import Schema
from graph.execute import prefetch
from graph.settings import Settings
from tests.databases import Database
from tests.entity.laws import tried
from tests.entity.serving import fill, settings_of
from tests.execute.agreement.executing import left_by_graphql_core
from tests.execute.agreement.harbour_types import HARBOUR
from tests.execute.agreement.known import Known, known_to
from tests.execute.agreement.operations import operations
from tests.execute.prefetching import Asking

pytestmark = pytest.mark.postgresql


@pytest.fixture
async def quay(blank_database: Database, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Asking, Known]]:
    """The harbour, where what was met twice has been met often, and what is known of it."""
    monkeypatch.setattr(prefetch, "OFTEN", 1)
    await fill(blank_database, HARBOUR)
    schema = Schema(HARBOUR.query, Settings.model_construct(max_work=10_000))
    asking = Asking(schema, settings_of(blank_database))
    yield asking, await known_to(schema, asking.off)
    assert asking.combined > 0
    await asking.close()


@left_by_graphql_core
@tried(15)
@given(data=st.data())
async def test_what_was_read_at_once_changes_no_answer(data: st.DataObject, quay: tuple[Asking, Known]) -> None:
    asking, known = quay
    operation = data.draw(operations(known))
    await asking.same(operation.text, **operation.variables)
