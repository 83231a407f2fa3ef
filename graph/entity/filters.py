"""Filters: one input type for each entity, and the SQL that it means.

A `where` enters as graphql-core coerced it (dicts keyed by GraphQL names), a condition leaves. An empty filter adds
no condition; where that would widen the answer (inside `or` and `not`) it is an error. The viewer's visibility is
asked for every model that a filter passes through. Source of the semantics: docs/decisions/0006-filters.md.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache, cached_property
from typing import Any, NamedTuple, TypeGuard

import sqlalchemy
import strawberry
from sqlalchemy import ColumnElement, and_, false, or_, select, true, tuple_, type_coerce
from sqlalchemy.orm import aliased
from sqlalchemy.sql import operators
from sqlalchemy.sql.elements import BooleanClauseList, ClauseElement, Grouping, UnaryExpression
from sqlalchemy.sql.expression import Exists

from db.dialects import dialect_of
from db.relations import (
    Link,
    Predicate,
    Row,
    Source,
    Visibility,
    bare,
    comparable,
    leads_an_index,
    parameter_type,
    primary_key,
    seen_where,
    underlying,
    viewer_id,
)
from db.statements import joined
from graph.context import RequestContext
from graph.entity import column_comparisons
from graph.entity.column_comparisons import TO_ONE, ColumnComparison
from graph.entity.comparisons import MAX_LIST, NO_NAMES, InputField, check_size, input_type
from graph.entity.completeness import check_complete
from graph.entity.distinct_counts import OF
from graph.entity.filter_form import MAX_DEPTH, QUANTIFIERS, form_of
from graph.entity.ids import key_in
from graph.entity.measure_filters import check_asked, check_not_alone, measure_conditions, measure_filter_fields
from graph.entity.measures import WHERE
from graph.entity.names import made_name
from graph.entity.registry import Attribute, Deferred, Entity, Relation, is_of_viewers, list_of, optional
from graph.entity.related_rows import among_parents, first, measured, related
from graph.entity.types import TYPES, value_filter
from graph.errors import InvalidFilter
from graph.loading.loaders import Loaders
from graph.loading.queries import ListQuery
from graph.prepare.work import COMPARISON, Weight

Asked = Mapping[str, Any]

VIEWER = "$VIEWER"
"""What stands for the viewer's own id in filters; of nobody, for an id that no row has."""

TO_MANY = Weight(25)
"""To look at the rows that a relation leads to, or to find who has such rows."""
NONE = Weight(60)
"""To see that none of them is there: no row is the last to look at."""
MEASURED = Weight(30)
"""To count them, or to compute something else over them."""
ENDLESS_TEXT = 10
"""A text without end, as articles are, is so many times as long as a name."""
LONG_TEXT = 2
SHORT_TEXT_CHARACTERS = 500
"""The longest text that is as cheap as a name, as far as its column says."""
LONG_TEXT_CHARACTERS = 2_000


@cache
def filter_type(entity: Entity) -> type[Any]:
    """The input type that says which rows of an entity are meant."""
    fields: dict[str, InputField] = {}
    if entity.key:
        ids = TYPES.known(strawberry.ID).filter.input_type
        own = f" {VIEWER} is the viewer's own." if is_of_viewers(entity) else ""
        fields["id"] = (optional(ids), "id", f"The id; null where a relation leads to no row.{own}")
    for name, attribute in entity.attributes.items():
        found = value_filter(attribute.type)
        if found is not None:
            fields[f"{name}_"] = (optional(found.input_type), name, attribute.description)
    for name, relation in entity.relations.items():
        fields[f"{name}_"] = (optional(_relation_filter(relation)), name, relation.description)
    fields |= column_comparisons.comparison_field(entity)
    this = Deferred(made_name(entity, "Filter"), lambda: filter_type(entity))
    weights = {"id": Weight(COMPARISON)}
    weights |= {name: _weight(entity, attribute) for name, attribute in entity.attributes.items()}
    weights |= {name: TO_ONE for name, relation in entity.relations.items() if not relation.link.to_many}
    fields |= {
        "and_": (optional(list_of(this)), "and", "All of these hold."),
        "or_": (optional(list_of(this)), "or", "At least one of these holds."),
        "not_": (optional(this), "not", "This does not hold."),
    }
    described = f"Which {entity.many} are meant; every condition given must hold."
    return input_type(made_name(entity, "Filter"), described, fields, weights=weights)


