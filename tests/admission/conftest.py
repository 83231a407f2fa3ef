"""Servers of the market with few places, and operations that never end."""

from tests.entity.conftest import dialect
from tests.entity.conftest import filled as samples
from tests.http.conftest import api, filled, no_database, serve
from tests.http.test_ends import endless, settings, shop

__all__ = ["api", "dialect", "endless", "filled", "no_database", "samples", "serve", "settings", "shop"]
