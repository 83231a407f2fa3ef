"""One row by a natural key: made where none has the key, and changed where one has.

An input as a new row takes it enters; the row leaves, and whether it is new. Two who make the same row at once do not
fail: one makes it, the other changes it. Of a row that is there, what is left out stays as it is.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from strawberry.utils.str_converters import to_camel_case

from graph.writing.change import Beforehand, Change, WrittenRow
from graph.writing.errors import AlreadyExists, ErrorClass, Rejected
from graph.writing.inputs import entity_input
from graph.writing.links import RelationshipWriter
from graph.writing.mutation import MutationDeclaration
from graph.writing.natural_keys import NaturalKeys
from graph.writing.payload import Member
from graph.writing.rights import May, Right
from graph.writing.saving import RowSaver
from graph.writing.writer import EntityWriter

INSERTED = "inserted"


class Upsert:
    """`upsertTag`."""

    def __init__(
        self,
        name: str,
        writer: EntityWriter,
        links: Sequence[RelationshipWriter],
        *,
        may: May,
        right: Right,
        keys: NaturalKeys,
        before_update: Beforehand | None = None,
        errors: Sequence[ErrorClass] = (),
    ) -> None:
        """Make it. Raises `DeclarationError` where one statement cannot do what single ones can."""
        self._name = name
        self._writer = writer
        self._right = right
        self._errors: tuple[ErrorClass, ...] = (AlreadyExists, *errors)
        self._keys = keys
        self._entity = writer.entity
        self._one = writer.entity.one.replace(" ", "_")
        self._savers = {names: RowSaver(writer, links, may, names, before_update) for names in keys.all}

    def declaration(self) -> MutationDeclaration[Any, Mapping[str, object]]:
        """The declaration of the mutation."""
        entity, one = self._entity, self._entity.one
        fields = self._writer.input_fields() | self._keys.input_fields()
        doc = f"{entity.a_one.capitalize()} to make or to change. What is left out of one that is there stays as it is."
        model = entity_input(entity, to_camel_case(f"{self._name[0].upper()}{self._name[1:]}_input"), doc, fields)
        members = {
            self._one: Member(entity.cls, f"The {one} as it is now; null if nothing was done."),
            INSERTED: Member(bool, f"Whether the {one} is new, or was changed; null if nothing was done."),
        }
        does = f"Make {entity.a_one}, or change the one that has its {self._keys.words}."
        return MutationDeclaration(self._name, does, model, members, self._right, self._work, errors=self._errors)

    async def _work(self, values: Any, change: Change) -> Mapping[str, object]:
        await change.flush()
        inputs = {change.place: values}
        batch = await self._writer.check(inputs, change)
        if batch.bad:
            raise Rejected(*batch.errors)
        row = batch.good[change.place]
        batch.good[change.place] = dict.fromkeys(self._writer.names) | self._writer.complete(row)
        given = [name for name in self._writer.names if values.given(name)]
        saver = self._savers[self._keys.of(values)]
        saved = await saver.saved(batch, inputs, change, all_or_none=True, given=given)
        written = WrittenRow(self._entity, saved.keys[change.place])
        change.touch(written)
        return {self._one: written, INSERTED: change.place in saved.inserted}
