"""Nested writes: the rows at the far end of a many-to-many relationship, set, added and removed.

References enter (by id, by a natural key, or as a new row where that is allowed); rows of the table between the two are
written. Where that table has a `position`, the order of the input is kept. Rows that the viewer may not see stay where
they are: no client can mean them. The rows at the far end themselves are never changed.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, ClassVar, NamedTuple, Protocol

from pydantic import Field, create_model
from sqlalchemy import ColumnElement, Table, and_, bindparam, delete, exists, insert, literal, null, or_, select, update
from sqlalchemy.exc import IntegrityError
from strawberry.utils.str_converters import to_camel_case

from db.fast import CompiledStatement
from db.statements import Key
from graph.entity.registry import Attribute, Entity, entity_of_model
from graph.errors import DeclarationError
from graph.writing.change import Change
from graph.writing.errors import Place, Rejected, no_such
from graph.writing.inputs import Annotation, Input, id_of
from graph.writing.rights import Right
from graph.writing.rules import canonical
from graph.writing.violations import taken
from graph.writing.writer import PREFIX, AnyColumn, EntityWriter, compiled_insert

MAX_REFERENCES = 100
POSITION = "position"


@dataclass(frozen=True)
class RelationshipInput:
    """A many-to-many relationship that may be written together with its parent."""

    name: str
    """The relationship."""
    create: tuple[str, ...] = ()
    """The columns that make a new row at the far end; none: rows must be there already."""
    create_right: Right | None = None
    """Who may make such rows; needed with `create`."""
    always: Callable[[Any], Sequence[Key]] | None = None
    """From the parent: keys of the far end that come first, whatever the input says."""


class Reference(Protocol):
    """An input that names one row: by its id, by one of its natural keys, or, where that is allowed, by `create`."""

    @property
    def id(self) -> Key | None:
        """The row's key."""


class References(Protocol):
    """An input that says what becomes of a relationship."""

    @property
    def set(self) -> Sequence[Reference] | None:
        """All rows that there are to be, in order."""

    @property
    def add(self) -> Sequence[Reference] | None:
        """Rows to add behind the others."""

    @property
    def remove(self) -> Sequence[Reference] | None:
        """Rows to take away."""


