"""Guards of columns: what stands against a value, where only the server knows.

A room that knows such a rule registers a guard for an attribute of a model. Whoever writes the column asks: new rows,
alone, in bulk and along with others; changes; and mutations of a noun's own. Values that are to be written enter, user
errors leave. What every server refuses says the column's type, or its kind (`db.text_kinds`); nothing is read here.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from sqlalchemy import inspect

from graph.context import RequestContext
from graph.entity.registry import entity_of_model
from graph.writing.errors import Place, UserError

ColumnGuard: TypeAlias = Callable[[Any, RequestContext, Place], UserError | None]
"""Why a value, at its place of the input, must not be written; None if nothing stands against it."""

_GUARDS: dict[tuple[type[object], str], ColumnGuard] = {}


def guard_column(model: type[object], attribute: str, guard: ColumnGuard) -> None:
    """Let a guard stand on a column, for every path. Raises `ValueError` for a column that has another one."""
    if _GUARDS.setdefault((model, attribute), guard) is not guard:
        raise ValueError(f"{model.__name__}.{attribute} has a guard already; put both rules into one.")


def refused(
    model: type[object], values: Mapping[str, object], context: RequestContext, place: Place
) -> list[UserError]:
    """What guards say against values, by attribute, that are to be written; nothing is asked of other columns."""
    asked = [(name, guard) for (guarded, name), guard in _GUARDS.items() if guarded is model and name in values]
    if not asked:
        return []
    shown = entity_of_model(inspect(model)).shown
    answers = [guard(values[name], context, (*place, shown(name))) for name, guard in asked]
    return [error for error in answers if error is not None]
