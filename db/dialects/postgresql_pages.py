"""Keys and pages on PostgreSQL: keys are arrays; a page is a short ordered read for each parent.

Keys, orders and limits enter; statements leave, whose text is the same for any number of keys.
Sources: https://www.postgresql.org/docs/current/functions-comparisons.html#FUNCTIONS-COMPARISONS-ANY-SOME,
https://www.postgresql.org/docs/current/queries-table-expressions.html#QUERIES-LATERAL
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ARRAY,
    BindParameter,
    ClauseElement,
    ColumnClause,
    ColumnElement,
    FromClause,
    Integer,
    ScalarSelect,
    Select,
    any_,
    bindparam,
    column,
    func,
    literal_column,
    not_,
    select,
    true,
    tuple_,
    union_all,
)
from sqlalchemy.sql.expression import Exists

from db.dialects.interface import KEYS, DatabaseDialect, FoundBy
from db.dialects.paging import PagedRows, Query, cut, first_of, labelled, limit, sorted_by
from db.dialects.postgresql_texts import takes_for_equal
from db.relations import ColumnType, Expression, Key, Term, parameter_type
from db.relations.types import undecorated

DEEP = 3
"""So many subqueries in one another are a filter through several relations."""


class PostgreSQLPages(DatabaseDialect):
    """How rows are found by keys, and pages by parents; an index on key and order serves each page."""

    combines = True

    def takes_for_equal(self, type_: ColumnType) -> bool:
        """Texts, as far as their type tells."""
        return takes_for_equal(type_)

    def key_condition(self, columns: Sequence[Expression]) -> ColumnElement[bool]:
        """`= ANY (array)`: one SQL text, one parameter for each column, whatever the number of keys."""
        if len(columns) == 1:
            return columns[0] == any_(_arrays(columns)[0])
        keys = func.unnest(*_arrays(columns)).table_valued(*_named(columns)).render_derived(name="keys")
        return tuple_(*columns).in_(select(keys))

    def found_by(self, columns: Sequence[Expression]) -> FoundBy:
        """Where the database may take different texts for equal, the key that was asked for, not the row's own."""
        if not any(takes_for_equal(column.type) for column in columns):
            return super().found_by(columns)
        asked = _keys_of(_parents(columns))
        return FoundBy([column == key for column, key in zip(columns, asked, strict=True)], asked)

    def key_parameters(self, keys: Sequence[Key], width: int) -> dict[str, object]:
        """One array for each column of the key."""
        if width == 1:
            return {f"{KEYS}_0": [key for (key,) in keys]}
        return {f"{KEYS}_{index}": [key[index] for key in keys] for index in range(width)}

    def page_per_parent(self, paged: PagedRows) -> Query:
        """A short ordered read for each parent, except where a table of pairs leads to few rows.

        Where all rows of the parents are read anyway, they are read once, and not for each parent.
        """
        if paged.reads_all:
            return super().page_per_parent(paged)
        few = paged.through_table and not paged.skips and not any(takes_for_equal(it.type) for it in paged.key)
        if paged.most is not None:
            return self._numbered_pages(paged, few=few)
        return self._few_or_lateral(paged) if few else self._lateral(paged)

    def first_rows(self, rows: Query, order: tuple[Term, ...], bounds: Sequence[ColumnElement[bool]] = ()) -> Query:
        """As above. Of rows that are found through several relations, all are found before the first ones are taken.

        With a LIMIT the planner hopes for matches that come early, in the order of an index, and walks through every
        way for each row: 1.8 s for 40,000 posts, where all of them take 0.08 s. OFFSET 0 keeps it from that.
        Source: https://www.postgresql.org/docs/current/queries-limit.html,
        `set_subquery_pathlist` in src/backend/optimizer/path/allpaths.c.
        """
        if rows.whereclause is None or _subqueries_deep(rows.whereclause) < DEEP:
            return super().first_rows(rows, order, bounds)
        shown = [str(column.key) for column in rows.selected_columns]
        columns = [column for column in self.term_columns(order) if column.key not in shown]
        found = rows.add_columns(*columns).offset(literal_column("0")).subquery("found")
        terms = [term._replace(expression=found.c[f"term_{index}"]) for index, term in enumerate(order)]
        return select(*(found.c[name] for name in shown)).order_by(*sorted_by(terms)).limit(limit())

    def beside(self, term: Term, number: int) -> FromClause | None:
        """A subquery under ORDER BY runs for each row; one that stands beside the row is remembered by what it reads.

        An aggregate, so that there is always one row, and the subquery stays one: that of any type but arrays.
        Source: Memoize, https://www.postgresql.org/docs/current/runtime-config-query.html#GUC-ENABLE-MEMOIZE
        """
        if not term.is_shared or not isinstance(term.expression, ScalarSelect):
            return None
        of_row = term.expression.element
        if not isinstance(of_row, Select):
            return None
        (value,) = of_row.selected_columns
        if isinstance(undecorated(value.type), ARRAY):
            return None
        return of_row.with_only_columns(func.array_agg(value)[1].label("value")).lateral(f"beside_{number}")

    def _lateral(self, paged: PagedRows) -> Query:
        parent = _parents(paged.key)
        page = self._page_of(parent, paged)
        return (
            select(*_but_number(page), *_keys_of(parent))
            .select_from(parent.join(page, true()))
            .order_by(parent.c.position, page.c.number)
        )

    def _few_or_lateral(self, paged: PagedRows) -> Query:
        """All rows of all parents, if they are as few as the pages may hold; else a short read for each parent.

        Where a table of pairs leads to a small table, PostgreSQL would scan that table anew for each parent. Never more
        rows are read than the pages may hold together, and one: docs/decisions/0003-a-page-per-parent.md.
        """
        most = func.cardinality(_arrays(paged.key)[0]) * limit()
        few = (
            paged.rows.add_columns(*self.term_columns(paged.order), *labelled(paged.key))
            .where(self.key_condition(paged.key))
            .limit(most + 1)
            .cte("few")
        )
        fits = select(func.count()).select_from(few).scalar_subquery() <= most
        parent = _parents(paged.key)
        page = self._page_of(parent, paged)
        one_by_one = (
            select(*_but_number(page), page.c.number, *_keys_of(parent))
            .select_from(parent.join(page, true()))
            .where(not_(fits))
        )
        at_once = _cut(few, paged, [str(column.key) for column in _but_number(page)]).where(fits)
        found = union_all(at_once, one_by_one).subquery("found")
        key = (found.c[f"key_{index}"] for index in range(len(paged.key)))
        return select(*_but_number(found)).order_by(*key, found.c.number)

    def _numbered_pages(self, paged: PagedRows, *, few: bool) -> Query:
        """The pages in any order, each row with its number, for a planner that knows neither keys nor limits.

        Whether there are few rows is seen in the table of pairs alone: of a join with an unknown LIMIT, PostgreSQL
        makes loops for three rows, or hashes for a million. docs/decisions/0049-one-round-trip.md.
        """
        parent = _parents(paged.key)
        page = self._page_of(parent, paged)
        one_by_one = select(*_but_number(page), *_keys_of(parent), page.c.number).select_from(parent.join(page, true()))
        pairs = select(*labelled(paged.key)).where(self.key_condition(paged.key))
        if not few or len(pairs.get_final_froms()) != 1:
            return one_by_one
        pairs = pairs.limit(literal_column(str(paged.most_together), Integer()))
        fits = select(func.count() < paged.most_together).select_from(pairs.cte("pairs")).scalar_subquery()
        rows = paged.rows.add_columns(*self.term_columns(paged.order), *labelled(paged.key))
        shown = [str(column.key) for column in _but_number(page)]
        together = rows.where(self.key_condition(paged.key), fits).subquery("few")
        at_once = _cut(together, paged, shown).subquery("at_once")
        key = [f"key_{index}" for index in range(len(paged.key))]
        first = select(*(at_once.c[name] for name in (*shown, *key, "number")))
        return select(union_all(first, one_by_one.where(not_(fits))).subquery("pages"))

    def _page_of(self, parent: FromClause, paged: PagedRows) -> FromClause:
        """The page of one parent, with a `number` for each row."""
        order = sorted_by(paged.order)
        rows = (
            self.with_cursors(paged)
            .add_columns(func.row_number().over(order_by=order or None).label("number"))
            .where(*(column == key for column, key in zip(paged.key, _keys_of(parent), strict=True)))
            .order_by(*order)
        )
        if paged.most is not None:
            return first_of(rows, paged.most, parent).lateral("page")
        return cut(rows, skips=paged.skips).lateral("page")

    def numbered_rows(self, paged: PagedRows) -> Query:
        """The window function and the order share one sort; PostgreSQL stops both where the page ends."""
        assert paged.most is not None
        order = sorted_by(paged.order)
        number = func.row_number().over(order_by=order or None).label("number")
        return first_of(self.with_cursors(paged).add_columns(number).order_by(*order), paged.most)


