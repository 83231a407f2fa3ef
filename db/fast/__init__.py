"""The fence: what goes past SQLAlchemy."""

from db.fast.compiled import CompiledStatement, Parameters, Values

__all__ = ["CompiledStatement", "Parameters", "Values"]
