"""The writer of an entity: what a new row is made of, and the statements that insert rows.

Inputs that Pydantic has checked enter. Rows with their owner and with the defaults of what was left out leave, and once
they are inserted, their keys. Create, bulk and nested writes stand on this one writer. It asks nobody's rights, except
who may give a row to somebody else; it commits nothing.
Source: https://docs.sqlalchemy.org/en/21/core/connections.html#insert-many-values-behavior-for-insert-statements
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cached_property, lru_cache
from types import SimpleNamespace
from typing import Any, NamedTuple, TypeAlias

from pydantic import Field, TypeAdapter
from sqlalchemy import (
    Boolean,
    Column,
    ColumnDefault,
    ColumnElement,
    Table,
    bindparam,
    false,
    insert,
    literal_column,
    select,
    tuple_,
)

from db.dialects import dialect_of
from db.fast import CompiledStatement
from db.statements import Key
from db.views import is_view
from graph.entity.registry import Entity, key_of, keyed_entity_of
from graph.entity.types import TYPES
from graph.errors import DeclarationError, WrittenView
from graph.viewer import Viewer
from graph.writing.change import Change, WrittenRow
from graph.writing.checks import Check, broken
from graph.writing.column_guards import refused
from graph.writing.errors import InvalidInput, Place, Rejected, UserError
from graph.writing.inputs import Annotation, Input
from graph.writing.rights import Ownership, Right
from graph.writing.rules import canonical, fits, rule_of
from graph.writing.violations import refused_by_rule

NewRow: TypeAlias = dict[str, object]
"""The values of a new row, by attribute."""

AnyColumn: TypeAlias = Column[Any]

PREFIX = "new_"
"""Before the names of bound values: SQLAlchemy binds values under the names of columns itself."""

MAX_STATEMENTS = 256
"""How many INSERTs of an entity are kept: one for each set of columns that clients give."""


Default: TypeAlias = Callable[[Mapping[str, Any]], object]
"""From the other values to the value of a column that was left out."""


class Batch(NamedTuple):
    """The rows of one input, by their places in it. A row moves from good to bad, never back."""

    good: dict[Place, NewRow]
    bad: dict[Place, list[UserError]]

    def reject(self, place: Place, *errors: UserError) -> None:
        """Say what is wrong with a row."""
        self.good.pop(place, None)
        self.bad.setdefault(place, []).extend(errors)

    @property
    def errors(self) -> list[UserError]:
        """The errors of all bad rows, in the order of the input."""
        return [error for place in sorted(self.bad) for error in self.bad[place]]


def compiled_insert(
    table: Table, columns: Mapping[str, AnyColumn], returning: Sequence[ColumnElement[Any]] = ()
) -> CompiledStatement:
    """INSERT of one row with values for these columns, each bound as `new_` and its name in the mapping."""
    bound = {column: bindparam(f"{PREFIX}{name}", type_=column.type) for name, column in columns.items()}
    statement = insert(table).values(bound)
    return CompiledStatement(statement.returning(*returning) if returning else statement)


class Inserted(NamedTuple):
    """A row that was inserted."""

    values: object
    """Its values and its key, as attributes."""
    reference: WrittenRow
    """What stands for it in a payload and in the record."""


class EntityWriter:
    """Makes and inserts new rows of one entity."""

    def __init__(
        self,
        entity: Entity,
        names: Sequence[str],
        *,
        owner: str | None = None,
        owner_right: Right | None = None,
        defaults: Mapping[str, Default] | None = None,
        rules: Mapping[str, Annotation] | None = None,
        checks: Sequence[Check] = (),
    ) -> None:
        """Make it for the attributes `names` of new rows. The rest is described at `Crud`.

        Raises `NoKeyOfRows` for rows without a key, `WrittenView` for those of a view, and `DeclarationError` for a
        check of an attribute that the model does not have.
        """
        self.entity = keyed_entity_of(entity.cls)
        if is_view(entity.model.__table__):
            raise WrittenView(entity.name, entity.model.__name__)
        self.names = tuple(names)
        self.owner = None if owner is None else Ownership(entity, owner, owner_right)
        self.attributes = {attribute.name: attribute for attribute in entity.attributes.values()}
        self.columns: Mapping[str, AnyColumn] = {
            attribute.key: column
            for attribute in entity.mapper.column_attrs
            if isinstance(column := attribute.columns[0], Column)
        }
        """By attribute."""
        self.table: Table = entity.model.__table__
        self._defaults = dict(defaults or {})
        self._rules = dict(rules or {})
        self._checks = tuple(checks)
        for name in {name for check in checks for name in check.names} - self.columns.keys():
            raise DeclarationError(f"{entity.name} has no column {name}, which a check names; correct the check.")
        self._insert_of = lru_cache(MAX_STATEMENTS)(self._compiled)

    @property
    def is_plain(self) -> bool:
        """Whether rows are of one table, and nobody listens to what becomes of them: they can go past the session."""
        mapper, heard = self.entity.mapper, self.entity.mapper.dispatch
        listened = heard.before_insert or heard.after_insert or heard.before_update or heard.after_update
        return not listened and mapper.polymorphic_on is None and isinstance(mapper.local_table, Table)

    @property
    def made_up(self) -> Collection[str]:
        """The attributes whose values are made of others where they are left out."""
        return self._defaults.keys()

    # Inputs

    def rule(self, name: str) -> Annotation:
        """The annotation of a value for a column: its type and what Pydantic checks."""
        column, rule = self.columns[name], self._rules.get(name)
        if rule is None:
            shown = self.attributes.get(name)
            return rule_of(TYPES.of_column(column.type).annotation if shown is None else shown.type, column)
        return rule | None if column.nullable else rule

    def description(self, name: str) -> str:
        """What is said of a column: by the type, or by the model where the type does not show it."""
        shown = self.attributes.get(name)
        if shown is not None:
            return shown.description
        return self.columns[name].doc or f"The {name.replace('_', ' ')} of the {self.entity.one}."

    def input_fields(self) -> dict[str, Annotation]:
        """The fields of an input for a new row, as Pydantic's `create_model` takes them."""
        fields = {name: self._input_field(name) for name in self.names}
        return fields if self.owner is None else fields | {self.owner.field: self.owner.input_field()}

    def _input_field(self, name: str) -> Annotation:
        column, rule, text = self.columns[name], self.rule(name), self.description(name)
        if name in self._defaults:
            return (rule | None, Field(None, description=f"{text} Made up if left out."))
        if column.nullable or column.default is not None or column.server_default is not None:
            return (rule, Field(None, description=text))
        return (rule, Field(description=text))

    # New rows

    def new_row(self, values: Input, viewer: Viewer, place: Place) -> NewRow:
        """The values of a new row, without the defaults that its model has.

        Raises `Rejected` for an owner whom the viewer may not choose, and for a value that was left out and cannot be
        made of the others.
        """
        given = values.model_fields_set
        row: NewRow = {name: getattr(values, name) for name in self.names if name in given}
        for name, default in self._defaults.items():
            if row.get(name) is None:
                row[name] = made = default(row)
                if not fits(self._default_rules[name], made):
                    message = f"No {name} can be made of the other values; give one."
                    raise Rejected(InvalidInput(message, (*place, self.entity.shown(name))))
        if self.owner is not None:
            row[self.owner.attribute] = self.owner.of(values, viewer, place)
        return row

    async def check(self, inputs: Mapping[Place, Input], change: Change) -> Batch:
        """The new rows of inputs, as far as each can be judged alone; one statement where others are to own some."""
        batch, owners = Batch({}, {}), dict[Place, object]()
        for place, values in inputs.items():
            try:
                batch.good[place] = row = self.new_row(values, change.viewer, place)
            except Rejected as rejected:
                batch.reject(place, *rejected.errors)
                continue
            if errors := [*refused(self.entity.model, row, change.context, place), *self.broken(row, row, place)]:
                batch.reject(place, *errors)
                continue
            if self.owner is not None and (owner := row[self.owner.attribute]) != self.owner.key_of(change.viewer):
                owners[place] = owner
        if self.owner is not None and owners:
            for place, error in (await self.owner.missing(owners, change)).items():
                batch.reject(place, error)
        return batch

    def broken(self, row: Mapping[str, object], given: Collection[str], place: Place) -> list[InvalidInput]:
        """What checks of the given attributes say against a row."""
        return broken(self._checks, row, given, place, self.entity.shown)

    def checked_with(self, names: Collection[str]) -> set[str]:
        """The attributes whose values checks of these need."""
        return {name for check in self._checks if not set(names).isdisjoint(check.names) for name in check.names}

    def complete(self, row: NewRow) -> NewRow:
        """A new row with the defaults of its model: a moment, a status, the first version."""
        left_out = {name: it for name, it in self.model_defaults.items() if name not in row}
        return {name: it.arg(None) if it.is_callable else it.arg for name, it in left_out.items()} | row

    def key(self, names: Sequence[str], row: Mapping[str, object]) -> Key:
        """The values of these attributes, as the database compares them."""
        return tuple([canonical(self.columns[name], row[name]) for name in names])

    # Statements

    async def insert(self, row: NewRow, change: Change) -> Inserted:
        """Insert one row. Raises `IntegrityError` as the session does.

        The statement is compiled once: on PostgreSQL it goes past SQLAlchemy, where building, compiling and flushing an
        entity costs more than the server's work. A model that spreads over several tables, or whose inserts somebody
        listens to, goes through the session, which alone knows how.
        """
        if not self.is_plain:
            entity = self.entity.model(**row)
            change.session.add(entity)
            await change.session.flush()
            return Inserted(entity, WrittenRow(self.entity, key_of(entity)))
        whole = self.complete(row)
        made = await change.rows(
            self._insert_of(tuple(whole)), {f"{PREFIX}{name}": value for name, value in whole.items()}
        )
        if not made:  # a trigger has left the row out
            raise Rejected(refused_by_rule(change.place))
        key = tuple(made[0])
        values = SimpleNamespace(**{**whole, **dict(zip(self.entity.key, key, strict=True))})
        return Inserted(values, WrittenRow(self.entity, key))

    def _compiled(self, names: tuple[str, ...]) -> CompiledStatement:
        columns = {name: self.columns[name] for name in names}
        return compiled_insert(self.table, columns, self.entity.mapper.primary_key)

    async def insert_many(self, rows: Sequence[NewRow], change: Change) -> list[Key]:
        """Insert rows that have the same attributes, in one statement; their keys, in the order of the rows."""
        key = self.table.primary_key
        # Where RETURNING has no order, SQLAlchemy inserts row by row. Numbers in the order of the rows need none.
        number = self.table.autoincrement_column
        given = {self.columns[name] for name in rows[0]}
        counted = number is not None and number not in given and dialect_of(change.dialect).numbers_rows_in_order
        statement = insert(self.table).returning(*key, sort_by_parameter_order=not counted)
        keys = [tuple(it) for it in await change.session.execute(statement, [self._by_column(row) for row in rows])]
        return sorted(keys) if counted else keys

    async def upsert_many(
        self,
        by: Sequence[str],
        rows: Sequence[NewRow],
        known: Sequence[Key],
        change: Change,
        changed: Collection[str] | None = None,
    ) -> dict[Key, Key]:
        """INSERT … ON CONFLICT DO UPDATE; from the natural key of each row to its primary key.

        Only those rows of the table are changed whose primary keys are `known`: of others, nobody has asked whether the
        viewer may. The owner and the key of a row stay; so does all else but `changed` attributes, where these are
        given.
        """
        dialect = dialect_of(change.dialect)
        new = dialect.new_values(self.table)
        key, version = [self.columns[name] for name in by], self.entity.mapper.version_id_col
        stays = {*by, *self.entity.key}
        set_: dict[AnyColumn, object] = {
            self.columns[name]: new[self.columns[name].key]
            for name in self.names
            if name not in stays and (changed is None or name in changed)
        }
        for column in self.table.columns:
            if isinstance(column.onupdate, ColumnDefault):
                set_[column] = column.onupdate.arg(None) if column.onupdate.is_callable else column.onupdate.arg
        if isinstance(version, Column):
            set_[version] = version + 1
        nothing = {key[0]: new[key[0].key]}
        statement = dialect.upsert(self.table, key, set_ or nothing, self._one_of(known, change))
        returning = statement.returning(*key, *self.table.primary_key)
        found = await change.session.execute(returning, [self._by_column(row) for row in rows])
        keys = {tuple(map(canonical, key, it)): tuple(it[len(key) :]) for it in found}
        await self._read_again(keys.values(), change)
        return keys

    def _one_of(self, keys: Sequence[Key], change: Change) -> ColumnElement[bool]:
        """Whether a row has one of these keys, with the keys as text: a list of parameters cannot stand beside rows."""
        if not keys:
            return false()
        found = tuple_(*self.table.primary_key).in_(sorted(keys))
        dialect = change.session.get_bind().dialect
        return literal_column(str(found.compile(dialect=dialect, compile_kwargs={"literal_binds": True})), Boolean)

    async def _read_again(self, keys: Iterable[Key], change: Change) -> None:
        """Let the session's entities of these rows know what was written past them."""
        mapper, model = self.entity.mapper, self.entity.model
        known = change.session.sync_session.identity_map
        held = [key for key in keys if mapper.identity_key_from_primary_key(key) in known]
        if held:
            statement = select(model).where(tuple_(*mapper.primary_key).in_(held))
            (await change.session.scalars(statement.execution_options(populate_existing=True))).all()

    def _by_column(self, row: NewRow) -> NewRow:
        return {self.columns[name].key: value for name, value in row.items()}

    # The declaration

    @cached_property
    def _default_rules(self) -> Mapping[str, TypeAdapter[Any]]:
        return {name: TypeAdapter(self.rule(name)) for name in self._defaults}

    @cached_property
    def model_defaults(self) -> Mapping[str, ColumnDefault]:
        """The defaults of columns that Python knows, by attribute."""
        return {
            name: column.default
            for name, column in self.columns.items()
            if column.table is self.table
            and isinstance(column.default, ColumnDefault)
            and not column.default.is_clause_element
        }
