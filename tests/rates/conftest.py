"""A server of the market, and a database that holds it."""

from tests.http.conftest import _bare_origin, bare, dialect, filled, no_database, samples, serve

__all__ = ["_bare_origin", "bare", "dialect", "filled", "no_database", "samples", "serve"]
