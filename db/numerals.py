"""How numbers are written as text: one grammar for ids, cursors, scalars and files.

Text enters, numbers leave. Python's own `int` and `Decimal` also read underscores, blanks at the ends and the digits of
any script, which no database reads back. Nothing is rounded.
"""

import re
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context, Decimal

WHOLE_NUMBER = re.compile(r"[+-]?\d+", re.ASCII)
"""A sign or none, and digits from 0 to 9."""

DECIMAL = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
"""The same with a point or none, and an exponent or none."""

MAX_DIGITS = 1_000
"""Of a number that somebody sends; PostgreSQL's numeric ends far behind it."""

EXACT = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN)
"""Arithmetic that rounds nothing: Python's own rounds to 28 digits."""


def whole_number(text: str) -> int:
    """A whole number. Raises `ValueError`."""
    if len(text) > MAX_DIGITS or WHOLE_NUMBER.fullmatch(text) is None:
        raise ValueError(text)
    return int(text)


def decimal(text: str) -> Decimal:
    """A decimal of at most `MAX_DIGITS` digits before the point and behind. Raises `ValueError`."""
    if len(text) > MAX_DIGITS or DECIMAL.fullmatch(text) is None:
        raise ValueError(text)
    found = Decimal(text)
    if abs(found.adjusted()) > MAX_DIGITS:
        raise ValueError(text)
    return found
