"""Every operation that we keep has a plan on both databases, and every index that is proposed for it can be made."""

from pathlib import Path

import pytest

from db import demo
from db.session.engines import Engines
from graph.policies import visibility
from graph.viewer import Viewer
from tests.doctor.asking import Doctor
from tests.mutations.asking import SCHEMA

OPERATIONS = sorted((Path(__file__).parents[1] / "operations").rglob("*.graphql"))
MEMBER = Viewer(7, frozenset({"member"}))
"""Somebody of whom every policy asks something."""


async def test_every_operation_has_a_plan(engines: Engines, monkeypatch: pytest.MonkeyPatch) -> None:
    await demo.fill(engines, scale=1)
    monkeypatch.setattr("db.diagnosis.indexes.MANY_ROWS", 2)  # so that there is something to say
    monkeypatch.setattr("db.diagnosis.hints.MANY_ROWS", 2)
    doctor, proposed = Doctor(SCHEMA, engines, MEMBER, visibility(MEMBER)), set()
    for file in OPERATIONS:
        document = file.read_text()
        if "$" in document:  # its variables are in the test that keeps it
            continue
        examined = await doctor(document, explain=True)
        texts = [statement["plan"]["text"] for statement in examined.work]
        assert texts, file
        assert not [text for text in texts if text.startswith(("The database", "There is no"))], file
        proposed |= {sql for sql in examined.hints if sql is not None and "gin_trgm_ops" not in sql}
    async with engines.writing().connect() as connection:
        for sql in proposed:
            await connection.exec_driver_sql(sql)
        await connection.rollback()
