"""What one operation may ask for."""

import sys
from dataclasses import dataclass

from graph.settings import MAX_FIELDS, MAX_PAGE


@dataclass(frozen=True)
class Limits:
    """What one operation may ask for."""

    max_tokens: int
    max_statements: int
    max_rows: int
    max_values: int
    max_page: int = MAX_PAGE
    max_introspected: int = sys.maxsize
    """Of the values, those that introspection may answer with: `most_introspected` of the schema."""
    max_answer_bytes: int = sys.maxsize
    """The most bytes of JSON that one answer may have: not priced, but counted while it grows."""
    max_fields: int = MAX_FIELDS
    """Of an operation, with its fragments written out."""
    introspection: bool = True
    refuse_empty_comparisons: bool = False
    """Whether every part of a filter must ask something."""
