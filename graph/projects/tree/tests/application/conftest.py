"""The database that the application is tested on: a new one for each test, with the newest revision."""

import pytest
from pydantic import SecretStr

from graph.settings import Settings
from tests.databases import Database


@pytest.fixture
def served(database: Database) -> Settings:
    """Settings that lead to the database."""
    return Settings(database_url=SecretStr(database.url))
