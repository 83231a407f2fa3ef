"""What one operation may ask for."""

import sys
from dataclasses import dataclass

from graph.settings import MAX_PAGE


@dataclass(frozen=True)
class Limits:
    """What one operation may ask for."""

    max_tokens: int
    max_statements: int
    max_rows: int
    max_values: int
    max_work: int = sys.maxsize
    """Of databases, for filters, orders and what is computed over lists: see `graph.prepare.work`."""
    max_page: int = MAX_PAGE
    max_introspected: int = sys.maxsize
    """Of the values, those that introspection may answer with: `most_introspected` of the schema."""
    introspection: bool = True
    refuse_empty_comparisons: bool = False
    """Whether every part of a filter must ask something."""
