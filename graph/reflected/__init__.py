"""An API over a database that was there before: made from a plan, while the server starts.

A `MappingPlan` enters; models, types and a `Domain` leave, made by the same mechanism as those that somebody writes.
Nothing is written to the database or to a disk. Why: docs/decisions/0040-look-at-any-database.md.
"""

from graph.reflected.domain import reflected_domain

__all__ = ["reflected_domain"]
