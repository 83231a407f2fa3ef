"""What differs between databases, as one interface whose defaults are the SQL standard's.

Expressions, keys and errors enter; SQL and words that are the same for all databases leave. A database is one
subclass in one file; only the differences stand there. Nothing is executed here.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Any, ClassVar, NamedTuple, TypeAlias

from sqlalchemy import (
    JSON,
    URL,
    BindParameter,
    Column,
    ColumnElement,
    Dialect,
    Executable,
    FromClause,
    Index,
    Insert,
    Label,
    Table,
    bindparam,
    func,
    select,
    tuple_,
)
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.schema import Constraint
from sqlalchemy.sql.base import ReadOnlyColumnCollection
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import KeyedColumnElement
from sqlalchemy.sql.functions import FunctionElement

from db.dialects.care import CareDialect
from db.dialects.change_log import ChangeLogDialect
from db.dialects.connections import ConnectionsDialect
from db.dialects.errors import Failure, ReportedViolation
from db.dialects.paging import PagedRows, Query, labelled, limit, on_page, sorted_by
from db.dialects.plans import IndexForm, OrderedNeed, Plan, SearchNeed
from db.relations import ColumnType, Expression, Key, Term

KEYS = "__keys"
"""The parameter, or the first part of the parameters' names, that keys are bound to."""

Function: TypeAlias = FunctionElement[Any]
"""A function of `db.functions`."""

NewValues: TypeAlias = ReadOnlyColumnCollection[str, KeyedColumnElement[Any]]
"""The values of a row that could not be inserted, as columns: `new.title`."""

Changes: TypeAlias = Mapping[Any, Any]
"""New values by column, or by the column's name, as SQLAlchemy takes them for SET."""


class FoundBy(NamedTuple):
    """How rows are found by their keys."""

    conditions: Sequence[ColumnElement[bool]]
    """None at the root."""
    key: Sequence[Expression]
    """Which of the keys it is."""


class Readable(NamedTuple):
    """A column in a form that the driver hands over whatever the database holds."""

    expression: Expression
    read: Callable[[Any], Any] | None = None
    """From that form to the driver's own. It may raise anything, or return an `Unreadable`; None: it is the same."""


class FunctionName(StrEnum):
    """The functions of `db.functions`, by the names that they have in SQL."""

    AMONG = "trellis_among"
    DECIMAL_OF_DOUBLE = "trellis_exactly"
    FOLD_CASE = "trellis_fold_case"
    PLAIN_TEXT = "trellis_plain_text"
    WITHOUT_ACCENTS = "trellis_without_accents"
    LIKELY = "trellis_likely"
    SHUFFLED = "trellis_shuffled"
    MATCHES = "trellis_matches"
    FIRST_IN_ORDER = "trellis_first_in_order"
    JSON_AT = "trellis_json_at"
    JSON_KIND = "trellis_json_kind"
    JSON_TEXT = "trellis_json_text"
    JSON_ORDER = "trellis_json_order"
    JSON_SORTED = "trellis_json_sorted"
    JSON_CONTAINS = "trellis_json_contains"
    JSON_HAS_KEY = "trellis_json_has_key"
    COUNTED_FROM_ONE = "trellis_counted_from_one"
    JSON_WRITTEN = "trellis_json_written"
    MOMENT_START = "trellis_moment_start"
    LOCAL_START = "trellis_local_start"
    DAY_START = "trellis_day_start"
    MOMENT = "trellis_moment"
    MOMENTS_COMPARED = "trellis_moments_compared"


