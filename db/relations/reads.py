"""What a statement reads: which tables, and whether that hangs on who asks.

A statement of SQLAlchemy enters, what can be told of it leaves. Policies, filters, orders and counts are part of the
statement, so that their tables are found with the others. A text, a view, and a function of somebody's own may read
anything: then the tables are not known, and whoever asks is told so. Nothing is executed here.
"""

from typing import Any, NamedTuple

from sqlalchemy import BindParameter, ClauseElement, Table, TableClause, TextClause
from sqlalchemy.sql import visitors
from sqlalchemy.sql.elements import ColumnClause, quoted_name
from sqlalchemy.sql.functions import Function, FunctionElement

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
