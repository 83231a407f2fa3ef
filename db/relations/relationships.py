"""Relationships as batches need them: which parent attributes make the key, and where the children are.

A mapped relationship enters, a `Link` leaves; `Link.children` gives the FROM clause of the children together
with the columns that carry the parents' keys. Composite keys, self references, several relationships between
the same two tables and conditions of any kind in `primaryjoin` are all the same here. Nothing is executed.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    DateTime,
    Float,
    Integer,
    Numeric,
    Table,
    Time,
    and_,
    bindparam,
    case,
    inspect,
    null,
    select,
    type_coerce,
)
from sqlalchemy.orm import (
    InstrumentedAttribute,
    Mapper,
    QueryableAttribute,
    RelationshipDirection,
    RelationshipProperty,
    aliased,
)
from sqlalchemy.orm import join as orm_join
from sqlalchemy.sql import operators, visitors
from sqlalchemy.sql.elements import BinaryExpression, UnaryExpression
from sqlalchemy.sql.selectable import AliasedReturnsRows
from sqlalchemy.types import TypeDecorator, TypeEngine

Row = Any
"""A model's alias in one statement: attributes and hybrids read as SQL expressions."""

Predicate = Callable[[Row], ColumnElement[bool] | None]
"""Which rows count, as SQL on the alias of their model; None: all of them."""


VIEWER = "__viewer"
"""The parameter that says who asks; predicates of a visibility name it, so that statements are the same for many."""


def viewer_id() -> ColumnElement[int]:
    """The number of the user who asks, bound when a statement runs; null for nobody, who is equal to no one."""
    return bindparam(VIEWER, type_=BigInteger())


def _no_values(_model: Mapper[Any]) -> Mapping[str, Predicate]:
    return {}


@dataclass(frozen=True, eq=False)
class Visibility:
    """What somebody may see. Every statement asks it, for every model that it touches.

    There is one object for each kind of viewer, never one for each request: statements are kept by it.
    """

    rows: Callable[[Mapper[Any]], Predicate | None]
    """Which rows of a model; None: all of them."""
    values: Callable[[Mapper[Any]], Mapping[str, Predicate]] = _no_values
    """By attribute: in which rows its value may be seen. Elsewhere it is null: shown, compared, sorted and counted."""

    def __call__(self, model: Mapper[Any]) -> Predicate | None:
        """The rows of a model."""
        return self.rows(model)

    def seen(self, source: "Source", model: Mapper[Any]) -> "Source":
        """A source that shows no value that is to be hidden: not in its row, its keys or its natural order."""
        hidden = self.values(model)
        if not hidden:
            return source
        row = RedactedRow(source.row, hidden)
        order = tuple(row.redacted_term(term) for term in source.order)
        return source._replace(row=row, key=tuple(map(row.redacted, source.key)), order=order)


class RedactedRow:
    """An alias of a model with null in place of what may not be seen, also inside of hybrids."""

    def __init__(self, row: Row, hidden: Mapping[str, Predicate]) -> None:
        self.bare = row
        self.conditions: dict[str, ColumnElement[bool]] = {
            name: condition for name, predicate in hidden.items() if (condition := predicate(row)) is not None
        }
        """By attribute: where it may be seen."""
        self._instead = {
            column: case((condition, column), else_=null())
            for name, condition in self.conditions.items()
            for column in [_column_of(row, name)]
        }

    def __getattr__(self, name: str) -> Any:
        return self.redacted(getattr(self.bare, name))

    def redacted(self, expression: Any) -> Any:
        """An expression about the row, as far as it may be seen; the expression itself if it names nothing hidden."""
        clause = expression.__clause_element__() if hasattr(expression, "__clause_element__") else expression
        if isinstance(clause, Column):
            return self._instead.get(clause, expression)
        if not self._names_hidden(clause):
            return expression
        found = visitors.replacement_traverse(clause, {}, lambda element, **_: self._instead.get(element))
        # Looks needless: it makes an element of its own, for the ORM selects what a hybrid's element was made of.
        return type_coerce(found, found.type)

    def redacted_term(self, term: "Term") -> "Term":
        """A term of an order, which may be null where it shows nothing."""
        redacted = self.redacted(term.expression)
        return term if redacted is term.expression else term._replace(expression=redacted, nullable=True)

    def _names_hidden(self, clause: Any) -> bool:
        return any(element in self._instead for element in visitors.iterate(clause))


def _column_of(row: Row, name: str) -> ColumnElement[Any]:
    found: ColumnElement[Any] = getattr(row, name).__clause_element__()
    return found


def bare(row: Row) -> Row:
    """The alias itself, for what is about tables and not about values."""
    return row.bare if isinstance(row, RedactedRow) else row


def seen_where(row: Row, name: str) -> ColumnElement[bool] | None:
    """Where the value of an attribute may be seen; None: everywhere."""
    return row.conditions.get(name) if isinstance(row, RedactedRow) else None


def may_hide(row: Row, name: str) -> bool:
    """Whether an attribute's expression can be null because of what may not be seen."""
    return isinstance(row, RedactedRow) and row.redacted(getattr(row.bare, name)) is not getattr(row.bare, name)


