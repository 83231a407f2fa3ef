"""Numbers are written as they were sent, or refused in words: no database rounds what a client gave."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from db.session.engines import Engines
from graph.entity import Schema, query_type
from graph.settings import Settings
from graph.writing import Crud, mutation_type, with_right
from tests.databases import Database
from tests.entity.amounts import Amount, Base, Ledger
from tests.entity.serving import settings_of
from tests.writing.asking import AskingSchema
from tests.writing.library import EDITOR, EDITORS

NAMES = ["price", "free", "whole", "single", "double", "payload"]
amounts = Crud(Amount, NAMES, may=with_right(EDITORS), create=EDITORS)

SHOWN = f"amount {{ {' '.join(NAMES)} }}"


class AskingAmounts(AskingSchema):
    schema = Schema(
        query_type(Amount, Ledger),
        Settings.model_construct(),
        mutation=mutation_type([amounts.create]),
    )


@pytest.fixture
async def ask(blank_database: Database) -> AsyncIterator[AskingAmounts]:
    engines = Engines(settings_of(blank_database))
    async with engines.writing().begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    yield AskingAmounts(engines, EDITOR)
    await engines.dispose()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("price", "9999999999.99"),
        ("price", "-0.01"),
        ("free", "0.000000000001"),
        ("free", "9223372036854775807"),
        ("whole", "-9223372036854775808"),
        ("single", 0.1),
        ("single", 3.4028235e38),
        ("double", 5e-324),
        ("payload", {"a": [2**70, 0.1, 1e23]}),
    ],
)
async def test_numbers_are_kept(ask: AskingAmounts, name: str, value: Any) -> None:
    payload = await ask.do("createAmount", {name: value}, SHOWN)
    assert payload["errors"] == []
    assert payload["amount"][name] == value


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("price", "0.001", "At most 2 digits may stand behind the point."),
        ("price", "12345678901", "At most 10 digits may stand before the point."),
        ("whole", str(2**63), "This must be less than 9223372036854775808."),
        ("single", 3.5e38, "This must be less than"),
    ],
)
async def test_numbers_beyond_their_column_are_refused(ask: AskingAmounts, name: str, value: Any, message: str) -> None:
    payload = await ask.do("createAmount", {name: value}, SHOWN)
    ((error),) = payload["errors"]
    assert (error["__typename"], error["path"]) == ("InvalidInput", ["input", name])
    assert error["message"].startswith(message)


@pytest.mark.parametrize(
    ("name", "value"),
    [("free", "0.12345678901234567"), ("free", "1e400"), ("free", "12345678901234567890"), ("payload", 2**70)],
)
async def test_what_only_sqlite_would_round_is_refused_there(ask: AskingAmounts, name: str, value: Any) -> None:
    payload = await ask.do("createAmount", {name: value}, SHOWN)
    if ask.engines.dialect == "sqlite":
        ((error),) = payload["errors"]
        assert (error["__typename"], error["path"]) == ("InvalidInput", ["input"])
        assert error["message"].startswith("This database ")
    else:
        assert payload["errors"] == []
