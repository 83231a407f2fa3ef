"""The fields that a subscription type has for a noun: `postChanged` and `postsChanged`.

A noun's type enters, a field leaves; called, it gives the source of events. An event names a row and is read like one.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import strawberry
from graphql import GraphQLResolveInfo

from db.statements import Key
from graph.context import SourceContext
from graph.entity.fields import ValueField, object_type
from graph.entity.filters import filter_type
from graph.entity.ids import encode_id, key_in
from graph.entity.registry import Deferred, Entity, keyed_entity_of, optional
from graph.errors import InvalidPage
from graph.execute.reference import RowReference
from graph.following.judging import ChangeKind, Judgement
from graph.following.known import MAX_KNOWN, KnownRows
from graph.following.log import Following, patiently
from graph.following.positions import Place, stream_name
from graph.following.rows import ChangedRow, NounRows
from graph.prepare.fields import CostRule, Level, LevelField, PlannedField, Weight, argument

DECIDED_TOGETHER = 1_000
"""Rows of one transaction of which one statement asks."""


class RowEvent(NamedTuple):
    """What has become of one row."""

    entity: Entity
    kind: ChangeKind
    key: Key
    position: str


class _NodeOfChange(LevelField):
    """The row of an event, as it is when the event is told."""

    cost = CostRule.ROW

    def __init__(self, entity: Entity) -> None:
        described = f"The {entity.one} as it is when this is told; null where it is gone, also where it went since."
        super().__init__("node", optional(entity.cls), described)

    def weight(self, given: object) -> Weight:
        """A look-up."""
        return Weight.LOOK_UP

    def begin(self, level: Level) -> None:
        """Refer to the row of each event."""
        level.complete([_reference(event) for event in level.sources])


def _reference(event: RowEvent) -> RowReference | None:
    return None if event.kind is ChangeKind.GONE else RowReference(event.entity, event.key)


@cache
def change_type(entity: Entity) -> type[Any]:
    """The type of the events of a noun."""
    return object_type(
        f"{entity.name}Change",
        f"What has become of {entity.a_one}.",
        ValueField("kind", ChangeKind, "What has become of it.", lambda event: event.kind),
        ValueField(
            "id", strawberry.ID, f"The id of the {entity.one}.", lambda event: encode_id(event.entity, event.key)
        ),
        _NodeOfChange(entity),
        ValueField(
            "position",
            str,
            "Where this stands among all changes: `after: position` of the same subscription goes on behind it.",
            lambda event: event.position,
        ),
    )


def row_changed(cls: type[Any]) -> Any:
    """Declare that one row of a noun can be followed by its id: a field of a subscription type, `postChanged`."""
    entity = keyed_entity_of(cls)
    return FollowingField(
        NounRows(entity),
        f"Each change of one {entity.one} from now on, for as long as you may see the {entity.one}. A row that is"
        " not there is waited for.",
        (argument("id", strawberry.ID, f"The id of the {entity.one}."),),
    )


def rows_changed(cls: type[Any]) -> Any:
    """Declare that all rows of a noun can be followed: a field of a subscription type, `postsChanged`."""
    entity = keyed_entity_of(cls)
    where = Deferred("filter of a subscription", lambda: filter_type(entity))
    return FollowingField(
        NounRows(entity),
        f"Each change of {entity.many} from now on, or from an earlier one on, in order and each once.",
        (
            argument("where", optional(where), f"Only {entity.many} that fit, or do not fit any more."),
            argument("after", optional(str), "The `position` of an earlier event: goes on behind that one."),
            argument(
                "shown",
                optional(list[strawberry.ID]),
                f"Ids of {entity.many} that you show, at most {MAX_KNOWN}: what becomes of them is told, also when they"
                " are hidden from you or deleted. Those which you do not see any more are told at once as gone.",
            ),
        ),
    )


class FollowingField(PlannedField):
    """A field of a subscription type whose events are changes of a noun's rows."""

    def __init__(self, rows: NounRows, description: str, arguments: tuple[Any, ...]) -> None:
        super().__init__("changed", change_type(rows.entity), description, arguments)
        self.python_name = self.graphql_name = None  # type: ignore[assignment]  # those of the class attribute
        self.is_subscription = True
        self.rows = rows
        self.resolver = self._subscribe

    async def _subscribe(
        self, _source: object, info: GraphQLResolveInfo[Any], **arguments: Any
    ) -> AsyncIterator[RowEvent]:
        """The source of events. Raises `ClientError` where there is none."""
        context: SourceContext = info.context
        following = context.service(Following)
        judgement = Judgement(self.rows, arguments, following.discriminators)
        stream = _Stream(context, following, self.rows, judgement, _name(info.field_name, self.rows.entity, arguments))
        start = await following.begin(self.rows.tables, self.rows.entity.many)
        given = arguments.get("id")
        if given is not None:
            key = key_in(given, self.rows.entity)
            async with context.reading() as reading:
                judgement.begin(reading)
                (was_seen,) = await judgement.seen([key], reading)
                return stream.of_row(start, key, was_seen=bool(was_seen))
        after = arguments.get("after")
        place = Place(start, None) if after is None else following.positions.read(stream.name, after)
        shown = self._keys(arguments.get("shown") or ())
        async with context.reading() as reading:
            judgement.begin(reading)
            seen = await judgement.seen(shown, reading) if shown else ()
        if after is not None:
            await following.check(place.position - (place.number is not None))
        return stream.of_rows(place, dict(zip(shown, map(bool, seen), strict=True)))

    def _keys(self, ids: Sequence[str]) -> Sequence[Key]:
        if len(ids) > MAX_KNOWN:
            raise InvalidPage(f"{len(ids)} ids are too many; send at most {MAX_KNOWN}, of the rows shown last.")
        return tuple(dict.fromkeys(key_in(text, self.rows.entity) for text in ids))


