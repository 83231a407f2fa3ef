"""The fields of entities: ids, columns, hybrids, and to-one relationships.

A row has been fetched with the columns that its fields need; these fields read it, or ask a loader for more.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from enum import Enum
from inspect import cleandoc
from operator import attrgetter
from types import SimpleNamespace
from typing import Any

import strawberry
from sqlalchemy.ext.hybrid import hybrid_property

from db.fast import Values
from db.relations import Link, primary_key
from db.statements import Key
from db.unreadable import Unreadable
from db.views import is_view
from graph.entity.ids import id_encoder, longest_id
from graph.entity.made_types import made_type
from graph.entity.registry import Deferred, Entity, optional
from graph.loading.level_loader import LevelLoader
from graph.prepare.fields import CostRule, Level, LevelField, PlannedField, Reading, Rows, Weight


class ValueField(PlannedField):
    """A field that is read off the value above it."""

    def __init__(self, name: str, annotation: Any, description: str, read: Callable[[Any], Any]) -> None:
        super().__init__(name, annotation, description)
        self.read = read


def object_type(name: str, description: str, *fields: PlannedField) -> type[Any]:
    """Make an object type of planned fields."""
    return made_type(name, description, fields)


def described_enum(enum: Any, description: str, values: Mapping[str, str], name: str | None = None) -> Any:
    """Make an enumeration known to Strawberry, with a description for each of its values, by name."""
    strawberry.enum(enum, name=name or enum.__name__, description=description)
    for value in enum.__strawberry_definition__.values:
        value.description = values[value.name]
    return enum


def describe_enum(enum: type[Enum]) -> None:
    """Make an enumeration known to Strawberry, described by its docstring and by those of its members."""
    if not hasattr(enum, "__strawberry_definition__"):
        values = {member.name: _own_doc(member) or f"{_words(member.name).capitalize()}." for member in enum}
        described_enum(enum, first_paragraph(enum.__doc__) or enum.__name__, values)


def first_paragraph(text: str | None) -> str:
    """The first paragraph of a docstring, in one line."""
    return cleandoc(text or "").split("\n\n")[0].replace("\n", " ")


def _own_doc(member: Enum) -> str | None:
    text = member.__doc__
    return text if text and text != type(member).__doc__ else None


def _words(name: str) -> str:
    return name.replace("_", " ")


class IdField(PlannedField):
    """The global id of a row."""

    def __init__(self, entity: Entity) -> None:
        super().__init__("id", strawberry.ID, "The id of this object, unique over all types.")
        encode = id_encoder(entity)
        self.needs = entity.key
        self.reading = Reading(self.needs, encode)
        self.most_characters = longest_id(entity)


class ColumnField(PlannedField):
    """A column, or a hybrid that the database computes.

    With `never_null` its place may not be null, and its column is not: where a policy hides the value, it is refused.
    """

    def __init__(
        self,
        name: str,
        annotation: Any,
        description: str,
        *,
        never_null: bool = False,
        most_characters: int | None = None,
    ) -> None:
        super().__init__(name, annotation, description)
        self.most_characters = most_characters
        self.needs = (name,)
        self.reading = Reading(self.needs)
        self.never_null = never_null


class WholeField(ValueField):
    """A column whose values have parts, lists or objects, which are completed one by one.

    With `no_nulls` its lists hold no null; the database may hold one nevertheless. With a `depth`, its lists nest so
    deep: the database may hold arrays of other dimensions than are declared.
    """

    def __init__(
        self,
        name: str,
        annotation: Any,
        description: str,
        *,
        never_null: bool = False,
        no_nulls: bool = False,
        depth: int | None = None,
    ) -> None:
        read = attrgetter(name)

        def as_declared(row: Any) -> Any:
            found = read(row)
            if depth is not None and _depth_of(found) not in (depth, None):
                return found if found is None else Unreadable()
            return _refusing_nulls(found) if no_nulls else found

        super().__init__(name, annotation, description, as_declared if no_nulls or depth is not None else read)
        self.needs = (name,)
        self.never_null = never_null


def _depth_of(value: object) -> int | None:
    """How deep the lists of an array nest, which is the same everywhere; None where it has no elements."""
    depth = 0
    while isinstance(value, list):
        if not value:
            return None
        depth, value = depth + 1, value[0]
    return depth


def _refusing_nulls(values: Any) -> Any:
    """A list in which an `Unreadable` stands for each null."""
    if not isinstance(values, list):
        return values
    return [Unreadable() if value is None else _refusing_nulls(value) for value in values]


class HybridField(PlannedField):
    """A hybrid that Python computes from columns, and that the database filters and sorts by."""

    def __init__(
        self,
        name: str,
        annotation: Any,
        description: str,
        hybrid: hybrid_property[Any],
        needs: tuple[str, ...],
        *,
        required: Iterable[str] = (),
        never_null: bool = False,
    ) -> None:
        """Make it. Where one of the values of `required` is null, a policy hides it, and with it what is made of it."""
        super().__init__(name, annotation, description)
        self.needs = needs
        self.never_null = never_null
        positions = tuple(map(needs.index, required))

        def computed(*values: Any) -> Any:
            if None in values and any(values[position] is None for position in positions):
                return None
            return hybrid.fget(SimpleNamespace(**dict(zip(needs, values, strict=True))))

        self.reading = Reading(needs, computed)


class ToOneField(LevelField):
    """A link to at most one row: a statement for all parents."""

    cost = CostRule.ROW

    def __init__(
        self, name: str, description: str, link: Link, target: Callable[[], Entity], *, nullable: bool
    ) -> None:
        one = Deferred(name, lambda: target().cls)
        super().__init__(name, optional(one) if nullable else one, description)
        self.needs = link.key
        self.never_null = not nullable
        self._link = link
        self._target = target

    def weight(self, given: Collection[str]) -> Weight:
        """Look-ups where the parents hold the primary keys of the others."""
        link = self._link
        by_key = link.is_many_to_one and link.target_key == primary_key(link.target)
        by_key = by_key and not is_view(link.target.local_table)
        return Weight.LOOK_UP if by_key else Weight.DEAR

    def begin(self, level: Level) -> None:
        """Read the rows that the parents lead to."""
        loaders, link = level.context.loaders, self._link
        begin_rows(level, self._target(), level.keys(self.needs), lambda columns: loaders.to_one(link, columns))


def begin_rows(
    level: Level,
    entity: Entity,
    keys: Sequence[Key],
    loader: Callable[[tuple[str, ...]], LevelLoader[Values | None]],
) -> None:
    """Read the row of each object's key, with the columns that are selected; a key with a null in it has none."""
    selection = level.below()
    columns = selection.needs
    wanted = [key for key in dict.fromkeys(keys) if None not in key]
    if len(wanted) < len(keys):
        level.share_at_most(len(keys) - len(wanted) + 1)

    def then(found: list[Values | None]) -> None:
        there = [(key, row) for key, row in zip(wanted, found, strict=True) if row is not None]
        made = level.rows(selection, Rows([row for _, row in there], columns, entity.instance))
        by_key = {key: one for (key, _), one in zip(there, made, strict=True)}
        level.fill(map(by_key.get, keys))

    if wanted:
        level.load(loader(columns), wanted, then)
    else:
        then([])
