"""The same schema and rows as for what is executed."""

from tests.execute.conftest import dialect, filled, nowhere, samples, schema

__all__ = ["dialect", "filled", "nowhere", "samples", "schema"]
