"""What a database has beside the tables of the models is registered, left out of comparisons, and missed."""

import pytest
from sqlalchemy import Connection, create_engine, inspect

from db import unmapped


class View:
    """A view, as a room of it would describe it."""

    def __init__(self, name: str) -> None:
        self.name = name

    def holds(self, name: str | None, kind: str) -> bool:
        return kind == "table" and name == self.name

    def missing(self, connection: Connection) -> list[str]:
        return [] if self.name in inspect(connection).get_view_names() else [f"The view {self.name} is missing."]


@pytest.fixture(autouse=True)
def _nothing_registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unmapped, "_REGISTERED", [])


def test_what_is_registered_belongs_to_no_model() -> None:
    for name in ("daily", "weekly"):
        unmapped.register(View(name))
    asked = [("daily", "table"), ("weekly", "table"), ("monthly", "table"), ("daily", "index"), (None, "table")]
    assert [unmapped.holds(*place) for place in asked] == [True, True, False, False, False]


def test_each_object_that_the_database_lacks_has_a_sentence() -> None:
    daily = View("daily")
    for view in (daily, View("weekly"), daily):
        unmapped.register(view)
    with create_engine("sqlite://").connect() as connection:
        connection.exec_driver_sql("CREATE VIEW weekly AS SELECT 1")
        assert unmapped.missing(connection) == ["The view daily is missing."]