def _name(field: str, entity: Entity, arguments: Mapping[str, Any]) -> str:
    asked = {name: given for name, given in arguments.items() if name not in ("after", "shown")}
    return stream_name(field, entity.name, asked)


def follows_rows(subscription: type[Any] | None) -> bool:
    """Whether a subscription type has such fields."""
    definition = getattr(subscription, "__strawberry_definition__", None)
    return definition is not None and any(isinstance(field, FollowingField) for field in definition.fields)


@dataclass
class _Stream:
    """The events of one subscription."""

    context: SourceContext
    following: Following
    rows: NounRows
    judgement: Judgement
    name: str

    async def of_rows(self, place: Place, shown: Mapping[Key, bool]) -> AsyncGenerator[RowEvent, None]:
        """Every change behind a place that the viewer is told of. Raises `ChangesGone`.

        `shown`: of the rows that the client shows, which are seen. The others are told first, and alike, whether they
        are hidden, deleted or were never there.
        """
        gone = [key for key, is_seen in shown.items() if not is_seen]
        seen = (key for key, is_seen in shown.items() if is_seen)
        known = KnownRows(seen, gone, remembers=not self.judgement.tells_all)
        for key in gone:
            yield self._event(ChangeKind.GONE, key, place)
        after = place.position if place.number is None else place.position - 1
        async with aclosing(self.following.batches(after)) as batches:
            async for batch in batches:
                changed = self.rows.changed(batch)
                told = -1 if place.number is None or batch.position != place.position else place.number
                for start in range(told + 1, len(changed), DECIDED_TOGETHER):
                    some = changed[start : start + DECIDED_TOGETHER]
                    for number, (row, is_seen) in enumerate(zip(some, await self._seen(some), strict=True), start):
                        kind = self._told(row, is_seen, known)
                        if kind is not None:
                            is_last = number == len(changed) - 1
                            here = Place(batch.position, None if is_last else number)
                            yield self._event(kind, row.key, here)

    async def of_row(self, after: int, key: Key, *, was_seen: bool) -> AsyncGenerator[RowEvent, None]:
        """Every change of one row that the viewer sees, or has just seen. Raises `ChangesGone`."""
        async with aclosing(self.following.batches(after)) as batches:
            async for batch in batches:
                changed = [row for row in self.rows.changed(batch) if row.key == key]
                for row, seen in zip(changed, await self._seen(changed), strict=True):
                    if seen or was_seen:
                        kind = self.judgement.kind(row, seen, is_known=was_seen)
                        assert kind is not None
                        yield self._event(kind, row.key, Place(batch.position, None))
                    was_seen = bool(seen)

    def _told(self, row: ChangedRow, seen: bool | None, known: KnownRows) -> ChangeKind | None:
        """What is told of a change; what the subscriber knows is noted."""
        kind = self.judgement.kind(row, seen, is_known=row.key in known)
        if kind is ChangeKind.GONE:
            known.forget(row.key)
            return None if known.is_told_gone(row.key) else kind
        if kind is not None:
            known.see(row.key)
        return kind

    async def _seen(self, changed: Sequence[ChangedRow]) -> Sequence[bool | None]:
        if not changed:
            return ()

        async def ask() -> Sequence[bool | None]:
            async with self.context.reading() as reading:
                return await self.judgement.seen([row.key for row in changed], reading)

        return await patiently(ask)

    def _event(self, kind: ChangeKind, key: Key, place: Place) -> RowEvent:
        return RowEvent(self.rows.entity, kind, key, self.following.positions.write(self.name, place))
