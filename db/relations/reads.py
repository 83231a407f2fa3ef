"""What a statement reads: which tables and columns, and whether that hangs on who asks.

A statement of SQLAlchemy enters, what can be told of it leaves. Policies, filters, orders and counts are part of the
statement, so that their tables are found with the others. A text, a view, and a function of somebody's own may read
anything: then the tables are not known, and whoever asks is told so. Nothing is executed here.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from sqlalchemy import BindParameter, ClauseElement, Exists, FromClause, Select, Table, TableClause, TextClause, Values
from sqlalchemy.sql import visitors
from sqlalchemy.sql.elements import ColumnClause, TableValuedColumn, quoted_name
from sqlalchemy.sql.functions import Function, FunctionElement, count
from sqlalchemy.sql.selectable import AliasedReturnsRows, SelectBase

from db.relations.viewers import VIEWER
from db.views import is_view

OURS = ("sqlalchemy.", "geoalchemy2.", "db.dialects.", "db.functions", "db.relations.", "db.statements.", "db.words.")
"""Modules whose elements read nothing but what is given to them."""

PLAIN = frozenset(
    (
        *(
            "abs",
            "array_agg",
            "array_length",
            "array_send",
            "avg",
            "bool_and",
            "bool_or",
            "cardinality",
            "cast",
            "ceil",
        ),
        *("coalesce", "concat", "count", "cume_dist", "date", "date_part", "date_trunc", "datetime", "dense_rank"),
        *("every", "extract", "first_value", "floor", "geography", "greatest", "group_concat", "ifnull", "instr"),
        *("interval_send", "jsonb_array_elements", "jsonb_array_elements_text", "jsonb_array_length", "jsonb_each"),
        *("jsonb_typeof", "json_array_elements", "json_array_length", "json_each", "json_extract", "json_type"),
        *("json_valid", "julianday", "lag", "last_value", "lead", "least", "length", "lower", "ltrim", "max", "md5"),
        *("min", "mod", "now", "nth_value", "ntile", "nullif", "percent_rank", "pg_typeof", "position", "power"),
        *("rank", "regexp_replace", "replace", "right", "round", "row_number", "rtrim", "sign", "sqrt", "stddev_pop"),
        *("stddev_samp", "strftime", "string_agg", "string_to_array", "strpos", "substr", "substring", "sum"),
        *("textsend", "time", "timezone", "to_char", "to_json", "to_jsonb", "to_tsvector", "total", "translate"),
        *("trim", "typeof", "unaccent", "unicode", "unnest", "upper", "var_pop", "var_samp", "websearch_to_tsquery"),
    )
)
"""Functions of databases that read no table, by their names in lower case."""


class StatementReads(NamedTuple):
    """What can be told of a statement."""

    tables: frozenset[str]
    """As `MetaData` has them: `posts` or `billing.invoices`."""
    of_viewer: bool = False
    """Whether it compares something with who asks: the id, or what else is known of a viewer."""
    is_known: bool = True
    """Whether it reads no more than these tables."""


ANYTHING = StatementReads(frozenset(), is_known=False)
"""Of what nobody can look into."""


def reads_of(statement: object) -> StatementReads:
    """What a statement reads. An element of somebody's own says it by its class: `reads`, a set of tables."""
    if not isinstance(statement, ClauseElement):
        return ANYTHING
    tables: set[str] = set()
    of_viewer, is_known = False, True
    left: list[ClauseElement] = [statement]
    seen: set[int] = set()
    while left:
        for element in visitors.iterate(left.pop()):
            if id(element) in seen:
                continue
            seen.add(id(element))
            if isinstance(element, TableClause):
                tables.add(element.fullname)
                is_known = is_known and isinstance(element, Table) and not is_view(element)
            elif isinstance(element, BindParameter):
                of_viewer = of_viewer or element.key.startswith(VIEWER)
            elif isinstance(element, ColumnClause):
                # A column may stand where its table does not: in a condition of a select that names no source.
                if element.is_literal:  # a call and a subquery have parentheses
                    is_known = is_known and "(" not in element.name
                elif isinstance(element.table, ClauseElement) and id(element.table) not in seen:
                    left.append(element.table)
            elif (told := getattr(type(element), "reads", None)) is not None:
                tables |= told
            elif not _reads_what_it_is_given(element):
                is_known = False
    return StatementReads(frozenset(tables), of_viewer, is_known)


