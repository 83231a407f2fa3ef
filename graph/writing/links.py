"""Nested writes: the rows at the far end of a many-to-many relationship, set, added and removed.

References enter (by id, by a natural key, or as a new row where that is allowed); rows of the table between the two are
written. Where that table has a `position`, the order of the input is kept. Rows that the viewer may not see stay where
they are: no client can mean them. The rows at the far end themselves are changed where the declaration names their
`Crud`, and by the rules of that alone.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, ClassVar, NamedTuple

from pydantic import Field, create_model
from sqlalchemy import (
    ColumnElement,
    Table,
    and_,
    bindparam,
    delete,
    exists,
    insert,
    literal,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import RelationshipProperty
from strawberry.utils.str_converters import to_camel_case

from db.fast import CompiledStatement
from db.statements import Key
from graph.entity.registry import Attribute, Entity, entity_of_model
from graph.errors import DeclarationError
from graph.writing.change import Change
from graph.writing.column_guards import refused
from graph.writing.editing import Editing, has_one, parts_of
from graph.writing.errors import ErrorClass, Place, Rejected, no_such
from graph.writing.inputs import Annotation, Input, id_of, named_as
from graph.writing.rights import SIGNED_IN, Right
from graph.writing.rules import canonical
from graph.writing.violations import taken
from graph.writing.writer import PREFIX, EntityWriter, compiled_insert

MAX_REFERENCES = 100
POSITION = "position"
UPDATE = "update"


@dataclass(frozen=True)
class RelationshipInput:
    """A many-to-many relationship that may be written together with its parent."""

    name: str
    """The relationship."""
    create: tuple[str, ...] = ()
    """The columns that make a new row at the far end; none: rows must be there already."""
    create_right: Right | None = None
    """Who may make such rows; needed with `create`."""
    update: Editing | None = None
    """The `Crud` by whose rules rows at the far end may be changed along; None: they may not."""
    always: Callable[[Any], Sequence[Key]] | None = None
    """From the parent: keys of the far end that come first, whatever the input says."""


class Reference(Input):
    """An input that names one row: by its id, by one of its natural keys, or, where that is allowed, by `create`."""

    ONE_OF: ClassVar[bool] = True

    id: Key | None = None


class References(Input):
    """An input that says what becomes of a relationship: first `set`, then `remove`, then `add`.

    Where rows at the far end may be changed, there is an `update`, too.
    """

    set: Sequence[Reference] | None = None
    add: Sequence[Reference] | None = None
    remove: Sequence[Reference] | None = None


class _Link(NamedTuple):
    """A row of the table between the two ends."""

    key: Key
    """Of the row at the far end."""
    position: int | None
    seen: bool
    """Whether the viewer may see that row."""


class RelationshipWriter:
    """One `RelationshipInput` of one entity, with the inputs that the schema shows for it."""

    def __init__(self, entity: Entity, declared: RelationshipInput) -> None:
        relationship = entity.mapper.relationships[declared.name]
        if not isinstance(relationship.secondary, Table):
            raise DeclarationError(f"{entity.name}.{declared.name} is no many-to-many relationship; leave it out.")
        if declared.create_right is None and declared.create:
            raise DeclarationError(f"{entity.name}.{declared.name} has no create_right; say who may make new rows.")
        self._changer = None if declared.update is None else declared.update.changer
        if self._changer is not None and (
            self._changer.is_prepared or self._changer.entity.mapper is not relationship.mapper
        ):
            raise DeclarationError(f"{entity.name}.{declared.name} cannot be changed by this Crud; leave `update` out.")
        self.name = declared.name
        self.words = declared.name.replace("_", " ")
        """The relationship in a sentence."""
        self.has_first = declared.always is not None
        """Whether every parent has links, whatever the input says."""
        self._declared = declared
        self._create_right = declared.create_right or SIGNED_IN
        self._entity = entity
        self._target_mapper = relationship.mapper
        self._between = relationship.secondary
        self._is_ordered = POSITION in relationship.secondary.c
        self._near = {
            far.name: str(entity.mapper.get_property_by_column(near).key)
            for near, far in relationship.synchronize_pairs
        }
        """By the columns between the two: the attributes of the parent that they repeat."""
        self._far = _far_of(entity, relationship)
        """By the columns between the two, in the order of the key: the key columns of the far end that they repeat."""

    @cached_property
    def target(self) -> Entity:
        """The entity at the far end. It may be declared later than this one."""
        return entity_of_model(self._target_mapper)

    @property
    def errors(self) -> frozenset[ErrorClass]:
        """What writing may answer besides what every mutation may."""
        return frozenset() if self._changer is None else frozenset((*self._changer.right.errors, *self._changer.errors))

    # Inputs

    @cached_property
    def input(self) -> type[References]:
        """`{set, add, remove}`, each a list of references."""
        camel = to_camel_case(self.name)
        many = self.target.many
        known = _reference(self.target, ())
        known_or_new = _reference(self.target, self._declared.create) if self._declared.create else known
        texts = {
            "set": (known_or_new, f"All {many} that there are to be, in this order."),
            "add": (known_or_new, f"{many.capitalize()} to add behind the others."),
            "remove": (known, f"{many.capitalize()} to take away."),
        }
        fields: dict[str, Annotation] = {
            field: (list[reference], Field(None, description=text, max_length=MAX_REFERENCES))  # type: ignore[valid-type]  # made at run time
            for field, (reference, text) in texts.items()
        }
        order = "first set, then remove, then add"
        if self._changer is not None:
            text, order = f"{many.capitalize()} to change, of those that are there then.", f"{order}, then update"
            fields[UPDATE] = (list[self._changer.input()], Field(None, description=text, max_length=MAX_REFERENCES))  # type: ignore[misc]  # as above
        doc = f"What becomes of the {self.words} of {self._entity.a_one}: {order}."
        name = f"{self._entity.name}{camel[0].upper()}{camel[1:]}Input"
        return create_model(name, __base__=References, __doc__=doc, **fields)

    # Writing

    async def begin(self, parents: Iterable[object], change: Change) -> None:
        """Write the links that new rows have whatever the input says: one statement for all parents."""
        if self._declared.always is not None:
            rows = [self._row(it, key, at) for it in parents for at, key in enumerate(self._with_first(it, ()))]
            await self._insert(rows, change)

    async def apply(self, parent: object, asked: References | None, change: Change, *, new: bool = False) -> bool:
        """Write what the input says for a parent that has its key. Whether any link changed."""
        changed = await self._relink(parent, asked, change, new=new)
        parts = parts_of(getattr(asked, UPDATE, None), (*change.place, self._entity.shown(self.name), UPDATE))
        if self._changer is not None and parts:
            await change.flush()
            await self._changer.update(await self._changer.found(parts, self._is_linked(parent), change), change)
        return changed

    def _is_linked(self, parent: object) -> ColumnElement[bool]:
        """Whether a row at the far end is linked to a parent, as SQL."""
        same = (column == self._between.c[name] for name, column in self._far.items())
        return exists(select(literal(1)).select_from(self._between).where(self._of(parent), *same))

    async def _relink(self, parent: object, asked: References | None, change: Change, *, new: bool) -> bool:
        current = [] if new else await self._current(parent, change)
        before = [link.key for link in current]
        wanted = before
        if asked is not None:
            if asked.set is not None:
                hidden = [link.key for link in current if not link.seen]
                wanted = await self._resolved(asked.set, change, "set") + hidden
            gone = set(await self._resolved(asked.remove or (), change, "remove"))
            added = await self._resolved(asked.add or (), change, "add")
            wanted = [key for key in wanted if key not in gone] + added
        wanted = self._with_first(parent, wanted)
        if wanted == before if self._is_ordered else set(wanted) == set(before):
            return False
        await self._write(parent, current, wanted, change)
        return True

    def _with_first(self, parent: object, wanted: Sequence[Key]) -> list[Key]:
        """The keys that are wanted, each once, behind those that the parent always has."""
        first = self._declared.always(parent) if self._declared.always is not None else ()
        return list(dict.fromkeys([*first, *wanted]))

    async def _current(self, parent: object, change: Change) -> list[_Link]:
        """The links as they are, in order."""
        far = [self._between.c[name] for name in self._far]
        position = self._between.c[POSITION] if self._is_ordered else null()
        order = [position, *far] if self._is_ordered else far
        statement = select(*far, position, self._seen(change)).where(self._of(parent)).order_by(*order)
        rows = await change.session.execute(statement, change.bound)
        return [_Link(tuple(key), at, bool(seen)) for *key, at, seen in rows]

    def _seen(self, change: Change) -> ColumnElement[bool]:
        """Whether the viewer may see the row at the far end, as SQL."""
        predicate = change.context.visible(self._target_mapper)
        condition = predicate(self.target.model) if predicate else None
        if condition is None:
            return literal(True)
        same = (column == self._between.c[name] for name, column in self._far.items())
        return exists(select(literal(1)).select_from(self.target.model).where(*same, condition))

    async def _write(self, parent: object, current: Sequence[_Link], wanted: Sequence[Key], change: Change) -> None:
        """Bring the table from `current` to `wanted`: at most one DELETE, one UPDATE and one INSERT, however many."""
        await change.flush()
        positions = {key: at for at, key in enumerate(wanted)}
        there = {link.key: link.position for link in current}
        gone = [self._is(key) for key in there if key not in positions]
        if gone:
            await change.session.execute(delete(self._between).where(self._of(parent), or_(*gone)))
        if self._is_ordered:
            moved = {key: at for key, at in positions.items() if key in there and there[key] != at}
            await self._move(parent, moved, change)
        await self._insert([self._row(parent, key, at) for key, at in positions.items() if key not in there], change)

    async def _move(self, parent: object, moved: Mapping[Key, int], change: Change) -> None:
        if moved:
            is_it = and_(*(self._between.c[name] == bindparam(f"far_{name}") for name in self._far))
            statement = update(self._between).where(self._of(parent), is_it).values({POSITION: bindparam("at")})
            names = [f"far_{name}" for name in self._far]
            values = [{"at": at, **dict(zip(names, key, strict=True))} for key, at in moved.items()]
            await change.session.execute(statement, values)

    async def _insert(self, rows: Sequence[Mapping[str, object]], change: Change) -> None:
        """Insert links: one past SQLAlchemy, several in one statement of its own.

        SQLAlchemy sends many rows at once where they return something, else each by itself.
        Source: https://docs.sqlalchemy.org/en/21/core/connections.html#insert-many-values-behavior-for-insert-statements
        """
        if len(rows) == 1:
            await change.rows(self._insert_one, {f"{PREFIX}{name}": value for name, value in rows[0].items()})
        elif rows:
            await change.session.execute(insert(self._between).returning(*self._between.primary_key), rows)

    @cached_property
    def _insert_one(self) -> CompiledStatement:
        names = [*self._near, *self._far, *([POSITION] if self._is_ordered else [])]
        return compiled_insert(self._between, {name: self._between.c[name] for name in names})

    def _row(self, parent: object, key: Key, position: int) -> dict[str, object]:
        """A row of the table between the two."""
        row: dict[str, object] = dict(zip(self._far, key, strict=True))
        for name, attribute in self._near.items():
            row[name] = getattr(parent, attribute)
        if self._is_ordered:
            row[POSITION] = position
        return row

    def _of(self, parent: object) -> ColumnElement[bool]:
        return and_(*(self._between.c[name] == getattr(parent, attribute) for name, attribute in self._near.items()))

    def _is(self, key: Key) -> ColumnElement[bool]:
        return and_(*(self._between.c[name] == part for name, part in zip(self._far, key, strict=True)))

    # References

    async def _resolved(self, references: Sequence[Reference] | None, change: Change, field: str) -> list[Key]:
        """The keys of the rows that references name, in order. Raises `Rejected` for rows that are not there.

        One statement for all ids and one for each natural key that is used. New rows are made last, when nothing stands
        against the others: to make one takes a savepoint.
        """
        if not references:
            return []
        place = (*change.place, self._entity.shown(self.name), field)
        found: dict[int, Key | None] = {}
        for name in ("id", *self._natural_keys):
            named = {at: value for at, it in enumerate(references) if (value := getattr(it, name)) is not None}
            found |= await self._known(name, named, change) if named else {}
        missing = sorted(at for at, key in found.items() if key is None)
        if missing:
            raise Rejected(*(no_such(self.target.one, (*place, at)) for at in missing))
        for at, reference in enumerate(references):
            if (new := getattr(reference, "create", None)) is not None:
                found[at] = await self._made(new, change, (*place, at, "create"))
        return [key for _, key in sorted(found.items()) if key is not None]

    @property
    def _natural_keys(self) -> Mapping[str, Attribute]:
        return _natural_keys(self.target)

    async def _known(self, name: str, named: Mapping[int, Any], change: Change) -> dict[int, Key | None]:
        """For each place, the key of the row with this id or natural key; None where the viewer finds no such row.

        A viewer who sees a row, but not its natural key, may not find the row by it either.
        """
        mapper, model = self._target_mapper, self.target.model
        attributes = self.target.key if name == "id" else (name,)
        wanted: Mapping[int, Key] = named if name == "id" else {at: (value,) for at, value in named.items()}
        statement = change.visible(model).with_only_columns(*(getattr(model, it) for it in attributes))
        statement = statement.add_columns(*mapper.primary_key).where(has_one(model, attributes, wanted.values()))
        may_find = change.context.visible.values(mapper).get(name)
        condition = may_find(model) if may_find else None
        if condition is not None:
            statement = statement.where(condition)
        columns, rows = [mapper.columns[it] for it in attributes], await change.session.execute(statement, change.bound)

        def compared(values: Sequence[object]) -> Key:
            return tuple([canonical(column, value) for column, value in zip(columns, values, strict=True)])

        width = len(attributes)
        known = {compared(row[:width]): tuple(row[width:]) for row in rows}
        return {at: known.get(compared(values)) for at, values in wanted.items()}

    async def _made(self, new: Input, change: Change, place: Place) -> Key:
        """The key of the row with the natural key of a new one: there already, or made if the viewer may make it.

        Two changes may make the same row at once. The second one fails in a savepoint, so that it can go on with the
        row of the first.
        """
        known = await self._known_as(new, change)
        if known is not None:
            return known
        error = self._create_right(change.viewer, place)
        if error is not None:
            raise Rejected(error)
        row = {name: getattr(new, name) for name in self._declared.create}
        if errors := refused(self.target.model, row, change.context, place):
            raise Rejected(*errors)
        try:
            async with change.session.begin_nested():
                made = await self._target_writer.insert(row, change)
        except IntegrityError:
            known = await self._known_as(new, change)
            if known is None:  # a row that the viewer does not see has this key
                names = [name for name in self._natural_keys if name in row]
                where = self.target.shown((names or self._declared.create)[0])
                raise Rejected(taken(self._target_writer.table, names, (*place, where))) from None
            return known
        change.touch(made.reference)
        return made.reference.key

    @cached_property
    def _target_writer(self) -> EntityWriter:
        return EntityWriter(self.target, self._declared.create)

    async def _known_as(self, new: Input, change: Change) -> Key | None:
        for name in self._natural_keys:
            if name in self._declared.create:
                known = await self._known(name, {0: getattr(new, name)}, change)
                if known[0] is not None:
                    return known[0]
        return None


def _far_of(entity: Entity, relationship: RelationshipProperty[Any]) -> dict[str, ColumnElement[Any]]:
    far = {near: column.name for near, column in relationship.secondary_synchronize_pairs or ()}
    key = relationship.mapper.primary_key
    if far.keys() != set(key):
        raise DeclarationError(
            f"{entity.name}.{relationship.key} refers to other columns than the key of its far end; leave it out."
        )
    return {far[column]: column for column in key}


def _natural_keys(target: Entity) -> dict[str, Attribute]:
    return {
        attribute.name: attribute for attribute in target.attributes.values() if attribute.name in target.natural_keys
    }


@cache
def _reference(target: Entity, create: tuple[str, ...]) -> type[Reference]:
    """The input that names one row; the same type for all relationships that lead to the entity and may do the same."""
    fields: dict[str, Annotation] = {
        "id": (id_of(target.cls) | None, Field(None, description=f"The {target.one}'s id."))
    }
    for name, key in _natural_keys(target).items():
        fields[name] = (key.type | None, Field(None, description=key.description))
    if create:
        text = f"A new {target.one}; if there is one with its key already, that is taken."
        fields["create"] = (_new(target, create) | None, Field(None, description=text))
    name = f"{target.name}OrNewReference" if create else f"{target.name}Reference"
    doc = f"Which {target.one} is meant, or a new one." if create else f"Which {target.one} is meant."
    return create_model(name, __base__=named_as(target, Reference), __doc__=doc, **fields)


def _new(target: Entity, create: tuple[str, ...]) -> type[Input]:
    writer = EntityWriter(target, create)
    fields: dict[str, Annotation] = {
        name: (writer.rule(name), Field(description=writer.attributes[name].description)) for name in create
    }
    return create_model(f"New{target.name}", __base__=Input, __doc__=f"{target.a_one.capitalize()} to make.", **fields)
