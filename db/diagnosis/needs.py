"""What a statement asks of its tables: which columns are equal to something, between values, or in which order.

A statement of SQLAlchemy enters, needs leave, one for each table that is filtered or put in order in one SELECT. Only
what an index can serve is a need: conditions that all rows must meet, on one column each. Alternatives (OR) and
negations are none. Nothing is executed here, and no database is known.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from sqlalchemy import (
    BinaryExpression,
    BindParameter,
    BooleanClauseList,
    ClauseElement,
    Column,
    Executable,
    FromClause,
    Grouping,
    Join,
    Select,
    Table,
    Tuple,
    TypeCoerce,
    Update,
)
from sqlalchemy.sql import operators, visitors
from sqlalchemy.sql.dml import Delete
from sqlalchemy.sql.elements import Over, UnaryExpression
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.selectable import Alias

from db.dialects import FunctionName, Need, OrderedNeed, Search, SearchNeed
from db.functions import likely
from db.relations import Expression, Term
from db.relations.moments import moment, moments_compared

RANGES = frozenset({operators.lt, operators.le, operators.gt, operators.ge})
EQUAL = frozenset({operators.eq, operators.in_op, operators.is_})
PARTS = {
    operators.contains_op: Search.PART,
    operators.endswith_op: Search.PART,
    operators.startswith_op: Search.START,
}
NULLS = frozenset({operators.nulls_first_op, operators.nulls_last_op})
DOCUMENTS = frozenset({FunctionName.JSON_CONTAINS, FunctionName.JSON_HAS_KEY})
OF_TEXTS = frozenset({FunctionName.FOLD_CASE, FunctionName.PLAIN_TEXT})
"""Functions of one column on which an index may stand."""

Tables: TypeAlias = Mapping[object, Table]
"""By the name under which a SELECT reads a table: the table."""


class _Asked(NamedTuple):
    """One condition on one column, or on an expression of one."""

    column: Column[Any]
    expression: Expression
    how: operators.OperatorType | Search
    others: frozenset[object] = frozenset()
    """The names of the tables on the other side."""


def needs_of(statement: Executable | None) -> list[Need]:
    """What a statement asks of its tables; nothing of a text."""
    if isinstance(statement, Update | Delete):
        table = _table(statement.table)
        return [] if table is None else list(_needs({table.name: table}, _conditions([statement.whereclause]), ()))
    if not isinstance(statement, Select):
        return []
    known: set[object] = set()
    selects = dict.fromkeys(part for part in visitors.iterate(statement) if isinstance(part, Select))
    found = [need for select in selects for need in _of_select(select, known)]
    return [need for need in dict(zip(map(str, found), found, strict=True)).values() if not _is_part(need, found)]


def on_table(expression: Any, table: Table) -> Any:
    """An expression on an alias of a table, or on a copy, as one on the table."""

    def column_of(element: Any, **_: Any) -> Any:
        return table.c.get(str(element.key)) if isinstance(element, Column) else None

    return visitors.replacement_traverse(expression, {}, column_of)


def _is_part(need: Need, others: Iterable[Need]) -> bool:
    """Whether the index for another need serves this one, too: it begins with the same columns."""
    own = _index_columns(need)
    return any(
        other.table is need.table and len(own) < len(columns := _index_columns(other)) and columns[: len(own)] == own
        for other in others
        if isinstance(need, OrderedNeed) and isinstance(other, OrderedNeed)
    )


def _index_columns(need: Need) -> list[str]:
    if isinstance(need, SearchNeed):
        return []
    ranged = [] if need.ranged is None or need.order else [need.ranged]
    parts = [*sorted(map(str, need.equal)), *map(str, ranged)]
    return parts + [f"{term.expression} {term.descending} {term.nulls_first}" for term in need.order]


def _of_select(select: Select[Any], known: set[object]) -> Iterator[Need]:
    """What one SELECT asks; names that are `known` are of the statements around it, which come first."""
    named = {_name(source): _table(source) for source in _flat(select.get_final_froms())}
    tables = {name: table for name, table in named.items() if table is not None and name not in known}
    known |= tables.keys()
    joins = [join.onclause for source in select.get_final_froms() for join in _joins(source)]
    conditions = list(_conditions([select.whereclause, *joins]))
    yield from _needs(tables, conditions, _order_of(select))
    for over in (part for column in select.selected_columns for part in visitors.iterate(column)):
        if isinstance(over, Over):
            keys = [_Asked(column, column, operators.eq) for column in _columns(over.partition_by)]
            yield from _needs(tables, [*keys, *conditions] if keys else conditions, tuple(_terms(over.order_by)))


def _order_of(select: Select[Any]) -> tuple[Term, ...]:
    """The order, where only the first rows are wanted; an order of all rows is put together anyway."""
    if select._limit_clause is None:  # noqa: SLF001 - SQLAlchemy shows neither a statement's order nor its limit
        return ()
    return tuple(_terms(select._order_by_clauses))  # noqa: SLF001 - as above


def _terms(clauses: Any) -> Iterator[Term]:
    """The terms of an order, as far as they stand there: without a word about nulls, there are none."""
    for clause in clauses if clauses is not None else ():
        term = Term.of(clause)
        placed = any(isinstance(part, UnaryExpression) and part.modifier in NULLS for part in _unary(clause))
        yield term._replace(nullable=placed)


def _unary(clause: Any) -> Iterator[Any]:
    while isinstance(clause, UnaryExpression):
        yield clause
        clause = clause.element


def _flat(sources: Iterable[FromClause]) -> Iterator[FromClause]:
    for source in sources:
        yield from _flat((source.left, source.right)) if isinstance(source, Join) else (source,)


def _joins(source: FromClause) -> Iterator[Join]:
    if isinstance(source, Join):
        yield source
        yield from (*_joins(source.left), *_joins(source.right))


def _name(source: Any) -> object:
    return getattr(source, "name", None)


def _table(source: Any) -> Table | None:
    if isinstance(source, Alias):
        return _table(source.element)
    return source if isinstance(source, Table) else None


def _conditions(clauses: Iterable[Any]) -> Iterator[_Asked]:
    for clause in clauses:
        for part in _all_of(clause):
            yield from _asked(part)


def _all_of(clause: Any) -> Iterator[ClauseElement]:
    """The conditions of which all must hold."""
    if isinstance(clause, Grouping | TypeCoerce):
        yield from _all_of(clause.element if isinstance(clause, Grouping) else clause.clause)
    elif isinstance(clause, BooleanClauseList) and clause.operator is operators.and_:
        for part in clause.clauses:
            yield from _all_of(part)
    elif isinstance(clause, moments_compared):
        yield clause.comparison
    elif isinstance(clause, likely):
        for part in clause.clauses:
            yield from _all_of(part)
    elif isinstance(clause, UnaryExpression) and clause.operator is operators.is_true:
        yield from _all_of(clause.element)
    elif clause is not None:
        yield clause


def _asked(clause: Any) -> Iterator[_Asked]:
    if isinstance(clause, FunctionElement):
        yield from _asked_of_function(clause)
    if not isinstance(clause, BinaryExpression):
        return
    how: Any = PARTS.get(clause.operator, clause.operator)
    if isinstance(how, Search):
        yield from _asked_of(clause.left, clause.right, how)
    elif clause.operator in EQUAL | RANGES:
        yield from _asked_of(clause.left, clause.right, how)
        if clause.operator is operators.eq:
            yield from _asked_of(clause.right, clause.left, how)


def _asked_of_function(function: FunctionElement[Any]) -> Iterator[_Asked]:
    arguments = list(function.clauses)
    if function.name in DOCUMENTS:
        yield from _asked_of(arguments[0], arguments[1], Search.DOCUMENT)
    elif function.name == FunctionName.AMONG:
        yield from _asked_of(arguments[0], arguments[1], operators.eq)


def _asked_of(asked: Any, other: Any, how: Any) -> Iterator[_Asked]:
    for expression in asked.clauses if isinstance(asked, Tuple) else (asked,):
        column = _column(expression)
        if column is not None:
            others = frozenset(_name(part.table) for part in _parts(other) if isinstance(part, Column))
            yield _Asked(column, _bare(expression), how, others)


def _parts(clause: Any) -> Iterator[Any]:
    """What an expression is made of, without the subqueries in it."""
    if isinstance(clause, ClauseElement) and not isinstance(clause, BindParameter):
        yield clause
        if not isinstance(clause, FromClause | Select) and not hasattr(clause, "element"):
            for child in clause.get_children():
                yield from _parts(child)


def _columns(clauses: Any) -> Iterator[Column[Any]]:
    for clause in clauses if clauses is not None else ():
        column = _column(clause)
        if column is not None:
            yield column


def _bare(expression: Any) -> Any:
    """An expression without what only Python and other databases see of it."""
    while isinstance(expression, TypeCoerce | Grouping | moment):
        if isinstance(expression, moment):
            expression = expression.value
        else:
            expression = expression.element if isinstance(expression, Grouping) else expression.clause
    return expression


def _column(expression: Any) -> Column[Any] | None:
    """The column that an expression is, or is a function of."""
    expression = _bare(expression)
    if isinstance(expression, FunctionElement) and expression.name in OF_TEXTS:
        (expression,) = map(_bare, expression.clauses)
    return expression if isinstance(expression, Column) else None


def _needs(tables: Tables, conditions: Iterable[_Asked], order: Sequence[Term]) -> Iterator[Need]:
    conditions = [asked for asked in conditions if _name(asked.column.table) in tables]
    ordered = _ordered(order)
    for name, table in tables.items():
        own = [asked for asked in conditions if _name(asked.column.table) == name]
        in_order = ordered if ordered and all(_name(term.expression.table) == name for term in ordered) else ()
        bound = [asked for asked in own if asked.others.isdisjoint(tables)] or own
        yield from _of_table(table, bound, in_order)


def _ordered(order: Sequence[Term]) -> tuple[Term, ...]:
    """An order by columns alone; nothing for any other."""
    bare = [term._replace(expression=_bare(term.expression)) for term in order]
    return tuple(bare) if all(isinstance(term.expression, Column) for term in bare) else ()


def _deciding(order: Iterable[Term], constant: Iterable[str]) -> Iterator[Term]:
    """The terms that tell rows apart: not those whose value is known, and none for the second time."""
    seen = set(constant)
    for term in order:
        if str(term.expression) not in seen:
            seen.add(str(term.expression))
            yield term


def _of_table(table: Table, conditions: Sequence[_Asked], order: Sequence[Term]) -> Iterator[Need]:
    equal = [asked.expression for asked in conditions if asked.how in EQUAL]
    ranged = next((asked.expression for asked in conditions if asked.how in RANGES), None)
    constant = {str(each): each for each in (on_table(part, table) for part in equal)}
    found = OrderedNeed(
        table,
        tuple(constant.values()),
        None if ranged is None else on_table(ranged, table),
        tuple(_deciding([term._replace(expression=on_table(term.expression, table)) for term in order], constant)),
    )
    if found.equal or ranged is not None or found.order:
        yield found
    for asked in conditions:
        if isinstance(asked.how, Search):
            yield SearchNeed(table, asked.how, on_table(asked.expression, table))
