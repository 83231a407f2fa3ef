"""Rules of a plan as checks of inputs: what a CHECK demands enters, a `Check` leaves."""

from db.reflection.plan import Compared, ComparedColumns, ComparedLength, OneOf, PlannedRule
from graph.writing import Check, compare, compare_columns, compare_length, match, one_of


def check_of(rule: PlannedRule) -> Check:
    """The check, as somebody would declare it."""
    if isinstance(rule, Compared):
        return compare(rule.name, rule.sign, rule.value)
    if isinstance(rule, ComparedColumns):
        return compare_columns(rule.name, rule.sign, rule.other)
    if isinstance(rule, ComparedLength):
        return compare_length(rule.name, rule.sign, rule.number)
    if isinstance(rule, OneOf):
        return one_of(rule.name, rule.values)
    return match(rule.name, rule.pattern, fold_case=rule.folds_case)
