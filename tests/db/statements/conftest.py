"""The same schema and rows as for what is executed."""

from tests.execute.conftest import dialect, filled, samples, schema

__all__ = ["dialect", "filled", "samples", "schema"]
