"""Values, shown and counted: what was bound to a statement as JSON, and how many values an answer holds."""

from collections.abc import Sequence
from typing import Any

from graph.prepare.fields import FieldPlan, Selection

MAX_CHARACTERS = 1_000
MAX_ELEMENTS = 100
"""Longer texts and lists are cut: they are there to be recognised."""


def shown(value: Any) -> Any:
    """A bound value as JSON has it."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, list | tuple):
        left = len(value) - MAX_ELEMENTS
        return [*map(shown, value[:MAX_ELEMENTS]), *([f"… and {left} more"] if left > 0 else [])]
    text = value.hex() if isinstance(value, bytes) else str(value)
    return text if len(text) <= MAX_CHARACTERS else f"{text[:MAX_CHARACTERS]}…"


def count(selections: Sequence[Selection], made: Any) -> int:
    """How many values an object of the response holds, counted as the cost of an operation counts them."""
    if not isinstance(made, dict):
        return 0
    fields = {field.key: field for selection in selections for field in selection.fields}
    return sum(_count_field(field, made[key]) for key, field in fields.items() if key in made)


def _count_field(field: FieldPlan, value: Any) -> int:
    below = list(field.selections.values())
    if isinstance(value, list) and below:
        return sum(_count_field(field, element) for element in value)
    return 1 + count(below, value)