class DatabaseDialect(ABC):
    """One kind of database. Defaults are the SQL standard's; a subclass says where its database differs."""

    name: ClassVar[str]
    """SQLAlchemy's name of the dialect: `engine.dialect.name`."""
    connections: ClassVar[ConnectionsDialect]
    """How its connections open, begin and end."""
    change_log: ClassVar[ChangeLogDialect]
    """How its changes are recorded, numbered and told."""
    care: ClassVar[CareDialect]
    """How it says what it is, and how large."""

    # Keys and pages

    max_keys: ClassVar[int | None] = None
    """How many keys one statement takes; None: any number."""

    def key_condition(self, columns: Sequence[Expression]) -> ColumnElement[bool]:
        """Whether a row belongs to one of the keys, which are bound when the statement runs: any number, one text."""
        keys: BindParameter[Any] = bindparam(KEYS, expanding=True)
        return columns[0].in_(keys) if len(columns) == 1 else tuple_(*columns).in_(keys)

    def found_by(self, columns: Sequence[Expression]) -> FoundBy:
        """How rows are found by their keys, and the key that each is found by: the row's own."""
        return FoundBy([self.key_condition(columns)] if columns else [], columns)

    def key_parameters(self, keys: Sequence[Key], width: int) -> dict[str, object]:
        """The values for `key_condition`, of keys with `width` columns."""
        return {KEYS: [key[0] for key in keys] if width == 1 else list(keys)}

    def page_per_parent(self, paged: PagedRows) -> Query:
        """At most `limit()` rows of each parent, parent by parent, in order.

        Columns: the asked-for ones, then the values of the terms if cursors are wanted, then the parent's key. This
        form numbers all rows of the parents before it cuts.
        """
        number = func.row_number().over(partition_by=paged.key, order_by=sorted_by(paged.order) or None)
        key = labelled(paged.key)
        numbered = (
            self.with_cursors(paged)
            .add_columns(number.label("number"), *key)
            .where(self.key_condition(paged.key))
            .subquery("page")
        )
        return (
            select(*(column for column in numbered.c if column.key != "number"))
            .where(*on_page(numbered.c.number, skips=paged.skips))
            .order_by(*(numbered.c[column.key] for column in key), numbered.c.number)
        )

    def first_rows(self, rows: Query, order: tuple[Term, ...], bounds: Sequence[ColumnElement[bool]] = ()) -> Query:
        """At most `limit()` of the rows, in order. `bounds` hold of every row whose first term is not null."""
        return rows.order_by(*sorted_by(order)).limit(limit())

    combines: ClassVar[bool] = False
    """Whether many statements are cheaper as one, whose rows come back as an array for each column."""

    def numbered_rows(self, paged: PagedRows) -> Query:
        """The rows of a page at the root, each with its `number`; for databases that combine statements."""
        raise NotImplementedError(f"{self.name} does not combine statements.")

    def with_cursors(self, paged: PagedRows) -> Query:
        """The rows, with the values of the order's terms if cursors are wanted."""
        return paged.rows.add_columns(*self.term_columns(paged.order)) if paged.cursors else paged.rows

    def term_columns(self, order: Sequence[Term]) -> list[Label[Any]]:
        """The values of an order's terms, as `term_0`, `term_1`."""
        return [term.expression.label(f"term_{index}") for index, term in enumerate(order)]

    def beside(self, term: Term, number: int) -> FromClause | None:
        """What stands beside each row to compute a term's value, as `value`, once for all rows that share the value.

        None: the expression is as cheap where it stands.
        """
        return None

    sorts_by_language: ClassVar[bool] = False
    """Whether texts may be ordered by the rules of a language, by the name of an ICU collation."""
    relates_once: ClassVar[bool] = False
    """Whether the rows that a filter finds through a relation of related rows are best found once, and not for each."""

    # Types

    counted_id: ClassVar[ColumnType | None] = None
    """The type of a primary key that the database counts up by itself, where BIGINT is not."""
    keys_may_be_null: ClassVar[bool] = False
    """Whether the columns of a primary key may hold null unless they are told not to."""
    holds_lengths: ClassVar[bool] = True
    """Whether no text of a column is longer than the column's type says."""
    datetimes_in_utc: ClassVar[bool] = False
    """Whether the driver gives every datetime with its zone, in UTC."""

    def takes_for_equal(self, type_: ColumnType) -> bool:
        """Whether the database may take different values of a type for equal, as texts without their case."""
        return False

    def readable(self, column: Expression, dialect: Dialect) -> Readable:
        """A column in a form that the driver never refuses, for statements that it has refused to read otherwise."""
        return Readable(column)

    def json(self, *, none_as_null: bool) -> JSON | None:
        """The database's own type for JSON that can be indexed; None where there is none."""
        return None

    # Functions

    functions: ClassVar[Mapping[FunctionName, str]] = {
        FunctionName.AMONG: "{0} IN {1}",
        FunctionName.PLAIN_TEXT: "{0}",
        FunctionName.LIKELY: "({0})",
        FunctionName.COUNTED_FROM_ONE: "{0}",
        FunctionName.MOMENT: "{0}",
        FunctionName.MOMENTS_COMPARED: "{0}",
    }
    """SQL by function; `{0}` and `{1}` are the arguments. Others are called by their names, see `prepare`."""

    def function_sql(self, function: Function, compiler: SQLCompiler, **kw: Any) -> str:
        """The SQL of a call of a function of `db.functions`."""
        arguments = [self.argument_sql(argument, compiler, **kw) for argument in function.clauses]
        template = self.template(function, compiler.dialect)
        return f"{function.name}({', '.join(arguments)})" if template is None else template.format(*arguments)

    def template(self, function: Function, dialect: Dialect) -> str | None:
        """The SQL of a function; None for one that is called by its name."""
        return self.functions.get(FunctionName(function.name))

    def argument_sql(self, argument: Expression, compiler: SQLCompiler, **kw: Any) -> str:
        """The SQL of an argument of a function."""
        return compiler.process(argument, **kw)

    def prepare(self, connection: DBAPIConnection) -> None:  # noqa: B027 - most databases need nothing
        """Give a new connection the functions that have no SQL in `functions`."""

    # Changes

    undoes_ddl: ClassVar[bool] = True
    """Whether a statement that makes, changes or drops a table is undone with its transaction."""
    numbers_rows_in_order: ClassVar[bool] = False
    """Whether the rows of one INSERT get ascending numbers in the order of VALUES."""
    updates_return: ClassVar[bool] = True
    """Whether an UPDATE tells which rows it has changed, and finds them by a list that ends after the first so many."""
    changes_in_with: ClassVar[bool] = False
    """Whether a WITH may change rows, so that two changes are one statement."""

    @abstractmethod
    def insert_missing(self, table: Table, key: Sequence[str] = ()) -> Insert:
        """An INSERT that leaves out rows whose key is taken; without a key, rows that break any rule of uniqueness."""

    @abstractmethod
    def upsert(
        self, table: Table, key: Sequence[Expression], changes: Changes, where: ColumnElement[bool] | None = None
    ) -> Insert:
        """An INSERT that changes the row whose key is taken, if `where` holds of that row; see `new_values`."""

    @abstractmethod
    def new_values(self, table: Table) -> NewValues:
        """The values that an `upsert` could not insert, for its changes."""

    def lock(self, table: Table) -> Sequence[Executable]:
        """Statements that keep other writers off a table until the transaction ends; none where writers take turns."""
        return ()

    def count_on(self, column: Column[int]) -> Sequence[Executable]:
        """Statements that let the database count on behind ids that were given; none where it looks for the largest."""
        return ()

    def is_partial(self, index: Index) -> bool:
        """Whether an index leaves out rows on this database."""
        return index.dialect_kwargs.get(f"{self.name}_where") is not None

    # Plans

    @abstractmethod
    def explain_sql(self, sql: str, *, analyze: bool) -> str:
        """The statement that asks for the plan of another one; with `analyze`, it is run, and told what happened."""

    @abstractmethod
    def plan(self, sql: str, rows: Sequence[Sequence[Any]], *, values: bool) -> Plan:
        """The plan of a statement, out of what `explain_sql` has answered; values stand in it with `values` alone."""

    def estimated_rows(self, table: Table) -> Executable | None:
        """A statement that asks how many rows the planner takes a table to have; None where it does not know."""
        return None

    def ordered_index(self, need: OrderedNeed) -> IndexForm | None:
        """The index that serves a need: what is equal first, then the order or the range. None where none can."""
        columns = [*need.equal]
        if need.order:
            columns += [self.index_term(term) for term in need.order]
        elif need.ranged is not None:
            columns.append(need.ranged)
        return IndexForm(columns)

    def index_term(self, term: Term) -> Expression:
        """A term of an order as an index has it."""
        return term.expression.desc() if term.descending else term.expression

    def search_index(self, need: SearchNeed) -> IndexForm | None:
        """The index that finds what is inside of values; None where none can."""
        return None

    # Errors

    @abstractmethod
    def violation(self, error: IntegrityError) -> ReportedViolation | None:
        """Which rule an error is about; None for an error of another database."""

    @abstractmethod
    def constraint_name(self, constraint: Constraint | Index, table: Table) -> str:
        """How errors call a constraint or an index of a model."""

    @abstractmethod
    def failure(self, error: DBAPIError) -> Failure | None:
        """Why the database did not answer; None for an error of another kind, or of another database."""

    def was_done_before(self, error: DBAPIError) -> bool:
        """Whether a statement that makes or drops something found it made or dropped; where that is not undone."""
        return False

    @abstractmethod
    def place(self, url: URL) -> str:
        """Where a database is, for people, without who asks."""
