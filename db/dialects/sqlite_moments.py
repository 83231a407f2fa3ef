"""Moments on SQLite, which has no type for them: texts in one form, and SQL that compares texts of other forms.

Columns' types and the expressions of `db.relations.moments` enter; types that read and write the texts leave, and SQL.
Texts of our own form (`2021-01-01 00:00:00.000000`, in UTC) are compared as they stand, so that Python is asked about
the others only; an index on the column leads to the days around a moment. A type with a form of its own
(`storage_format`, `regexp`) stays as it is. Why: docs/decisions/0017-one-form-for-moments.md.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from functools import cached_property
from typing import Any, ClassVar, NamedTuple

from sqlalchemy import (
    TIMESTAMP,
    BindParameter,
    Column,
    ColumnElement,
    Date,
    DateTime,
    Dialect,
    Time,
    and_,
    case,
    func,
    literal_column,
    or_,
    select,
    true,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.sql.compiler import SQLCompiler

from db.dialects.paging import Query, limit, sorted_by
from db.moments import SOME_DAY, stored_day, stored_moment, stored_time
from db.relations import ColumnType, Expression, Term, stored
from db.relations.moments import DOWNWARD, UPWARD, moment, moments_compared, stored_column

MOMENT_KEY = "trellis_moment_key"
DAY_KEY = "trellis_day_key"
TIME_KEY = "trellis_time_key"
"""`(value)`: the text by which a stored value is compared, as `db.moments` has it; no text stands for itself."""
DAY_BESIDE = "trellis_day_beside"
"""`(value, days)`: as `db.moments` has it; NULL for what is no text."""

LOWEST = "-9e999"
"""Below every text, and not above any number."""
HIGHEST = f"x'{'ff' * 32}'"
"""Above every number and text, and every blob that occurs."""

_LOWEST: ColumnElement[Any] = literal_column(LOWEST)
_HIGHEST: ColumnElement[Any] = literal_column(HIGHEST)

DAYS_BEHIND = -1
"""From the day of a moment to the first day that a text of the moment begins with: offsets are shorter than a day."""
DAYS_AHEAD = 2
"""From the day of a moment to the first day that no text of the moment begins with."""


class TextForm(NamedTuple):
    """How texts of one kind are compared."""

    ours: str
    """What GLOB finds our own form by."""
    key: str
    """The function that brings any other form into ours."""
    begins_with_day: bool
    """Whether the texts, as they stand, are in the order of their days."""


_DAY, _TIME = "????-??-??", f"??:??:??.{'[0-9]' * 6}"

MOMENTS = TextForm(f"{_DAY} {_TIME}", MOMENT_KEY, begins_with_day=True)
DAYS = TextForm(_DAY, DAY_KEY, begins_with_day=True)
TIMES = TextForm(_TIME, TIME_KEY, begins_with_day=False)


class _Stored:
    """What the types below have in common, over SQLAlchemy's own."""

    form: ClassVar[TextForm]
    example: ClassVar[tuple[date | time, str]]
    """A value, and the text of our own form."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._reads_by_itself = named.get("regexp") is not None

    @cached_property
    def is_ours(self) -> bool:
        """Whether the values are stored in our form."""
        value, text = self.example
        write: Any = super().bind_processor(sqlite.dialect())  # type: ignore[misc]  # a type of SQLAlchemy's follows
        return not self._reads_by_itself and bool(write(value) == text)

    def bind_processor(self, dialect: Dialect) -> Any:
        """To a text in UTC."""
        write: Any = super().bind_processor(dialect)  # type: ignore[misc]  # as above
        return lambda value: write(_in_utc(value))

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        """From any form; a form of the type's own is the type's to read."""
        return self.reader() if self.is_ours else super().result_processor(dialect, coltype)  # type: ignore[misc]  # as above

    def reader(self) -> Callable[[Any], date | time | None]:
        """From what is stored to a value."""
        raise NotImplementedError


class StoredMoment(_Stored, sqlite.DATETIME):
    """A moment as a text; in Python with its zone where the column has one."""

    form = MOMENTS
    example = (datetime(1, 2, 3), "0001-02-03 00:00:00.000000")  # noqa: DTZ001 - of no zone, as the text

    def reader(self) -> Callable[[Any], datetime | None]:
        """In UTC."""
        return _read_zoned_moment if self.timezone else read_moment


class StoredDay(_Stored, sqlite.DATE):
    """A day as a text."""

    form = DAYS
    example = (date(1, 2, 3), "0001-02-03")

    def reader(self) -> Callable[[Any], date | None]:
        """As it is written."""
        return read_day


class StoredTime(_Stored, sqlite.TIME):
    """A time of day as a text; in Python with its zone where the column has one."""

    form = TIMES
    example = (time(1, 2, 3), "01:02:03.000000")

    def reader(self) -> Callable[[Any], time | None]:
        """In UTC."""
        return _read_zoned_time if self.timezone else read_time


TYPES: Mapping[type[ColumnType], type[ColumnType]] = {
    DateTime: StoredMoment,
    TIMESTAMP: StoredMoment,
    Date: StoredDay,
    Time: StoredTime,
}
"""By SQLAlchemy's types, the types that hold their values."""


def read_moment(value: Any) -> datetime | None:
    """A stored moment, in UTC, without its zone. Raises `UnreadableMoment`, or `TypeError` for what is no text."""
    return None if value is None else stored_moment(value)


def read_day(value: Any) -> date | None:
    """A stored day. Raises as `read_moment`."""
    return None if value is None else stored_day(value)


