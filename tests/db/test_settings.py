"""Settings come from the environment, say what is wrong with them, and keep secrets."""

import pytest
from pydantic import SecretStr, ValidationError
from sqlalchemy import make_url

from db.dialects import dialect_of
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


HOSTS = "host=a:5432&host=b:5433"


@pytest.mark.parametrize(
    ("given", "understood"),
    [
        ("postgresql://u:p@a,b:5433/name", f"u:p@/name?{HOSTS}&target_session_attrs=read-write"),
        ("postgresql://u,v:p,w@a:5432,b:5433/name", f"u%2Cv:p%2Cw@/name?{HOSTS}&target_session_attrs=read-write"),
        ("postgres://a, b:5433/x?target_session_attrs=any", f"/x?target_session_attrs=any&{HOSTS}"),
        ("postgresql://a,b:5433/x?sslmode=require", f"/x?{HOSTS}&ssl=require&target_session_attrs=read-write"),
        (f"postgresql:///x?{HOSTS}", f"/x?{HOSTS}&target_session_attrs=read-write"),
        ("postgresql://a/x?target_session_attrs=primary", "a/x?target_session_attrs=primary"),
        ("postgresql://u,v:p,w@a/x", "u%2Cv:p%2Cw@a/x"),
    ],
)
def test_several_servers_in_one_url_are_asked_for_the_one_that_takes_changes(given: str, understood: str) -> None:
    assert async_url(given) == make_url(f"postgresql+trellis://{understood}")


@pytest.mark.parametrize(
    ("url", "cure"),
    [
        ("postgresql://a:1,b:x/name", "write a:5432,b:5432"),
        ("postgresql://a:1,b:99999/name", "write a:5432,b:5432"),
        ("postgresql://[::1]:1,[::2]:1/name", "write a:5432,b:5432"),
        ("postgresql://a,b/name?target_session_attrs=master", "use one of any, primary, standby"),
    ],
)
def test_servers_that_cannot_be_meant_are_refused_with_the_cure(url: str, cure: str) -> None:
    with pytest.raises(ValueError, match=cure):
        async_url(url)


def test_a_replica_has_a_url_of_its_own() -> None:
    several = SecretStr("postgresql:///x?host=a:1&host=b:1")
    with pytest.raises(ValidationError, match="give each replica a URL of its own"):
        DatabaseSettings(replica_urls=(several,))


def test_a_place_names_every_server() -> None:
    assert dialect_of("postgresql").place(async_url("postgresql://u:p@a,b:5433/x")) == "x at a:5432, b:5433"
    assert dialect_of("postgresql").place(async_url("postgresql://u:p@a/x")) == "x at a:5432"


@pytest.mark.parametrize("url", ["", "trellis.db", "oracle://host/name", "postgresql+psycopg2://host/name", "://"])
def test_another_url_is_refused_with_the_three_forms(url: str) -> None:
    with pytest.raises(ValueError, match=r"use sqlite:.*, postgresql:.*@host:5432/database or mysql:.*@host:3306/"):
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
    monkeypatch.setenv("TRELLIS_DATABASE_URL", URL.replace("postgresql", "oracle"))
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
