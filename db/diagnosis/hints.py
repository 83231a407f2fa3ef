"""Hints: where a plan reads or sorts more than it has to, and the index that would serve.

Needs of a statement, its plan and the facts about its tables enter; hints leave, each with a sentence and the SQL of
the index. An index that is there is never proposed, nor one for a table of few rows, nor one for a filter that most
rows pass.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Column, Dialect, Index, MetaData, Table
from sqlalchemy.schema import CreateIndex
from sqlalchemy.sql import visitors
from sqlalchemy.sql.elements import UnaryExpression
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.operators import desc_op

from db.diagnosis.indexes import MANY_ROWS, TableFacts
from db.diagnosis.needs import on_table
from db.dialects import IndexForm, Need, OrderedNeed, Plan, SearchNeed, dialect_of
from db.relations import Expression

SELECTIVE = 0.2
"""The largest part of a table that is read faster by an index than from end to end, roughly."""
LONGEST_NAME = 63
"""Of an index, in bytes: PostgreSQL's limit."""


class Hint(NamedTuple):
    """What to do about a statement."""

    message: str
    sql: str | None
    """The statement that makes the index; None where no index would help."""


def hints(needs: Sequence[Need], plan: Plan, facts: Mapping[Table, TableFacts], dialect: Dialect) -> list[Hint]:
    """What would help a statement."""
    found = (_hint(need, plan, facts[need.table], dialect) for need in needs if need.table in facts)
    return list(dict.fromkeys(hint for hint in found if hint is not None))


def concerns(need: Need, plan: Plan) -> bool:
    """Whether a plan reads the table of a need from end to end, or puts many rows in the order of it."""
    is_sorted = isinstance(need, OrderedNeed) and bool(need.order) and plan.sorted_rows >= MANY_ROWS
    return need.table.name in plan.scanned or is_sorted


def _hint(need: Need, plan: Plan, facts: TableFacts, dialect: Dialect) -> Hint | None:
    if not concerns(need, plan) or not facts.has_many_rows or _is_served(need, facts) or _keeps_most(need, plan, facts):
        return None
    known = dialect_of(dialect.name)
    form = known.ordered_index(need) if isinstance(need, OrderedNeed) else known.search_index(need)
    if form is None:
        return Hint(f"{_said(need)}, and no index of this database serves that.", None)
    index = _index(need.table, form)
    if any(existing.name == index.name for existing in facts.indexes):
        return None
    sentence = f"{_said(need)}; this index serves that."
    sql = str(CreateIndex(index).compile(dialect=dialect)).strip()
    return Hint(f"{sentence} {form.remark}".rstrip(), sql)


def _is_served(need: Need, facts: TableFacts) -> bool:
    if isinstance(need, SearchNeed):
        return False
    if not all(isinstance(part, Column) for part in need.equal):
        return False
    equal = [str(part.name) for part in need.equal if isinstance(part, Column)]
    ranged = str(need.ranged.name) if isinstance(need.ranged, Column) else None
    return any(index.serves(equal, need.order, ranged) for index in facts.indexes)


def _keeps_most(need: Need, plan: Plan, facts: TableFacts) -> bool:
    """Whether most rows of the table pass, so that reading all of them is right; not so where a few in order do."""
    kept = plan.scanned.get(need.table.name)
    if kept is None or not facts.estimated_rows or (isinstance(need, OrderedNeed) and need.order):
        return False
    return kept > SELECTIVE * facts.estimated_rows


def _said(need: Need) -> str:
    """The need as a sentence without its end."""
    name = need.table.name
    if isinstance(need, SearchNeed):
        return f"All rows of {name} are read to look for {need.search.value} {_columns([need.value])}"
    asked = _columns([*need.equal, *([] if need.ranged is None else [need.ranged])])
    order = _columns([term.expression for term in need.order])
    if not order:
        return f"All rows of {name} are read to find some by {asked}"
    return f"Rows of {name} are put in the order of {order} before the first are known" + (
        f", found by {asked}" if asked else ""
    )


def _columns(expressions: Sequence[Expression]) -> str:
    named = [part.name for each in expressions for part in visitors.iterate(each) if isinstance(part, Column)]
    return ", ".join(dict.fromkeys(named))


def _index(table: Table, form: IndexForm) -> Index:
    """The index on a copy of the table: an index joins the table that it is made for, and the model's is not ours."""
    copy = table.to_metadata(MetaData())

    parts = [on_table(part, copy) for part in form.parts]
    return Index(_name(table, parts, form), *parts, **form.options)


def _name(table: Table, parts: Sequence[Expression], form: IndexForm) -> str:
    """A name that no other index on the table has, and that the same index always has."""
    name = "_".join(["ix", table.name, *_words(parts), *filter(None, [form.method])])
    if len(name.encode()) <= LONGEST_NAME:
        return name
    return f"{name[: LONGEST_NAME - 9]}_{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def _words(parts: Sequence[Expression]) -> Iterator[str]:
    for part in parts:
        for each in visitors.iterate(part):
            if isinstance(each, Column):
                yield each.name
            elif isinstance(each, FunctionElement):
                yield each.name.removeprefix("trellis_")
            elif isinstance(each, UnaryExpression) and each.modifier is desc_op:
                yield "desc"
