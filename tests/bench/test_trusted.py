"""What is measured of trusted documents: every way, and answers alike."""

import pytest

from bench import trusted
from bench.operations import FEED, LOOKUP
from tests.databases import Database


@pytest.mark.nouns
@pytest.mark.postgresql
async def test_each_operation_is_asked_for_in_each_way(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ROUNDS", "REQUESTS", "NEW_TEXTS"):
        monkeypatch.setattr(trusted, name, 1)
    measured = await trusted.measure(database.url)
    ways = ("by id", "as a known text", "as a new text")
    assert list(measured) == [(name, way) for name in (LOOKUP, FEED) for way in ways]
    assert min(measured.values()) > 0