def _weight(entity: Entity, attribute: Attribute) -> Weight:
    """How much dearer than with a short value comparisons are, as far as the column tells."""
    column = entity.mapper.columns.get(attribute.name)
    type_ = underlying(column.type) if column is not None else None
    if isinstance(type_, sqlalchemy.Text):
        return Weight(times=ENDLESS_TEXT)
    if not isinstance(type_, sqlalchemy.String) or (type_.length or LONG_TEXT_CHARACTERS) <= SHORT_TEXT_CHARACTERS:
        return Weight()
    return Weight(times=ENDLESS_TEXT if (type_.length or 0) > LONG_TEXT_CHARACTERS else LONG_TEXT)


@cache
def list_filter_type(entity: Entity) -> type[Any]:
    """The input type that says what is asked of a to-many field."""
    one = Deferred(made_name(entity, "Filter"), lambda: filter_type(entity))
    fields: dict[str, InputField] = {
        f"{WHERE}_": (optional(one), WHERE, "Only those that fit are looked at."),
        "some_": (optional(one), "some", "At least one fits; an empty filter asks that there be one."),
        "every_": (optional(one), "every", "All of them fit; also true when there are none."),
        "none_": (optional(one), "none", "None of them fits; an empty filter asks that there be none."),
    }
    fields |= measure_filter_fields(entity, one)
    weights = {"some": TO_MANY, "every": NONE, "none": NONE}
    weights |= {name: MEASURED for _, name, _ in fields.values() if name not in (*QUANTIFIERS, OF)}
    described = f"What is asked of a list of {entity.many}; all of it must hold."
    return input_type(made_name(entity, "ListFilter"), described, fields, weights=weights)


def _relation_filter(relation: Relation) -> Deferred:
    make = list_filter_type if relation.link.to_many else filter_type
    return Deferred(f"filter of {relation.name}", lambda: make(relation.target()))


def _predicate(entity: Entity, asked: Asked, filtering: "_Filtering") -> Predicate:
    """The rows that a `where` means. Raises `InvalidFilter` before anything is run."""
    filtering.condition(entity, aliased(entity.model), asked, "where", 0)  # finds what is wrong before it is run
    return lambda row: filtering.condition(entity, row, asked, "where", 0)


def where_of(arguments: Mapping[str, Any], entity: Entity, context: RequestContext) -> Asked | None:
    """The `where` of a field that reads. Raises `InvalidFilter` where nothing is asked, if the settings say so."""
    where: Asked | None = arguments.get("where")
    if where is not None and context.bounds.refuse_empty_comparisons:
        check_complete(entity, where, "where")
    return where


def restricted(listing: ListQuery, entity: Entity, where: Asked | None, loaders: Loaders) -> ListQuery:
    """A listing's rows that a `where` means. Raises `InvalidFilter`."""
    if not where:
        return listing
    check_size("where", where)
    identity = (listing.identity, repr(where))
    form = form_of(entity, where, f"__where{len(listing.parameters)}")
    relates_once = dialect_of(loaders.dialect).relates_once
    if form is None:
        found = _predicate(entity, where, _Filtering(loaders.visible, relates_once))
        return replace(listing, identity=identity, predicates=(*listing.predicates, found), form=None)
    filtering = _Filtering(loaders.visible, relates_once, form.names)
    return replace(
        listing,
        identity=identity,
        predicates=(*listing.predicates, lambda row: filtering.condition(entity, row, where, "where", 0)),
        form=None if listing.kept_by is None else (listing.kept_by, form.key),
        parameters={**listing.parameters, **form.values},
    )


def condition_on_related(
    entity: Entity, row: Row, where: Asked, place: str, visible: Visibility, relates_once: bool
) -> ColumnElement[bool] | None:
    """The condition of a `where` on rows in a subquery over a relation. Raises `InvalidFilter`, which names the place.

    `relates_once`: see the dialects.
    """
    return _Filtering(visible, relates_once, is_related=True).condition(entity, row, where, place, 0)


