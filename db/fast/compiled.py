"""Statements that are compiled once and run many times.

A statement of SQLAlchemy enters; its SQL, the conversion of its values and the conversion of its rows leave. All three
are SQLAlchemy's: only the work that SQLAlchemy repeats for every execution is done once. Nothing is executed here.
Why: docs/decisions/0009-statements-past-the-orm.md.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from sqlalchemy import ARRAY, CursorResult, Dialect, LargeBinary, Select
from sqlalchemy.sql.compiler import Compiled, SQLCompiler
from sqlalchemy.sql.dml import UpdateBase
from sqlalchemy.types import TypeEngine

from db.dialects import dialect_of
from db.relations.reads import StatementDetails, StatementReads, details_of, reads_of
from db.relations.types import undecorated

Parameters = Mapping[str, Any]

Values = Sequence[Any]
"""A row, to be read by position: a `Row`, a tuple, or asyncpg's `Record`."""

Convert = Callable[[Any], Any]

Statement: TypeAlias = Select[*tuple[Any, ...]]

Runnable: TypeAlias = Statement | UpdateBase


class CompiledStatement:
    """A statement to run many times, for as long as the process lives.

    `rows = await session.rows(CompiledStatement(select(…)), {"name": value})`. The first run on PostgreSQL goes through
    SQLAlchemy and teaches what the server answers with; later runs need SQLAlchemy no more. A statement that cannot be
    run that way (a list that expands into the SQL, execution options) goes through SQLAlchemy every time.

    INSERT, UPDATE and DELETE are compiled too, with RETURNING or without, when they name every value that they write: a
    value that SQLAlchemy makes up (a default, a datetime, a key) must be made up for every run.
    """

    __slots__ = ("_codes", "_details", "_dialect", "_learnt", "_reads", "changes", "form", "statement")

    def __init__(self, statement: Runnable) -> None:
        self.statement = statement
        self.changes = isinstance(statement, UpdateBase)
        """Whether it is an INSERT, UPDATE or DELETE."""
        self.form: Form | None = None
        """How to run it past SQLAlchemy; None as long as that is not known, or not possible."""
        self._learnt = False
        self._codes: Sequence[Any] = ()
        self._dialect: Dialect | None = None
        self._reads: StatementReads | None = None
        self._details: StatementDetails | None = None

    @property
    def reads(self) -> StatementReads:
        """What it reads, worked out when somebody first asks."""
        if self._reads is None:
            self._reads = reads_of(self.statement)
        return self._reads

    @property
    def details(self) -> StatementDetails:
        """Which columns it reads, worked out when somebody first asks."""
        if self._details is None:
            self._details = details_of(self.statement)
        return self._details

    def learn(self, result: CursorResult[Any], dialect: Dialect) -> None:
        """Learn from a run that SQLAlchemy made on PostgreSQL. To be called before its rows are taken."""
        if not self._learnt and (not result.returns_rows or result.cursor is not None):
            self._learnt = True
            described = result.cursor.description if result.returns_rows else ()
            self._codes, self._dialect = [column[1] for column in described], dialect
            self.form = _form(self.statement, dialect, self._codes, self._compiled_for(result))

    def _compiled_for(self, result: CursorResult[Any]) -> SQLCompiler | None:
        """The statement as it was compiled for this run; None where that was done before, for one with other values.

        To compile it once more would take a fifth of an operation that a server has not met. INSERT and UPDATE are
        compiled for the values that were given.
        """
        context = result.context
        compiled, is_own = context.compiled, context.cache_hit.name != "CACHE_HIT"
        return compiled if is_own and not self.changes and isinstance(compiled, SQLCompiler) else None

    def form_of(self, wider: Statement) -> "Form | None":
        """The form of a statement with the same columns and whole numbers behind them; None where that is not known."""
        if self.form is None or self._dialect is None:
            return None
        more = len(wider.selected_columns) - len(self._codes)
        return _form(wider, self._dialect, [*self._codes, *[None] * more])

    def forget(self) -> None:
        """Learn anew at the next run, because a table has changed."""
        self._learnt, self.form = False, None


class _Parameter(NamedTuple):
    """One value of a statement: the names by which a caller may give the value, and the value when none is given."""

    names: tuple[str, ...]
    required: bool
    default: Any
    convert: Convert | None
    touches: bool = False
    """Whether a value may reach the driver as another one, or be equal to others there; of a list, its elements."""

    def is_fixed(self, given: Mapping[str, Any], varying: str) -> bool:
        """Whether every run has the same value: nobody gives it by its name, which does not begin as `varying` does."""
        return not self.required and not any(name in given or name.startswith(varying) for name in self.names)


