"""Changes of many rows: what those by which rows are updated, and those by which rows are deleted, have in common.

A filter and what is to become of its rows enter; one statement leaves where nothing has to be asked of single rows, and
otherwise two: the rows are locked and judged, each as in a change of one, and the good ones are written. How many rows
that may be is bounded by a setting. Which rows a filter means, `chosen` says. Nothing is committed here.
Why: docs/decisions/0055-changes-of-many-rows.md.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Annotated, Any

from pydantic import Field
from sqlalchemy import ColumnElement, Delete, Update, select, tuple_
from strawberry.utils.str_converters import to_camel_case

from db.dialects import dialect_of
from db.statements import Key
from db.unreadable import UnreadableValue
from graph.entity.registry import Entity, key_of
from graph.writing.bulk import OnError
from graph.writing.change import Beforehand, Change, WrittenRow, global_id
from graph.writing.choosing import chosen
from graph.writing.errors import (
    ErrorClass,
    InvalidInput,
    Place,
    Rejected,
    UserError,
    not_yours,
)
from graph.writing.idempotency import FIELD, IdempotencyKey, idempotency_key
from graph.writing.increments import Increments, Sums
from graph.writing.inputs import ALL, Annotation, Guard, filter_of
from graph.writing.links import RelationshipWriter
from graph.writing.rights import May, OverRows, Right
from graph.writing.writer import EntityWriter

WHERE = "where"

Limit = Annotated[int, Field(ge=1), Guard("more would be changed than was asked for")]
Expected = Annotated[int, Field(ge=0), Guard("whatever the filter finds would be changed")]


@dataclass(frozen=True, kw_only=True)
class Declared:
    """What a noun says of changes, as far as those of many rows ask for it."""

    writer: EntityWriter
    may: May
    right: Right
    columns: Sequence[str]
    increments: Increments
    links: Sequence[RelationshipWriter]
    before_update: Beforehand | None
    before_delete: Beforehand | None
    errors: Sequence[ErrorClass]
    """What these two answer besides what every mutation may."""


@dataclass
class Judged:
    """A row that was found and locked, and what stands against its change."""

    row: Any
    """Its values, by attribute."""
    key: Key
    errors: list[UserError]
    sums: Sums = field(default_factory=dict)
    """What its counted columns will have."""


class ManyRows(ABC):
    """A change of all rows that a filter finds."""

    def __init__(self, name: str, declared: Declared, before: Beforehand | None) -> None:
        self._name = name
        self._declared = declared
        self._before = before
        self._writer = declared.writer
        self._entity: Entity = declared.writer.entity
        self._key = list(self._writer.table.primary_key)
        self._many = self._entity.many
        self._input_name = to_camel_case(f"{name[0].upper()}{name[1:]}_input")

    # The input

    def _choosing_fields(self) -> dict[str, Annotation]:
        many = self._many
        return {
            WHERE: (
                filter_of(self._entity.cls),
                Field(None, description=f"Which {many}. Every part of it must ask something."),
            ),
            ALL: (bool, Field(False, description=f"Whether all {many} are meant, in the place of `where`.")),
        }

    def _bounding_fields(self, done: str) -> dict[str, Annotation]:
        return {
            "limit": (Limit | None, Field(None, description=f"At most so many are {done}: the first by their keys.")),
            "expected": (
                Expected | None,
                Field(None, description="How many have to fit; otherwise nothing is done."),
            ),
            "on_error": (
                OnError,
                Field(OnError.REJECT_ALL, description="What becomes of the good ones when others are bad."),
            ),
            FIELD: (IdempotencyKey | None, idempotency_key()),
        }

    # The work

    async def _work(self, values: Any, change: Change) -> Mapping[str, object]:
        await change.flush()
        self._check(values, change)
        most = self._most(values, change)
        same = self._is_the_same_for_all(values, change)
        keys = await self._at_once(values, change, most) if same else None
        if keys is None:
            return await self._judged(values, change, most)
        self._check_number(len(keys), values, change)
        return self._result(keys, [], change)

    async def _judged(self, values: Any, change: Change, most: int) -> Mapping[str, object]:
        """Lock the rows, judge each, and write the good ones."""
        found = await self._found(values, change, most)
        self._check_number(len(found), values, change)
        await self._judge(found, values, change)
        self._check_all(found, values)
        keys = await self._written(found, values, change)
        errors = list(self._told(found)) if values.on_error is OnError.REJECT_FAILED else []
        if errors and not keys:
            raise Rejected(*errors)
        return self._result(keys, errors, change)

    @abstractmethod
    def _check(self, values: Any, change: Change) -> None:
        """Raise `Rejected` for an input that says nothing, or too much."""

    @abstractmethod
    def _is_the_same_for_all(self, values: Any, change: Change) -> bool:
        """Whether nothing has to be asked of single rows."""

    @abstractmethod
    def _statement(self, values: Any, change: Change) -> Update | Delete:
        """The statement that writes, of all rows."""

    @abstractmethod
    async def _judge(self, found: Sequence[Judged], values: Any, change: Change) -> None:
        """Say what stands against the change of each row."""

    @abstractmethod
    async def _written(self, found: Sequence[Judged], values: Any, change: Change) -> list[Key]:
        """Write the good rows; the keys of those that were written."""

    @abstractmethod
    def _result(self, keys: Sequence[Key], errors: Sequence[UserError], change: Change) -> Mapping[str, object]:
        """The payload."""

    def _most(self, values: Any, change: Change) -> int:
        """How many rows are looked for: one more than may be changed, unless the client has said how many."""
        most = change.context.bounds.max_changed_rows
        if values.limit is None:
            return most + 1
        if values.limit > most:
            message = f"At most {most:,} are changed at once; send a smaller limit, and ask again for the rest."
            raise Rejected(InvalidInput(message, (*change.place, "limit")))
        return int(values.limit)

    def _check_number(self, number: int, values: Any, change: Change) -> None:
        most = change.context.bounds.max_changed_rows
        if number > most:
            message = (
                f"More than {most:,} {self._many} fit; ask for less in `where`, or send `limit`, and ask again for the"
                " rest."
            )
            raise Rejected(InvalidInput(message, (*change.place, WHERE)))
        if values.expected is not None and number != values.expected:
            message = f"{number:,} fit, not {values.expected:,}; look at them again, and decide anew."
            raise Rejected(InvalidInput(message, (*change.place, "expected")))

    def _check_all(self, found: Iterable[Judged], values: Any) -> None:
        if values.on_error is OnError.REJECT_ALL and (errors := list(self._told(found))):
            raise Rejected(*errors)

    def _may_all(self, change: Change) -> bool:
        return isinstance(self._declared.may, OverRows) and self._declared.may.over_all(change.viewer)

    async def _at_once(self, values: Any, change: Change, most: int) -> list[Key] | None:
        """Find and write rows in one statement; None where that cannot be: nothing is done then."""
        if not dialect_of(change.dialect).updates_return:
            return None
        row, conditions, bound = chosen(values, self._entity, change)
        keys = [getattr(row, name) for name in self._entity.key]
        # A WITH is done once and for all: as a subquery, PostgreSQL may look for the first so many again and again.
        picked = (
            select(*keys).where(*conditions).order_by(*keys).limit(most).with_for_update(of=row).params(**bound)
        ).cte("picked")
        among = one_of(self._key, select(*picked.columns))
        return await self._sent(self._statement(values, change).where(among), values, change)

    async def _sent(
        self, statement: Update | Delete, values: Any, change: Change, locked: Sequence[Key] = ()
    ) -> list[Key] | None:
        if isinstance(statement, Update) and not dialect_of(change.dialect).updates_return:
            await change.session.execute(statement)
            return sorted(locked)
        found = await change.rows(statement.returning(*self._key))
        return sorted(tuple(key) for key in found)

    async def _found(self, values: Any, change: Change, most: int) -> list[Judged]:
        """The rows that are meant, locked in the order of their keys, so that no two who do so wait in a circle."""
        row, conditions, bound = chosen(values, self._entity, change)
        names = list(self._writer.columns)
        shown = self._shown(row, values, change)
        columns = [*(getattr(row, name) for name in names), *shown.values()]
        order = [getattr(row, name) for name in self._entity.key]
        statement = select(*columns).where(*conditions).order_by(*order).limit(most).with_for_update(of=row)
        return [self._locked(names, list(shown), it, change) for it in await change.rows(statement, bound)]

    def _shown(self, row: Any, values: Any, change: Change) -> Mapping[str, ColumnElement[bool]]:
        """By attribute, whether the viewer sees what is counted up in a row."""
        return {}

    def _locked(self, names: Sequence[str], shown: Sequence[str], found: Sequence[Any], change: Change) -> Judged:
        row = SimpleNamespace(**dict(zip(names, found, strict=False)))
        hidden = [name for name, is_seen in zip(shown, found[len(names) :], strict=True) if not is_seen]
        errors = self._declared.increments.hidden(hidden, change.place)
        if not self._declared.may(change.viewer, row):
            errors = [not_yours(self._entity.one, (*change.place, WHERE))]
        return Judged(row, tuple(getattr(row, name) for name in self._entity.key), errors)

    async def _ask_beforehand(self, found: Iterable[Judged], values: Any, change: Change) -> None:
        """Let the noun's own rule say what stands against the change of each good row.

        What a rule has done along with a change that it refuses then is undone, where other rows go on: that takes a
        savepoint for each.
        """
        good = [one for one in found if not one.errors]
        if self._before is None or not good:
            return
        entities = await self._entities([one.key for one in good], change)
        for one in good:
            if one.key not in entities:
                continue
            try:
                if values.on_error is OnError.REJECT_ALL:
                    await self._before(entities[one.key], self._as_asked(one, values), change)
                else:
                    async with change.session.begin_nested():
                        await self._before(entities[one.key], self._as_asked(one, values), change)
            except Rejected as rejected:
                one.errors.extend(self._placed(rejected.errors, one, change))
        await change.flush()

    @abstractmethod
    def _as_asked(self, one: Judged, values: Any) -> Any:
        """The input as the noun's own rule is given it, for one row."""

    @abstractmethod
    def _placed(self, errors: Iterable[UserError], one: Judged, change: Change) -> Iterable[UserError]:
        """Errors of a rule that knows changes of one row alone, at their places among those of many."""

    async def _entities(self, keys: Sequence[Key], change: Change) -> Mapping[Key, Any]:
        model, mapper = self._entity.model, self._entity.mapper
        statement = select(model).where(one_of(mapper.primary_key, keys)).execution_options(populate_existing=True)
        try:
            found = list(await change.session.scalars(statement))
        except UnreadableValue:  # one by one, what can be read of each
            found = [await change.find(model, key, WHERE) for key in keys]
        return {tuple(key_of(it)): it for it in found}

    def _told(self, found: Iterable[Judged]) -> Iterator[UserError]:
        """One error for all rows that have the same one: there may be a thousand."""
        alike: dict[tuple[ErrorClass, tuple[str, ...]], list[tuple[UserError, Key]]] = {}
        for one in found:
            for error in one.errors:
                alike.setdefault((type(error), tuple(error.path)), []).append((error, one.key))
        for same in alike.values():
            error, key = same[0]
            first = global_id(WrittenRow(self._entity, key))
            number = f"{len(same):,} {self._many}, the first of them" if len(same) > 1 else f"one {self._entity.one}:"
            error.message = f"{error.message} So it is with {number} {first}."
            yield error


def one_of(columns: Sequence[Any], keys: Any) -> ColumnElement[bool]:
    """Whether a row's key is one of these, or among those that a statement finds."""
    if len(columns) > 1:
        return tuple_(*columns).in_(keys)
    return columns[0].in_([key for (key,) in keys] if isinstance(keys, list) else keys)  # type: ignore[no-any-return]


def within(error: UserError, outer: Place, inner: Place) -> UserError:
    """An error of a rule that knows changes of one row alone, at its place among those of many."""
    at = error.path[len(outer) :]
    error.path = [*map(str, outer), WHERE] if at == ["id"] else [*map(str, inner), *at]
    return error