class _Filtering:
    """One `where` on its way to SQL."""

    def __init__(
        self, visible: Visibility, relates_once: bool, names: Mapping[str, str] = NO_NAMES, *, is_related: bool = False
    ) -> None:
        self._visible = visible
        self._relates_once = relates_once
        self._names = names
        self._is_related = is_related
        """Whether its rows are those that a relation leads to, in a subquery."""

    @cached_property
    def _of_related(self) -> "_Filtering":
        """The same `where` in the subquery over the rows of a relation."""
        if self._is_related:
            return self
        return _Filtering(self._visible, self._relates_once, self._names, is_related=True)

    def condition(self, entity: Entity, row: Row, asked: Asked, where: str, depth: int) -> ColumnElement[bool] | None:
        """The condition of one filter; None when it asks nothing."""
        if depth > MAX_DEPTH:
            raise InvalidFilter(where, f"filters may nest {MAX_DEPTH} deep; ask for less at once.")
        found: list[ColumnElement[bool]] = []
        for name, value in asked.items():
            found += self._member(entity, row, name, value, f"{where}.{name}", depth + 1)
        return and_(*found) if found else None

    def _member(
        self, entity: Entity, row: Row, name: str, value: Any, where: str, depth: int
    ) -> list[ColumnElement[bool]]:
        if value is None:
            raise InvalidFilter(where, "null asks nothing; leave it out, or use `isNull` inside it.")
        if name in ("and", "or", "not"):
            return self._boolean(entity, row, name, value, where, depth)
        if name == column_comparisons.MEMBER:
            return self._columns(entity, row, value, where)
        if name in entity.relations:
            return self._related(entity.relations[name], row, value, where, depth)
        attribute = entity.attributes.get(name)
        if attribute is None:
            return _id_conditions(entity, row, value, where)
        compared = TYPES.known(attribute.type).filter
        seen = seen_where(row, attribute.name)
        # No index serves the expression that hides a value. What is never true of null is asked of the column itself.
        if seen is not None and value and all(compared.operators[operator].finds_values for operator in value):
            return [seen, *compared.condition(where, attribute.expression(bare(row)), value, self._names)]
        return compared.condition(where, attribute.expression(row), value, self._names)

    def _boolean(
        self, entity: Entity, row: Row, name: str, value: Any, where: str, depth: int
    ) -> list[ColumnElement[bool]]:
        members = value if isinstance(value, list) else [value]
        found = [
            self.condition(entity, row, member or {}, f"{where}[{index}]", depth)
            for index, member in enumerate(members)
        ]
        if name == "and":
            asked = [condition for condition in found if condition is not None]
            return [joined(and_, asked)] if asked else []
        if not found or any(condition is None for condition in found):
            raise InvalidFilter(where, f"an empty filter in `{name}` would match everything; leave it out.")
        either = joined(or_, [condition for condition in found if condition is not None])
        return [_not(either) if name == "not" else either]

    def _columns(self, entity: Entity, row: Row, asked: Sequence[Asked], where: str) -> list[ColumnElement[bool]]:
        found: list[ColumnElement[bool]] = []
        for each in column_comparisons.column_comparisons(entity, asked, where):
            holds = self._of_other(each, row) if each.relation else each.condition(row, row)
            found.append(_not(holds) if each.is_denied else holds)
        return found

    def _of_other(self, comparison: ColumnComparison, row: Row) -> ColumnElement[bool]:
        """Whether a comparison holds with the row that a relation leads to; the subquery names the row around it."""
        assert comparison.relation is not None
        link = comparison.relation.link
        children = self._children(link)
        first_of_many = [self._is_first(link, children, row)] if link.is_first_of_many else []
        holds = comparison.condition(row, children.row)
        return related(select(1), link, children, row, self._visible, holds, *first_of_many).exists()

    def _related(self, relation: Relation, row: Row, value: Asked, where: str, depth: int) -> list[ColumnElement[bool]]:
        if not relation.link.to_many:
            return [self._is_one(relation, row, value, where, depth)]
        within = _Within(self, relation, value.get(WHERE), f"{where}.{WHERE}", depth)
        found: list[ColumnElement[bool]] = []
        for quantifier, asked in value.items():
            place = f"{where}.{quantifier}"
            check_asked(asked, place)
            if quantifier == "every":
                found += self._every(relation, row, asked, place, depth, within)
            elif quantifier in ("some", "none"):
                exists = self._exists(relation, row, asked, place, depth, within)
                found.append(exists if quantifier == "some" else _not(exists))
        check_not_alone(value, where)
        return [*found, *self._measured(relation, row, value, where, within)]

    def _measured(
        self, relation: Relation, row: Row, value: Asked, where: str, within: "_Within"
    ) -> list[ColumnElement[bool]]:
        """What is asked of measures of the rows that a relation leads to: all of it in one subquery."""
        measures = {name: asked for name, asked in value.items() if name not in QUANTIFIERS}
        children = self._children(relation.link)
        asked = measure_conditions(relation.target(), children.row, measures, where, self._names)
        if not asked:
            return []
        holds, looked_at = and_(*asked), within(children)
        return [measured(holds, relation.link, children, row, self._visible, *looked_at, is_related=self._is_related)]

    def _is_one(self, relation: Relation, row: Row, asked: Asked, where: str, depth: int) -> ColumnElement[bool]:
        """What is asked of the one row that a relation leads to. Where there is none, or none is seen, it has no id."""
        there = self._exists(relation, row, asked, where, depth)
        if not relation.target().key or not _holds_of_none(asked):
            return there
        none = _not(self._any(relation.link, self._children(relation.link), row))
        return none if asked.keys() == {"id"} else or_(none, there)

    def _every(
        self, relation: Relation, row: Row, asked: Asked, where: str, depth: int, within: "_Within"
    ) -> list[ColumnElement[bool]]:
        children = self._children(relation.link)
        condition = self.of_related(relation, children, asked, where, depth)
        if condition is None:
            return []
        return [_not(self._any(relation.link, children, row, *within(children), _not(condition)))]

    def _exists(
        self, relation: Relation, row: Row, asked: Asked, where: str, depth: int, within: "_Within | None" = None
    ) -> ColumnElement[bool]:
        children = self._children(relation.link)
        condition = self.of_related(relation, children, asked, where, depth)
        also = [] if within is None else within(children)
        if relation.link.is_first_of_many:
            also.append(self._is_first(relation.link, children, row))
        if condition is None:
            return self._any(relation.link, children, row, *also)
        alternatives = [condition] if self._relates_once else _alternatives(condition)
        return joined(or_, [self._any(relation.link, children, row, each, *also) for each in alternatives])

    def of_related(
        self, relation: Relation, children: Source, asked: Asked, where: str, depth: int
    ) -> ColumnElement[bool] | None:
        """The condition of a filter on the rows that a relation leads to, which counts twice."""
        return self._of_related.condition(relation.target(), children.row, asked, where, depth + 1)

    def _is_first(self, link: Link, children: Source, row: Row) -> ColumnElement[bool]:
        again, key = self._children(link), primary_key(link.target)
        chosen = related(select(*(getattr(again.row, name) for name in key)), link, again, row, self._visible)
        return tuple_(*(getattr(children.row, name) for name in key)).in_(first(chosen, link, again))

    def _children(self, link: Link) -> Source:
        return self._visible.seen(link.children(), link.target)

    def _any(self, link: Link, children: Source, row: Row, *asked: ColumnElement[bool]) -> ColumnElement[bool]:
        """Whether a row has children of which this holds; see `_not`.

        Rows in a subquery are many, and each may have many: there, who has such children is found once for all where
        the database makes no join of it. Four relations in a row would else be walked on every way through them. So it
        is where no index finds the children of one row.
        """
        for_each = not self._is_related and any(map(leads_an_index, children.key))
        if self._relates_once and not for_each and not link.is_first_of_many:
            return among_parents(link, children, row, self._visible, *asked)
        return related(select(1), link, children, row, self._visible, *asked).exists()