class Form(NamedTuple):
    """A statement as asyncpg takes it, and how its rows become what SQLAlchemy would return."""

    sql: str
    slots: tuple[_Parameter, ...]
    fixed: frozenset[str]
    """Names of what has become part of the SQL: lists, mostly."""
    convert: Callable[[Iterable[Any]], list[Values]] | None
    """Make rows of records; None when the records are the rows."""
    untouched: tuple[bool, ...]
    """Of each column, whether its values are the database's own, each of them equal to nothing but itself."""
    combines: bool
    """Whether every column may be gathered into an array: an array of arrays is of one shape, and files are large."""

    def values(self, parameters: Mapping[str, Any]) -> list[Any] | None:
        """The values to run with, in the order of the statement's `$1`, `$2`.

        None when one is missing or does not fit: SQLAlchemy, given the same values, says so in its own words.
        """
        if not self.fixed.isdisjoint(parameters):
            return None
        values = []
        try:
            # No call for each: that would be a third of a look-up's time here.
            for names, required, default, convert, _ in self.slots:
                for name in names:
                    if name in parameters:
                        values.append(parameters[name] if convert is None else convert(parameters[name]))
                        break
                else:
                    if required:
                        return None
                    values.append(default)
        except Exception:  # whatever a conversion raises
            return None
        return values


def _form(
    statement: Runnable, dialect: Dialect, type_codes: Sequence[Any], compiled: Compiled | None = None
) -> Form | None:
    """How to run a statement whose columns come with these type codes; None if that is not possible."""
    compiled = compiled or statement.compile(dialect=dialect)
    assert isinstance(compiled, SQLCompiler)
    types, known = _types(statement), dialect_of(dialect.name)
    fixed = compiled.post_compile_params | compiled.literal_execute_params
    if (
        statement.get_execution_options()
        or any(parameter.callable for parameter in compiled.bind_names)
        or any(parameter.required for parameter in fixed)
        or compiled.insert_prefetch
        or compiled.update_prefetch
        or len(types) != len(type_codes)  # a text between the columns, and a key that nobody asked for, has no type
    ):
        return None
    # Lists that stand in the statement become part of the SQL; what will be given when it runs is None for now.
    expanded = compiled.construct_expanded_state({it.key: None for it in compiled.bind_names if it.required})
    made = {name: expanded.parameters[name] for name in expanded.positiontup or () if name not in compiled.binds}
    slots = [
        _made_parameter(made[name], expanded.processors.get(name))
        if name in made
        else _parameter(name, compiled, dialect)
        for name in expanded.positiontup or ()
    ]
    converts = [
        type_.dialect_impl(dialect).result_processor(dialect, code)
        for type_, code in zip(types, type_codes, strict=True)
    ]
    names = {name for it in fixed for name in (it.key, compiled.bind_names[it])}
    names |= _written_by_name(statement).difference(compiled.binds)
    return Form(
        expanded.statement,
        tuple(slots),
        frozenset(names),
        _row_maker(converts),
        tuple(
            convert is None and not known.takes_for_equal(type_) for convert, type_ in zip(converts, types, strict=True)
        ),
        not any(isinstance(undecorated(type_), ARRAY | LargeBinary) for type_ in types),
    )


def _types(statement: Runnable) -> list[TypeEngine[Any]]:
    """The types of the columns that a statement gives back."""
    if isinstance(statement, UpdateBase):
        return [column["type"] for column in statement.returning_column_descriptions]
    return [column.type for column in statement.selected_columns]


def _written_by_name(statement: Runnable) -> frozenset[str]:
    """The columns that would be written as well if a value of their name were given, which makes another statement."""
    return frozenset(statement.table.columns.keys()) if isinstance(statement, UpdateBase) else frozenset()


def _parameter(name: str, compiled: SQLCompiler, dialect: Dialect) -> _Parameter:
    parameter = compiled.binds[name]
    convert: Convert | None = parameter.type.dialect_impl(dialect).bind_processor(dialect)
    default = parameter.value if convert is None or parameter.required else convert(parameter.value)
    names = (parameter.key,) if parameter.key == name else (parameter.key, name)  # the compiler shortens long ones
    kind = undecorated(parameter.type)
    item = kind.item_type if isinstance(kind, ARRAY) else kind
    touches = item.dialect_impl(dialect).bind_processor(dialect) is not None or dialect_of(
        dialect.name
    ).takes_for_equal(item)
    return _Parameter(names, parameter.required, default, convert, touches)


def _made_parameter(value: Any, convert: Any) -> _Parameter:
    return _Parameter((), required=False, default=value if convert is None else convert(value), convert=None)


def _row_maker(converts: Sequence[Convert | None]) -> Callable[[Iterable[Any]], list[Values]] | None:
    """A function that converts the columns which need it.

    It is written for its columns: `[(v0, c1(v1), v2) for v0, v1, v2 in rows]` takes a quarter of the time of a loop
    over columns for one row, and two thirds for a thousand.
    """
    if not any(converts):
        return None
    names = "".join(f"v{index}, " for index in range(len(converts)))
    made = "".join(f"c{index}(v{index}), " if convert else f"v{index}, " for index, convert in enumerate(converts))
    known = {f"c{index}": convert for index, convert in enumerate(converts)}
    maker: Callable[[Iterable[Any]], list[Values]] = eval(f"lambda rows: [({made}) for {names} in rows]", known)
    return maker
