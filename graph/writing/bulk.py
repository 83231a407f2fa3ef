"""Many rows in one statement: new ones, or new and changed ones by a natural key.

Rows enter as clients sent them and are checked one by one; those that are good are written by one INSERT, however many
they are, and each bad one has its errors at its own place. What clashes with rows that are there, or with rows of the
same input, is looked for in one statement before; if somebody else is faster, it is looked for again.
Source: https://docs.sqlalchemy.org/en/21/core/connections.html#insert-many-values-behavior-for-insert-statements
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic import Field
from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Index,
    PrimaryKeyConstraint,
    Row,
    UniqueConstraint,
    case,
    false,
    insert,
    literal,
    literal_column,
    or_,
    select,
    tuple_,
)
from sqlalchemy.exc import IntegrityError
from strawberry.utils.str_converters import to_camel_case

from db.dialects import DIALECTS, dialect_of
from db.statements import Key
from graph.entity.fields import described_enum
from graph.entity.ids import encode_id
from graph.entity.row_reference import RowReference
from graph.errors import DeclarationError
from graph.writing.change import Change
from graph.writing.errors import AlreadyExists, Forbidden, Place, Rejected
from graph.writing.inputs import parsed, rows_of
from graph.writing.inserting import value_of
from graph.writing.mutation import Mutation
from graph.writing.payload import MAX_LISTED, Member
from graph.writing.rejections import taken
from graph.writing.rules import canonical

if TYPE_CHECKING:
    from graph.writing.crud import Crud

ATTEMPTS = 3
"""How often the good rows are written while others write the same ones."""


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


class _Batch(NamedTuple):
    """The rows of one input, by their places in it. A row moves from good to bad, never back."""

    good: dict[int, dict[str, Any]]
    """Their values by attribute."""
    bad: dict[int, list[Any]]

    def refuse(self, at: int, *errors: Any) -> None:
        """Tell what is wrong with a row."""
        self.good.pop(at, None)
        self.bad.setdefault(at, []).extend(errors)

    @property
    def errors(self) -> list[Any]:
        """Those of all bad rows, in the order of the input."""
        return [error for at in sorted(self.bad) for error in self.bad[at]]


class _Overtaken(Rejected):
    """Somebody else has made rows with these natural keys since they were looked for."""


class Bulk:
    """The bulk mutation of an entity: new rows, or with `by` also changes of rows that have this natural key.

    In a change, a row stands for the whole: what it leaves out becomes what it is in a new row. Whose a row is stays.
    What only the database can tell of a row (a CHECK, a foreign key) refuses all of them, for it does not say which.
    """

    def __init__(self, writes: Crud, by: str | None = None) -> None:
        self._writes = writes
        self._entity = writes.entity
        self._by = by
        self._many = writes.entity.plural
        mapper = writes.entity.mapper
        self._columns = {
            attribute.key: column
            for attribute in mapper.column_attrs
            if isinstance(column := attribute.columns[0], Column)
        }
        self._table: Any = writes.entity.model.__table__
        self._uniques = sorted(self._unique_attributes(), key=lambda names: names != (by,))
        self._check_declaration()

    def mutation(self, name: str) -> Mutation:
        """The field of the mutation type."""
        entity, writes = self._entity, self._writes
        camel = to_camel_case(name)
        camel = f"{camel[0].upper()}{camel[1:]}"
        self._row = writes.input(f"{camel}Row", f"One {entity.one}.", writes.new_fields(with_links=False))
        what = "New ones are made, those with a key that is there are changed." if self._by else "All are new."
        fields: dict[str, Any] = {
            self._many: (
                rows_of(self._row),
                Field(description=f"The {entity.many}, at most {MAX_LISTED:,}. {what}", max_length=MAX_LISTED),
            ),
            "on_error": (
                OnError,
                Field(OnError.REJECT_ALL, description="What becomes of the good ones when others are bad."),
            ),
        }
        model = writes.input(f"{camel}Input", f"Many {entity.many} at once.", fields)
        rows: Any = list[entity.cls]  # type: ignore[name-defined]  # made at run time
        members = {self._many: Member(rows, f"The {entity.many} that were saved, in the order of the input.")}
        does = f"Make or change many {entity.many}, by their {self._by}." if self._by else f"Make many {entity.many}."
        return Mutation(name, does, model, members, self._work, writes.right)

    async def _work(self, values: Any, change: Change) -> dict[str, Any]:
        await change.orm.flush()
        batch = await self._checked(getattr(values, self._many), change)
        keys = await self._saved(batch, change, all_or_none=values.on_error is OnError.REJECT_ALL)
        if batch.bad and not keys and values.on_error is OnError.REJECT_FAILED:
            raise Rejected(*batch.errors)
        for key in keys.values():
            change.touched[encode_id(self._entity, key)] = None
        rows = [RowReference(self._entity, keys[at]) for at in sorted(keys)]
        return {self._many: rows, "errors": batch.errors if values.on_error is OnError.REJECT_FAILED else []}

    # What is wrong with rows

    async def _checked(self, given: Sequence[Any], change: Change) -> _Batch:
        """The rows as far as they can be judged alone."""
        batch = _Batch({}, {})
        owners: dict[Place, Key] = {}
        for at, values in enumerate(given):
            try:
                row = parsed(self._row, values, (*change.place, self._many, at))
                batch.good[at] = self._complete(self._writes.new_row(row, change, self._many, at))
            except Rejected as refused:
                batch.refuse(at, *refused.errors)
            else:
                owner = self._writes.owner_given(row, change)
                if owner is not None:
                    owners[*change.place, self._many, at] = owner
        for place, error in (await self._writes.no_owners(owners, change)).items():
            batch.refuse(int(place[-1]), error)
        return batch

    def _complete(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """A row with the defaults of what it leaves out: one statement has the same columns for all rows."""
        left_out = (name for name in self._writes.new_columns if name not in row)
        return {name: value_of(self._columns[name].default) for name in left_out} | dict(row)

    async def _look(self, batch: _Batch, change: Change) -> list[Key]:
        """Refuse the rows that clash with others: of the table, as one statement finds them, or of the input.

        The keys of the rows that the good ones will change leave.
        """
        known: list[Key] = []
        found = await self._others(batch.good.values(), change)
        for names in self._uniques:
            others = {self._values_of(names, other): other for other in found}
            first: dict[Key, int] = {}
            for at, row in list(batch.good.items()):
                values = self._values_of(names, SimpleNamespace(**row))
                if None in values:
                    continue
                place, error = self._place(names, at, change), None
                if values in first:
                    same = " and ".join(name.replace("_", " ") for name in names)
                    message = f"Row {first[values]} of this input, counted from 0, has this {same} too; choose another."
                    error = AlreadyExists(message, place)
                else:
                    first[values] = at
                    if values in others:
                        error = self._clash(names, row, others[values], place, change)
                        if error is None and names == (self._by,):
                            known.append(tuple(getattr(others[values], name) for name in self._entity.key))
                if error is not None:
                    batch.refuse(at, error)
        return known

    async def _others(self, rows: Iterable[Mapping[str, Any]], change: Change) -> Sequence[Row[Any]]:
        """The rows of the table that have a unique value of these; last, whether the viewer sees them."""
        model = self._entity.model
        given = [SimpleNamespace(**row) for row in rows]
        clashes = []
        for names in self._uniques:
            values = {self._values_of(names, row) for row in given}
            wanted = [value for value in values if None not in value]
            columns = [getattr(model, name) for name in names]
            if wanted and len(columns) == 1:
                clashes.append(columns[0].in_([value for (value,) in wanted]))
            elif wanted:
                clashes.append(tuple_(*columns).in_(wanted))
        if not clashes:
            return []
        predicate = change.context.visible(self._entity.mapper) if self._by else None
        seen = predicate(model) if predicate else None
        needed = self._columns if self._by else dict.fromkeys(name for names in self._uniques for name in names)
        columns = [getattr(model, name) for name in needed]
        shown = literal(True) if seen is None else case((seen, literal(True)), else_=literal(False))
        statement = select(*columns, shown).where(or_(*clashes))
        if self._by:
            statement = statement.order_by(*self._table.primary_key).with_for_update(of=model)
        return list(await change.orm.execute(statement, change.bound))

    def _clash(self, names: Key, row: Mapping[str, Any], other: Row[Any], place: Place, change: Change) -> Any:
        """Why a row cannot be written, as another one has its unique values; None: that one is to be changed."""
        by = () if self._by is None else (self._by,)
        is_it = by and self._values_of(by, other) == self._values_of(by, SimpleNamespace(**row))
        if not is_it or not other[-1]:
            return AlreadyExists(taken(self._table, names), place)
        if names == by and not self._writes.may(change.viewer, other):
            one = self._entity.one
            return Forbidden(f"This {one} belongs to somebody else; you may read it, but not change it.", place)
        return None

    def _place(self, names: Key, at: int, change: Change) -> Place:
        named = [name for name in names if name in self._row.model_fields]
        return (*change.place, self._many, at, *(to_camel_case(name) for name in named[:1]))

    def _values_of(self, names: Key, row: Any) -> Key:
        return tuple(canonical(self._columns[name], getattr(row, name)) for name in names)

    # Writing

    async def _saved(self, batch: _Batch, change: Change, *, all_or_none: bool) -> dict[int, Key]:
        """Write the good rows; their keys, by their places."""
        for attempt in range(1, ATTEMPTS + 1):
            known = await self._look(batch, change)
            if all_or_none and batch.bad:
                raise Rejected(*batch.errors)
            if not batch.good:
                break
            try:
                async with change.orm.begin_nested():
                    return await self._written(batch.good, known, change)
            except (IntegrityError, _Overtaken):  # somebody else was faster, unless it happens again and again
                if attempt == ATTEMPTS:
                    raise
        return {}

    async def _written(
        self, rows: Mapping[int, Mapping[str, Any]], known: Sequence[Key], change: Change
    ) -> dict[int, Key]:
        values = [{self._columns[name].key: value for name, value in row.items()} for row in rows.values()]
        if self._by is not None:
            keys = await self._upserted(self._by, values, known, change)
            named_by = {at: self._values_of((self._by,), SimpleNamespace(**row)) for at, row in rows.items()}
            missing = [self._place((self._by,), at, change) for at, name in named_by.items() if name not in keys]
            if missing:
                raise _Overtaken(*(AlreadyExists(taken(self._table, (self._by,)), place) for place in missing))
            found = {at: keys[name] for at, name in named_by.items()}
            await self._read_again(list(found.values()), change)
            return found
        found = dict(zip(rows, await self._inserted(values, change), strict=True))
        named = [dict(zip(self._entity.key, found[at], strict=True)) for at in rows]
        parents = [SimpleNamespace(**row, **key) for row, key in zip(rows.values(), named, strict=True)]
        for linking in self._writes.links:
            await linking.begin(parents, change)
        return found

    async def _inserted(self, values: Sequence[Mapping[str, Any]], change: Change) -> list[Key]:
        """The keys of new rows, in the order of the rows."""
        key = self._table.primary_key
        # Where RETURNING has no order, SQLAlchemy inserts row by row. Numbers in the order of the rows need none.
        dialect = dialect_of(change.context.session.dialect)
        counted = self._table.autoincrement_column is not None and dialect.numbers_rows_in_order
        made = insert(self._table).returning(*key, sort_by_parameter_order=not counted)
        keys = [tuple(row) for row in await change.orm.execute(made, values)]
        return sorted(keys) if counted else keys

    async def _upserted(
        self, by: str, values: Sequence[Mapping[str, Any]], known: Sequence[Key], change: Change
    ) -> dict[Key, Key]:
        """INSERT … ON CONFLICT DO UPDATE; from the natural key of each row to its primary key.

        Of the rows that are there, only those are changed that were looked at before: of others, nobody has asked
        whether the viewer may.
        """
        dialect = dialect_of(change.context.session.dialect)
        new = dialect.new_values(self._table)
        version = self._entity.mapper.version_id_col
        stays = {self._columns[by], *(self._columns[name] for name in self._writes.owner_attributes)}
        written = [column for column in self._columns.values() if column.key in values[0] and column not in stays]
        set_: dict[Any, Any] = {column: new[column.key] for column in written} | {
            column: value_of(column.onupdate) for column in self._table.columns if column.onupdate is not None
        }
        if version is not None:
            set_[version] = version + 1
        key = self._columns[by]
        where = self._one_of(known, change)
        statement = dialect.upsert(self._table, [key], set_ or {key: new[key.key]}, where)
        rows = await change.orm.execute(statement.returning(key, *self._table.primary_key), values)
        return {(canonical(key, row[0]),): tuple(row[1:]) for row in rows}

    def _one_of(self, keys: Sequence[Key], change: Change) -> ColumnElement[bool]:
        """Whether a row has one of these keys, with the keys as text: a list of parameters cannot stand beside rows."""
        if not keys:
            return false()
        found = tuple_(*self._table.primary_key).in_(sorted(keys))
        dialect = change.orm.get_bind().dialect
        return literal_column(str(found.compile(dialect=dialect, compile_kwargs={"literal_binds": True})), Boolean)

    async def _read_again(self, keys: Sequence[Key], change: Change) -> None:
        """Let the session's entities of these rows know what was written past it."""
        mapper, model = self._entity.mapper, self._entity.model
        known = change.orm.sync_session.identity_map
        held = [key for key in keys if mapper.identity_key_from_primary_key(key) in known]
        if held:
            statement = select(model).where(tuple_(*mapper.primary_key).in_(held))
            (await change.orm.scalars(statement.execution_options(populate_existing=True))).all()

    # The declaration

    def _unique_attributes(self) -> Iterable[tuple[str, ...]]:
        """What of the values that clients give must be unique, alone or together."""
        names = {column: name for name, column in self._columns.items()}
        given = {*self._writes.new_columns, *self._writes.owner_attributes}
        for rule in (*self._table.constraints, *self._table.indexes):
            if isinstance(rule, Index):
                is_plain = all(isinstance(part, Column) for part in rule.expressions)
                counts = rule.unique and is_plain and not any(it.is_partial(rule) for it in DIALECTS.values())
            else:
                counts = isinstance(rule, UniqueConstraint | PrimaryKeyConstraint)
            if counts and given.issuperset(names.get(column) for column in rule.columns):
                yield tuple(names[column] for column in rule.columns)

    def _check_declaration(self) -> None:
        if self._by is not None and (self._by,) not in self._uniques:
            raise DeclarationError(f"{self._entity.name}.{self._by} is not unique, or not written; upsert by another.")
        if self._by is not None and any(linking.always for linking in self._writes.links):
            raise DeclarationError(f"{self._entity.name} has links that every new row gets; upsert cannot make them.")
        for name in self._writes.new_columns:
            column = self._columns[name]
            if column.server_default is not None and column.default is None:
                raise DeclarationError(f"{self._entity.name}.{name} needs a default in Python to be written in bulk.")