class _Within(NamedTuple):
    """The `where` of a list: which of its rows are looked at."""

    filtering: _Filtering
    relation: Relation
    asked: Asked | None
    where: str
    depth: int

    def __call__(self, children: Source) -> list[ColumnElement[bool]]:
        """The conditions on the rows of a subquery."""
        if self.asked is None:
            return []
        found = self.filtering.of_related(self.relation, children, self.asked, self.where, self.depth)
        return [] if found is None else [found]


def _not(there: ColumnElement[bool]) -> ColumnElement[bool]:
    """Where something is not true. IN is neither true nor false of a row without a key; EXISTS is, and makes joins.

    So does what NOT EXISTS denies; behind IS NOT TRUE or a second NOT, PostgreSQL asks again for each row.
    """
    if isinstance(there, Exists):
        return ~there
    if _is_any_of(there) and all(isinstance(each, Exists) for each in there.clauses):
        return and_(*(~each for each in there.clauses))
    denied = _denied(there)
    return there.is_not(true()) if denied is None else denied


def _alternatives(condition: ColumnElement[bool]) -> list[ColumnElement[bool]]:
    """What may be asked one after the other: a relation that leads to rows of which this or that holds, or that.

    Of EXISTS that is one of several conditions PostgreSQL makes no join; four in a row were walked on every way. Of
    several such lists beside one another only the first is taken apart: their product might be large.
    """
    if isinstance(condition, BooleanClauseList) and condition.operator is operators.and_:
        asked = [_ungrouped(each) for each in condition.clauses]
        lists = [each for each in asked if _is_any_of(each) and _leads_on(each)]
        others = [each for each in asked if not lists or each is not lists[0]]
        return [and_(*others, part) for part in _alternatives(lists[0])] if lists else [condition]
    if not _is_any_of(condition):
        return [condition]
    parts = [part for each in condition.clauses for part in _alternatives(each)]
    plain = [part for part in parts if not _leads_on(part)]
    together = [joined(or_, plain)] if plain else []
    return [*together, *(part for part in parts if _leads_on(part))]


