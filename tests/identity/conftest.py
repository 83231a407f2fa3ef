"""Settings with keys of their own, the identification of requests, and our application behind a real server."""

from functools import partial

import pytest
from pydantic import SecretStr

from db.session.engines import Engines
from graph.auth.tokens import Tokens
from graph.identity.identify import Identify
from graph.schema import DOMAIN
from graph.settings import Settings
from tests.databases import Database, StatementRecorder, engine_statements
from tests.http.conftest import Serve
from tests.http.conftest import serve as serve_any

__all__ = ["serve_any"]

KEY = SecretStr("a key of a test, of more than 32 characters")


@pytest.fixture
def settings(database: Database) -> Settings:
    """Settings that lead to `database`."""
    return Settings(
        database_url=SecretStr(database.url), pool_size=2, pool_max_overflow=8, pool_timeout_s=10, token_keys=(KEY,)
    )


@pytest.fixture
def tokens(settings: Settings) -> Tokens:
    """Tokens of the same keys as the server's."""
    return Tokens(settings)


@pytest.fixture
def identify(engines: Engines, settings: Settings) -> Identify:
    """What tells who sent a request."""
    return Identify(engines, settings)


@pytest.fixture
def serve(serve_any: Serve) -> Serve:
    """Start servers of our application."""
    return partial(serve_any, domain=DOMAIN)


@pytest.fixture
def statements() -> StatementRecorder:
    """Note what any engine sends: counters of attempts are asked past sessions."""
    return engine_statements
