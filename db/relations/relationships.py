"""Relationships as batches need them: which parent attributes make the key, and where the children are.

A mapped relationship enters, a `Link` leaves; `Link.children` gives the FROM clause of the children together
with the columns that carry the parents' keys. Composite keys, self references, several relationships between
the same two tables and conditions of any kind in `primaryjoin` are all the same here. Nothing is executed.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, cached_property
from typing import Any, TypeAlias

from sqlalchemy import ClauseElement, Column, ColumnElement, FromClause, Table, and_, inspect, select, type_coerce
from sqlalchemy.orm import QueryableAttribute, RelationshipDirection, RelationshipProperty, aliased
from sqlalchemy.orm import join as orm_join
from sqlalchemy.sql import operators, visitors
from sqlalchemy.sql.elements import BinaryExpression, BooleanClauseList
from sqlalchemy.sql.selectable import AliasedReturnsRows

from db.relations.moments import comparable
from db.relations.order import Term
from db.relations.rows import AnyColumn, AnyMapper, Expression, Row, attribute_of, primary_key
from db.relations.source import Source
from db.relations.types import python_type

Relationship: TypeAlias = RelationshipProperty[Any]

ColumnPairs: TypeAlias = tuple[tuple[AnyColumn, AnyColumn], ...]


@dataclass(frozen=True, eq=False)
class Link:
    """A relationship, seen from SQL. There is one per relationship: see `link_of`."""

    relationship: Relationship

    @property
    def parent(self) -> AnyMapper:
        """The mapper on the near side."""
        return self.relationship.parent

    @cached_property
    def target(self) -> AnyMapper:
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

    @property
    def needs_target_key(self) -> bool:
        """Whether children are told apart by their primary key: the first of many, and those met by several ways."""
        between = self.relationship.secondary
        return self.is_first_of_many or (between is not None and not isinstance(between, Table))

    @cached_property
    def key(self) -> tuple[str, ...]:
        """The parent's attributes that make its key, in order."""
        if not self._is_plain:
            return primary_key(self.parent)
        return tuple(attribute_of(self.parent, local) for local, _ in self._pairs)

    @cached_property
    def target_key(self) -> tuple[str, ...] | None:
        """The child's attributes that hold the parent's key; None when another table holds it."""
        if not self._is_plain or self.relationship.secondary is not None:
            return None
        return tuple(attribute_of(self.target, remote) for _, remote in self._pairs)

    @cached_property
    def binds_alike(self) -> bool:
        """Whether the parent's values are bound to the child's columns as they are: see `_as_bound`."""
        return not any(_is_narrower(remote, local) for local, remote in self._pairs)

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
        found = _compared(child, self.target_key or ())
        key = tuple(_as_bound(column, local) for column, (local, _) in zip(found, self._pairs, strict=True))
        return Source(child, child, key, self._natural_order(inspect(child).selectable))

    def _children_through_secondary(self, child: Row) -> Source:
        secondary = self.relationship.secondary
        assert secondary is not None
        between = secondary.alias()
        from_clause = orm_join(
            child,
            between,
            _all_equal(
                (between.c[column.key or column.name], getattr(child, attribute_of(self.target, target)))
                for target, column in self._secondary_pairs
            ),
        )
        key = tuple(_as_bound(comparable(between.c[far.key or far.name]), near) for near, far in self._pairs)
        order = self._natural_order(inspect(child).selectable, between)
        return Source(child, from_clause, key, order, through_table=True)

    def _children_through_parent(self, child: Row) -> Source:
        parent = aliased(self.parent.entity)
        on_clause = getattr(parent, self.relationship.key).of_type(child)
        key = _compared(parent, primary_key(self.parent))
        joined = orm_join(parent, child, on_clause)
        aliases = [part for part in visitors.iterate(joined) if isinstance(part, AliasedReturnsRows)]
        between = (alias for alias in aliases if alias.element is self.relationship.secondary)
        return Source(child, joined, key, self._natural_order(inspect(child).selectable, *between))

    def _children_once(self, child: Row) -> Source:
        """Each child once, though several tables in between may lead to a child by several ways.

        DISTINCT stands in a subquery of pairs of keys: over the children's own rows, it would compare every column,
        and PostgreSQL cannot compare JSON.
        """
        met = aliased(self.target.entity)
        paths = self._children_through_parent(met)
        keys = _compared(met, primary_key(self.target))
        pairs = select(*paths.key, *keys).select_from(paths.from_clause).distinct().subquery()
        columns = list(pairs.c)
        on_clause = _all_equal(zip(columns[len(paths.key) :], _compared(child, primary_key(self.target)), strict=True))
        key = tuple(map(comparable, columns[: len(paths.key)]))
        return Source(child, orm_join(child, pairs, on_clause), key, self._natural_order(inspect(child).selectable))

    @cached_property
    def _pairs(self) -> ColumnPairs:
        pairs = self.relationship.local_remote_pairs or []
        if self.relationship.secondary is not None:
            pairs = self.relationship.synchronize_pairs
        return tuple((local, remote) for local, remote in pairs)  # type: ignore[misc]  # columns, for mapped tables

    @property
    def _secondary_pairs(self) -> ColumnPairs:
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

    def _natural_order(self, *sources: FromClause) -> tuple[Term, ...]:
        """The terms of `order_by`, with the names that the tables have in these sources."""

        def rename(element: ClauseElement, **_: object) -> Expression | None:
            if not isinstance(element, Column):
                return None
            found = (source.corresponding_column(element) for source in sources)
            return next((column for column in found if column is not None), None)

        return tuple(
            Term.of(visitors.replacement_traverse(expression, {}, rename))
            for expression in self.relationship.order_by or ()
        )


@cache
def link_of(relationship: Relationship) -> Link:
    """The one link of a relationship."""
    return Link(relationship)


def link(attribute: QueryableAttribute[Any]) -> Link:
    """The link of a mapped attribute, for instance `models.Post.author`."""
    return link_of(attribute.property)


def _all_equal(pairs: Iterable[tuple[Expression, Expression]]) -> ColumnElement[bool]:
    return and_(*(comparable(left) == comparable(right) for left, right in pairs))


def _compared(row: Row, names: Iterable[str]) -> tuple[Expression, ...]:
    """Attributes of a row, as rows are compared by them."""
    return tuple(comparable(getattr(row, name)) for name in names)


def _as_bound(column: Expression, parent: AnyColumn) -> Expression:
    """A child's column, as keys are bound to it: the parent's values, which may be of a wider type than the column.

    Databases let whole numbers refer to decimals, and drivers bind no decimal for a whole number.
    """
    return type_coerce(column, parent.type) if _is_narrower(column, parent) else column


def _is_narrower(column: Expression, parent: AnyColumn) -> bool:
    return python_type(column.type) is int and python_type(parent.type) in (Decimal, float)


def _is_equality(clause: ColumnElement[bool] | None, pairs: ColumnPairs) -> bool:
    """Whether a clause says that the columns of these pairs are equal, and nothing else."""
    parts = clause.clauses if isinstance(clause, BooleanClauseList) and clause.operator is operators.and_ else [clause]
    equalities = [part for part in parts if isinstance(part, BinaryExpression) and part.operator is operators.eq]
    compared = {frozenset((part.left, part.right)) for part in equalities}
    return len(equalities) == len(parts) and compared == {frozenset(pair) for pair in pairs}
