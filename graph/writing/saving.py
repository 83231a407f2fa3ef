"""Saving rows: new ones, or new and changed ones by a natural key, in one statement.

Rows that were judged one by one enter. Clashes with rows of the table, or with rows of the same input, are looked for
in one statement before; if another change was faster, they are looked for again. The good rows are written by one
INSERT, however many they are; their keys leave, and which of them are new. Which statement that is knows the writer.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from types import SimpleNamespace
from typing import Any, NamedTuple, TypeAlias

from sqlalchemy import (
    Column,
    PrimaryKeyConstraint,
    Row,
    Table,
    UniqueConstraint,
    case,
    literal,
    or_,
    select,
    tuple_,
)
from sqlalchemy.exc import IntegrityError

from db.dialects import DIALECTS
from db.statements import Key
from graph.errors import DeclarationError
from graph.writing.change import Beforehand, Change
from graph.writing.errors import AlreadyExists, InvalidInput, Place, Rejected, UserError, not_yours
from graph.writing.inputs import Input
from graph.writing.links import RelationshipWriter
from graph.writing.rights import May
from graph.writing.violations import taken
from graph.writing.writer import AnyColumn, Batch, EntityWriter, NewRow

ATTEMPTS = 3
"""How often the good rows are written while others write the same ones."""

Names: TypeAlias = tuple[str, ...]
"""Attributes whose values must be unique together."""


class Saved(NamedTuple):
    """Rows that were written."""

    keys: dict[Place, Key]
    """By their places in the input."""
    inserted: set[Place]
    """Those that are new; the others were changed."""


class _Other(NamedTuple):
    """A row of the table that has a unique value of a new one."""

    row: Row[*tuple[Any, ...]]
    values: Mapping[str, object]
    """By attribute."""
    is_seen: bool
    """Whether the viewer may see it."""


class _Overtaken(Rejected):
    """Another change has made rows with these natural keys since they were looked for.

    ON CONFLICT leaves such a row alone and returns nothing for it, for nobody has asked whether the viewer may change
    it. So the rows that came back are counted, and the savepoint is undone: the next look sees the row.
    """


class RowSaver:
    """Writes rows of one entity: new ones, or with `by` also changes of rows that have this natural key.

    The owner of a row stays, and its key. A rule that only the database knows (a CHECK, a foreign key) rejects all
    rows, for it does not say which.
    """

    def __init__(
        self,
        writer: EntityWriter,
        links: Sequence[RelationshipWriter],
        may: May,
        by: Names | None = None,
        before_update: Beforehand | None = None,
    ) -> None:
        """Make it. Raises `DeclarationError` where one statement cannot do what single ones can."""
        self._writer = writer
        self._links = links
        self._may = may
        self._by = by
        self._before_update = before_update
        self._entity = writer.entity
        self._fields = writer.input_fields().keys()
        self._uniques = sorted(unique_names(writer), key=lambda names: names != by)
        """Attributes that must be unique, alone or together; first the natural key."""
        self._check_declaration()

    def _check_declaration(self) -> None:
        if self._by is not None and self._by not in natural_keys(self._writer):
            by = " and ".join(self._by)
            raise DeclarationError(f"{self._entity.name}.{by} is not unique, or not written; upsert by another.")
        for name in self._writer.names:
            column = self._writer.columns[name]
            if (
                column.server_default is not None or column.default is not None
            ) and name not in self._writer.model_defaults:
                raise DeclarationError(f"{self._entity.name}.{name} needs a default in Python to be written in bulk.")

    # What is wrong with rows

    async def _look(self, batch: Batch, change: Change, given: Collection[str] | None) -> dict[Place, Key]:
        """Reject the rows that clash with others: of the table, as one statement finds them, or of the input.

        The primary keys of the rows that the good ones will change leave, by the places of these.
        """
        known: dict[Place, Key] = {}
        self._reject_nulls(batch)
        found = await self._others(batch.good.values(), change)
        for names in self._uniques:
            others = {self._writer.key(names, other.values): other for other in found}
            first: dict[Key, Place] = {}
            for place, row in list(batch.good.items()):
                values = self._writer.key(names, row)
                if None in values:  # null is like no other null
                    continue
                if values in first:
                    batch.reject(place, self._given_twice(names, first[values], place))
                    continue
                first[values] = place
                if values in others and (error := self._clash(names, row, others[values], place, change)) is not None:
                    batch.reject(place, error)
                elif values in others and names == self._by:
                    if errors := self._broken(others[values], row, given, place):
                        batch.reject(place, *errors)
                    known[place] = tuple(getattr(others[values].row, name) for name in self._entity.key)
        return known

    def _reject_nulls(self, batch: Batch) -> None:
        """An upsert goes by its natural key, and null is like no other null."""
        for place, row in list(batch.good.items()):
            lacking = [name for name in self._by or () if row[name] is None]
            if lacking:
                message = "Rows are found by this, and by null none is; send a value."
                batch.reject(place, InvalidInput(message, self._place(lacking, place)))

    def _broken(self, other: _Other, row: NewRow, given: Collection[str] | None, place: Place) -> Sequence[UserError]:
        """What checks say of a row of the table of which only a part is changed."""
        if given is None:
            return ()
        new = {name: row[name] for name in given}
        return self._writer.broken({**other.values, **new}, new, place)

    def _given_twice(self, names: Names, first: Place, place: Place) -> AlreadyExists:
        same = " and ".join(name.replace("_", " ") for name in names)
        message = f"Row {first[-1]} of this input, counted from 0, has this {same} too; choose another."
        return AlreadyExists(message, self._place(names, place))

    async def _others(self, rows: Iterable[NewRow], change: Change) -> list[_Other]:
        """The rows of the table that have a unique value of these. An upsert needs them whole, and locks them."""
        clashes = list(self._clashes(list(rows)))
        if not clashes:
            return []
        model, by = self._entity.model, self._by
        predicate = change.context.visible(self._entity.mapper) if by else None
        seen = predicate(model) if predicate else None
        needed = self._writer.columns if by else dict.fromkeys(name for names in self._uniques for name in names)
        columns = [getattr(model, name) for name in needed]
        is_seen = literal(True) if seen is None else case((seen, literal(True)), else_=literal(False))
        statement = select(*columns, is_seen).where(or_(*clashes))
        if by:
            statement = statement.order_by(*self._writer.table.primary_key).with_for_update(of=model)
        return [_Other(row, row._asdict(), row[-1]) for row in await change.session.execute(statement, change.bound)]

    def _clashes(self, rows: Sequence[NewRow]) -> Iterator[Any]:
        """For each unique rule, whether a row of the table has the values of one of these, as SQL."""
        for names in self._uniques:
            wanted = [values for values in {self._writer.key(names, row) for row in rows} if None not in values]
            columns = [getattr(self._entity.model, name) for name in names]
            if wanted and len(columns) == 1:
                yield columns[0].in_([value for (value,) in wanted])
            elif wanted:
                yield tuple_(*columns).in_(wanted)

    def _clash(self, names: Names, row: NewRow, other: _Other, place: Place, change: Change) -> UserError | None:
        """Why a row cannot be written, as another one has its unique values; None: that one is to be changed."""
        by = self._by
        is_same = by is not None and self._writer.key(by, other.values) == self._writer.key(by, row)
        if not is_same or not other.is_seen:
            return taken(self._writer.table, names, self._place(names, place))
        if names == by and not self._may(change.viewer, other.row):
            return not_yours(self._entity.one, self._place(names, place))
        return None

    def _place(self, names: Sequence[str], place: Place) -> Place:
        """The place of the first of these attributes that a row of the input has."""
        named = [name for name in names if name in self._fields]
        return (*place, *map(self._entity.shown, named[:1]))

    # Writing

    async def saved(
        self,
        batch: Batch,
        inputs: Mapping[Place, Input],
        change: Change,
        *,
        all_or_none: bool,
        given: Collection[str] | None = None,
    ) -> Saved:
        """Write the good rows, which these inputs have asked for. Of rows that are there, all is changed, or `given`.

        Raises `Rejected` for bad rows where it is `all_or_none`.
        """
        for attempt in range(1, ATTEMPTS + 1):
            known = await self._look(batch, change, given)
            if all_or_none and batch.bad:
                raise Rejected(*batch.errors)
            if not batch.good:
                break
            try:
                async with change.session.begin_nested():
                    if self._before_update is not None:
                        for place in known.keys() & batch.good.keys():
                            asked = inputs[place] if given is not None else _whole(inputs[place], batch.good[place])
                            errors = await self._against(known[place], asked, place, change, undo=not all_or_none)
                            if errors:
                                batch.reject(place, *errors)
                        if all_or_none and batch.bad:
                            raise Rejected(*batch.errors)
                    there = list(known.values())
                    keys = await self._written(batch.good, there, change, given)
                    return Saved(keys, {place for place, key in keys.items() if key not in there})
            except (IntegrityError, _Overtaken):  # another change was faster, unless it happens again and again
                if attempt == ATTEMPTS:
                    raise
        return Saved({}, set())

    async def _written(
        self, rows: Mapping[Place, NewRow], known: Sequence[Key], change: Change, given: Collection[str] | None
    ) -> dict[Place, Key]:
        if not rows:
            return {}
        if self._by is None:
            keys = dict(zip(rows, await self._writer.insert_many(list(rows.values()), change), strict=True))
        else:
            keys = await self._upserted(self._by, rows, known, change, given)
        named = {
            place: dict(zip(self._entity.key, key, strict=True)) for place, key in keys.items() if key not in known
        }
        parents = [SimpleNamespace(**{**rows[place], **key}) for place, key in named.items()]
        for link in self._links:
            await link.begin(parents, change)
        return keys

    async def _against(self, key: Key, asked: Input, place: Place, change: Change, *, undo: bool) -> list[UserError]:
        """What the noun's own rule says against the change of a row. What it has done then is undone, if asked."""
        assert self._before_update is not None
        row = await change.find(self._entity.model, key)
        try:
            if undo:
                async with change.session.begin_nested():
                    await self._before_update(row, asked, change)
            else:
                await self._before_update(row, asked, change)
        except Rejected as rejected:
            return [self._at(error, place, change) for error in rejected.errors]
        await change.flush()
        return []

    def _at(self, error: UserError, place: Place, change: Change) -> UserError:
        """An error of a rule that knows changes of one row alone, at its place among those of many."""
        inner = error.path[len(change.place) :]
        at = self._place(self._by or (), place) if inner == ["id"] else (*place, *inner)
        error.path = [str(part) for part in at]
        return error

    async def _upserted(
        self,
        by: Names,
        rows: Mapping[Place, NewRow],
        known: Sequence[Key],
        change: Change,
        given: Collection[str] | None,
    ) -> dict[Place, Key]:
        keys = await self._writer.upsert_many(by, list(rows.values()), known, change, given)
        natural = {place: self._writer.key(by, row) for place, row in rows.items()}
        missing = [place for place, key in natural.items() if key not in keys]
        if missing:
            raise _Overtaken(*(taken(self._writer.table, by, self._place(by, place)) for place in missing))
        return {place: keys[key] for place, key in natural.items()}


