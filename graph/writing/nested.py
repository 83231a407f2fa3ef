"""Nested changes: rows that are made, changed and deleted together with the row that they belong to.

A one-to-many relationship and the `Crud` of the rows at its far end enter; an input for the parent's own leaves, and
with it rows are written after their parent. All that holds for a row that is changed by itself holds here: rights,
guards, checks, versions, what a noun does beforehand, the record. Errors stand at their own places. However many the
rows are, they are found, locked, inserted and deleted by one statement each, and changed by one for each set of
columns. Only rows that belong to the parent are meant. Nothing is committed here.
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import SimpleNamespace
from typing import Any, NamedTuple, Protocol

from pydantic import Field, create_model
from sqlalchemy import ColumnElement, and_, delete, false
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import RelationshipDirection
from strawberry.utils.str_converters import to_camel_case

from db.statements import Key
from graph.entity.registry import Entity
from graph.errors import DeclarationError
from graph.writing.change import Change, WrittenRow
from graph.writing.editing import Part, RowChanger, Written, alike, blaming, blaming_one, has_one, parts_of
from graph.writing.errors import AlreadyExists, ErrorClass, Forbidden, InvalidInput, Place, Rejected, UserError
from graph.writing.free_values import FreeValues
from graph.writing.inputs import Annotation, Input, entity_input
from graph.writing.links import MAX_REFERENCES, UPDATE, RelationshipWriter
from graph.writing.rights import Right
from graph.writing.violations import refused_by_rule
from graph.writing.writer import EntityWriter, NewRow

CREATE, DELETE = "create", "delete"


@dataclass(frozen=True)
class RowWork:
    """What may be done with single rows of one entity, as its `Crud` says."""

    changer: RowChanger
    free_values: FreeValues
    links: Sequence[RelationshipWriter]
    rows: Sequence["RowsWriter"]
    """Rows that belong to these, in turn."""
    create: Right
    """Who may make new rows."""
    new_fields: Callable[[], Mapping[str, Annotation]]
    """The fields of an input for a new row."""
    delete_input: Callable[[], type[Input]]
    before_delete: Callable[[Any, Any, Change], Awaitable[None]] | None
    erase: Callable[[Key, Change], Awaitable[None]]
    """Deletes a row by its key. Raises `Rejected` where others refer to it."""
    delete_errors: Sequence[ErrorClass]

    @property
    def writer(self) -> EntityWriter:
        """What inserts rows."""
        return self.changer.writer


class Nesting(Protocol):
    """The `Crud` of rows that may be written along with others."""

    @property
    def work(self) -> RowWork:
        """What may be done with them."""


@dataclass(frozen=True)
class RowsInput:
    """A one-to-many relationship whose rows may be written together with their parent."""

    name: str
    """The relationship."""
    of: Nesting
    """What may be done with its rows, and by whom."""
    update: bool = True
    """Whether rows that are there may be changed."""
    delete: bool = True


class _Made(NamedTuple):
    """A new row that was inserted."""

    part: Part
    values: object
    """Its values and its key, as attributes."""
    reference: WrittenRow


class RowsWriter:
    """One `RowsInput` of one entity, with the input that the schema shows for it."""

    def __init__(self, entity: Entity, declared: RowsInput) -> None:
        """Make it. Raises `DeclarationError` where the relationship does not lead from one row to its own."""
        relationship = entity.mapper.relationships[declared.name]
        work = declared.of.work
        if relationship.direction is not RelationshipDirection.ONETOMANY:
            raise DeclarationError(f"{entity.name}.{declared.name} is not one-to-many; use RelationshipInput instead.")
        if relationship.mapper is not work.writer.entity.mapper:
            raise DeclarationError(
                f"{entity.name}.{declared.name} leads to other rows than its Crud; give that of theirs."
            )
        if declared.update and work.changer.is_prepared:
            raise DeclarationError(f"{entity.name}.{declared.name} cannot prepare each update; declare update=False.")
        self.name = declared.name
        self.words = declared.name.replace("_", " ")
        """The relationship in a sentence."""
        self._declared = declared
        self._entity = entity
        self._work = work
        self._target = work.writer.entity
        self._link = {
            str(relationship.mapper.get_property_by_column(far).key): str(
                entity.mapper.get_property_by_column(near).key
            )
            for near, far in relationship.synchronize_pairs
        }
        """By the attributes of the rows: those of the parent that they repeat."""

    @property
    def create_errors(self) -> frozenset[ErrorClass]:
        """What writing them along with a new parent may answer: it has no rows yet that could be changed."""
        work = self._work
        own: frozenset[ErrorClass] = frozenset((AlreadyExists, *work.create.errors))
        return own.union(*(it.errors for it in work.links), *(it.create_errors for it in work.rows))

    @property
    def errors(self) -> frozenset[ErrorClass]:
        """What writing them may answer."""
        work = self._work
        errors: list[ErrorClass] = [*self.create_errors, *work.changer.right.errors]
        errors += work.changer.errors if self._declared.update else ()
        errors += work.delete_errors if self._declared.delete else ()
        return frozenset(errors)

    # Inputs

    @cached_property
    def input(self) -> type[Input]:
        """`{delete, update, create}`, each a list of what is to be done with one row."""
        many, work = self._target.many, self._work
        parts: dict[str, tuple[type[Input], str]] = {CREATE: (self._new, f"New {many}.")}
        if self._declared.update:
            parts[UPDATE] = (work.changer.input(), f"{many.capitalize()} to change.")
        if self._declared.delete:
            parts[DELETE] = (work.delete_input(), f"{many.capitalize()} to delete.")
        fields: dict[str, Annotation] = {
            name: (list[model], Field(None, description=text, max_length=MAX_REFERENCES))  # type: ignore[valid-type]  # made at run time
            for name, (model, text) in parts.items()
        }
        doc = f"What becomes of the {self.words} of {self._entity.a_one}: {', then '.join(reversed(parts))}."
        return create_model(f"{self._entity.name}{self._camel}Input", __base__=Input, __doc__=doc, **fields)

    @cached_property
    def _new(self) -> type[Input]:
        """A new row, which belongs to the parent whatever it says."""
        owner = self._work.writer.owner
        linked = {*self._link, *([owner.field] if owner is not None and owner.attribute in self._link else [])}
        fields = {name: field for name, field in self._work.new_fields().items() if name not in linked}
        doc = f"{self._target.a_one.capitalize()} to make, among the {self.words} of {self._entity.a_one}."
        return entity_input(self._target, f"{self._entity.name}{self._camel}Row", doc, fields)

    @cached_property
    def _whole_input(self) -> type[Input]:
        """A new row with all that it may be given elsewhere."""
        return entity_input(self._target, f"Whole{self._target.name}", "A new row.", self._work.new_fields())

    @property
    def _camel(self) -> str:
        camel = to_camel_case(self.name)
        return f"{camel[0].upper()}{camel[1:]}"

    # Writing

    async def apply(self, parent: object, asked: Any, change: Change) -> None:
        """Write what an input says of the rows of a parent that has its key. Raises `Rejected`."""
        if asked is None:
            return
        place = (*change.place, self._entity.shown(self.name))
        await change.flush()
        found = await self._found(parent, asked, change, place)
        await self._delete(found[DELETE], change)
        await self._work.changer.update(found[UPDATE], change)
        await self._create(parent, _given(asked, CREATE, place), change)

    # Rows that are there

    async def _found(self, parent: object, asked: Any, change: Change, place: Place) -> Mapping[str, list[Part]]:
        """The rows that are to be deleted and changed, locked by one statement, if the viewer may."""
        parts = [*_given(asked, DELETE, place), *_given(asked, UPDATE, place)]
        found = await self._work.changer.found(parts, and_(*self._belongs(parent, change)), change)
        return {name: [part for part in found if part.place[len(place)] == name] for name in (DELETE, UPDATE)}

    def _belongs(self, parent: object, change: Change) -> Iterator[ColumnElement[bool]]:
        """Whether a row belongs to a parent, and the viewer may see what says so, as SQL."""
        model, hidden = self._target.model, change.context.visible.values(self._target.mapper)
        for far, near in self._link.items():
            value = getattr(parent, near)
            yield false() if value is None else getattr(model, far) == value
            condition = hidden[far](model) if far in hidden else None
            if condition is not None:
                yield condition

    async def _delete(self, parts: Sequence[Part], change: Change) -> None:
        for part in parts:
            if self._work.before_delete is not None:
                await self._work.before_delete(part.row, part.values, change.at(part.place))
            change.touch(part.row)
        await change.flush()
        for part in parts:
            change.session.expunge(part.row)
        if len(parts) > 1:
            model = self._target.model
            gone = delete(model).where(has_one(model, self._target.key, [part.values.id for part in parts]))
            try:
                async with change.session.begin_nested():
                    await change.session.execute(gone)
                return
            except IntegrityError:  # one by one, to see which of them others refer to
                pass
        for part in parts:
            await self._work.erase(part.values.id, change.at(part.place))

    # New rows

    async def _create(self, parent: object, parts: Sequence[Part], change: Change) -> None:
        if not parts:
            return
        link = {far: getattr(parent, near) for far, near in self._link.items()}
        if None in link.values():
            nothing = (
                f"Nothing ties {self._target.many} to this {self._entity.one} yet; give it what they refer to first."
            )
            raise Rejected(InvalidInput(nothing, parts[0].place))
        if (error := self._may_create(link, parts[0].place, change)) is not None:
            raise Rejected(error)
        inputs = {part.place: self._whole(part.values, link) for part in parts}
        batch = await self._work.writer.check(inputs, change)
        if batch.bad:
            raise Rejected(*batch.errors)
        made = await self._inserted([(part, batch.good[part.place] | link) for part in parts], change)
        await self._linked(made, change)

    def _may_create(self, link: NewRow, place: Place, change: Change) -> UserError | None:
        """Why the viewer may not make rows of this parent."""
        owner = self._work.writer.owner
        error = self._work.create(change.viewer, place)
        if error is not None or owner is None or owner.attribute not in link:
            return error
        if link[owner.attribute] == owner.key_of(change.viewer) or owner.may_choose(change.viewer):
            return None
        return Forbidden(f"Only {owner.who} make {self._target.many} for others.", place)

    def _whole(self, values: Input, link: NewRow) -> Input:
        """The input of a new row with what it has of its parent, as if that had been given."""
        owner = self._work.writer.owner
        given: dict[str, Any] = {name: getattr(values, name) for name in values.model_fields_set}
        given |= {name: value for name, value in link.items() if name in self._work.writer.names}
        if owner is not None and owner.attribute in link:
            given[owner.field] = (link[owner.attribute],)
        return self._whole_input.model_construct(**given)

    async def _inserted(self, rows: Sequence[Written], change: Change) -> list[_Made]:
        """Insert rows; each with its values and its key. Those that take any number come last: others need none."""
        together: list[Written] = []
        alone: list[Written] = []
        for part, row in rows:
            if self._work.free_values.asked(part.values) or not self._work.writer.is_plain:
                alone.append((part, row))
            else:
                together.append((part, self._work.writer.complete(dict(row))))
        made = await blaming_one(together, lambda some: self._insert_together(some, change), change)
        for one in alone:
            made += await blaming([one], lambda some: self._insert_each(some, change))
        return made

    async def _insert_together(self, rows: Sequence[Written], change: Change) -> list[_Made]:
        return [made for group in alike(rows) for made in await self._insert_alike(group, change)]

    async def _insert_each(self, rows: Sequence[Written], change: Change) -> list[_Made]:
        insert = self._work.free_values.insert
        return [_Made(part, *await insert(dict(row), part.values, change.at(part.place))) for part, row in rows]

    async def _insert_alike(self, rows: Sequence[Written], change: Change) -> list[_Made]:
        keys = await self._work.writer.insert_many([dict(row) for _, row in rows], change)
        if len(keys) < len(rows):  # a trigger has left one out
            raise Rejected(refused_by_rule(rows[0][0].place))
        named = [dict(zip(self._target.key, key, strict=True)) for key in keys]
        return [
            _Made(part, SimpleNamespace(**{**row, **name}), WrittenRow(self._target, key))
            for (part, row), name, key in zip(rows, named, keys, strict=True)
        ]

    async def _linked(self, made: Sequence[_Made], change: Change) -> None:
        """Write the links of new rows, and the rows that belong to them in turn."""
        for link in self._work.links:
            await link.begin([row for part, row, _ in made if getattr(part.values, link.name) is None], change)
            for part, row, _ in made:
                if (asked := getattr(part.values, link.name)) is not None:
                    await link.apply(row, asked, change.at(part.place), new=True)
        for part, row, reference in made:
            for rows in self._work.rows:
                await rows.apply(row, getattr(part.values, rows.name), change.at(part.place))
            change.touch(reference)


def _given(asked: Any, name: str, place: Place) -> list[Part]:
    """What an input asks for under one of its names."""
    return parts_of(getattr(asked, name, None), (*place, name))


def fields_of(writers: Iterable[RowsWriter]) -> Iterator[tuple[str, Annotation]]:
    """The fields of an input for rows that belong to the row of that input."""
    for rows in writers:
        yield rows.name, (rows.input | None, Field(None, description=f"The {rows.words}."))
