"""What the tests of the application share: the database that was there before, which tests only read; and who asks."""

import os
from collections.abc import Mapping

import pytest
from dotenv import dotenv_values

from db.settings import HOUSE
from graph.policies import ADMIN
from graph.settings import Settings
from graph.testing import viewer
from graph.viewer import Viewer

# Read before any test: tests take `TRELLIS_…` out of their environment.
os.environ.update(
    {name: value for name, value in dotenv_values(HOUSE / ".env").items() if value is not None} | os.environ
)
_SERVED = Settings()
DIALECT = _SERVED.primary.get_backend_name()
"""Which of the two databases it is."""


@pytest.fixture
def settings() -> Settings:
    """Settings that lead to the database: of the environment, or of `.env`."""
    if "database_url" not in _SERVED.model_fields_set:
        pytest.fail("Which database? Say TRELLIS_DATABASE_URL, in `.env` or in the environment.")
    return _SERVED


@pytest.fixture
def viewers() -> Mapping[str, Viewer]:
    """Who asks, by names: `await client.query("{ … }", viewer="an admin")`."""
    return {"nobody": viewer(), "an admin": viewer(roles=[ADMIN])}
