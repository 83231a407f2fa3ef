"""Servers that export the market of `tests.entity.market`."""

from tests.http.conftest import _bare_origin, bare, dialect, filled, no_database, samples, serve

__all__ = ["_bare_origin", "bare", "dialect", "filled", "no_database", "samples", "serve"]
