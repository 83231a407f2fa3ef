"""Statements that are sent as one: what one of them finds are the keys of another.

Statements that were run before enter, each with where its keys come from; one SQL leaves, and of its one row the keys
and the rows of each statement. The rows of a statement come back as one array for each of its columns, converted as the
statement's own are. The statement tells which keys it has answered: nobody has to guess what it did not find.
Nothing is executed here. Why: docs/decisions/0049-one-round-trip.md.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from db.fast.compiled import Form, Values

MAX_COLUMNS = 1_600
"""How many columns a SELECT of PostgreSQL has. Source: https://www.postgresql.org/docs/current/limits.html"""

MAX_CHARACTERS = 15 * 1024
"""A longer text is prepared and planned for every run: `max_cacheable_statement_size` of asyncpg.
Source: https://magicstack.github.io/asyncpg/current/api/index.html#connection"""

MOST_BESIDE = 4

LEXEMES = re.compile(
    r"""
    [eE]'(?:[^'\\]|\\.|'')*'            # texts with escapes
    | '(?:[^']|'')*'                    # texts
    | "(?:[^"]|"")*"                    # names
    | \$([A-Za-z_]\w*|)\$.*?\$\1\$      # texts between dollars
    | --[^\n]* | /\*.*?\*/              # remarks
    | \$(?P<number>\d+)                 # a value that is given when the statement runs
    """,
    re.VERBOSE | re.DOTALL,
)
"""Source: https://www.postgresql.org/docs/current/sql-syntax-lexical.html"""


class Asked(NamedTuple):
    """Where the keys of a statement come from: columns of the rows that another one finds."""

    part: int
    """The number of the other one, which stands before."""
    columns: tuple[int, ...]
    """By position."""


class Part(NamedTuple):
    """One statement among those that are combined."""

    form: Form
    """With a `number` as its last column where it is `numbered`."""
    width: int
    """How many columns it gives back."""
    convert: Callable[[Iterable[Any]], list[Values]] | None
    """Makes rows of what the driver has given; None: that are the rows."""
    keys: tuple[str, ...] = ()
    """The parameters of its keys, an array for each column of a key; none at the root."""
    asked: Asked | None = None
    """Where they come from; None: they are given when it runs."""
    known: tuple[int, ...] = ()
    """The parts before it whose keys it does not ask for again: they find the same rows."""
    numbered: bool = False
    """Whether its rows say their number among those of their parent, of which `limit` less one are shown."""
    limit: str = ""
    """The parameter that says how many rows it finds for each parent."""
    fixed: frozenset[int] = frozenset()
    """Those of its values that are the same in every run, so that the planner may know them."""


class Found(NamedTuple):
    """What one part has found."""

    keys: Sequence[tuple[Any, ...]] | None
    """The keys that it was asked for; None where they were given."""
    rows: Sequence[Values]


class CombinedStatement:
    """One SQL for many statements. Raises `ValueError` for what cannot be combined."""

    def __init__(self, parts: Sequence[Part]) -> None:
        if not all(part.form.combines for part in parts):
            raise ValueError("A column of arrays or of files is not gathered into an array.")
        if sum(part.width + len(part.keys) for part in parts) > MAX_COLUMNS:
            raise ValueError(f"More than {MAX_COLUMNS} columns.")
        self.parts = tuple(parts)
        self.sql, self._slots = _written(self.parts)
        if len(self.sql) > MAX_CHARACTERS:
            raise ValueError(f"More than {MAX_CHARACTERS} characters.")

    def values(self, parameters: Sequence[Mapping[str, Any]]) -> list[Any] | None:
        """The values to run with, from the parameters of each part; None where one is missing or does not fit."""
        values: list[Any] = []
        for slots, given in zip(self._slots, parameters, strict=True):
            found = slots.values(given)
            if found is None:
                return None
            values += found
        return values

    def found(self, record: Sequence[Any]) -> list[Found]:
        """What each part has found, out of the one row."""
        start, found = 0, []
        for part in self.parts:
            arrays = record[start : start + part.width]
            start += part.width
            rows: Sequence[Values] = [] if arrays[0] is None else list(zip(*arrays, strict=True))
            keys: Sequence[tuple[Any, ...]] | None = None
            if part.asked is not None:
                keys = list(zip(*record[start : start + len(part.keys)], strict=True))
                start += len(part.keys)
            found.append(Found(keys, rows if part.convert is None else part.convert(rows)))
        return found


