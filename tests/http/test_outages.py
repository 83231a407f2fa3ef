"""What the log says of an outage."""

import logging

import pytest

from db.dialects import Outage
from graph import outages
from graph.outages import CURES, OutageLog


def test_a_kind_of_outage_is_told_once_a_second_with_how_many_more(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = OutageLog()
    for _ in range(100):
        log.tell(Outage.LOST)
    log.tell(Outage.FULL)
    monkeypatch.setattr(outages, "QUIET_S", 0)
    log.tell(Outage.LOST)
    assert [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR] == [
        f"The database has closed a connection. {CURES[Outage.LOST]}",
        f"The database has a full disk. {CURES[Outage.FULL]}",
        f"The database has closed a connection (99 more since this was last told). {CURES[Outage.LOST]}",
    ]


def test_every_outage_has_a_cure() -> None:
    assert set(CURES) == set(Outage)