def _whole(values: Input, row: NewRow) -> Input:
    """An input as a noun's own rule is given it where a row stands for the whole: what was left out is given, too."""
    return values.model_copy(update={name: value for name, value in row.items() if name in type(values).model_fields})


def unique_names(writer: EntityWriter) -> list[Names]:
    """Attributes that clients give and that must be unique, alone or together; natural keys of the entity first."""
    return [names for names, _ in _uniques(writer)]


def natural_keys(writer: EntityWriter) -> list[Names]:
    """Those of them by which an upsert may go."""
    return [names for names, is_arbiter in _uniques(writer) if is_arbiter]


def _uniques(writer: EntityWriter) -> list[tuple[Names, bool]]:
    names = {column: name for name, column in writer.columns.items()}
    owner = writer.owner
    given = {*writer.names, *([owner.attribute] if owner is not None else [])}
    found: dict[Names, bool] = {}
    for columns, is_arbiter in _unique_columns(writer.table):
        if given.issuperset(names.get(column) for column in columns):
            unique = tuple(names[column] for column in columns)
            found[unique] = found.get(unique, False) or is_arbiter
    known = writer.entity.natural_keys
    order = sorted(found, key=lambda unique: (unique == writer.entity.key, unique[0] not in known, unique))
    return [(unique, found[unique]) for unique in order]


def _unique_columns(table: Table) -> Iterator[tuple[Sequence[AnyColumn], bool]]:
    """The columns of each rule of uniqueness that holds for all rows and is about plain columns.

    Beside them stands whether an upsert may go by the rule: none may by one that waits for the end of a transaction.
    """
    for constraint in table.constraints:
        if isinstance(constraint, UniqueConstraint | PrimaryKeyConstraint):
            yield list(constraint.columns), not constraint.deferrable
    for index in table.indexes:
        is_plain = all(isinstance(part, Column) for part in index.expressions)
        if index.unique and is_plain and not any(it.is_partial(index) for it in DIALECTS.values()):
            yield list(index.columns), True
