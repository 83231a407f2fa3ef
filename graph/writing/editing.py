"""Rows that are changed along with another: found and locked together, and written by few statements.

Inputs with their places enter, and which rows may be meant; the rows are changed by the rules of their own `Crud`.
However many they are, one statement finds them, and one writes those that get values for the same columns. Errors stand
at the places of the inputs. Nothing is committed here.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, TypeAlias, TypeVar

from sqlalchemy import ColumnElement, bindparam, inspect, tuple_, update
from sqlalchemy.exc import IntegrityError

from db.statements import Key
from db.unreadable import UnreadableValue
from graph.entity.registry import Entity, key_of
from graph.writing.change import Change
from graph.writing.errors import ErrorClass, InvalidInput, Place, Rejected, UserError, no_such
from graph.writing.inputs import Input
from graph.writing.rights import Right
from graph.writing.violations import violation_errors
from graph.writing.writer import PREFIX, EntityWriter

T = TypeVar("T")


class Editing(Protocol):
    """The `Crud` of rows that may be changed along with others."""

    @property
    def changer(self) -> "RowChanger":
        """What may be done with them."""


class Part(NamedTuple):
    """A row that is written along, and where the input asks for it."""

    place: Place
    values: Any
    row: Any = None
    """None: it is new, or not found yet."""
    is_held: bool = False
    """Whether somebody else in this change has the row as well, and may still write it through the session."""


Written: TypeAlias = tuple[Part, Mapping[str, object]]
"""A row, and what it gets, by attribute."""


@dataclass(frozen=True)
class RowChanger:
    """What an update does with rows of one entity, as its `Crud` says."""

    writer: EntityWriter
    right: Right
    """Who may ask for a change at all."""
    input: Callable[[], type[Input]]
    permit: Callable[[Any, Any, Change], None]
    """Raises `Rejected` where a row may not be changed, or not in this version; by the row and the input."""
    edit: Callable[[Any, Any, Change], Awaitable[object]]
    """Gives a row what an input says, without a flush."""
    errors: Sequence[ErrorClass]
    is_prepared: bool
    """Whether an update does something before its transaction begins."""

    @property
    def entity(self) -> Entity:
        """Whose rows they are."""
        return self.writer.entity

    async def found(self, parts: Sequence[Part], belongs: ColumnElement[bool], change: Change) -> list[Part]:
        """The parts with their rows, locked, if those belong there and the viewer may change them.

        Raises `Rejected`, also for a row that is named twice.
        """
        if not parts:
            return []
        if (error := self.right(change.viewer, parts[0].place)) is not None:
            raise Rejected(error)
        self._check_named_once(parts)
        keys = [self.compared(part.values.id) for part in parts]
        known, identity = change.session.sync_session.identity_map, self.entity.mapper.identity_key_from_primary_key
        held = {key for key in keys if identity(key) in known}
        rows = await self._rows([part.values.id for part in parts], belongs, change)
        missing = [part for part, key in zip(parts, keys, strict=True) if key not in rows]
        if missing:
            raise Rejected(*(no_such(self.entity.one, (*part.place, "id")) for part in missing))
        found = [part._replace(row=rows[key], is_held=key in held) for part, key in zip(parts, keys, strict=True)]
        self._permit(found, change)
        return found

    def _check_named_once(self, parts: Iterable[Part]) -> None:
        first: dict[Key, Part] = {}
        message = f"This {self.entity.one} is named twice; say once what becomes of it."
        again = [part for part in parts if first.setdefault(self.compared(part.values.id), part) is not part]
        if again:
            raise Rejected(*(InvalidInput(message, (*part.place, "id")) for part in again))

    async def _rows(self, keys: Sequence[Key], belongs: ColumnElement[bool], change: Change) -> dict[Key, Any]:
        """The rows that have these keys, as entities that are locked, in the order of their keys. One statement."""
        model = self.entity.model
        meant = change.visible(model).where(belongs, has_one(model, self.entity.key, keys))
        statement = meant.order_by(*self.entity.mapper.primary_key).with_for_update(of=model)
        rows: Iterable[Any]
        try:
            rows = await change.session.scalars(statement.execution_options(populate_existing=True), change.bound)
        except UnreadableValue:  # one by one, what can be read of them can be changed
            there = await change.rows(meant.with_only_columns(*self.entity.mapper.primary_key), change.bound)
            rows = [await change.find(model, tuple(key)) for key in there]
        return {self.compared(key_of(row)): row for row in rows}

    def _permit(self, parts: Iterable[Part], change: Change) -> None:
        errors: list[UserError] = []
        for part in parts:
            try:
                self.permit(part.row, part.values, change.at(part.place))
            except Rejected as rejected:
                errors += rejected.errors
        if errors:
            raise Rejected(*errors)

    def compared(self, key: Key) -> Key:
        """A key as the database compares it."""
        return self.writer.key(self.entity.key, dict(zip(self.entity.key, key, strict=True)))

    async def update(self, parts: Sequence[Part], change: Change) -> None:
        """Change rows that are locked. Raises `Rejected` at their places."""
        for part in parts:
            await self.edit(part.row, part.values, change.at(part.place))
            change.touch(part.row)
        written: list[Written] = []
        for part in parts:
            values = None if part.is_held else self._changed(part.row)
            if values:
                written.append((part, values))
            if values is not None:  # else the session writes the row
                change.session.expunge(part.row)
        await blaming([(part, {}) for part in parts if part.row in change.session], lambda _: _none(change.flush()))
        await blaming_one(written, lambda rows: self._updated(rows, change), change)

    def _changed(self, row: Any) -> Mapping[str, object] | None:
        """What a row gets, by attribute; None where the session alone knows how to write it.

        The session writes rows that count their versions one by one, where a driver does not tell how many rows each of
        many statements has met. These are locked: nobody else counts meanwhile.
        """
        if not self.writer.is_plain:
            return None
        state = inspect(row)
        changed = [name for name in self.writer.columns if state.attrs[name].history.has_changes()]
        values = {name: getattr(row, name) for name in changed}
        return None if any(isinstance(value, ColumnElement) for value in values.values()) else values

    async def _updated(self, rows: Sequence[Written], change: Change) -> list[None]:
        """Write rows, with those that get values for the same attributes by one statement."""
        for group in alike(rows):
            await self._updated_alike(group, change)
        return []

    async def _updated_alike(self, rows: Sequence[Written], change: Change) -> None:
        writer, mapper, names = self.writer, self.entity.mapper, tuple(rows[0][1])
        values: dict[Any, Any] = {
            writer.columns[name]: bindparam(f"{PREFIX}{name}", type_=writer.columns[name].type) for name in names
        }
        if mapper.version_id_col is not None:
            values[mapper.version_id_col] = mapper.version_id_col + 1
        is_it = (column == bindparam(f"key_{at}", type_=column.type) for at, column in enumerate(mapper.primary_key))
        bound = [
            {f"{PREFIX}{name}": value for name, value in given.items()}
            | {f"key_{at}": value for at, value in enumerate(part.values.id)}
            for part, given in rows
        ]
        await change.session.execute(update(writer.table).where(*is_it).values(values), bound)


def has_one(model: Any, names: Sequence[str], keys: Iterable[Key]) -> ColumnElement[bool]:
    """Whether a row has one of these keys, of one attribute or several."""
    columns = [getattr(model, name) for name in names]
    return columns[0].in_([value for (value,) in keys]) if len(columns) == 1 else tuple_(*columns).in_(list(keys))


def parts_of(asked: Sequence[Any] | None, place: Place) -> list[Part]:
    """What an input asks for in a list, each with its place."""
    return [Part((*place, at), values) for at, values in enumerate(asked or ())]


def alike(rows: Iterable[Written]) -> Iterable[list[Written]]:
    """The rows in groups, each of rows that have values for the same attributes."""
    groups: dict[tuple[str, ...], list[Written]] = {}
    for row in rows:
        groups.setdefault(tuple(sorted(row[1])), []).append(row)
    return groups.values()


async def _none(awaitable: Awaitable[None]) -> list[None]:
    await awaitable
    return []


async def blaming_one(
    rows: Sequence[Written], write: Callable[[Sequence[Written]], Awaitable[list[T]]], change: Change
) -> list[T]:
    """Write rows together; where the database refuses that, one by one, to see which of them it refuses."""
    if len(rows) > 1:
        try:
            async with change.session.begin_nested():
                return await write(rows)
        except IntegrityError:
            pass
    return [made for row in rows for made in await blaming([row], write)]


async def blaming(rows: Sequence[Written], write: Callable[[Sequence[Written]], Awaitable[list[T]]]) -> list[T]:
    """Write rows, if there are any. Raises `Rejected` at the place of the first where the database refuses."""
    if not rows:
        return []
    try:
        return await write(rows)
    except IntegrityError as error:
        part, _ = rows[0]
        raise Rejected(*violation_errors(error, type(part.values), part.place)) from None