def _subqueries_deep(condition: ClauseElement) -> int:
    """How many subqueries of a condition stand in one another at most."""
    if isinstance(condition, Exists):
        (asked,) = condition.get_children()  # its SELECT, as a value
        where = (
            asked.element.whereclause if isinstance(asked, ScalarSelect) and isinstance(asked.element, Select) else None
        )
        return 1 if where is None else 1 + _subqueries_deep(where)
    return max(map(_subqueries_deep, condition.get_children()), default=0)


def _arrays(columns: Sequence[Expression]) -> list[BindParameter[Any]]:
    return [
        bindparam(f"{KEYS}_{index}", type_=ARRAY(parameter_type(column.type))) for index, column in enumerate(columns)
    ]


def _named(columns: Sequence[Expression]) -> list[ColumnClause[Any]]:
    return [column(f"key_{index}", parameter_type(key.type)) for index, key in enumerate(columns)]


def _parents(key: Sequence[Expression]) -> FromClause:
    """The keys as a table with a `position`, in the order in which they were given."""
    parents = func.unnest(*_arrays(key)).table_valued(*_named(key), with_ordinality="position")
    return parents.render_derived(name="parent")


def _cut(few: FromClause, paged: PagedRows, shown: Sequence[str]) -> Query:
    """The pages of all parents, out of rows that hold their keys and the values of the order's terms."""
    order = [term._replace(expression=few.c[f"term_{index}"]) for index, term in enumerate(paged.order)]
    key = [f"key_{index}" for index in range(len(paged.key))]
    number = func.row_number().over(partition_by=[few.c[name] for name in key], order_by=sorted_by(order))
    page = select(few, number.label("number")).subquery("page")
    return select(*(page.c[name] for name in (*shown, "number", *key))).where(page.c.number <= limit())


def _keys_of(parent: FromClause) -> list[Expression]:
    return [column for column in parent.c if column.key != "position"]


def _but_number(page: FromClause) -> list[Expression]:
    return [column for column in page.c if column.key != "number"]
