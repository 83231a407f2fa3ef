"""The database that the application is tested on: the one that was there before, which tests only read."""

import pytest

from db.settings import HOUSE
from graph.settings import Settings

# Read before any test: tests take `TRELLIS_…` out of their environment.
_SERVED = Settings(_env_file=HOUSE / ".env")


@pytest.fixture
def served() -> Settings:
    """Settings that lead to the database: of the environment, or of `.env`."""
    if "database_url" not in _SERVED.model_fields_set:
        pytest.fail("Which database? Say TRELLIS_DATABASE_URL, in `.env` or in the environment.")
    return _SERVED
