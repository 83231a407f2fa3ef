"""A field is begun for all objects of its type on one level.

A planned field loads what all objects need at once; a field that is read takes its value from each object; any other
field has its resolver called for each. Values are completed into their positions, or wait.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, cast

from graphql import GraphQLObjectType, is_leaf_type

from db.statements import Key
from graph.errors import UnreadableField, Withheld
from graph.execute.completion import complete, put, waiting
from graph.execute.pending import Waiting
from graph.execute.response import ResponseObject, ResponsePosition, is_key, null_in
from graph.execute.rows import complete_reading, passing_class
from graph.execute.size import written
from graph.execute.work import Load, Objects, Work
from graph.loading.asking import asking
from graph.prepare.fields import FieldPlan, Reading, Rows, Selection
from graph.prepare.late import in_time

if TYPE_CHECKING:
    from graph.context import RequestContext
    from graph.loading.level_loader import LevelLoader


T = TypeVar("T")


class ObjectsLevel:
    """The level of a run: objects that the response holds already. Implements `Level`."""

    __slots__ = ("_objects", "_work", "context", "field")

    def __init__(self, work: Work, objects: Objects, field: FieldPlan) -> None:
        self.context: RequestContext = work.context
        self.field = field
        self._work = work
        self._objects = objects

    @property
    def sources(self) -> Sequence[Any]:
        """The objects as resolvers know them."""
        return self._objects.taken or self._objects.sources

    @property
    def arguments(self) -> Mapping[str, Any]:
        """The field's arguments, coerced."""
        return self.arguments_of(self.field)

    def arguments_of(self, field: FieldPlan) -> Mapping[str, Any]:
        """The arguments of a field below, coerced."""
        known = field.arguments
        if known is not None and not known.variable and not known.is_late:
            return known.fixed
        found = self._work.arguments(field)
        return cast("Mapping[str, Any]", in_time(found, self.context)) if self._work.is_late(field, found) else found

    def keys(self, names: Sequence[str]) -> list[Key]:
        """The values of these attributes for each object."""
        objects = self._objects
        rows = objects.rows
        if not names:
            return [()] * len(objects.made)
        if rows is None:
            return [tuple([getattr(source, name) for name in names]) for source in objects.sources]
        positions = [rows.columns.index(name) for name in names]
        if len(positions) == 1:
            (position,) = positions
            return [(row[position],) for row in rows.rows]
        return [tuple([row[position] for position in positions]) for row in rows.rows]

    def below(self, field: FieldPlan | None = None, type_: GraphQLObjectType | None = None) -> Selection:
        """What is selected below a field."""
        field = field or self.field
        wanted: Any = type_ or field.named_type
        known = field.selections.get(wanted) if self._work.plan.fixed else None
        return known or self._work.below(field, wanted)

    def load(self, loader: LevelLoader[T], keys: Sequence[Key], then: Callable[[list[T]], None]) -> None:
        """Ask a loader, with all others of this level: it is asked once for all that the level wants of it."""
        self._work.loads.setdefault(loader, []).append(Load(keys, then, self.fail, self.field))

    def rows(self, selection: Selection, rows: Rows) -> list[ResponseObject]:
        """An object of the response for each row."""
        return self._work.rows(selection, rows)

    def objects(self, selection: Selection, sources: Sequence[Any]) -> list[ResponseObject]:
        """An object of the response for each source, whose fields are begun at once."""
        if not sources:
            return []
        objects = self._work.objects(selection, list(sources))
        for field in objects.fields:
            begin(self._work, objects, field)
            if self._work.is_hopeless:
                break
        return objects.made

    def fill(self, values: Iterable[Any]) -> None:
        """Put objects of the response, lists of them, or null into the objects of this level."""
        field = self.field
        key, nullable = field.key, field.nullable
        for made, value in zip(self._objects.made, values, strict=True):
            if value is None and not nullable:
                position = ResponsePosition(made, field.key, field.type, field)
                self._work.fail(position, null_in(position))
            else:
                made[key] = value

    def share(self, made: list[ResponseObject], lists: Sequence[Sequence[object]]) -> None:
        """Cut what was made for the members of all lists into the part of each object."""
        key, start = self.field.key, 0
        for parent, members in zip(self._objects.made, lists, strict=True):
            end = start + len(members)
            parent[key] = made[start:end]
            start = end

    def complete(self, values: Iterable[Any]) -> None:
        """Complete what a resolver would return."""
        for made, value in zip(self._objects.made, values, strict=True):
            put(self._work, self._position(made), None, value)

    def share_at_most(self, times: int) -> None:
        """Say that so many of this level's objects may be given one and the same."""
        self._work.size.share(self.field.depth, times)

    def fail(self, error: Exception) -> None:
        """Leave the field empty in all objects of this level."""
        for made in self._objects.made:
            self._work.fail(self._position(made), error)

    def _position(self, made: ResponseObject) -> ResponsePosition:
        return ResponsePosition(made, self.field.key, self.field.type, self.field)