def read_time(value: Any) -> time | None:
    """A stored time of day, in UTC, without its zone. Raises as `read_moment`."""
    return None if value is None else stored_time(value)


def _in_utc(value: Any) -> Any:
    if isinstance(value, datetime) and value.tzinfo is not None and value.tzinfo is not UTC:
        return value.astimezone(UTC)
    if isinstance(value, time) and value.tzinfo is not None:
        return datetime.combine(SOME_DAY, value).astimezone(UTC).time()
    return value


def _read_zoned_moment(value: Any) -> datetime | None:
    """In our own form, to read the zone with the moment takes a quarter of the time of adding it afterwards."""
    if value is None:
        return None
    if len(value) == 26 and value[10] == " " and value[7] == "-":
        try:
            return datetime.fromisoformat(value + "+00:00")
        except ValueError:  # another form of this length, which may have a zone
            pass
    return stored_moment(value).replace(tzinfo=UTC)


def _read_zoned_time(value: Any) -> time | None:
    found = read_time(value)
    return None if found is None else found.replace(tzinfo=UTC)


def form_of(type_: ColumnType, dialect: Dialect) -> TextForm | None:
    """How the values of a type are compared; None for a type that stores them in a form of its own."""
    held = stored(type_, dialect)
    return held.form if isinstance(held, _Stored) and held.is_ours else None


def key_sql(element: moment[Any], compiler: SQLCompiler, **kw: Any) -> str:
    """The text that a value is compared by."""
    value, form = compiler.process(element.value, **kw), form_of(element.type, compiler.dialect)
    if form is None:
        return value
    if stored_column(element) is None:  # to be computed but once
        return f"{form.key}({value})"
    return f"CASE WHEN {value} GLOB '{form.ours}' THEN {value} ELSE {form.key}({value}) END"


def comparison_sql(element: moments_compared, compiler: SQLCompiler, **kw: Any) -> str:
    """A comparison, and before it which days the texts of its rows may begin with: an index on the column has those."""
    comparison = element.comparison
    exact = compiler.process(comparison, **kw)
    column, form = stored_column(comparison.left), form_of(comparison.left.type, compiler.dialect)
    if column is None or form is None or not form.begins_with_day:
        return exact
    written, (least, greatest) = compiler.process(column, **kw), _ends(comparison.right, compiler, **kw)
    found = [exact]
    if comparison.operator not in UPWARD:
        found.insert(0, f"{written} < coalesce({DAY_BESIDE}({greatest}, {DAYS_AHEAD}), {HIGHEST})")
    if comparison.operator not in DOWNWARD:
        found.insert(0, f"{written} >= coalesce({DAY_BESIDE}({least}, {DAYS_BEHIND}), {LOWEST})")
    return f"({' AND '.join(found)})"


def _ends(operand: Expression, compiler: SQLCompiler, **kw: Any) -> tuple[str, str]:
    """The least and the greatest of the values that a column is compared with."""
    sql = compiler.process(operand, **kw)
    if not (isinstance(operand, BindParameter) and operand.expanding):
        return sql, sql
    listed = sql.removeprefix("(").removesuffix(")")
    # Of a single value `min` would be the aggregate function; every text of ours lies between these two.
    return f"min(':', {listed})", f"max('', {listed})"


def first_rows(rows: Query, order: tuple[Term, ...], bounds: Sequence[ColumnElement[bool]] = ()) -> Query:
    """At most `limit()` rows in order. Where moments come first in the order, an index on their column serves it.

    As many rows by the texts as they stand say up to which day the page may reach; of those days all are put in order.
    """
    column = stored_column(moment(order[0].expression)) if order and order[0].holds_moments else None
    found = rows if column is None else rows.where(_is_near(rows, order[0], column, bounds))
    return found.order_by(*sorted_by(order)).limit(limit())


def _is_near(
    rows: Query, term: Term, column: Column[Any], bounds: Sequence[ColumnElement[bool]]
) -> ColumnElement[bool]:
    """Whether a row lies within the days that the page may reach. Nulls count, though the model may know of none."""
    nulls_first = term.nulls_first if term.nullable else not term.descending  # as SQLite places them if not told
    placed = term._replace(nullable=True, nulls_first=nulls_first)
    texts = rows.with_only_columns(column.label("value"), maintain_column_froms=True).where(*bounds)
    edge = _edge(texts.order_by(placed.stored_sql()).limit(limit()).subquery("near").c.value, placed)
    within = column >= func.coalesce(edge, _LOWEST) if term.descending else column < func.coalesce(edge, _HIGHEST)
    # An index serves IS, and finds no highest value: nulls that come last are looked for only if the page reaches them.
    # `IS NULL` itself would be served by none where the column is declared to have no nulls.
    value_of_nulls = case((true() if nulls_first else edge.is_(None), None), else_=_HIGHEST)
    return or_(and_(within, *bounds), column.is_not_distinct_from(value_of_nulls))


def _edge(value: Expression, term: Term) -> ColumnElement[Any]:
    """The day up to which a page may reach whose rows by their texts have these values; NULL for all days."""
    counted = func.count() if term.nulls_first else func.count(value)
    if term.descending:
        nothing, day = _HIGHEST, getattr(func, DAY_BESIDE)(func.min(value), DAYS_BEHIND - 1)
    else:
        nothing, day = _LOWEST, getattr(func, DAY_BESIDE)(func.max(value), DAYS_AHEAD + 1)
    edge = case((counted < limit(), None), (func.count(value) == 0, nothing), else_=day)
    return select(edge).scalar_subquery()