EVERYTHING = Visibility(lambda _model: None)
"""The visibility of somebody who may see everything."""


class Term(NamedTuple):
    """One term of an ordering. Rows are ordered by it, and a cursor holds its value."""

    expression: ColumnElement[Any]
    descending: bool = False
    nullable: bool = False
    nulls_first: bool = False

    def sql(self, *, reverse: bool = False) -> ColumnElement[Any]:
        """The term for ORDER BY; nulls are placed explicitly, because databases disagree about them."""
        ordered = self.expression.desc() if self.descending is not reverse else self.expression.asc()
        if not self.nullable:
            return ordered
        return ordered.nulls_first() if self.nulls_first is not reverse else ordered.nulls_last()


class Source(NamedTuple):
    """Where rows of one model come from in one statement."""

    row: Row
    from_clause: Any
    """The row itself or a join; never its bare table, which would forget that classes may share one."""
    key: tuple[ColumnElement[Any], ...] = ()
    """The columns that carry the parent's key; none at the root."""
    order: tuple[Term, ...] = ()
    """The natural order, which holds when nobody asks for another one; the primary key comes after it."""
    through_table: bool = False
    """Whether a table of pairs stands between parents and children."""


def root(model: type[Any]) -> Source:
    """All rows of a model."""
    row = aliased(model)
    return Source(row, row)


@dataclass(frozen=True, eq=False)
class Link:
    """A relationship, seen from SQL. There is one per relationship: see `link_of`."""

    relationship: RelationshipProperty[Any]

    @property
    def parent(self) -> Mapper[Any]:
        """The mapper on the near side."""
        return self.relationship.parent

    @cached_property
    def target(self) -> Mapper[Any]:
        """The mapper on the far side."""
        return self.relationship.mapper

    @property
    def to_many(self) -> bool:
        """Whether a parent may have several children."""
        return bool(self.relationship.uselist)

    @property
    def is_many_to_one(self) -> bool:
        """Whether the parent holds the child's key, so that there is at most one."""
        return self.relationship.direction is RelationshipDirection.MANYTOONE

    @cached_property
    def is_first_of_many(self) -> bool:
        """Whether `order_by` chooses the one child among several: a user's latest post."""
        return not self.to_many and bool(self.relationship.order_by)

    @cached_property
    def key(self) -> tuple[str, ...]:
        """The parent's attributes that make its key, in order."""
        if not self._is_plain:
            return primary_key(self.parent)
        return tuple(_attribute(self.parent, local) for local, _ in self._pairs)

    @cached_property
    def target_key(self) -> tuple[str, ...] | None:
        """The child's attributes that hold the parent's key; None when another table holds it."""
        if not self._is_plain or self.relationship.secondary is not None:
            return None
        return tuple(_attribute(self.target, remote) for _, remote in self._pairs)

    @cached_property
    def nullable(self) -> bool:
        """Whether a parent may be without a child, as far as its own columns tell."""
        if not self.is_many_to_one or not self._is_plain:
            return True
        return any(bool(local.nullable) for local, _ in self._pairs)

    def children(self) -> Source:
        """The FROM clause of the children, under names of its own."""
        child = aliased(self.target.entity)
        if self.relationship.secondary is not None and not isinstance(self.relationship.secondary, Table):
            return self._children_once(child)
        if not self._is_plain:
            return self._children_through_parent(child)
        if self.relationship.secondary is not None:
            return self._children_through_secondary(child)
        key = tuple(getattr(child, name) for name in self.target_key or ())
        return Source(child, child, key, self._natural_order(inspect(child).selectable))

    def _children_through_secondary(self, child: Row) -> Source:
        secondary = self.relationship.secondary
        assert secondary is not None
        between = secondary.alias()
        from_clause = orm_join(
            child,
            between,
            _all_equal(
                (between.c[column.key or column.name], getattr(child, _attribute(self.target, target)))
                for target, column in self._secondary_pairs
            ),
        )
        key = tuple(between.c[remote.key or remote.name] for _, remote in self._pairs)
        order = self._natural_order(inspect(child).selectable, between)
        return Source(child, from_clause, key, order, through_table=True)

    def _children_through_parent(self, child: Row) -> Source:
        parent = aliased(self.parent.entity)
        on_clause = getattr(parent, self.relationship.key).of_type(child)
        key = tuple(getattr(parent, name) for name in primary_key(self.parent))
        joined = orm_join(parent, child, on_clause)
        aliases = [part for part in visitors.iterate(joined) if isinstance(part, AliasedReturnsRows)]
        between = (alias for alias in aliases if alias.element is self.relationship.secondary)
        return Source(child, joined, key, self._natural_order(inspect(child).selectable, *between))

    def _children_once(self, child: Row) -> Source:
        """Several tables in between may lead to one child more than once; a page shows it once."""
        met = aliased(self.target.entity)
        paths = self._children_through_parent(met)
        keys = [getattr(met, name) for name in primary_key(self.target)]
        pairs = select(*paths.key, *keys).select_from(paths.from_clause).distinct().subquery()
        columns = list(pairs.c)
        on_clause = _all_equal(
            zip(columns[len(paths.key) :], (getattr(child, name) for name in primary_key(self.target)), strict=True)
        )
        key = tuple(columns[: len(paths.key)])
        return Source(child, orm_join(child, pairs, on_clause), key, self._natural_order(inspect(child).selectable))

    @cached_property
    def _pairs(self) -> tuple[tuple[Column[Any], Column[Any]], ...]:
        pairs = self.relationship.local_remote_pairs or []
        if self.relationship.secondary is not None:
            pairs = self.relationship.synchronize_pairs
        return tuple((local, remote) for local, remote in pairs)  # type: ignore[misc]  # columns, for mapped tables

    @property
    def _secondary_pairs(self) -> tuple[tuple[Column[Any], Column[Any]], ...]:
        return tuple(self.relationship.secondary_synchronize_pairs or ())  # type: ignore[arg-type]  # columns, as above

    @cached_property
    def _is_plain(self) -> bool:
        """Whether the join is equality of column pairs and nothing else, so that the parent need not be joined."""
        if not _is_equality(self.relationship.primaryjoin, self._pairs):
            return False
        if self.relationship.secondary is None:
            return True
        return isinstance(self.relationship.secondary, Table) and _is_equality(
            self.relationship.secondaryjoin, self._secondary_pairs
        )

    def _natural_order(self, *sources: Any) -> tuple[Term, ...]:
        """What `order_by` says, with the names that the tables have in these sources."""

        def rename(element: Any, **_: Any) -> Any:
            if not isinstance(element, Column):
                return None
            found = (source.corresponding_column(element) for source in sources)
            return next((column for column in found if column is not None), None)

        return tuple(
            _term(visitors.replacement_traverse(expression, {}, rename))
            for expression in self.relationship.order_by or ()
        )


