"""Settings come from the environment, say what is wrong with them, and keep secrets."""

import pytest
from pydantic import SecretStr, ValidationError
from sqlalchemy import make_url

from db.session.engines import Engines
from db.settings import DatabaseSettings, async_url

SECRET = "correct-horse"
URL = f"postgresql://ada:{SECRET}@db.example:5432/trellis"


@pytest.mark.parametrize(
    ("given", "understood"),
    [
        ("sqlite:///x.db", "sqlite+aiosqlite:///x.db"),
        ("sqlite:///:memory:", "sqlite+aiosqlite:///:memory:"),
        ("postgres://host/name", "postgresql+trellis://host/name"),
        ("postgresql://host/name", "postgresql+trellis://host/name"),
        ("postgresql+asyncpg://host/name", "postgresql+trellis://host/name"),
        ("postgres://host/name?sslmode=require", "postgresql+trellis://host/name?ssl=require"),
    ],
)
def test_a_url_gets_its_async_driver(given: str, understood: str) -> None:
    assert async_url(given) == make_url(understood)


@pytest.mark.parametrize("url", ["", "trellis.db", "mysql://host/name", "postgresql+psycopg2://host/name", "://"])
def test_another_url_is_refused_with_the_two_forms(url: str) -> None:
    with pytest.raises(ValueError, match=r"use sqlite:///var/trellis.db or postgresql://user:password@host"):
        async_url(url)


def test_the_environment_is_read_with_its_prefix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRELLIS_DATABASE_URL", URL)
    monkeypatch.setenv("TRELLIS_REPLICA_URLS", "postgresql://one/x, postgresql://two/x,")
    monkeypatch.setenv("TRELLIS_STATEMENT_TIMEOUT_S", "1.5")
    settings = DatabaseSettings()
    assert settings.primary.host == "db.example"
    assert [url.host for url in settings.replicas] == ["one", "two"]
    assert settings.statement_timeout_s == 1.5


def test_without_an_environment_the_database_is_a_file_of_the_checkout() -> None:
    settings = DatabaseSettings()
    assert settings.primary.get_backend_name() == "sqlite"
    assert str(settings.primary.database).endswith("/var/trellis.db")
    assert settings.replicas == ()


def test_the_direct_url_is_the_primary_unless_it_is_given() -> None:
    settings = DatabaseSettings(database_url=SecretStr(URL))
    assert settings.direct == settings.primary
    direct = settings.model_copy(update={"direct_url": SecretStr("postgresql://direct/x")})
    assert direct.direct.host == "direct"


async def test_no_repr_shows_a_password() -> None:
    settings = DatabaseSettings(
        database_url=SecretStr(URL), replica_urls=(SecretStr(URL),), direct_url=SecretStr(URL), pgbouncer=True
    )
    engines = Engines(settings)
    shown = [settings, settings.primary, settings.replicas, settings.direct, engines.primary, engines.replicas]
    assert all(SECRET not in f"{thing!r} {thing}" for thing in shown)
    assert SECRET not in settings.model_dump_json()


def test_no_error_shows_a_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRELLIS_DATABASE_URL", URL.replace("postgresql", "mysql"))
    with pytest.raises(ValidationError) as error:
        DatabaseSettings()
    assert SECRET not in str(error.value)
    assert "is not a database URL that Trellis knows" in str(error.value)


@pytest.mark.parametrize("name", ["POOL_SIZE", "POOL_TIMEOUT_S", "STATEMENT_TIMEOUT_S"])
def test_nothing_may_last_zero_seconds_or_hold_zero_connections(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"TRELLIS_{name}", "0")
    with pytest.raises(ValidationError, match="greater than"):
        DatabaseSettings()


def test_every_setting_has_a_description() -> None:
    assert [name for name, field in DatabaseSettings.model_fields.items() if not field.description] == []