def begin(work: Work, objects: Objects, field: FieldPlan) -> None:
    """Begin a field for all of these objects."""
    planned = field.planned
    if planned is not None and planned.seen_by is not None and not planned.seen_by(work.context.viewer):
        _withhold(work, objects, field)
    elif field.begin is not None:
        if work.context.session.met_unreadable:
            objects = _with_keys(work, objects, field)
        level = ObjectsLevel(work, objects, field)
        try:
            field.begin(level)
        except Exception as error:
            level.fail(error)
    elif planned is not None and planned.read is not None:
        _read(work, objects, field, planned.read)
    elif planned is not None and planned.reading is not None:
        _read_attributes(work, objects, field, planned.reading)
    else:
        _resolve(work, objects, field)


def _with_keys(work: Work, objects: Objects, field: FieldPlan) -> Objects:
    """The objects whose key can be looked for; in the others the field has an error."""
    assert field.planned is not None
    level = ObjectsLevel(work, objects, field)
    fits = [is_key(key) for key in level.keys(field.planned.needs)]
    for made, fit in zip(objects.made, fits, strict=True):
        if not fit:
            work.fail(ResponsePosition(made, field.key, field.type, field), UnreadableField())
    return objects if all(fits) else objects.part([member for member, fit in enumerate(fits) if fit])


def _withhold(work: Work, objects: Objects, field: FieldPlan) -> None:
    """Leave a field empty that the viewer may not see; where it cannot be null, say so."""
    for made in objects.made:
        for place in _places(ResponsePosition(made, field.key, field.type, field)):
            place.container[place.key] = None
            if not field.nullable:
                work.fail(place, Withheld(field.parent.name, field.name))


def _read(work: Work, objects: Objects, field: FieldPlan, read: Callable[[Any], Any]) -> None:
    passing = passing_class(field)
    for source, made in zip(objects.sources, objects.made, strict=True):
        position = ResponsePosition(made, field.key, field.type, field)
        try:
            value = read(source)
            if type(value) is passing:
                work.size.add(written([value]))
                made[field.key] = value
            else:
                complete(work, position, None, value)
            if field.twins:
                _repeat(work, position, source, value)
        except Exception as error:
            for place in _places(position):
                work.fail(place, error)


def _read_attributes(work: Work, objects: Objects, field: FieldPlan, reading: Reading) -> None:
    """Read a column off objects that are no rows, such as those that a resolver of somebody's own has returned."""
    names, convert = reading
    for source, made in zip(objects.sources, objects.made, strict=True):
        position = ResponsePosition(made, field.key, field.type, field)
        try:
            values = [getattr(source, name) for name in names]
            value = convert(*values) if convert is not None else values[0]
            complete_reading(position, value)
            work.size.add(written([made[field.key]]))
        except Exception as error:
            work.fail(position, error)


def _resolve(work: Work, objects: Objects, field: FieldPlan) -> None:
    """Call a field's resolver for each object."""
    if not work.traced:
        _call_resolver(work, objects, field)
        return
    with asking(work.asking(field)):
        _call_resolver(work, objects, field)


def _call_resolver(work: Work, objects: Objects, field: FieldPlan) -> None:
    """Call a field's resolver for each object, as far as the turn of the run goes; the rest is put off."""
    resolver = field.definition.resolve or work.executor.field_resolver
    is_awaitable = work.is_awaitable
    left: list[Waiting] = []
    for number, (source, made) in enumerate(zip(objects.sources, objects.made, strict=True), 1):
        position = ResponsePosition(made, field.key, field.type, field)
        try:
            info = work.info(position)
            value = resolver(source, info, **work.arguments(field))
            if is_awaitable(value):
                left.append(_waiting(work, value, position, info, source))
            else:
                complete(work, position, info, value)
                if field.twins:
                    _repeat(work, position, source, value)
        except Exception as error:
            for place in _places(position):
                work.fail(place, error)
            if work.is_hopeless:  # what resolvers raise at once stops their siblings
                break
        if number < len(objects.made) and work.is_over_its_turn():
            work.put_off(objects.part(range(number, len(objects.made))), field)
            break
    if left:
        work.expect(left)


def _places(position: ResponsePosition) -> list[ResponsePosition]:
    """A position, and those of its field's twins."""
    made, field = position.container, position.field
    return [position, *(ResponsePosition(made, twin.key, twin.type, twin) for twin in field.twins)]


def _waiting(work: Work, value: Any, position: ResponsePosition, info: Any, source: Any) -> Waiting:
    """A value that is still to come, for a field and its twins."""
    if not position.field.twins:
        return waiting(work, value, position, info)

    def take(value: Any) -> None:
        put(work, position, info, value)
        _repeat(work, position, source, value)

    return Waiting(value, take, position, _places(position)[1:])


def _repeat(work: Work, position: ResponsePosition, source: Any, value: Any) -> None:
    """Give a value to the twins of its field, too; what can be gone through only once is resolved anew.

    What was completed is shown once more, if all of it is there and it leads no further: a name is an entry then.
    """
    made, field = position.container, position.field
    if is_leaf_type(field.named_type) and work.is_complete:
        shown = made[position.key]
        work.size.add(len(field.twins) * written([shown]))
        made.update(dict.fromkeys([twin.key for twin in field.twins], shown))
        return
    if isinstance(value, Iterator | AsyncIterator):
        for twin in field.twins:
            _call_resolver(work, Objects(work.selection, [made], [source]), twin)
        return
    for place in _places(position)[1:]:
        put(work, place, None, value)
