"""Many rows in one statement: new ones, or new and changed ones by a natural key.

Rows enter as clients sent them and are checked one by one. The good rows are written by one INSERT, however many they
are, and each bad one has its errors at its own place. Clashes with rows of the table, or with rows of the same input,
are looked for in one statement before; if another change was faster, they are looked for again. Which statement writes
rows is the writer's affair.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import Enum
from types import SimpleNamespace
from typing import Any, NamedTuple, TypeAlias

from pydantic import Field
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
from strawberry.utils.str_converters import to_camel_case

from db.dialects import DIALECTS
from db.statements import Key
from graph.entity.fields import described_enum
from graph.errors import DeclarationError
from graph.writing.change import Change, WrittenRow
from graph.writing.errors import AlreadyExists, Place, Rejected, UserError, not_yours
from graph.writing.inputs import Annotation, Input, entity_input, parsed, rows_of
from graph.writing.links import RelationshipWriter
from graph.writing.mutation import MutationDeclaration
from graph.writing.payload import MAX_LISTED, Member
from graph.writing.rights import May, Right
from graph.writing.violations import taken
from graph.writing.writer import AnyColumn, Batch, EntityWriter, NewRow

ATTEMPTS = 3
"""How often the good rows are written while others write the same ones."""

Names: TypeAlias = tuple[str, ...]
"""Attributes whose values must be unique together."""


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


class Bulk:
    """The bulk mutation of an entity: new rows, or with `by` also changes of rows that have this natural key.

    In a change, a row stands for the whole: what it leaves out becomes what it is in a new row. The owner of a row
    stays. A rule that only the database knows (a CHECK, a foreign key) rejects all rows, for it does not say which.
    """

    def __init__(
        self,
        name: str,
        writer: EntityWriter,
        links: Sequence[RelationshipWriter],
        *,
        may: May,
        right: Right,
        by: str | None,
    ) -> None:
        """Make it. Raises `DeclarationError` where one statement cannot do what single ones can."""
        self._name = name
        self._camel = to_camel_case(name[0].upper() + name[1:])
        self._writer = writer
        self._links = links
        self._may = may
        self._right = right
        self._by = by
        self._entity = writer.entity
        self._many = writer.entity.plural
        self._uniques = sorted(self._unique_names(), key=lambda names: names != (by,))
        """Attributes that must be unique, alone or together; first the natural key."""
        self._check_declaration()
        doc = f"{self._entity.a_one.capitalize()} among those of `{to_camel_case(name)}`"
        self._row = entity_input(self._entity, f"{self._camel}Row", f"{doc}.", writer.input_fields())

    def declaration(self) -> MutationDeclaration[Any, Mapping[str, object]]:
        """The declaration of the mutation."""
        entity = self._entity
        what = "New ones are made, those with a key that is there are changed." if self._by else "All are new."
        fields: dict[str, Annotation] = {
            self._many: (
                rows_of(self._row, whole=self._by is not None),
                Field(description=f"The {entity.many}, at most {MAX_LISTED:,}. {what}", max_length=MAX_LISTED),
            ),
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
        does = f"Make or change many {entity.many}, by their {self._by}." if self._by else f"Make many {entity.many}."
        return MutationDeclaration(self._name, does, model, members, self._right, self._work, errors=(AlreadyExists,))

    async def _work(self, values: Any, change: Change) -> Mapping[str, object]:
        await change.flush()
        on_error: OnError = values.on_error
        batch = await self._checked(getattr(values, self._many), change)
        keys = await self._saved(batch, change, all_or_none=on_error is OnError.REJECT_ALL)
        if batch.bad and not keys and on_error is OnError.REJECT_FAILED:
            raise Rejected(*batch.errors)
        rows = {place: WrittenRow(self._entity, key) for place, key in keys.items()}
        change.touch(*rows.values())
        errors = batch.errors if on_error is OnError.REJECT_FAILED else []
        return {self._many: [rows[place] for place in sorted(rows)], "errors": errors}

    # What is wrong with rows

    async def _checked(self, given: Sequence[Mapping[str, object]], change: Change) -> Batch:
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
        return batch

    async def _look(self, batch: Batch, change: Change) -> list[Key]:
        """Reject the rows that clash with others: of the table, as one statement finds them, or of the input.

        The primary keys of the rows that the good ones will change leave.
        """
        known: list[Key] = []
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
                elif values in others and names == (self._by,):
                    known.append(tuple(getattr(others[values].row, name) for name in self._entity.key))
        return known

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
        by = () if self._by is None else (self._by,)
        is_same = by and self._writer.key(by, other.values) == self._writer.key(by, row)
        if not is_same or not other.is_seen:
            return taken(self._writer.table, names, self._place(names, place))
        if names == by and not self._may(change.viewer, other.row):
            return not_yours(self._entity.one, self._place(names, place))
        return None

    def _place(self, names: Names, place: Place) -> Place:
        """The place of the first of these attributes that a row of the input has."""
        named = [name for name in names if name in self._row.model_fields]
        return (*place, *map(self._entity.shown, named[:1]))

    # Writing

    async def _saved(self, batch: Batch, change: Change, *, all_or_none: bool) -> dict[Place, Key]:
        """Write the good rows; their keys, by their places."""
        for attempt in range(1, ATTEMPTS + 1):
            known = await self._look(batch, change)
            if all_or_none and batch.bad:
                raise Rejected(*batch.errors)
            if not batch.good:
                break
            try:
                async with change.session.begin_nested():
                    return await self._written(batch.good, known, change)
            except (IntegrityError, _Overtaken):  # another change was faster, unless it happens again and again
                if attempt == ATTEMPTS:
                    raise
        return {}

    async def _written(self, rows: Mapping[Place, NewRow], known: Sequence[Key], change: Change) -> dict[Place, Key]:
        if self._by is not None:
            return await self._upserted((self._by,), rows, known, change)
        keys = dict(zip(rows, await self._writer.insert_many(list(rows.values()), change), strict=True))
        named = {place: dict(zip(self._entity.key, key, strict=True)) for place, key in keys.items()}
        parents = [SimpleNamespace(**{**row, **named[place]}) for place, row in rows.items()]
        for link in self._links:
            await link.begin(parents, change)
        return keys

    async def _upserted(
        self, by: tuple[str], rows: Mapping[Place, NewRow], known: Sequence[Key], change: Change
    ) -> dict[Place, Key]:
        keys = await self._writer.upsert_many(by[0], list(rows.values()), known, change)
        natural = {place: self._writer.key(by, row) for place, row in rows.items()}
        missing = [place for place, key in natural.items() if key not in keys]
        if missing:
            raise _Overtaken(*(taken(self._writer.table, by, self._place(by, place)) for place in missing))
        return {place: keys[key] for place, key in natural.items()}

    # The declaration

    def _unique_names(self) -> Iterator[Names]:
        """Attributes that clients give and that must be unique, alone or together."""
        names = {column: name for name, column in self._writer.columns.items()}
        owner = self._writer.owner
        given = {*self._writer.names, *([owner.attribute] if owner is not None else [])}
        for columns in _unique_columns(self._writer.table):
            if given.issuperset(names.get(column) for column in columns):
                yield tuple(names[column] for column in columns)

    def _check_declaration(self) -> None:
        if self._by is not None and (self._by,) not in self._uniques:
            raise DeclarationError(f"{self._entity.name}.{self._by} is not unique, or not written; upsert by another.")
        if self._by is not None and any(link.has_first for link in self._links):
            raise DeclarationError(f"{self._entity.name} has links that every new row gets; upsert cannot make them.")
        for name in self._writer.names:
            column = self._writer.columns[name]
            if (
                column.server_default is not None or column.default is not None
            ) and name not in self._writer.model_defaults:
                raise DeclarationError(f"{self._entity.name}.{name} needs a default in Python to be written in bulk.")


def _unique_columns(table: Table) -> Iterator[Sequence[AnyColumn]]:
    """The columns of each rule of uniqueness that holds for all rows and is about plain columns."""
    for constraint in table.constraints:
        if isinstance(constraint, UniqueConstraint | PrimaryKeyConstraint):
            yield list(constraint.columns)
    for index in table.indexes:
        is_plain = all(isinstance(part, Column) for part in index.expressions)
        if index.unique and is_plain and not any(it.is_partial(index) for it in DIALECTS.values()):
            yield list(index.columns)
