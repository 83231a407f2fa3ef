"""Many rows in one statement: new ones, or new and changed ones by a natural key.

Rows enter as clients sent them and are checked one by one. The good rows are written together, and each bad one has its
errors at its own place. How rows are written, and which of them clash, is told in `graph.writing.saving`.
"""

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any

import strawberry
from pydantic import Field
from strawberry.utils.str_converters import to_camel_case

from graph.entity.fields import described_enum
from graph.writing.change import Beforehand, Change, WrittenRow, global_id
from graph.writing.errors import AlreadyExists, ErrorClass, Place, Rejected, UserError
from graph.writing.inputs import Annotation, Input, entity_input, parsed, rows_of
from graph.writing.links import RelationshipWriter
from graph.writing.mutation import MutationDeclaration
from graph.writing.natural_keys import NaturalKeys
from graph.writing.payload import MAX_LISTED, Member
from graph.writing.rights import May, Right
from graph.writing.saving import RowSaver
from graph.writing.writer import Batch, EntityWriter


class OnError(Enum):
    """What becomes of the good rows when others are bad."""

    REJECT_ALL = "REJECT_ALL"
    REJECT_FAILED = "REJECT_FAILED"
    IGNORE_FAILED = "IGNORE_FAILED"


described_enum(
    OnError,
    "What becomes of the good rows of an input when others are bad.",
    {
        "REJECT_ALL": "Nothing is saved; `errors` has those of every bad row.",
        "REJECT_FAILED": "The good rows are saved; `errors` has those of the bad ones.",
        "IGNORE_FAILED": "The good rows are saved; the bad ones are left out, and nothing is said about them.",
    },
)


class Bulk:
    """The bulk mutation of an entity: new rows, or with natural keys also changes of rows that have one of them.

    In a change, a row stands for the whole: what it leaves out becomes what it is in a new row.
    """

    def __init__(
        self,
        name: str,
        writer: EntityWriter,
        links: Sequence[RelationshipWriter],
        *,
        may: May,
        right: Right,
        keys: NaturalKeys | None = None,
        before_update: Beforehand | None = None,
        errors: Sequence[ErrorClass] = (),
    ) -> None:
        """Make it. Raises `DeclarationError` where one statement cannot do what single ones can."""
        self._name = name
        self._camel = to_camel_case(name[0].upper() + name[1:])
        self._writer = writer
        self._right = right
        self._errors: tuple[ErrorClass, ...] = (AlreadyExists, *errors)
        self._keys = keys
        self._entity = writer.entity
        self._many = writer.entity.plural
        self._savers = {
            names: RowSaver(writer, links, may, names, before_update) for names in (keys.all if keys else (None,))
        }
        doc = f"{self._entity.a_one.capitalize()} among those of `{to_camel_case(name)}`"
        self._row = entity_input(self._entity, f"{self._camel}Row", f"{doc}.", writer.input_fields())

    def declaration(self) -> MutationDeclaration[Any, Mapping[str, object]]:
        """The declaration of the mutation."""
        entity = self._entity
        what = "New ones are made, those with a key that is there are changed." if self._keys else "All are new."
        fields: dict[str, Annotation] = {
            self._many: (
                rows_of(self._row, whole=self._keys is not None),
                Field(description=f"The {entity.many}, at most {MAX_LISTED:,}. {what}", max_length=MAX_LISTED),
            ),
            **(self._keys.input_fields() if self._keys else {}),
            "on_error": (
                OnError,
                Field(OnError.REJECT_ALL, description="What becomes of the good ones when others are bad."),
            ),
        }
        model = entity_input(
            entity, f"{self._camel}Input", f"Many {entity.many} at once, for `{to_camel_case(self._name)}`.", fields
        )
        rows = list[entity.cls]  # type: ignore[name-defined]  # made at run time
        members = {self._many: Member(rows, f"The {entity.many} that were saved, in the order of the input.")}
        does = f"Make many {entity.many}."
        if self._keys is not None:
            members["inserted_ids"] = Member(
                list[strawberry.ID], "The ids of those that are new; the others were changed."
            )
            does = f"Make or change many {entity.many}, by their {self._keys.words}."
        return MutationDeclaration(self._name, does, model, members, self._right, self._work, errors=self._errors)

    async def _work(self, values: Any, change: Change) -> Mapping[str, object]:
        await change.flush()
        on_error: OnError = values.on_error
        batch, inputs = await self._checked(getattr(values, self._many), change)
        saver = self._savers[self._keys.of(values) if self._keys else None]
        saved = await saver.saved(batch, inputs, change, all_or_none=on_error is OnError.REJECT_ALL)
        if batch.bad and not saved.keys and on_error is OnError.REJECT_FAILED:
            raise Rejected(*batch.errors)
        rows = {place: WrittenRow(self._entity, key) for place, key in saved.keys.items()}
        change.touch(*rows.values())
        errors = batch.errors if on_error is OnError.REJECT_FAILED else []
        inserted = [global_id(rows[place]) for place in sorted(saved.inserted)]
        return {self._many: [rows[place] for place in sorted(rows)], "inserted_ids": inserted, "errors": errors}

    # What is wrong with rows

    async def _checked(
        self, given: Sequence[Mapping[str, object]], change: Change
    ) -> tuple[Batch, Mapping[Place, Input]]:
        """The rows as far as they can be judged alone."""
        inputs: dict[Place, Input] = {}
        rejected: dict[Place, list[UserError]] = {}
        for at, values in enumerate(given):
            place = (*change.place, self._many, at)
            try:
                inputs[place] = parsed(self._row, values, place)
            except Rejected as error:
                rejected[place] = list(error.errors)
        batch = await self._writer.check(inputs, change)
        batch.bad.update(rejected)
        for place, row in batch.good.items():
            # One statement has the same columns for all rows, so what a row leaves out is null.
            batch.good[place] = dict.fromkeys(self._writer.names) | self._writer.complete(row)
        return batch, inputs
