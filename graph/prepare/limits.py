"""What one operation may ask for, whoever asks, or as large a share of that as its viewer has."""

import sys
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

from graph.context import Bounds
from graph.settings import MAX_CHANGED_ROWS, MAX_FIELDS, MAX_OFFSET, MAX_PAGE, Settings


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
    max_answer_bytes: int = sys.maxsize
    """The most bytes of JSON that one answer may have: not priced, but counted while it grows."""
    max_fields: int = MAX_FIELDS
    """Of an operation, with its fragments written out."""
    introspection: bool = True
    max_offset: int = MAX_OFFSET
    """The most rows that a page with a key leaves out in front."""
    refuse_empty_comparisons: bool = False
    """Whether every part of a filter must ask something."""
    max_changed_rows: int = MAX_CHANGED_ROWS
    """That one change by a filter may be about."""

    @classmethod
    def of(cls, settings: Settings, max_introspected: int) -> Self:
        """The limits of a server: everybody's, unless a budget is given."""
        return cls(
            settings.max_tokens,
            settings.max_statements,
            settings.max_rows,
            settings.max_values,
            settings.max_work,
            settings.max_page,
            max_introspected,
            settings.max_answer_bytes,
            settings.max_fields,
            settings.introspection,
            settings.max_offset,
            settings.refuse_empty_comparisons,
            settings.max_changed_rows,
        )

    @cached_property
    def bounds(self) -> Bounds:
        """What the run of an operation is held to."""
        return Bounds(self.max_page, self.max_offset, self.max_changed_rows, self.refuse_empty_comparisons)

    def unpriced(self) -> "Limits":
        """The same for what is not run, but made into something that has a price of its own."""
        most = sys.maxsize
        return replace(self, max_statements=most, max_rows=most, max_values=most, max_work=most)

    def share(self, budget: float) -> "Limits":
        """The limits of a viewer who may ask for this many times as much.

        Pages and documents stay as long, and tools may still ask for the whole schema.
        """

        def part(most: int) -> int:
            return max(1, int(most * budget))

        return replace(
            self,
            max_statements=part(self.max_statements),
            max_rows=part(self.max_rows),
            max_values=part(self.max_values),
            max_work=part(self.max_work),
            max_answer_bytes=part(self.max_answer_bytes),
        )
