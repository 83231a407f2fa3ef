"""CHECKs as rules over the values of a row, as far as they are simple.

The SQL of a constraint enters, rules over attributes leave: comparisons with constants and between columns, lists of
values, lengths and patterns, several of them joined by AND. A rule never refuses what the database takes: what is not
understood, or what databases and Python see differently (texts in the order of a language), is no rule, and the
database alone checks it. No database is asked here.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from functools import cache
from math import isfinite
from typing import Annotated, NamedTuple

from pydantic import StringConstraints, TypeAdapter
from pydantic_core import SchemaError
from sqlalchemy import CHAR, NCHAR, Enum, String
from sqlalchemy.dialects.postgresql import CITEXT
from sqlglot import exp, parse_one
from sqlglot.errors import SqlglotError

from db.reflection.catalog import FoundDomain, FoundTable
from db.reflection.plan import (
    Compared,
    ComparedColumns,
    ComparedLength,
    Constant,
    Matched,
    OneOf,
    PlannedAttribute,
    PlannedRule,
    Sign,
)
from db.relations import is_single, python_type
from db.relations.types import underlying

READ_AS: Mapping[str, str] = {"postgresql": "postgres", "sqlite": "sqlite"}
"""SQLAlchemy's names of dialects, and sqlglot's."""
VALUE = "value"
"""What a domain calls what it checks."""

_SIGNS: Mapping[type[exp.Expr], Sign] = {
    exp.LT: "<",
    exp.LTE: "<=",
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.GTE: ">=",
    exp.GT: ">",
}
_TURNED: Mapping[Sign, Sign] = {"<": ">", "<=": ">=", "=": "=", "<>": "<>", ">=": "<=", ">": "<"}
_CASTS: Mapping[type, frozenset[exp.DType]] = {
    str: frozenset({exp.DType.TEXT, exp.DType.VARCHAR}),
    int: frozenset({exp.DType.INT, exp.DType.BIGINT, exp.DType.DECIMAL, exp.DType.DOUBLE}),
    Decimal: frozenset({exp.DType.DECIMAL}),
    float: frozenset({exp.DType.DOUBLE}),
    date: frozenset({exp.DType.DATE}),
}
"""By the Python type of a column: casts that leave its values as they are."""
COMPARED = (int, Decimal, float, date)
"""Types whose constants Python orders as databases do."""
IN_ORDER = (*COMPARED, datetime, time)
"""Types of which two columns are compared."""

_PIECE = re.compile(
    r"""\\[^A-Za-z0-9] | \\[dsw] | \[\^?(?:\\[^A-Za-z0-9]|[^\\\[\]&~-]|[A-Za-z0-9]-[A-Za-z0-9]|-(?=\]))+\]
    | \(\?: | \((?!\?) | [)|*+?^$.] | \{\d{1,2}(?:,\d{0,2})?\} | [^\\\[\](){}*+?|^$.]""",
    re.VERBOSE,
)
"""What patterns of PostgreSQL and of Rust, which Pydantic takes, mean alike; \\d, \\s and \\w are wider there."""


class _Column(NamedTuple):
    """A column of the table, as one side of a comparison."""

    name: str
    """Of the attribute."""
    python: type


def rules_of(
    table: FoundTable, attributes: Iterable[PlannedAttribute], domains: Iterable[FoundDomain], dialect: str
) -> Sequence[PlannedRule]:
    """The rules of a table: its own, and those of the domains of its columns, in the order of these."""
    if dialect not in READ_AS:
        return ()
    columns = {it.column.name.lower(): it for it in attributes if not it.hidden and it.writable}
    by_domain = {str(it.name): it for it in domains}
    found = [rule for check in table.checks for rule in _Checks(table, columns, dialect).rules(check.sql)]
    for attribute in columns.values():
        domain = by_domain.get(attribute.column.written)
        for check in domain.checks if domain is not None else ():
            found += _Checks(table, {VALUE: attribute}, dialect).rules(check.sql)
    places = {attribute.name: place for place, attribute in enumerate(columns.values())}
    return sorted(dict.fromkeys(found), key=lambda rule: [places[name] for name in rule.names])


class _Checks:
    """The constraints of one table, or of one domain."""

    def __init__(self, table: FoundTable, columns: Mapping[str, PlannedAttribute], dialect: str) -> None:
        self._table = table
        self._columns = columns
        self._dialect = dialect

    def rules(self, sql: str) -> list[PlannedRule]:
        """What a constraint demands, as far as it is understood."""
        try:
            tree = parse_one(sql, read=READ_AS[self._dialect])
        except SqlglotError:
            return []
        return [rule for part in _conjuncts(tree) for rule in self._of(part)]

    def _of(self, part: exp.Expr) -> Sequence[PlannedRule]:
        if isinstance(part, exp.Or):
            rule = self._either(list(_disjuncts(part)))
        elif isinstance(part, exp.Between):
            low = self._comparison(exp.GTE(this=part.this, expression=part.args["low"]))
            high = self._comparison(exp.LTE(this=part.this, expression=part.args["high"]))
            return [rule for rule in (low, high) if rule is not None]
        else:
            rule = self._single(part)
        return [] if rule is None else [rule]

    def _single(self, part: exp.Expr) -> PlannedRule | None:
        if isinstance(part, exp.In):
            return self._among(part.this, part.expressions)
        if isinstance(part, exp.EQ) and isinstance(part.expression, exp.Any):
            listed = _bare(part.expression.this)
            return self._among(part.this, listed.expressions) if isinstance(listed, exp.Array) else None
        if isinstance(part, exp.RegexpLike | exp.RegexpILike | exp.Like | exp.ILike):
            return self._matched(part)
        return self._comparison(part)

    def _either(self, parts: Sequence[exp.Expr]) -> PlannedRule | None:
        """One of several: values of one column, or a rule that null passes anyway."""
        nulls = {column.name for it in parts if _is_null(it) and (column := self._column(it.this)) is not None}
        rules = [self._single(it) for it in parts if not _is_null(it)]
        if len(rules) == 1 and rules[0] is not None and nulls <= set(rules[0].names):
            return rules[0]
        return None if nulls else _joined(rules)

    def _comparison(self, part: exp.Expr) -> PlannedRule | None:
        sign = _SIGNS.get(type(part))
        if sign is None or not isinstance(part, exp.Binary):
            return None
        left, right = part.this, part.expression
        if (length := self._length(left)) is not None:
            return _length_rule(length, sign, right)
        if (length := self._length(right)) is not None:
            return _length_rule(length, _TURNED[sign], left)
        here, there = self._column(left), self._column(right)
        if here is not None and there is not None:
            return self._columns_rule(here, sign, there)
        if here is not None:
            return self._constant_rule(here, sign, right)
        return None if there is None else self._constant_rule(there, _TURNED[sign], left)

    def _columns_rule(self, here: _Column, sign: Sign, there: _Column) -> PlannedRule | None:
        one, other = self._attribute(here), self._attribute(there)
        alike = here.python is there.python and str(one.column.written) == str(other.column.written)
        numbers = {here.python, there.python} <= {int, Decimal}
        fits = (here.python in IN_ORDER and alike) or numbers
        return ComparedColumns(here.name, sign, there.name) if fits else None

    def _constant_rule(self, column: _Column, sign: Sign, node: exp.Expr) -> PlannedRule | None:
        if column.python not in COMPARED and not (self._is_told_apart(column) and sign in ("=", "<>")):
            return None
        value = _constant(node, column.python)
        return None if value is None else Compared(column.name, sign, value)

    def _among(self, node: exp.Expr, listed: Iterable[exp.Expr]) -> PlannedRule | None:
        column = self._column(node)
        if column is None or (column.python not in COMPARED and not self._is_told_apart(column)):
            return None
        values = [_constant(it, column.python) for it in listed]
        found = tuple(it for it in values if it is not None)
        return OneOf(column.name, found) if found and len(found) == len(values) else None

    def _matched(self, part: exp.Expr) -> PlannedRule | None:
        column, written = self._column(part.this), _constant(part.expression, str)
        if column is None or not self._is_told_apart(column) or not isinstance(written, str):
            return None
        is_like = isinstance(part, exp.Like | exp.ILike)
        folds = isinstance(part, exp.RegexpILike | exp.ILike) or (is_like and self._dialect == "sqlite")
        if not is_like and self._dialect == "sqlite":  # REGEXP is what an application makes of it
            return None
        pattern = _of_like(written) if is_like else _of_regex(written)
        return None if pattern is None or not _is_pattern(pattern) else Matched(column.name, pattern, folds)

    def _length(self, node: exp.Expr) -> _Column | None:
        """The column whose characters are counted."""
        bare = _unwrapped(node)
        if not isinstance(bare, exp.Length) or bare.args.get("binary"):
            return None
        column = self._column(bare.this)
        return column if column is not None and _is_plain_text(self._attribute(column)) else None

    def _column(self, node: exp.Expr) -> _Column | None:
        bare, casts = _unwrapped(node), set[exp.DType]()
        while isinstance(bare, exp.Cast):
            if bare.to.expressions:
                return None
            casts.add(bare.to.this)
            bare = _unwrapped(bare.this)
        attribute = self._columns.get(bare.name.lower()) if isinstance(bare, exp.Column) else None
        python = None if attribute is None else _python(attribute)
        if attribute is None or python is None or not casts <= _CASTS.get(python, frozenset()):
            return None
        return _Column(attribute.name, python)

    def _attribute(self, column: _Column) -> PlannedAttribute:
        return next(it for it in self._columns.values() if it.name == column.name)

    def _is_told_apart(self, column: _Column) -> bool:
        """Whether texts of a column are equal only where they are the same."""
        return _is_plain_text(self._attribute(column)) and not self._table.has_collations


def _python(attribute: PlannedAttribute) -> type | None:
    """The Python type of a column's values; None for those of which rules are not told."""
    type_ = underlying(attribute.column.type)
    if isinstance(type_, Enum) or is_single(type_) or attribute.column.by_values:
        return None  # numbers of single precision are rounded behind the rule
    found = python_type(type_)
    return found if found in (*IN_ORDER, str) else None


def _is_plain_text(attribute: PlannedAttribute) -> bool:
    type_ = underlying(attribute.column.type)
    return isinstance(type_, String) and not isinstance(type_, CHAR | NCHAR | CITEXT | Enum)


def _conjuncts(node: exp.Expr) -> Iterable[exp.Expr]:
    bare = _unwrapped(node)
    return [*_conjuncts(bare.this), *_conjuncts(bare.expression)] if isinstance(bare, exp.And) else [bare]


def _disjuncts(node: exp.Expr) -> Iterable[exp.Expr]:
    bare = _unwrapped(node)
    return [*_disjuncts(bare.this), *_disjuncts(bare.expression)] if isinstance(bare, exp.Or) else [bare]


def _unwrapped(node: exp.Expr) -> exp.Expr:
    while isinstance(node, exp.Paren):
        node = node.this
    return node


def _bare(node: exp.Expr) -> exp.Expr:
    """Without parentheses and casts."""
    bare = _unwrapped(node)
    return _bare(bare.this) if isinstance(bare, exp.Cast) else bare


def _is_null(node: exp.Expr) -> bool:
    return isinstance(node, exp.Is) and isinstance(node.expression, exp.Null)


def _joined(rules: Sequence[PlannedRule | None]) -> PlannedRule | None:
    """Equal to one value or to another: one of these."""
    values: list[Constant] = []
    for rule in rules:
        if isinstance(rule, OneOf):
            values += rule.values
        elif isinstance(rule, Compared) and rule.sign == "=":
            values.append(rule.value)
        else:
            return None
    names = {rule.name for rule in rules if rule is not None}
    return OneOf(names.pop(), tuple(values)) if len(names) == 1 else None


def _length_rule(column: _Column, sign: Sign, node: exp.Expr) -> PlannedRule | None:
    number = _constant(node, int)
    return ComparedLength(column.name, sign, number) if isinstance(number, int) else None


def _constant(node: exp.Expr, python: type) -> Constant | None:
    """A constant as values of this type are compared with; None for what is none."""
    bare, minus = _unwrapped(node), False
    while isinstance(bare, exp.Cast | exp.Neg):
        if isinstance(bare, exp.Cast) and bare.to.expressions:
            return None  # it may round
        minus ^= isinstance(bare, exp.Neg)
        bare = _unwrapped(bare.this)
    if not isinstance(bare, exp.Literal) or (python is str and (minus or not bare.is_string)):
        return None
    return _value(f"{'-' if minus else ''}{bare.this}", python)


def _value(text: str, python: type) -> Constant | None:
    read = _READERS.get(python)
    try:
        found = None if read is None else read(text)
    except (ValueError, InvalidOperation):
        return None
    return None if isinstance(found, float | Decimal) and not isfinite(found) else found


def _whole(text: str) -> int | Decimal:
    number = Decimal(text)
    return int(number) if number == number.to_integral_value() else number


_READERS: Mapping[type, Callable[[str], Constant]] = {
    str: str,
    int: _whole,
    Decimal: Decimal,
    float: float,
    date: date.fromisoformat,
}


def _of_regex(written: str) -> str | None:
    """A pattern of PostgreSQL for Rust's library; None where the two would not mean the same.

    Source: https://www.postgresql.org/docs/current/functions-matching.html#FUNCTIONS-POSIX-REGEXP
    """
    at = 0
    while at < len(written):
        piece = _PIECE.match(written, at)
        if piece is None:
            return None
        at = piece.end()
    return written


def _of_like(written: str) -> str | None:
    """A pattern of LIKE; None for one that escapes."""
    if "\\" in written:
        return None
    parts = {"%": ".*", "_": "."}
    return f"^{''.join(parts.get(char) or _escaped(char) for char in written)}$"


def _escaped(char: str) -> str:
    return f"\\{char}" if char in r".^$*+?()[]{}|&~#-" else char


@cache
def _is_pattern(pattern: str) -> bool:
    """Whether the library takes a pattern: it bounds how large one becomes."""
    try:
        TypeAdapter(Annotated[str, StringConstraints(pattern=pattern)])
    except SchemaError:
        return False
    return True