def _written(parts: Sequence[Part]) -> tuple[str, list[Form]]:
    """The SQL, and for each part which values it takes of those that are given."""
    read = {part.asked.part for part in parts if part.asked is not None}
    with_: list[str] = []
    rows: list[str] = []
    slots: list[Form] = []
    first = 1
    numbers: list[Mapping[int, int]] = []
    """Of each part, the numbers that its values have in the whole."""
    for index, part in enumerate(parts):
        fixed = _literals(part)
        free = [
            slot
            for slot, it in enumerate(part.form.slots)
            if slot not in fixed and (part.asked is None or not _is_key(part, it.names))
        ]
        numbers.append({slot: first + place for place, slot in enumerate(free)})
        first += len(free)
        slots.append(part.form._replace(slots=tuple(part.form.slots[slot] for slot in free)))
        columns = ", ".join(f"c{column}" for column in range(len(part.form.untouched)))
        if part.asked is not None:
            with_.append(_keys(index, part, parts[part.asked.part], numbers[part.asked.part]))
        sql = _renumbered(index, part, {**{slot: f"${number}" for slot, number in numbers[index].items()}, **fixed})
        if index in read:
            with_.append(f"level_{index} ({columns}) AS MATERIALIZED ({sql})")
            source = f"level_{index}"
        else:
            source = f"({sql}) AS level_{index} ({columns})"
        arrays = [f"array_agg(c{column}{_order(part)})" for column in range(part.width)]
        if part.asked is not None:
            arrays += [f"(SELECT k{column} FROM keys_{index})" for column in range(len(part.keys))]
        rows.append(f"(SELECT {', '.join(arrays)} FROM {source}) AS rows_{index}")
    head = f"WITH {', '.join(with_)} " if with_ else ""
    return f"{head}SELECT * FROM {_beside(rows)}", slots


def _beside(rows: Sequence[str], depth: int = 0) -> str:
    """Single rows side by side, a few at a time: PostgreSQL tries every order in which so many could be joined.

    OFFSET keeps apart what it would join together otherwise.
    """
    if len(rows) <= MOST_BESIDE:
        return ", ".join(rows)
    groups = [rows[first : first + MOST_BESIDE] for first in range(0, len(rows), MOST_BESIDE)]
    inner = [f"(SELECT * FROM {', '.join(group)} OFFSET 0) AS group_{depth}_{at}" for at, group in enumerate(groups)]
    return _beside(inner, depth + 1)


def _is_key(part: Part, names: Sequence[str]) -> bool:
    return any(name in part.keys for name in names)


def _order(part: Part) -> str:
    """In which order rows are gathered: parent by parent, and in the order of the page."""
    if not part.numbered:
        return ""
    key = range(part.width - len(part.keys), part.width)
    return f" ORDER BY {', '.join([*(f'c{column}' for column in key), f'c{part.width}'])}"


def _keys(index: int, part: Part, parent: Part, numbers: Mapping[int, int]) -> str:
    """The keys that a part asks for, each of them once: those of rows that are shown."""
    assert part.asked is not None
    names = [f"k{column}" for column in range(len(part.keys))]
    columns = ", ".join(f"c{column}" for column in part.asked.columns)
    asked = f"SELECT DISTINCT {columns} FROM level_{part.asked.part}"
    if parent.numbered:
        (limit,) = (numbers[slot] for slot, it in enumerate(parent.form.slots) if parent.limit in it.names)
        asked += f" WHERE c{parent.width} < ${limit}"
    for other in part.known:
        given = ", ".join(f"(SELECT {name} FROM keys_{other})" for name in names)
        asked += f" EXCEPT SELECT * FROM unnest({given})"
    if len(names) == 1:
        return f"keys_{index} (k0) AS MATERIALIZED (SELECT ARRAY({asked}))"
    arrays = ", ".join(f"coalesce(array_agg({name}), '{{}}')" for name in names)
    return (
        f"keys_{index} ({', '.join(names)}) AS MATERIALIZED"
        f" (SELECT {arrays} FROM ({asked}) AS asked ({', '.join(names)}))"
    )


def _literals(part: Part) -> Mapping[int, str]:
    """The SQL of values that are the same in every run, as far as they have one that needs no thought."""
    values = {slot: part.form.slots[slot].default for slot in part.fixed}
    return {slot: _literal(value) for slot, value in values.items() if _is_plain(value)}


def _is_plain(value: object) -> bool:
    return type(value) in (int, bool) or (type(value) is str and "\\" not in value)


def _literal(value: object) -> str:
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return f"({value})"


def _renumbered(index: int, part: Part, values: Mapping[int, str]) -> str:
    """The SQL of a part, with what its values are in the whole, and the keys that others have found."""

    def written(lexeme: re.Match[str]) -> str:
        if lexeme["number"] is None:
            return lexeme[0]
        slot = int(lexeme["number"]) - 1
        if slot in values:
            return values[slot]
        (column,) = (column for column, name in enumerate(part.keys) if name in part.form.slots[slot].names)
        return f"(SELECT k{column} FROM keys_{index})"

    return LEXEMES.sub(written, part.form.sql)
