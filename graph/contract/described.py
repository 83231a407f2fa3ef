"""What may change of every element: its description, its deprecation, directives that are applied to it."""

from collections import Counter
from collections.abc import Iterator
from typing import TypeVar

from graph.contract.changes import Change
from graph.contract.elements import Element, applied_directives, deprecation_of
from graph.contract.kinds import Kind
from graph.contract.pairs import Both
from graph.deprecations import day_of

E = TypeVar("E", bound=Element)


def described_changes(both: Both[E]) -> Iterator[Change]:
    """Each change of what is said of an element, and nothing of its type."""
    yield from _description(both)
    yield from _deprecation(both)
    yield from _applied(both)


def _description(both: Both[E]) -> Iterator[Change]:
    old, new = (element.description or "" for element in (both.old, both.new))
    if old == new:
        return
    if not old:
        yield both.change(Kind.DESCRIPTION_ADDED)
    elif not new:
        yield both.change(Kind.DESCRIPTION_REMOVED)
    else:
        yield both.change(Kind.DESCRIPTION_CHANGED)


def _deprecation(both: Both[E]) -> Iterator[Change]:
    old, new = deprecation_of(both.old), deprecation_of(both.new)
    if old == new:
        return
    if old is None:
        yield both.change(Kind.DEPRECATION_ADDED, new=new or "")
    elif new is None:
        yield both.change(Kind.DEPRECATION_REMOVED, old=old)
    else:
        yield _another_reason(both, old, new)


def _another_reason(both: Both[E], old: str, new: str) -> Change:
    before, after = day_of(old), day_of(new)
    if before and after and after < before:
        return both.change(Kind.DEPRECATION_BROUGHT_FORWARD, str(before), str(after))
    return both.change(Kind.DEPRECATION_REASON_CHANGED, old, new)


def _applied(both: Both[E]) -> Iterator[Change]:
    """Directives of one name are one change where one text became one other."""
    old, new = Counter(applied_directives(both.old)), Counter(applied_directives(both.new))
    if old == new:
        return
    gone, came = list((old - new).elements()), list((new - old).elements())
    for name in dict.fromkeys(name for name, _ in (*gone, *came)):
        before, after = ([text for named, text in texts if named == name] for texts in (gone, came))
        if len(before) == len(after) == 1:
            yield both.change(Kind.APPLIED_DIRECTIVE_CHANGED, before[0], after[0])
            continue
        yield from (both.change(Kind.APPLIED_DIRECTIVE_REMOVED, old=text) for text in before)
        yield from (both.change(Kind.APPLIED_DIRECTIVE_ADDED, new=text) for text in after)
