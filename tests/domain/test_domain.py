"""A server is made of a domain: its schema, what its viewers see, who they are, its services and its settings."""

from collections.abc import Mapping
from typing import Any

import httpx
import pytest
import strawberry
from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from starlette.applications import Starlette
from starlette.requests import HTTPConnection

from db.relations import EVERYTHING, Visibility
from db.session.engines import Engines
from db.settings import DatabaseSettings
from graph.app import create_app
from graph.cli.failures import explained
from graph.context import ContextFactory, RequestContext
from graph.domain import Domain, Started
from graph.entity import Node, Schema, computed, entity, query_type
from graph.errors import MissingService
from graph.settings import Settings
from graph.viewer import Viewer


class Base(DeclarativeBase):
    pass


class LampRow(Base):
    """A lamp."""

    __tablename__ = "lamps"

    id: Mapped[int] = mapped_column(primary_key=True, doc="The number of the lamp.")
    watts: Mapped[int] = mapped_column(doc="How much the lamp takes.")


class Meter:
    """Counts who asked."""

    def __init__(self) -> None:
        self.seen: list[Viewer] = []
        self.closed = False

    def visibility(self, viewer: Viewer) -> Visibility:
        self.seen.append(viewer)
        return EVERYTHING

    def close(self) -> None:
        self.closed = True


class LampSettings(BaseSettings):
    model_config = DatabaseSettings.model_config

    volts: int = Field(default=230, description="What the lamps are fed with.")


@entity(LampRow)
class Lamp(Node):
    """A lamp."""

    watts: int

    @computed(needs=["watts"])
    def amperes(self, info: strawberry.Info[RequestContext]) -> float:
        """How much current the lamp takes, by the settings and the services of the domain."""
        assert info.context.service(Meter).seen == [info.context.viewer]
        return self.watts / info.context.service(LampSettings).volts


def lamps(settings: Settings) -> Schema:
    return Schema(query_type(Lamp), settings)


async def by_header(request: HTTPConnection) -> Viewer:
    return Viewer(int(request.headers["x-number"]))


@pytest.fixture
def lit(tmp_path: Any) -> Settings:
    """The settings of a server with one lamp of 46 watts."""
    import sqlite3

    file = tmp_path / "lamps.db"
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE lamps (id INTEGER PRIMARY KEY, watts INTEGER NOT NULL)")
        connection.execute("INSERT INTO lamps VALUES (1, 46)")
    connection.close()
    return Settings(database_url=SecretStr(f"sqlite:///{file}"))


async def asked(app: Starlette, query: str) -> Mapping[str, Any]:
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://lamps") as client,
    ):
        answer = await client.post("/graphql", json={"query": query}, headers={"x-number": "7"})
        return dict(answer.json())


async def test_a_server_is_made_of_what_its_domain_gives(lit: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRELLIS_VOLTS", "23")
    meter = Meter()

    def start(_engines: Engines, settings: Settings) -> Started:
        assert settings is lit
        return Started(by_header, [meter], meter.close)

    app = create_app(lit, domain=Domain(lamps, meter.visibility, start, LampSettings))
    assert await asked(app, "{ lamps { nodes { watts amperes } } }") == {
        "data": {"lamps": {"nodes": [{"watts": 46, "amperes": 2.0}]}}
    }
    assert meter.seen == [Viewer(7)]
    assert meter.closed


async def test_a_domain_needs_no_more_than_a_schema_and_a_visibility(lit: Settings) -> None:
    meter = Meter()
    app = create_app(lit, domain=Domain(lamps, meter.visibility))
    assert await asked(app, "{ lamps { totalCount } }") == {"data": {"lamps": {"totalCount": 1}}}
    assert meter.seen == [Viewer()]


async def test_a_service_that_was_not_given_is_named(lit: Settings) -> None:
    engines = Engines(lit)
    context = ContextFactory(engines, services=[Meter()]).make()
    assert isinstance(context.service(Meter), Meter)
    with pytest.raises(MissingService, match=r"This application has no LampSettings\..*services=\[LampSettings\(…\)\]"):
        context.service(LampSettings)
    await engines.dispose()


def test_a_wrong_setting_of_a_domain_is_named_by_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRELLIS_VOLTS", "many")
    with pytest.raises(ValidationError) as refused:
        LampSettings()
    failure = explained(refused.value)
    assert failure is not None
    assert str(failure).startswith("TRELLIS_VOLTS should be a valid integer")
    assert str(failure).endswith(" Correct it, or unset it for the default.")
