"""What people are told of a plan when a server starts: what is served, what is not, and what was guessed.

A `MappingPlan` enters, lines of text leave.
"""

from collections.abc import Iterable, Sequence

from db.reflection.catalog import Kind
from db.reflection.plan import MappingPlan


def told(plan: MappingPlan, *, verbose: bool = False) -> Sequence[str]:
    """The lines: how much is served, each thing that is not, and the number of guesses; if `verbose`, the guesses."""
    return [f"Serving {_counted(plan)}.", *_left_out(plan), *_guesses(plan, verbose=verbose)]


def _counted(plan: MappingPlan) -> str:
    kinds = [model.table.kind for model in plan.models]
    columns = sum(not attribute.hidden for model in plan.models for attribute in model.attributes)
    tables = kinds.count(Kind.TABLE)
    parts = [_number(tables, "table"), _number(len(kinds) - tables, "view"), _number(columns, "column")]
    return f"{', '.join(parts[:-1])} and {parts[-1]}"


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _left_out(plan: MappingPlan) -> Iterable[str]:
    return (f"Not as it is there: {each.what}. {each.why}" for each in plan.left_out)


def _guesses(plan: MappingPlan, *, verbose: bool) -> Iterable[str]:
    if verbose:
        return [f"Guessed: {each.what}. {each.decision} Otherwise: {each.override}" for each in plan.guesses]
    many = len(plan.guesses)
    return [f"{_number(many, 'guess')[:-1]}es; --verbose tells them."] if many > 1 else []
