"""The same schema and rows as for what is executed."""

from tests.execute.conftest import filled, nowhere, schema

__all__ = ["filled", "nowhere", "schema"]
