"""Nested writes: the rows at the far end of a many-to-many relationship, set, added and removed.

References enter (by id, by a natural key, or as a new row where that is allowed), rows of the table in between are
written. Where that table has a `position`, the order that was given is kept. Rows that the viewer may not see stay
where they are: nobody can mean them.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, ClassVar, NamedTuple

from pydantic import Field, create_model
from sqlalchemy import Table, and_, bindparam, delete, exists, literal, null, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import RelationshipProperty
from strawberry.utils.str_converters import to_camel_case

from db.statements import Key
from graph.entity.registry import Attribute, Entity, entity_of_model, key_of
from graph.errors import DeclarationError
from graph.writing.change import Change
from graph.writing.errors import AlreadyExists, Place, Rejected, Right, no_such
from graph.writing.inputs import Input, id_of
from graph.writing.inserting import insert_into
from graph.writing.rejections import taken
from graph.writing.rules import canonical, rule_of

MAX_REFERENCES = 100
POSITION = "position"


class _OneOf(Input):
    ONE_OF: ClassVar[bool] = True


class _Link(NamedTuple):
    """A row of the table in between."""

    key: Key
    """Of the row at the far end."""
    position: int | None
    seen: bool
    """Whether the viewer may see that row."""


@dataclass(frozen=True)
class RelationshipInput:
    """A many-to-many relationship that may be written together with its parent."""

    name: str
    """The relationship."""
    create: tuple[str, ...] = ()
    """The columns that make a new row at the far end; none: rows must be there already."""
    create_right: Right = Right("author", "editor")  # noqa: RUF009 - it is never changed
    always: Callable[[Any], Sequence[Key]] | None = None
    """From the parent: keys that come first, whatever is asked."""


class RelationshipWriter:
    """One `RelationshipInput` of one entity, with the inputs that the schema shows for it."""

    def __init__(self, entity: Entity, linked: RelationshipInput) -> None:
        relationship = entity.mapper.relationships[linked.name]
        if not isinstance(relationship.secondary, Table):
            raise DeclarationError(f"{entity.name}.{linked.name} is no many-to-many relationship; leave it out.")
        self.name = linked.name
        self._linked = linked
        self._relationship: RelationshipProperty[Any] = relationship
        self._between: Table = relationship.secondary
        self._entity = entity

    @cached_property
    def target(self) -> Entity:
        """The entity at the far end. It is declared later than this one, perhaps."""
        return entity_of_model(self._relationship.mapper)

    @property
    def always(self) -> bool:
        """Whether every parent has links, whatever is asked."""
        return self._linked.always is not None

    @cached_property
    def input(self) -> type[Input]:
        """`{set, add, remove}`, each a list of references."""
        camel = to_camel_case(self.name)
        many = self.target.many
        there = _reference(self.target, ())
        wanted = _reference(self.target, self._linked.create) if self._linked.create else there
        texts = {
            "set": (wanted, f"All {many} that there are to be, in this order."),
            "add": (wanted, f"{many.capitalize()} to add behind the others."),
            "remove": (there, f"{many.capitalize()} to take away."),
        }
        fields: dict[str, Any] = {
            field: (list[reference], Field(None, description=text, max_length=MAX_REFERENCES))  # type: ignore[valid-type]  # made at run time
            for field, (reference, text) in texts.items()
        }
        doc = f"What becomes of the {many} of a {self._entity.one}: first set, then remove, then add."
        name = f"{self._entity.name}{camel[0].upper()}{camel[1:]}Input"
        return create_model(name, __base__=Input, __doc__=doc, **fields)

    async def apply(self, row: Any, asked: Any, change: Change, *, new: bool = False) -> bool:
        """Write what was asked for a row that has its key. Whether anything changed."""
        current = [] if new else await self._current(row, change)
        before = [link.key for link in current]
        wanted = list(before)
        if asked is not None:
            if asked.set is not None:
                hidden = [link.key for link in current if not link.seen]
                wanted = await self._resolved(asked.set, change, "set") + hidden
            gone = set(await self._resolved(asked.remove or (), change, "remove"))
            added = await self._resolved(asked.add or (), change, "add")
            wanted = [key for key in wanted if key not in gone] + added
        wanted = list(dict.fromkeys([*self._first(row), *wanted]))
        if wanted == before if self._is_ordered else set(wanted) == set(before):
            return False
        await self._write(row, current, wanted, change)
        return True

    async def begin(self, rows: Iterable[Any], change: Change) -> None:
        """Write what new rows have whatever is asked: one statement for all of them."""
        new = [self._values(row, key, at) for row in rows for at, key in enumerate(dict.fromkeys(self._first(row)))]
        await insert_into(change, self._between, new)

    async def _resolved(self, references: Iterable[Any], change: Change, where: str) -> list[Key]:
        """The keys of what is referred to, in order. Raises `Rejected` for what is not there."""
        given = list(references)
        found: dict[int, Key] = {}
        ids = [at for at, reference in enumerate(given) if reference.id is not None]
        place = (*change.place, to_camel_case(self.name), where)
        known = await self._known("id", [given[at].id for at in ids], change)
        missing = [at for at in ids if given[at].id not in known]
        found |= {at: given[at].id for at in ids}
        for name in self._keys:
            named = [at for at, reference in enumerate(given) if getattr(reference, name) is not None]
            by_name = await self._known(name, [getattr(given[at], name) for at in named], change)
            for at in named:
                key = by_name.get(canonical(self._column(name), getattr(given[at], name)))
                if key is None:
                    missing.append(at)
                else:
                    found[at] = key
        if missing:
            raise Rejected(*(no_such(self.target.one, (*place, at)) for at in sorted(missing)))
        new = [at for at, reference in enumerate(given) if getattr(reference, "create", None) is not None]
        for at in new:
            found[at] = await self._made(given[at].create, change, (*place, at, "create"))
        return [found[at] for at in range(len(given))]

    @property
    def _keys(self) -> dict[str, Attribute]:
        return _natural_keys(self.target)

    def _column(self, name: str) -> Any:
        return self.target.mapper.columns[name]

    async def _known(self, name: str, values: Sequence[Any], change: Change) -> dict[Any, Key]:
        """The keys of rows that the viewer sees, by the value of an attribute, by which the viewer may find them."""
        if not values:
            return {}
        mapper, model = self.target.mapper, self.target.model
        attribute = mapper.primary_key[0] if name == "id" else getattr(model, name)
        wanted = [value[0] for value in values] if name == "id" else list(values)
        statement = change.visible(model).with_only_columns(attribute, *mapper.primary_key).where(attribute.in_(wanted))
        seen = change.context.visible.values(mapper).get(name)
        condition = seen(model) if seen else None
        if condition is not None:
            statement = statement.where(condition)
        rows = await change.orm.execute(statement, change.bound)
        column = self._column(name) if name != "id" else None
        return {tuple(row[1:]) if column is None else canonical(column, row[0]): tuple(row[1:]) for row in rows}

    async def _made(self, new: Any, change: Change, place: Place) -> Key:
        """The key of the row with the natural key of a new one: there already, or made if the viewer may make it."""
        known = await self._known_as(new, change)
        if known is not None:
            return known
        refusal = self._linked.create_right(change.viewer)
        if refusal is not None:
            refusal.path = [str(part) for part in place]
            raise Rejected(refusal)
        row = self.target.model(**{name: getattr(new, name) for name in self._linked.create})
        try:
            async with change.orm.begin_nested():
                change.orm.add(row)
        except IntegrityError:
            known = await self._known_as(new, change)  # somebody has made it at the same moment
            if known is None:
                names = [name for name in self._keys if name in self._linked.create]
                table = self.target.model.__table__
                where = to_camel_case((names or self._linked.create)[0])
                raise Rejected(AlreadyExists(taken(table, names), (*place, where))) from None
            return known
        change.touch(row)
        return key_of(row)

    async def _known_as(self, new: Any, change: Change) -> Key | None:
        for name in self._keys:
            if name in self._linked.create:
                known = await self._known(name, [getattr(new, name)], change)
                if known:
                    return next(iter(known.values()))
        return None

    def _first(self, row: Any) -> Sequence[Key]:
        return self._linked.always(row) if self._linked.always else ()

    async def _current(self, row: Any, change: Change) -> list[_Link]:
        far = [self._between.c[column.name] for _, column in self._far]
        position = self._between.c[POSITION] if self._is_ordered else null()
        order = [position, *far] if self._is_ordered else far
        statement = select(*far, position, self._seen(change)).where(self._of(row)).order_by(*order)
        rows = await change.orm.execute(statement, change.bound)
        return [_Link(tuple(key), at, bool(seen)) for *key, at, seen in rows]

    def _seen(self, change: Change) -> Any:
        """Whether the viewer may see the row at the far end, as SQL."""
        predicate = change.context.visible(self.target.mapper)
        condition = predicate(self.target.model) if predicate else None
        if condition is None:
            return literal(True)
        same = (local == self._between.c[column.name] for local, column in self._far)
        return exists(select(literal(1)).select_from(self.target.model).where(*same, condition))

    async def _write(self, row: Any, current: Sequence[_Link], wanted: Sequence[Key], change: Change) -> None:
        await change.transaction.flush()
        positions = {key: at for at, key in enumerate(wanted)}
        gone = [self._is(link.key) for link in current if link.key not in positions]
        if gone:
            await change.orm.execute(delete(self._between).where(self._of(row), or_(*gone)))
        there = {link.key: link.position for link in current}
        if self._is_ordered:
            moved = [key for key in wanted if key in there and there[key] != positions[key]]
            await self._move(row, moved, positions, change)
        new = [self._values(row, key, positions[key]) for key in wanted if key not in there]
        await insert_into(change, self._between, new)

    async def _move(self, row: Any, moved: Sequence[Key], positions: Mapping[Key, int], change: Change) -> None:
        if moved:
            is_it = and_(*(self._between.c[name] == bindparam(f"far_{name}") for name in self._named(moved[0])))
            statement = update(self._between).where(self._of(row), is_it).values({POSITION: bindparam("at")})
            values = [{f"far_{name}": part for name, part in self._named(key).items()} for key in moved]
            await change.orm.execute(
                statement, [it | {"at": positions[key]} for it, key in zip(values, moved, strict=True)]
            )

    def _values(self, row: Any, key: Key, position: int) -> dict[str, Any]:
        """A row of the table in between."""
        near = {column.name: getattr(row, self._attribute(local)) for local, column in self._near}
        return near | self._named(key) | ({POSITION: position} if self._is_ordered else {})

    @property
    def _is_ordered(self) -> bool:
        return POSITION in self._between.c

    def _named(self, key: Key) -> dict[str, Any]:
        return {column.name: part for (_, column), part in zip(self._far, key, strict=True)}

    def _of(self, row: Any) -> Any:
        return and_(
            *(self._between.c[column.name] == getattr(row, self._attribute(local)) for local, column in self._near)
        )

    def _is(self, key: Key) -> Any:
        return and_(*(self._between.c[name] == part for name, part in self._named(key).items()))

    def _attribute(self, column: Any) -> str:
        return str(self._entity.mapper.get_property_by_column(column).key)

    @cached_property
    def _near(self) -> list[tuple[Any, Any]]:
        return list(self._relationship.synchronize_pairs)

    @cached_property
    def _far(self) -> list[tuple[Any, Any]]:
        return list(self._relationship.secondary_synchronize_pairs or ())


def _natural_keys(target: Entity) -> dict[str, Attribute]:
    return {
        attribute.name: attribute for attribute in target.attributes.values() if attribute.name in target.natural_keys
    }


@cache
def _reference(target: Entity, create: tuple[str, ...]) -> type[Input]:
    """Which row is meant; the same type for all relationships that lead to the entity and may do the same."""
    fields: dict[str, Any] = {"id": (id_of(target.cls) | None, Field(None, description=f"The {target.one}'s id."))}
    for name, key in _natural_keys(target).items():
        fields[name] = (key.type | None, Field(None, description=key.description))
    if create:
        text = f"A new {target.one}; if there is one with its key already, that is taken."
        fields["create"] = (_new(target, create) | None, Field(None, description=text))
    name = f"{target.name}OrNewReference" if create else f"{target.name}Reference"
    return create_model(name, __base__=_OneOf, __doc__=f"Which {target.one} is meant.", **fields)


def _new(target: Entity, create: tuple[str, ...]) -> type[Input]:
    attributes = {attribute.name: attribute for attribute in target.attributes.values()}
    fields: dict[str, Any] = {
        name: (rule_of(attributes[name], target.mapper.columns[name]), Field(description=attributes[name].description))
        for name in create
    }
    return create_model(f"New{target.name}", __base__=Input, __doc__=f"A {target.one} to make.", **fields)
