"""Increments: numbers that are added to what rows have, and what stands against the sums.

Names of columns enter, an input type for the schema leaves; the update of one row and that of many share this type. Of
a row that is locked, the sum is made here, exactly, so that each rule of the column and each check says its word at its
place; the statement that writes adds to what the row has, and no sum of two changes at once is lost. Nothing is
executed here. Why: docs/decisions/0055-changes-of-many-rows.md.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from functools import cached_property
from typing import Any, TypeAlias

from pydantic import Field, TypeAdapter, ValidationError, create_model
from sqlalchemy import ColumnElement
from sqlalchemy.exc import IntegrityError

from db.numerals import EXACT
from db.violations import Rule, violation_of
from graph.entity.scalars import BigInt
from graph.entity.types import TYPES
from graph.errors import DeclarationError
from graph.writing.change import Change
from graph.writing.errors import Forbidden, InvalidInput, Place, Rejected, UserError
from graph.writing.inputs import Annotation, Input, named_as
from graph.writing.messages import sentence, sentence_of
from graph.writing.writer import EntityWriter

INCREMENT = "increment"
"""The field of an update's input."""

NUMBERS: tuple[object, ...] = (int, BigInt, Decimal, float)
"""The types of values that a number can be added to."""

MAX_TOLD = 50
"""Characters of a sum that an error tells."""

Sums: TypeAlias = dict[str, object]
"""What the columns of a row will have, by attribute."""


