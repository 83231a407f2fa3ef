"""What the tests of the application share: its settings, and who asks. docs/testing.md has the fixtures that there are.

Each test gets a database of its own with the newest revision, on all that `trellis_databases` in pyproject.toml names.
"""

from collections.abc import Mapping

import pytest

from graph.policies import ADMIN
from graph.settings import Settings
from graph.testing import Database, settings_for, viewer
from graph.viewer import Viewer


@pytest.fixture
def settings(database: Database) -> Settings:
    """Settings of the server; others are named here: `settings_for(database, max_page=50)`."""
    return settings_for(database)


@pytest.fixture
def viewers() -> Mapping[str, Viewer]:
    """Who asks, by names: `await client.query("{ … }", viewer="an admin")`."""
    return {"nobody": viewer(), "an admin": viewer(roles=[ADMIN])}