@cache
def link_of(relationship: RelationshipProperty[Any]) -> Link:
    """The one link of a relationship."""
    return Link(relationship)


def link(attribute: QueryableAttribute[Any] | InstrumentedAttribute[Any]) -> Link:
    """The link of a mapped attribute, for instance `models.Post.author`."""
    return link_of(attribute.property)


def primary_key(mapper: Mapper[Any]) -> tuple[str, ...]:
    """The attributes that make the primary key, in order."""
    return tuple(_attribute(mapper, column) for column in mapper.primary_key)


def total_order(mapper: Mapper[Any], row: Row, terms: tuple[Term, ...]) -> tuple[Term, ...]:
    """The terms, and the primary key behind them, in the direction of the last one."""
    descending = bool(terms) and terms[-1].descending
    return (*terms, *(Term(getattr(row, name), descending) for name in primary_key(mapper)))


def python_type(type_: TypeEngine[Any]) -> type[Any]:
    """The Python type of a column's values; `object` for types that do not say.

    A decorated type that does not say is taken for the type that it decorates.
    """
    try:
        found = type_.python_type
    except NotImplementedError:
        found = object
    return python_type(type_.impl_instance) if found is object and isinstance(type_, TypeDecorator) else found


def parameter_type(type_: TypeEngine[Any]) -> TypeEngine[Any]:
    """The type of a value from outside that a column is compared with.

    A number that does not fit the column is found nowhere. In the column's own type PostgreSQL would refuse it, or
    round it until it fits: 0.254 is no 0.25.
    """
    if isinstance(type_, Integer):
        return BigInteger()
    return Numeric() if isinstance(type_, Numeric) and not isinstance(type_, Float) and type_.asdecimal else type_


def is_local(type_: TypeEngine[Any]) -> bool:
    """Whether a column's moments have no time zone, as far as its type tells; decorated types know for themselves."""
    return isinstance(type_, DateTime | Time) and not type_.timezone


def _attribute(mapper: Mapper[Any], column: Any) -> str:
    return mapper.get_property_by_column(column).key


def _all_equal(pairs: Iterator[tuple[Any, Any]]) -> ColumnElement[bool]:
    return and_(*(left == right for left, right in pairs))


def _is_equality(clause: Any, pairs: Iterable[tuple[Column[Any], Column[Any]]]) -> bool:
    """Whether a clause says that the columns of these pairs are equal, and nothing else."""
    parts = list(clause.get_children()) if getattr(clause, "operator", None) is operators.and_ else [clause]
    return all(isinstance(part, BinaryExpression) and part.operator is operators.eq for part in parts) and {
        frozenset((part.left, part.right)) for part in parts
    } == {frozenset(pair) for pair in pairs}


def _term(expression: Any) -> Term:
    descending = nulls_first = False
    while isinstance(expression, UnaryExpression) and expression.modifier is not None:
        descending = descending or expression.modifier is operators.desc_op
        nulls_first = nulls_first or expression.modifier is operators.nulls_first_op
        expression = expression.element
    return Term(expression, descending, bool(getattr(expression, "nullable", True)), nulls_first)