class Increments:
    """The columns of one entity that may be counted up and down."""

    def __init__(self, writer: EntityWriter, names: Sequence[str], columns: Sequence[str]) -> None:
        """Make it. Raises `DeclarationError` for columns that are no numbers, or that an update does not take."""
        self._writer = writer
        self.names = tuple(names)
        entity = writer.entity
        for name in self.names:
            if name not in columns:
                raise DeclarationError(f"{entity.name}.{name} is not among the columns that are written; add it.")
            column = writer.columns[name]
            if self._type(name) not in NUMBERS or column.foreign_keys or column.primary_key:
                raise DeclarationError(f"{entity.name}.{name} is no number to count with; leave it out of increments.")
        if self.names and INCREMENT in columns:
            raise DeclarationError(f"{entity.name} has a column {INCREMENT}, as the field for increments is called.")

    def _type(self, name: str) -> object:
        shown = self._writer.attributes.get(name)
        return TYPES.of_column(self._writer.columns[name].type).annotation if shown is None else shown.type

    # The input

    @cached_property
    def input(self) -> type[Input]:
        """`PostIncrementInput`: a number for each column, or none."""
        entity = self._writer.entity
        fields: dict[str, Annotation] = {
            name: (self._type(name), Field(None, description=f"Is added to the {name.replace('_', ' ')}."))
            for name in self.names
        }
        doc = f"What is added to numbers of {entity.a_one}; less than 0 takes away."
        made: type[Input] = create_model(
            f"{entity.name}IncrementInput", __base__=named_as(entity, Input), __doc__=doc, **fields
        )
        return made

    def input_fields(self) -> dict[str, Annotation]:
        """The field of an update's input; none where nothing is declared."""
        if not self.names:
            return {}
        text = "What is added to numbers: others who do so at the same time are counted, too."
        return {INCREMENT: (self.input, Field(None, description=text))}

    def given(self, values: Input) -> dict[str, Any]:
        """What an input adds, by attribute."""
        asked = getattr(values, INCREMENT) if self.names and values.given(INCREMENT) else None
        return {} if asked is None else {name: getattr(asked, name) for name in self.names if asked.given(name)}

    def place(self, place: Place, name: str) -> Place:
        """Where the number for a column stands."""
        return (*place, INCREMENT, self._writer.entity.shown(name))

    def set_twice(self, added: Iterable[str], set_: Iterable[str], place: Place) -> list[UserError]:
        """An error for each column that is both set and counted up."""
        message = "This is set as well; send a value, or what is to be added to it."
        return [InvalidInput(message, self.place(place, name)) for name in added if name in set(set_)]

    # The work

    def sums(self, row: Any, added: Mapping[str, Any], change: Change, place: Place) -> Sums:
        """What a locked row will have. Raises `Rejected` with an error for each sum that cannot be."""
        found, errors = dict[str, object](), list[UserError]()
        for name, number in added.items():
            try:
                found[name] = self._sum(name, getattr(row, name), number)
                self._check_storable(name, found[name], change)
            except ValueError as error:
                errors.append(InvalidInput(sentence(str(error)), self.place(place, name)))
        if errors:
            raise Rejected(*errors)
        return found

    def _sum(self, name: str, there: Any, number: Any) -> object:
        """What becomes of a value. Raises `ValueError` with a sentence for people."""
        if there is None:
            raise ValueError("There is no number yet to add this to; set one first.")
        found = _added(there, number)
        if found is None:
            raise ValueError("What is there is no number, so nothing is added to it; set a value instead.")
        if isinstance(found, float) and not math.isfinite(found):
            raise ValueError("The sum would be larger than any number that fits here; add less.")
        try:
            self._rules[name].validate_python(found)
        except ValidationError as error:
            (first, *_) = error.errors(include_url=False)
            told = f"The sum would be {found}. " if len(str(found)) <= MAX_TOLD else ""
            raise ValueError(f"{told}{sentence_of(first)}") from None
        return found

    def _check_storable(self, name: str, sum_: object, change: Change) -> None:
        """Raise `UnstorableValue` for a sum that the database would round: it is made there, and bound nowhere."""
        dialect = change.session.get_bind().dialect
        bind = self._writer.columns[name].type.dialect_impl(dialect).bind_processor(dialect)
        if bind is not None:
            bind(sum_)

    @cached_property
    def _rules(self) -> Mapping[str, TypeAdapter[Any]]:
        return {name: TypeAdapter(self._writer.rule(name)) for name in self.names}

    def hidden(self, names: Iterable[str], place: Place) -> list[UserError]:
        """An error for each number that the viewer may not see: a refused sum would tell of it."""
        message = "You may not see this number, so you cannot add to it; set a value, if you may."
        return [Forbidden(message, self.place(place, name)) for name in names]

    def may_see(self, row: Any, names: Iterable[str], change: Change) -> dict[str, ColumnElement[bool]]:
        """For each of these columns that is not shown to everybody, whether the viewer sees it, as SQL."""
        seen = change.context.visible.values(self._writer.entity.mapper)
        conditions = {name: seen[name](row) for name in names if name in seen}
        return {name: condition for name, condition in conditions.items() if condition is not None}

    def placed(self, errors: Iterable[UserError], set_: Place, added: Iterable[str], place: Place) -> list[UserError]:
        """Errors at columns that are set, those of counted ones at their numbers."""
        numbers = {(*set_, self.place(place, name)[-1]): self.place(place, name) for name in added}
        found = list(errors)
        for error in found:
            error.path = [str(part) for part in numbers.get(tuple(error.path), error.path)]
        return found

    def refused(self, error: IntegrityError, added: Iterable[str], place: Place) -> InvalidInput | None:
        """The user error for a CHECK of the database that a sum has broken; None where no sum is known to have."""
        violation = violation_of(error, self._writer.table.metadata)
        if violation.rule is not Rule.CHECK:
            return None
        for name in added:
            if self._writer.columns[name].name in violation.columns:
                rule = f": {violation.name.replace('_', ' ')}" if violation.name else ""
                message = f"The sum would break a rule of the database{rule}. Add less, or something else."
                return InvalidInput(message, self.place(place, name))
        return None


def _added(there: object, number: Any) -> object | None:
    """The exact sum; None where there is no number of its kind: SQLite keeps texts in columns of numbers."""
    if isinstance(there, bool):
        return None
    if isinstance(number, Decimal):
        return EXACT.add(Decimal(there), number) if isinstance(there, int | Decimal) else None
    if isinstance(number, float):
        return there + number if isinstance(there, int | float) else None
    return there + number if isinstance(there, int) else None


def increments_seen(values: Input, sums: Sums) -> Input:
    """An input as a noun's own rule is given it: a column that is counted up has its sum, as if it were set."""
    return values.model_copy(update=sums) if sums else values
