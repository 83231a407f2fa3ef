"""Updates of many rows: the same change of all rows that a filter finds.

What rows are to have, and what is added to their numbers, enter; one statement leaves, and those of links. What stands
against the change of a row, its rules and checks say. Nothing is committed here.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import Field
from sqlalchemy import Column, ColumnDefault, ColumnElement, Delete, Integer, Update, update
from sqlalchemy.exc import IntegrityError

from db.statements import Key
from graph.errors import DeclarationError
from graph.writing.change import Change, WrittenRow
from graph.writing.column_guards import refused
from graph.writing.errors import (
    AlreadyExists,
    InvalidInput,
    Place,
    Rejected,
    UserError,
)
from graph.writing.increments import Sums, increments_seen
from graph.writing.inputs import Annotation, entity_input
from graph.writing.links import RelationshipWriter
from graph.writing.many import Declared, Judged, ManyRows, one_of, within
from graph.writing.mutation import MutationDeclaration
from graph.writing.payload import MAX_LISTED, Member
from graph.writing.violations import violation_errors

SET = "set"


class ManyUpdates(ManyRows):
    """`updatePosts`: the same change of all rows that a filter finds."""

    def __init__(self, name: str, declared: Declared, fields: Mapping[str, Annotation]) -> None:
        """Make it. `fields` are those of the columns. Raises `DeclarationError` where one statement cannot write."""
        super().__init__(name, declared, declared.before_update)
        for column in declared.columns:
            if self._writer.columns[column].table is not self._writer.table:
                raise DeclarationError(f"{self._entity.name}.{column} is in another table; update rows one by one.")
        doc = f"What all {self._many} are to have. What is left out stays as it is."
        self._set = entity_input(self._entity, f"{self._entity.name}SetInput", doc, fields)

    def declaration(self) -> MutationDeclaration[Any, Mapping[str, object]]:
        """The declaration of the mutation."""
        entity, many = self._entity, self._many
        fields: dict[str, Annotation] = {
            **self._choosing_fields(),
            SET: (self._set, Field(None, description="What each of them is to have.")),
            **self._declared.increments.input_fields(),
            **self._bounding_fields("changed"),
        }
        model = entity_input(entity, self._input_name, f"Which {many} are changed, and how.", fields)
        rows = list[entity.cls]  # type: ignore[name-defined]  # made at run time
        members = {
            entity.plural: Member(rows, f"The {many} that were changed, as they are now; the first {MAX_LISTED:,}."),
            "count": Member(int, f"How many {many} were changed; null if nothing was done."),
        }
        return MutationDeclaration(
            self._name,
            f"Change all {many} that a filter finds.",
            model,
            members,
            self._declared.right,
            self._work,
            idempotent=True,
            errors=(AlreadyExists, *self._declared.errors),
        )

    # The work

    def _given(self, values: Any) -> dict[str, Any]:
        """What is set, by attribute."""
        asked = values.set if values.given(SET) else None
        given = () if asked is None else asked.model_fields_set
        return {name: getattr(asked, name) for name in self._declared.columns if name in given}

    def _linked(self, values: Any) -> list[tuple[RelationshipWriter, Any]]:
        """What becomes of the links of each row."""
        asked = values.set if values.given(SET) else None
        links = [] if asked is None else [link for link in self._declared.links if asked.given(link.name)]
        return [(link, getattr(asked, link.name)) for link in links]

    def _check(self, values: Any, change: Change) -> None:
        given, added = self._given(values), self._declared.increments.given(values)
        if not given and not added and not self._linked(values):
            message = f"Nothing says what becomes of the {self._many}; send a value for one of their fields."
            raise Rejected(InvalidInput(message, (*change.place, SET)))
        if errors := self._declared.increments.set_twice(added, given, change.place):
            raise Rejected(*errors)

    def _is_the_same_for_all(self, values: Any, change: Change) -> bool:
        given, place = self._given(values), self._place(change)
        if self._before is not None or self._declared.increments.given(values) or self._linked(values):
            return False
        if not self._may_all(change):
            return False
        if refused(self._entity.model, given, change.context, place):
            return False  # some rows may have the value already, which is no change
        if not self._writer.checked_with(given) <= given.keys():
            return False
        return not self._writer.broken(given, given, place)

    def _statement(self, values: Any, change: Change) -> Update:
        return update(self._writer.table).values(self._changes(values))

    def _changes(self, values: Any) -> dict[Any, Any]:
        """What the statement sets, by column. Links belong to their row, which tells of a change of them, too."""
        columns, version = self._writer.columns, self._entity.mapper.version_id_col
        changes: dict[Any, Any] = {columns[name]: value for name, value in self._given(values).items()}
        for name, number in self._declared.increments.given(values).items():
            changes[columns[name]] = columns[name] + number
        if isinstance(version, Column) and version.table is self._writer.table:
            changes[version] = self._next(version)
        for column in self._writer.table.columns:
            if isinstance(column.onupdate, ColumnDefault) and column not in changes:
                changes[column] = column.onupdate.arg(None) if column.onupdate.is_callable else column.onupdate.arg
        return changes

    def _next(self, version: Column[Any]) -> object:
        """The version after this one: the next number, or a new one of the model's own making."""
        make = self._entity.mapper.version_id_generator
        return version + 1 if isinstance(version.type, Integer) or not callable(make) else make(None)

    async def _sent(
        self, statement: Update | Delete, values: Any, change: Change, locked: Sequence[Key] = ()
    ) -> list[Key] | None:
        try:
            return await super()._sent(statement, values, change, locked)
        except IntegrityError as error:
            raise Rejected(*self._refusals(error, values, change)) from None

    def _refusals(self, error: IntegrityError, values: Any, change: Change) -> list[UserError]:
        added = self._declared.increments.given(values)
        of_a_sum = self._declared.increments.refused(error, added, change.place)
        return [of_a_sum] if of_a_sum is not None else violation_errors(error, self._set, self._place(change))

    def _shown(self, row: Any, values: Any, change: Change) -> Mapping[str, ColumnElement[bool]]:
        return self._declared.increments.may_see(row, self._declared.increments.given(values), change)

    async def _judge(self, found: Sequence[Judged], values: Any, change: Change) -> None:
        given, added, place = self._given(values), self._declared.increments.given(values), self._place(change)
        for one in found:
            if not one.errors:
                try:
                    one.sums = self._declared.increments.sums(one.row, added, change, change.place)
                except Rejected as rejected:
                    one.errors.extend(rejected.errors)
                else:
                    one.errors.extend(self._against(one.row, given, one.sums, place, change))
        await self._ask_beforehand(found, values, change)

    def _as_asked(self, one: Judged, values: Any) -> Any:
        return increments_seen(values.set if self._given(values) else self._set(), one.sums)

    def _placed(self, errors: Iterable[UserError], one: Judged, change: Change) -> Iterable[UserError]:
        place = self._place(change)
        moved = [within(error, change.place, place) for error in errors]
        return self._declared.increments.placed(moved, place, one.sums, change.place)

    def _against(self, row: Any, given: Mapping[str, Any], sums: Sums, place: Place, change: Change) -> list[UserError]:
        """What stands against the change of a row. What a row has already is no change."""
        increments = self._declared.increments
        new = {name: value for name, value in {**given, **sums}.items() if value != getattr(row, name)}
        whole = {name: getattr(row, name) for name in self._writer.checked_with(new)} | new
        errors = [*refused(self._entity.model, new, change.context, place), *self._writer.broken(whole, new, place)]
        return increments.placed(errors, place, sums, change.place)

    async def _written(self, found: Sequence[Judged], values: Any, change: Change) -> list[Key]:
        good = [one for one in found if not one.errors]
        await self._link(good, values, change)
        keys = [one.key for one in good]
        if not keys or not self._changes(values):
            return keys
        statement = self._statement(values, change).where(one_of(self._key, keys))
        return await self._sent(statement, values, change, keys) or []

    async def _link(self, good: Iterable[Judged], values: Any, change: Change) -> None:
        """Write the links of each row, by statements of its own. Raises `Rejected` for what they cannot lead to."""
        linked = self._linked(values)
        try:
            for one in good:
                for link, asked in linked:
                    await link.apply(one.row, asked, change)
        except Rejected as rejected:
            place = self._place(change)
            raise Rejected(*(within(error, change.place, place) for error in rejected.errors)) from None

    def _result(self, keys: Sequence[Key], errors: Sequence[UserError], change: Change) -> Mapping[str, object]:
        rows = [WrittenRow(self._entity, key) for key in keys]
        change.touch(*rows)
        return {self._entity.plural: rows[:MAX_LISTED], "count": len(rows), "errors": errors}

    def _place(self, change: Change) -> Place:
        return (*change.place, SET)