def _is_any_of(condition: ColumnElement[bool]) -> TypeGuard[BooleanClauseList]:
    return isinstance(condition, BooleanClauseList) and condition.operator is operators.or_


def _leads_on(condition: ClauseElement) -> bool:
    """Whether a condition asks of other rows."""
    return isinstance(condition, Exists) or any(map(_leads_on, condition.get_children()))


def _denied(condition: ColumnElement[bool]) -> Exists | None:
    """What a NOT EXISTS denies; None of another condition."""
    if not isinstance(condition, UnaryExpression) or condition.operator is not operators.inv:
        return None
    inner: object = _ungrouped(condition.element)
    return inner if isinstance(inner, Exists) else None


def _ungrouped(condition: Any) -> Any:
    """A condition without the parentheses around it, which SQLAlchemy sets again."""
    return condition.element if isinstance(condition, Grouping) else condition


def _holds_of_none(asked: Asked) -> bool:
    """Whether a filter asks for a null id and for nothing that a row must be there for."""

    def holds(name: str, value: Any) -> bool:
        if name == "id":
            return bool(value == {"isNull": True})
        members = value if isinstance(value, list) else [value]
        if name == "and":
            return bool(members) and all(map(_holds_of_none, members))
        return name == "or" and any(map(_holds_of_none, members))

    return bool(asked) and all(holds(name, value) for name, value in asked.items())


def _id_conditions(entity: Entity, row: Row, asked: Asked, where: str) -> list[ColumnElement[bool]]:
    columns = [getattr(row, name) for name in entity.key]
    wide = [comparable(type_coerce(column, parameter_type(column.type))) for column in columns]

    def is_viewer() -> ColumnElement[bool]:
        if not is_of_viewers(entity):
            raise InvalidFilter(
                where, f"{VIEWER} is no {entity.one}; ask for the id where a relation leads to viewers."
            )
        return wide[0] == viewer_id(columns[0].type)

    def one_of(texts: list[str | None] | None) -> ColumnElement[bool]:
        if texts is None or None in texts:
            raise InvalidFilter(where, "null is no id; leave it out.")
        if len(texts) > MAX_LIST:
            raise InvalidFilter(where, f"{len(texts)} ids are too many; send at most {MAX_LIST}.")
        if VIEWER in texts:
            return or_(is_viewer(), one_of([text for text in texts if text != VIEWER]))
        keys = [key_in(text, entity) for text in texts if text is not None]
        if len(wide) == 1:
            return wide[0].in_([key for (key,) in keys])
        return joined(or_, [false(), *(and_(*(c == part for c, part in zip(wide, key, strict=True))) for key in keys)])

    def none_of(texts: list[str | None] | None) -> ColumnElement[bool]:
        found = one_of(texts)
        return _not(found) if texts and VIEWER in texts else ~found  # nobody is none of all rows

    def is_null(wanted: bool | None) -> ColumnElement[bool]:
        if wanted is None:
            raise InvalidFilter(where, "null compares nothing; leave it out, or say true or false.")
        return false() if wanted else true()

    sql: Mapping[str, Callable[[Any], ColumnElement[bool]]] = {
        "eq": lambda text: one_of([text]),
        "ne": lambda text: none_of([text]),
        "in": one_of,
        "notIn": none_of,
        "isNull": is_null,
    }
    return [sql[name](value) for name, value in asked.items()]