class _OneOf(Input):
    ONE_OF: ClassVar[bool] = True


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
        if declared.create and declared.create_right is None:
            raise DeclarationError(f"{entity.name}.{declared.name} has no create_right; say who may make new rows.")
        self.name = declared.name
        self._declared = declared
        self._entity = entity
        self._target_mapper = relationship.mapper
        self._between = relationship.secondary
        self._is_ordered = POSITION in relationship.secondary.c
        self._near = {
            far.name: str(entity.mapper.get_property_by_column(near).key)
            for near, far in relationship.synchronize_pairs
        }
        """From a column between the two to the attribute of the parent that it repeats."""
        self._far = [(near, far.name) for near, far in relationship.secondary_synchronize_pairs or ()]
        """The key columns of the far end, and the columns between the two that repeat them."""

    @cached_property
    def target(self) -> Entity:
        """The entity at the far end. It may be declared later than this one."""
        return entity_of_model(self._target_mapper)

    @property
    def has_first(self) -> bool:
        """Whether every parent has links, whatever the input says."""
        return self._declared.always is not None

    # Inputs

    @cached_property
    def input(self) -> type[Input]:
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
        doc = f"What becomes of the {many} of a {self._entity.one}: first set, then remove, then add."
        name = f"{self._entity.name}{camel[0].upper()}{camel[1:]}Input"
        return create_model(name, __base__=Input, __doc__=doc, **fields)

    # Writing

    async def begin(self, parents: Iterable[object], change: Change) -> None:
        """Write the links that new rows have whatever the input says: one statement for all parents."""
        if self._declared.always is not None:
            rows = [self._row(it, key, at) for it in parents for at, key in enumerate(self._with_first(it, ()))]
            await self._insert(rows, change)

    async def apply(self, parent: object, asked: References | None, change: Change, *, new: bool = False) -> bool:
        """Write what the input says for a parent that has its key. Whether anything changed."""
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
        far = [self._between.c[name] for _, name in self._far]
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
        same = (column == self._between.c[name] for column, name in self._far)
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
            is_it = and_(*(self._between.c[name] == bindparam(f"far_{name}") for _, name in self._far))
            statement = update(self._between).where(self._of(parent), is_it).values({POSITION: bindparam("at")})
            values = [
                {"at": at} | {f"far_{name}": part for name, part in self._named(key).items()}
                for key, at in moved.items()
            ]
            await change.session.execute(statement, values)

    async def _insert(self, rows: Sequence[Mapping[str, object]], change: Change) -> None:
        """Insert links: one past SQLAlchemy, several in one statement of its own."""
        if len(rows) == 1:
            await change.rows(self._insert_one, {f"{PREFIX}{name}": value for name, value in rows[0].items()})
        elif rows:
            await change.session.execute(insert(self._between), [dict(row) for row in rows])

    @cached_property
    def _insert_one(self) -> CompiledStatement:
        names = [*self._near, *(name for _, name in self._far), *((POSITION,) if self._is_ordered else ())]
        return compiled_insert(self._between, {name: self._between.c[name] for name in names})

    def _row(self, parent: object, key: Key, position: int) -> dict[str, object]:
        """A row of the table between the two."""
        row = {name: getattr(parent, attribute) for name, attribute in self._near.items()} | self._named(key)
        if self._is_ordered:
            row[POSITION] = position
        return row

    def _named(self, key: Key) -> dict[str, object]:
        return dict(zip((name for _, name in self._far), key, strict=True))

    def _of(self, parent: object) -> ColumnElement[bool]:
        return and_(*(self._between.c[name] == getattr(parent, attribute) for name, attribute in self._near.items()))

    def _is(self, key: Key) -> ColumnElement[bool]:
        return and_(*(self._between.c[name] == part for name, part in self._named(key).items()))

    # References

    async def _resolved(self, references: Sequence[Reference], change: Change, field: str) -> list[Key]:
        """The keys of the rows that references name, in order. Raises `Rejected` for rows that are not there.

        One statement for all ids and one for each natural key that is used. New rows are made last, when nothing stands
        against the others: to make one takes a savepoint.
        """
        place = (*change.place, to_camel_case(self.name), field)
        by_id = {at: it.id for at, it in enumerate(references) if it.id is not None}
        known = await self._known("id", [key[0] for key in by_id.values()], change)
        found = {at: known.get(key) for at, key in by_id.items()}
        for name in self._natural_keys:
            named = {at: it for at, reference in enumerate(references) if (it := getattr(reference, name)) is not None}
            known = await self._known(name, list(named.values()), change)
            found |= {at: known.get(canonical(self._column(name), value)) for at, value in named.items()}
        missing = sorted(at for at, key in found.items() if key is None)
        if missing:
            raise Rejected(*(no_such(self.target.one, (*place, at)) for at in missing))
        for at, reference in enumerate(references):
            if (new := getattr(reference, "create", None)) is not None:
                found[at] = await self._made(new, change, (*place, at, "create"))
        return [key for at in range(len(references)) if (key := found[at]) is not None]

    @property
    def _natural_keys(self) -> Mapping[str, Attribute]:
        return _natural_keys(self.target)

    def _column(self, name: str) -> AnyColumn:
        return self._target_mapper.columns[name]

    async def _known(self, name: str, wanted: Sequence[object], change: Change) -> dict[object, Key]:
        """The keys of rows that the viewer sees, by a key or a natural key that the viewer may find them by."""
        if not wanted:
            return {}
        mapper, model = self._target_mapper, self.target.model
        attribute = mapper.primary_key[0] if name == "id" else getattr(model, name)
        statement = change.visible(model).with_only_columns(attribute, *mapper.primary_key).where(attribute.in_(wanted))
        may_find = change.context.visible.values(mapper).get(name)
        condition = may_find(model) if may_find else None
        if condition is not None:
            statement = statement.where(condition)
        rows = await change.session.execute(statement, change.bound)
        if name == "id":
            return {tuple(key): tuple(key) for _, *key in rows}
        return {canonical(self._column(name), value): tuple(key) for value, *key in rows}

    async def _made(self, new: Input, change: Change, place: Place) -> Key:
        """The key of the row with the natural key of a new one: there already, or made if the viewer may make it.

        Two changes may make the same row at once. The second one fails in a savepoint, so that it can go on with the
        row of the first.
        """
        known = await self._known_as(new, change)
        if known is not None:
            return known
        self._check_may_create(change, place)
        row = {name: getattr(new, name) for name in self._declared.create}
        try:
            async with change.savepoint():
                made = await self._target_writer.insert(row, change)
        except IntegrityError:
            known = await self._known_as(new, change)
            if known is None:  # a row that the viewer does not see has this key
                names = [name for name in self._natural_keys if name in row]
                where = to_camel_case((names or self._declared.create)[0])
                raise Rejected(taken(self._target_writer.table, names, (*place, where))) from None
            return known
        change.touch(made.reference)
        return made.reference.key

    def _check_may_create(self, change: Change, place: Place) -> None:
        assert self._declared.create_right is not None
        error = self._declared.create_right(change.viewer)
        if error is not None:
            error.path = [str(part) for part in place]
            raise Rejected(error)

    @cached_property
    def _target_writer(self) -> EntityWriter:
        return EntityWriter(self.target, self._declared.create)

    async def _known_as(self, new: Input, change: Change) -> Key | None:
        for name in self._natural_keys:
            if name in self._declared.create:
                known = await self._known(name, [getattr(new, name)], change)
                if known:
                    return next(iter(known.values()))
        return None


def _natural_keys(target: Entity) -> dict[str, Attribute]:
    return {
        attribute.name: attribute for attribute in target.attributes.values() if attribute.name in target.natural_keys
    }


@cache
def _reference(target: Entity, create: tuple[str, ...]) -> type[Input]:
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
    return create_model(name, __base__=_OneOf, __doc__=f"Which {target.one} is meant.", **fields)


def _new(target: Entity, create: tuple[str, ...]) -> type[Input]:
    writer = EntityWriter(target, create)
    fields: dict[str, Annotation] = {
        name: (writer.rule(name), Field(description=writer.attributes[name].description)) for name in create
    }
    return create_model(f"New{target.name}", __base__=Input, __doc__=f"A {target.one} to make.", **fields)
