"""Checks: what must hold over the values of a row, where the types of its columns do not say.

Names of attributes and what is demanded of their values enter, a `Check` leaves; `Crud` asks it of new rows and of
changes before a statement is sent. As in SQL, a check holds where a value is null. A check never refuses what the
database takes: values that Python cannot compare are left to the database. No database is asked here.
"""

import operator
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time
from functools import partial
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import StringConstraints, TypeAdapter, ValidationError
from pydantic_core import SchemaError

from graph.errors import DeclarationError
from graph.writing.errors import InvalidInput, Place
from graph.writing.messages import sentence

Sign: TypeAlias = Literal["<", "<=", "=", "<>", ">=", ">"]

_SIGNS: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    "=": operator.eq,
    "<>": operator.ne,
    ">=": operator.ge,
    ">": operator.gt,
}
_WORDS = {
    "<": "less than ",
    "<=": "at most ",
    "=": "",
    "<>": "something else than ",
    ">=": "at least ",
    ">": "more than ",
}
_OF_TIME = {"<": "before ", "<=": "not after ", ">=": "not before ", ">": "after "}


@dataclass(frozen=True)
class Check:
    """A condition over values of one row.

    `Check(("starts_on", "ends_on"), lambda starts, ends: (ends - starts).days < 30, "a stay ends within 30 days")`
    """

    names: tuple[str, ...]
    """The attributes whose values the condition takes, in this order."""
    condition: Callable[..., bool]
    """Is not asked where one of the values is null."""
    words: str
    """What must be, for people: `this must be more than 0`. `{0}` and so on are the names in the schema."""

    def holds(self, values: Sequence[object]) -> bool:
        """Whether the values may stand in one row."""
        if any(value is None or value != value for value in values):
            return True
        try:
            return self.condition(*values)
        except (TypeError, ArithmeticError):  # a moment at the end of time, a value that could not be read
            return True


def broken(
    checks: Iterable[Check],
    row: Mapping[str, object],
    given: Collection[str],
    place: Place,
    shown: Callable[[str], str],
) -> list[InvalidInput]:
    """An error for each check of `given` attributes that the values of a row break, at the first of these.

    Checks of attributes that `row` lacks are not asked: the database gives their values. `shown` gives the name of an
    attribute in the schema.
    """
    return [
        InvalidInput(sentence(check.words.format(*map(shown, check.names))), (*place, shown(at)))
        for check in checks
        if (at := next((name for name in check.names if name in given), None)) is not None
        and row.keys() >= set(check.names)
        and not check.holds([row[name] for name in check.names])
    ]


def compare(name: str, sign: Sign, value: object) -> Check:
    """The value of an attribute, compared with a constant: `compare("pages", ">", 0)`."""
    words = _OF_TIME if isinstance(value, date | time) else {}
    return Check((name,), partial(_compared, sign, value), _as_it_is(f"this must be {(_WORDS | words)[sign]}{value}"))


def compare_columns(name: str, sign: Sign, other: str) -> Check:
    """The values of two attributes of one row: `compare_columns("starts_on", "<=", "ends_on")`."""
    return Check((name, other), _SIGNS[sign], f"this must hold: {{0}} {sign} {{1}}")


def compare_length(name: str, sign: Sign, characters: int) -> Check:
    """How many characters a text has: `compare_length("code", "=", 3)`."""
    words = f"this must be of {_WORDS[sign]}{characters} characters"
    return Check((name,), lambda text: _SIGNS[sign](len(text), characters), words)


def one_of(name: str, values: Sequence[object]) -> Check:
    """The values that an attribute may have: `one_of("status", ["new", "old"])`."""
    return Check(
        (name,), lambda value: value in values, _as_it_is(f"this must be one of {', '.join(map(str, values))}")
    )


def match(name: str, pattern: str, *, fold_case: bool = False) -> Check:
    """The pattern that is somewhere in a text: `match("code", "^[A-Z]{3}$")`.

    The time is linear in the length of the text, whatever the pattern. Raises `DeclarationError` for no pattern.
    Source of the syntax: https://docs.rs/regex/latest/regex/#syntax
    """
    options = "(?is)" if fold_case else "(?s)"
    try:
        text: TypeAdapter[str] = TypeAdapter(Annotated[str, StringConstraints(pattern=f"{options}{pattern}")])
    except SchemaError as error:
        raise DeclarationError(f"{name}: {pattern!r} is no pattern: {error}.") from None
    return Check((name,), partial(_is_valid, text), _as_it_is(f"this must match {pattern}"))


def _compared(sign: Sign, constant: object, value: object) -> bool:
    return _SIGNS[sign](value, constant)


def _is_valid(text: TypeAdapter[str], value: object) -> bool:
    try:
        text.validate_python(value)
    except ValidationError:
        return False
    return True


def _as_it_is(words: str) -> str:
    """Words in which nothing stands for a name."""
    return words.replace("{", "{{").replace("}", "}}")