def _reads_what_it_is_given(element: Any) -> bool:
    """Whether an element reads no table by itself."""
    if isinstance(element, TextClause):
        return False
    if isinstance(element, Function):
        is_named = isinstance(element.name, quoted_name) and bool(element.name.quote)
        return element.name.lower() in PLAIN and not (is_named or element.packagenames)
    return not isinstance(element, FunctionElement) or type(element).__module__.startswith(OURS)


_CONSTANT = re.compile(r"[-+]?[\d.]+|x?'[^']*'", re.IGNORECASE)
"""A literal of SQL that names no column."""


class StatementDetails(NamedTuple):
    """What can be told of a statement besides its tables, for whoever asks whether a change of a row matters to it."""

    columns: Mapping[str, frozenset[str]] | None
    """By table, the columns that it names, wherever they stand; None: it may read every column of its tables."""
    once: frozenset[str] = frozenset()
    """The tables that stand in it once, under one alias: a condition on that alias is a condition on all its rows."""


EVERY_COLUMN = StatementDetails(None)


def details_of(statement: object) -> StatementDetails:
    """Which columns a statement reads, and which of its tables stand in it once. Rather more columns than too few.

    What SQLAlchemy adds when it compiles is not seen: of classes that share a table, the column that tells them apart.
    """
    if not isinstance(statement, ClauseElement):
        return EVERY_COLUMN
    columns: dict[str, set[str]] = {}
    places: dict[str, set[FromClause]] = {}
    left: list[tuple[ClauseElement | None, ClauseElement]] = [(None, statement)]
    seen: dict[int, ClauseElement] = {}  # with the elements, whose numbers others would get
    whole = False
    while left:
        around, element = left.pop()
        if isinstance(element, Table):
            place = around if isinstance(around, AliasedReturnsRows) else element
            places.setdefault(element.fullname, set()).add(place)
            columns.setdefault(element.fullname, set())
        if id(element) in seen:
            continue
        seen[id(element)] = element
        if isinstance(element, Exists):
            seen |= {id(star): star for star in _stars_in(element)}
        if isinstance(element, ColumnClause):
            table = _table_of(element)
            if isinstance(table, Table):
                columns.setdefault(table.fullname, set()).add(element.name)
                left += [] if element.table is None else [(None, element.table)]
            elif isinstance(table, ClauseElement):
                left.append((None, table))
            else:
                whole = whole or table
        elif isinstance(element, TableValuedColumn | TextClause) or _names_no_column(element):
            whole = True
        left += [(element, child) for child in _below(element)]
    once = frozenset(name for name, found in places.items() if _is_alias(found))
    return StatementDetails(None if whole else {name: frozenset(it) for name, it in columns.items()}, once)


def _table_of(column: ColumnClause[Any]) -> Table | ClauseElement | bool:
    """Where a column stands: in a table, or in something whose own columns say what they are made of.

    Else whether it may be a column of any table.
    """
    if column.is_literal:
        return _CONSTANT.fullmatch(column.name) is None
    source: Any = column.table
    while isinstance(source, AliasedReturnsRows) and not isinstance(source.element, SelectBase):
        source = source.element
    if isinstance(source, Table | AliasedReturnsRows | SelectBase | FunctionElement | Values):
        return source
    return True


def _names_no_column(element: ClauseElement) -> bool:
    """Whether somebody's own element may name columns that nobody sees."""
    return not type(element).__module__.startswith(OURS) or getattr(type(element), "reads", None) is not None


def _below(element: ClauseElement) -> Iterator[ClauseElement]:
    """What an element is made of, with the columns of tables that are selected as a whole."""
    if isinstance(element, count) and [str(it) for it in element.clauses] == ["*"]:
        return
    yield from element.get_children()
    if isinstance(element, Select):
        yield from element.selected_columns


def _stars_in(element: Exists) -> Iterator[ClauseElement]:
    """What `EXISTS (SELECT * …)` selects, of which nobody sees anything."""
    inner: Any = element
    while not isinstance(inner, Select) and hasattr(inner, "element"):
        inner = inner.element
    for column in inner.selected_columns if isinstance(inner, Select) else ():
        if isinstance(column, ColumnClause) and column.is_literal and column.name == "*":
            yield column


def _is_alias(places: set[FromClause]) -> bool:
    return len(places) == 1 and all(isinstance(place, AliasedReturnsRows) for place in places)
