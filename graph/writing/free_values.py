"""Free values: a natural key that was made up, or given, and is taken, gets a number behind it where a client asks so.

A new row and its input enter; the row is inserted under the first number that is free. Rows that the viewer may not see
count as well, as they do for the database. Nothing is numbered unasked. Which values are equal says the column's kind.
"""

import random
from collections.abc import Iterable, Sequence
from enum import Enum
from functools import cached_property

from pydantic import Field, TypeAdapter
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from db.relations import python_type
from db.violations import Rule, violation_of
from graph.entity.fields import described_enum
from graph.writing.change import Change
from graph.writing.errors import InvalidInput, Rejected
from graph.writing.inputs import Annotation, Input
from graph.writing.rules import canonical, fits
from graph.writing.writer import EntityWriter, Inserted, NewRow

ATTEMPTS = 8
"""How often a row is inserted while others take the same numbers."""

FIRST_NUMBERS = range(1, 17)
"""Those that are looked for first; 1 is the value as it is."""

POWERS = tuple(2**power for power in range(5, 32))
"""Where to go on from there, in the same statement."""

PARTS = 32
"""Into how many parts the numbers between one that is taken and one that is free are divided, for the next look."""

SEPARATOR = "-"


class OnTaken(Enum):
    """What to do where a value that must be unique is taken."""

    REJECT = "REJECT"
    APPEND_NUMBER = "APPEND_NUMBER"


described_enum(
    OnTaken,
    "What to do where a value that must be unique is taken.",
    {
        "REJECT": "Nothing is done; `errors` says that the value is taken.",
        "APPEND_NUMBER": "The value gets the first number behind it that makes it free: `roses-2`.",
    },
)


class FreeValues:
    """Inserts new rows of one entity under natural keys that are free."""

    def __init__(self, writer: EntityWriter) -> None:
        self._writer = writer
        self._fields = {
            f"on_taken_{name}": name
            for name in writer.made_up
            if name in writer.entity.natural_keys and python_type(writer.columns[name].type) is str
        }
        """By fields of the input: the attributes that they are about."""

    def input_fields(self) -> dict[str, Annotation]:
        """The fields of an input for a new row, as Pydantic's `create_model` takes them."""
        one = self._writer.entity.one
        text = "What to do where another {} has this {}; rejected if left out."
        return {
            field: (OnTaken | None, Field(None, description=text.format(one, name)))
            for field, name in self._fields.items()
        }

    def asked(self, values: Input) -> list[str]:
        """The attributes that are to get a number where they are taken."""
        return [name for field, name in self._fields.items() if getattr(values, field) is OnTaken.APPEND_NUMBER]

    async def insert(self, row: NewRow, values: Input, change: Change) -> Inserted:
        """Insert a row. Raises as `EntityWriter.insert` does, and `Rejected` for a value that takes no number.

        Where a number is asked for, another change may take the same one at once: this one fails in a savepoint then,
        sees what was committed, and goes on with another.
        """
        asked = self.asked(values)
        if not asked:
            return await self._writer.insert(row, change)
        for attempt in range(1, ATTEMPTS + 1):
            free = row | {name: await self._free(name, str(row[name]), attempt, change) for name in asked}
            try:
                async with change.session.begin_nested():
                    return await self._writer.insert(free, change)
            except IntegrityError as error:
                if attempt == ATTEMPTS or not self._is_about(error, asked):
                    raise
        raise AssertionError

    def _is_about(self, error: IntegrityError, names: Iterable[str]) -> bool:
        """Whether one of these attributes has a value that is taken."""
        violation = violation_of(error, self._writer.table.metadata)
        columns = [(self._writer.columns[name].name,) for name in names]
        return violation.rule is Rule.UNIQUE and violation.columns in columns

    async def _free(self, name: str, wanted: str, attempt: int, change: Change) -> str:
        """The value with a number that is free. At each further attempt more numbers come into question.

        Raises `Rejected` where the value with the number would break a rule of its column.
        """
        # Others go for the first one, too: whoever takes any of the next ones meets them less often.
        further = random.randrange(2 ** (attempt - 1))
        value = self._numbered(name, wanted, await self._first_free(name, wanted, change) + further)
        if not fits(self._rules[name], value):
            shown = self._writer.entity.shown(name)
            message = "This is taken, and no number fits behind it; give another value."
            raise Rejected(InvalidInput(message, (*change.place, shown)))
        return value

    async def _first_free(self, name: str, wanted: str, change: Change) -> int:
        """A number that is free behind one that is taken: one statement, and up to six more where there are many."""
        numbers: Sequence[int] = [*FIRST_NUMBERS, *POWERS]
        while True:
            taken = await self._taken(name, [self._numbered(name, wanted, number) for number in numbers], change)
            free = [self._is_free(name, wanted, number, taken) for number in numbers]
            if True not in free:
                return numbers[-1] + 1
            at = free.index(True)
            below = numbers[at - 1] if at else numbers[at] - 1
            if numbers[at] - below == 1:
                return numbers[at]
            step = max(1, (numbers[at] - below) // PARTS)
            numbers = [*range(below + step, numbers[at], step), numbers[at]]

    def _is_free(self, name: str, wanted: str, number: int, taken: set[object]) -> bool:
        return canonical(self._writer.columns[name], self._numbered(name, wanted, number)) not in taken

    async def _taken(self, name: str, values: Sequence[str], change: Change) -> set[object]:
        """Those of the values that rows have, as the database compares them."""
        column = self._writer.columns[name]
        found = await change.session.scalars(select(column).where(column.in_(values)))
        return {canonical(column, value) for value in found}

    def _numbered(self, name: str, wanted: str, number: int) -> str:
        """The value with a number behind it, shortened to what the column holds."""
        if number == 1:
            return wanted
        behind = f"{SEPARATOR}{number}"
        length: int | None = getattr(self._writer.columns[name].type, "length", None)
        kept = wanted if length is None else wanted[: max(0, length - len(behind))]
        return f"{kept.rstrip(SEPARATOR)}{behind}"

    @cached_property
    def _rules(self) -> dict[str, TypeAdapter[object]]:
        return {name: TypeAdapter(self._writer.rule(name)) for name in self._fields.values()}
