"""Where the database differs from the models: comparators for alembic's autogenerate, on every database.

Tables of both enter, operations of a migration leave. Columns, constraints and indexes are compared by the words in
which the database describes them (`migrations.catalogs`); tables, foreign keys, identities, nullability and comments
alembic compares itself. Nothing is changed here. Why: docs/decisions/0021-migrations-see-everything.md.

Source: https://alembic.sqlalchemy.org/en/latest/api/plugins.html
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from alembic.autogenerate import renderers
from alembic.autogenerate.api import AutogenContext
from alembic.operations.ops import (
    AddColumnOp,
    AddConstraintOp,
    AlterColumnOp,
    CreateCheckConstraintOp,
    CreateIndexOp,
    CreatePrimaryKeyOp,
    CreateTableOp,
    DropColumnOp,
    DropConstraintOp,
    DropIndexOp,
    MigrateOperation,
    ModifyTableOps,
    OpContainer,
    UpgradeOps,
)
from alembic.runtime.plugins import Plugin
from alembic.util import DispatchPriority, PriorityDispatchResult
from sqlalchemy import (
    CheckConstraint,
    Column,
    Constraint,
    ForeignKeyConstraint,
    Identity,
    Index,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
    text,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.elements import conv

from db.ownership import Ownership, key_of
from migrations import enumerations, sequences
from migrations.catalogs import SERIAL, Catalog, ColumnWords, TableWords, catalog_of
from migrations.catalogs.sql import escaped, unquoted

NAME = "trellis.words"
"""The plugin, as `autogenerate_plugins` has it."""
CATALOG = "trellis_catalog"
"""The option of alembic's context that keeps the catalog of one run."""


CONTINUE, STOP = PriorityDispatchResult.CONTINUE, PriorityDispatchResult.STOP


def catalog(context: AutogenContext) -> Catalog:
    """The catalog of this run."""
    if CATALOG not in context.opts:
        assert context.connection is not None
        context.opts[CATALOG] = catalog_of(context.connection, context.opts["target_metadata"])
    found: Catalog = context.opts[CATALOG]
    return found


OWNERSHIP = "trellis_ownership"
"""The option of alembic's context that says what revisions have made."""


def _owned(context: AutogenContext, table: str, schema: str | None) -> bool:
    """Whether a revision has made a table."""
    owner: Ownership = context.opts[OWNERSHIP]
    return owner.has_made("table", key_of(table, schema))


def compare_type(
    context: AutogenContext,
    change: AlterColumnOp,
    schema: str | None,
    table: str,
    column: str,
    _held: Column[Any],
    wanted: Column[Any],
) -> PriorityDispatchResult:
    """The type and the collation of a column. Where a type has many names, alembic says which are the same."""
    before, after = _words(context, table, schema, column)
    if after.collation is None and not _owned(context, table, schema):
        before = before._replace(collation=None)
    if (before.type, before.collation) == (after.type, after.collation):
        return STOP
    if before.collation == after.collation and not catalog(context).canonical_types:
        return CONTINUE
    change.modify_type = wanted.type
    return STOP


def compare_default(
    context: AutogenContext,
    change: AlterColumnOp,
    schema: str | None,
    table: str,
    column: str,
    held: Column[Any],
    wanted: Column[Any],
) -> PriorityDispatchResult:
    """The default of a column; a computed column is `compare_generated`'s, an identity alembic's."""
    before, after = _words(context, table, schema, column)
    if before.generated != after.generated or (wanted.server_default is None and not _owned(context, table, schema)):
        return STOP
    if catalog(context).has_identities and isinstance(held.server_default or wanted.server_default, Identity):
        return CONTINUE
    if before.default != after.default:
        change.modify_server_default = wanted.server_default
    if before.default != SERIAL == after.default:
        change.modify_server_default = sequences.counting(table, column)
    if before.default == SERIAL != after.default:
        change.existing_server_default = sequences.counting(table, column)
    return STOP


def compare_named(
    context: AutogenContext,
    changes: ModifyTableOps,
    schema: str | None,
    name: str,
    held: Table | None,
    wanted: Table | None,
) -> PriorityDispatchResult:
    """The constraints and the indexes of a table, each by its name. Those of a new or a lost table are in its own."""
    after = TableWords() if wanted is None else catalog(context).wanted(name, schema)
    before = TableWords()
    if held is not None:
        found = catalog(context).held(name, schema)
        if wanted is not None and not _owned(context, name, schema):
            after = _without_what_is_there(after, found, wanted, held, context.dialect)
        before = _without_others(context, found, after, name, schema)
    altered = held is not None and wanted is not None
    if held is not None:
        _drop_indexes(context, changes, held, _unlike(before.indexes, after.indexes))
    if held is not None and altered:
        _drop_constraints(context, changes, held, _unlike(before.constraints, after.constraints))
    if wanted is not None and altered:
        _add_constraints(context, changes, wanted, _unlike(after.constraints, before.constraints))
    if wanted is not None:
        _add_indexes(changes, wanted, _unlike(after.indexes, before.indexes))
    return STOP


def compare_generated(
    context: AutogenContext,
    changes: ModifyTableOps,
    schema: str | None,
    name: str,
    held: Table | None,
    wanted: Table | None,
) -> PriorityDispatchResult:
    """Computed columns: one that is computed otherwise is made anew, with the indexes and constraints that need it."""
    if held is not None and wanted is not None:
        before, after = catalog(context).held(name, schema), catalog(context).wanted(name, schema)
        for column in before.columns.keys() & after.columns.keys():
            if after.columns[column].generated is None and not _owned(context, name, schema):
                continue
            if before.columns[column].generated != after.columns[column].generated:
                _make_anew(context, changes, held, wanted, column)
    return CONTINUE


def compare_comment(
    context: AutogenContext,
    _changes: ModifyTableOps,
    schema: str | None,
    name: str,
    _held: Table | None,
    wanted: Table | None,
) -> PriorityDispatchResult:
    """A comment is alembic's to compare, unless somebody else made the table and the model has none."""
    silent = wanted is not None and wanted.comment is None
    return STOP if silent and not _owned(context, name, schema) else CONTINUE


def compare_comment_of_column(
    context: AutogenContext,
    _change: AlterColumnOp,
    schema: str | None,
    table: str,
    _column: str,
    _held: Column[Any],
    wanted: Column[Any],
) -> PriorityDispatchResult:
    """The same for a column."""
    return STOP if wanted.comment is None and not _owned(context, table, schema) else CONTINUE


def compare_nullable(
    context: AutogenContext,
    _change: AlterColumnOp,
    schema: str | None,
    table: str,
    _column: str,
    _held: Column[Any],
    wanted: Column[Any],
) -> PriorityDispatchResult:
    """Nullability is alembic's to compare; but SQLite calls a key nullable that was declared without NOT NULL."""
    return STOP if wanted.primary_key and not _owned(context, table, schema) else CONTINUE


def compare_beside_tables(
    context: AutogenContext, changes: UpgradeOps, _schemas: Collection[str | None]
) -> PriorityDispatchResult:
    """Enumerations and sequences, where the database has them."""

    def ours(kind: Any) -> Callable[[str], bool]:  # these are kinds of ours, beside those of alembic
        return lambda name: context.run_name_filters(name, kind, {"schema_name": None})

    tables = context.opts["target_metadata"].tables
    enumerations.compare(catalog(context), changes, tables, ours("type"))
    made = [table.name for table in tables.values() if _owned(context, table.name, table.schema)]
    sequences.compare(catalog(context), changes, made, ours("sequence"))
    return CONTINUE


def _make_anew(context: AutogenContext, changes: ModifyTableOps, held: Table, wanted: Table, column: str) -> None:
    before, after = (found(held.name, held.schema) for found in (catalog(context).held, catalog(context).wanted))
    kept = [change for change in changes.ops if not _alters(change, column)]
    gone, made = ModifyTableOps(held.name, []), ModifyTableOps(held.name, [])
    _drop_indexes(context, gone, held, _naming(column, _alike(before.indexes, after.indexes)))
    _drop_constraints(context, gone, held, _naming(column, _alike(before.constraints, after.constraints)))
    _add_constraints(context, made, wanted, _naming(column, _alike(after.constraints, before.constraints)))
    _add_indexes(made, wanted, _naming(column, _alike(after.indexes, before.indexes)))
    changes.ops[:] = [
        *gone.ops,
        *(change for change in kept if isinstance(change, DropIndexOp | DropConstraintOp)),
        DropColumnOp.from_column_and_tablename(held.schema, held.name, held.columns[column]),
        AddColumnOp.from_column_and_tablename(wanted.schema, wanted.name, wanted.columns[column]),
        *(change for change in kept if not isinstance(change, DropIndexOp | DropConstraintOp)),
        *made.ops,
    ]


def _alters(change: MigrateOperation, column: str) -> bool:
    return isinstance(change, AlterColumnOp) and change.column_name == column


def _words(context: AutogenContext, table: str, schema: str | None, column: str) -> tuple[ColumnWords, ColumnWords]:
    found = catalog(context)
    return found.held(table, schema).columns[column], found.wanted(table, schema).columns[column]


def _unlike(these: Mapping[str, str], those: Mapping[str, str]) -> dict[str, str]:
    return {name: words for name, words in sorted(these.items()) if those.get(name) != words}


def _alike(these: Mapping[str, str], those: Mapping[str, str]) -> dict[str, str]:
    return {name: words for name, words in sorted(these.items()) if those.get(name) == words}


def _naming(column: str, found: Mapping[str, str]) -> dict[str, str]:
    name = re.compile(rf"(?<!\w){re.escape(column)}(?!\w)")
    return {key: words for key, words in found.items() if name.search(words)}


def _without_others(
    context: AutogenContext, words: TableWords, wanted: TableWords, table: str, schema: str | None
) -> TableWords:
    """What belongs to the models: a name, or the whole table, may be somebody else's."""
    owner: Ownership = context.opts[OWNERSHIP]
    described = {*wanted.constraints, *wanted.indexes}

    def ours(names: Mapping[str, str], kind: Any) -> dict[str, str]:
        parents: Any = {"table_name": table, "schema_name": schema}
        return {
            name: found
            for name, found in names.items()
            if context.run_name_filters(name, kind, parents)
            and (name in described or owner.may_lose(key_of(table, schema), name))
        }

    constraints = ours(words.constraints, "check_constraint")
    return TableWords(words.columns, constraints, ours(words.indexes, "index"))


def _without_what_is_there(
    after: TableWords, found: TableWords, wanted: Table, held: Table, dialect: Dialect | None
) -> TableWords:
    """What a model adds to a table of somebody else: not what stands there under another name, or under none."""
    assert dialect is not None
    there = {*found.constraints.values(), *found.indexes.values()}
    columns = {_columns_of(it) for it in held.constraints if _columns_of(it)}
    columns |= {_columns_of(it) for it in held.indexes if it.unique}
    made = constraints_of(wanted, dialect)

    def missing(names: Mapping[str, str], held_names: Mapping[str, str]) -> dict[str, str]:
        return {
            name: words
            for name, words in names.items()
            if name in held_names or not (words in there or (name in made and _columns_of(made[name]) in columns))
        }

    return after._replace(
        constraints=missing(after.constraints, found.constraints), indexes=missing(after.indexes, found.indexes)
    )


def _columns_of(thing: Constraint | Index) -> tuple[str, ...]:
    """The columns of a key, of UNIQUE, or of an index; none of anything else."""
    if not isinstance(thing, PrimaryKeyConstraint | UniqueConstraint | Index):
        return ()
    return tuple(column.name for column in thing.columns)


def _drop_indexes(context: AutogenContext, changes: ModifyTableOps, held: Table, words: Mapping[str, str]) -> None:
    indexes = (catalog(context).index(name, found, held) for name, found in words.items())
    changes.ops.extend(DropIndexOp.from_index(index) for index in indexes)


def _add_indexes(changes: ModifyTableOps, wanted: Table, names: Collection[str]) -> None:
    indexes = sorted((index for index in wanted.indexes if index.name in names), key=lambda index: str(index.name))
    changes.ops.extend(CreateIndexOp.from_index(index) for index in indexes)


def _drop_constraints(context: AutogenContext, changes: ModifyTableOps, held: Table, words: Mapping[str, str]) -> None:
    for name, found in words.items():
        constraint = catalog(context).constraint(name, found, held)
        addition = _addition(context, conv(name), constraint, held)
        kind = constraint.__visit_name__.removesuffix("_constraint").removeprefix("table_or_column_")
        changes.ops.append(
            DropConstraintOp(conv(name), held.name, type_=KINDS.get(kind, kind), schema=held.schema, _reverse=addition)
        )


KINDS = {"primary_key": "primary", "exclude": None, "column_check": "check"}
"""What alembic calls a kind of constraint; None: it has no word for one that SQLite lacks."""


def _add_constraints(context: AutogenContext, changes: ModifyTableOps, wanted: Table, names: Iterable[str]) -> None:
    constraints = constraints_of(wanted, context.dialect)
    changes.ops.extend(_addition(context, conv(name), constraints[name], wanted) for name in names)


def _addition(context: AutogenContext, name: conv, constraint: Constraint, table: Table) -> AddConstraintOp:
    if isinstance(constraint, CheckConstraint):
        condition = text(_written(constraint, context.dialect))
        return CreateCheckConstraintOp(name, table.name, condition, schema=table.schema)
    if constraint not in table.constraints:
        table.append_constraint(constraint)
    return AddConstraintOp.from_constraint(constraint)


def constraints_of(table: Table, dialect: Dialect) -> dict[str, Constraint]:
    """The constraints of a table and of its columns, by the names that they have in the database."""
    everywhere = {*table.constraints, *(constraint for column in table.columns for constraint in column.constraints)}
    names = ((dialect.identifier_preparer.format_constraint(constraint), constraint) for constraint in everywhere)
    return {
        unquoted(name): constraint
        for name, constraint in names
        if name is not None and not isinstance(constraint, ForeignKeyConstraint)
    }


def _written(constraint: CheckConstraint, dialect: Dialect) -> str:
    """The condition of a CHECK, for a revision: escaped once for this run and once for that of the revision."""
    options = {"literal_binds": True, "include_table": False}
    return escaped(escaped(str(constraint.sqltext.compile(dialect=dialect, compile_kwargs=options))))


def finish(changes: OpContainer, context: AutogenContext) -> None:
    """Bring operations into a form that every database can run.

    Constraints of columns and of their types stand with those of their table. Indexes are dropped before a table is
    altered and created after, for alembic's batches know columns only.
    Source: https://alembic.sqlalchemy.org/en/latest/batch.html
    """
    for change in changes.ops:
        if isinstance(change, CreateTableOp):
            _state_checks(change, context)
    changes.ops[:] = [part for change in changes.ops for part in _apart(change)]


def _state_checks(creation: CreateTableOp, context: AutogenContext) -> None:
    table = context.opts["target_metadata"].tables.get(_key(creation.table_name, creation.schema))
    if table is None:
        return  # a table that was read from the database has its constraints already
    there = catalog(context).wanted(creation.table_name, creation.schema).constraints
    checks = [
        CheckConstraint(text(_written(constraint, context.dialect)), name=conv(name))
        for name, constraint in sorted(constraints_of(table, context.dialect).items())
        if isinstance(constraint, CheckConstraint) and name in there
    ]
    others = [part for part in creation.columns if not isinstance(part, CheckConstraint)]
    creation.columns = [*others, *checks]


def _key(table: str, schema: str | None) -> str:
    return table if schema is None else f"{schema}.{table}"


def _apart(change: MigrateOperation) -> list[MigrateOperation]:
    if not isinstance(change, ModifyTableOps):
        return [change]
    drops = [found for found in change.ops if isinstance(found, DropIndexOp)]
    creations = [found for found in change.ops if isinstance(found, CreateIndexOp)]
    others = [found for found in change.ops if not isinstance(found, DropIndexOp | CreateIndexOp)]
    parts = (drops, others, creations)
    return [ModifyTableOps(change.table_name, list(part), schema=change.schema) for part in parts if part]


_alteration = renderers.dispatch(AlterColumnOp)  # alembic's own


@renderers.dispatch_for(AlterColumnOp, replace=True)
def render_alteration(context: AutogenContext, change: AlterColumnOp) -> str:
    """A changed column; an identity that goes is named, for PostgreSQL has another word for that than for a default."""
    rendered: str = _alteration(context, change)
    if change.modify_server_default is None and isinstance(change.existing_server_default, Identity):
        return f"{rendered.removesuffix(')')}, existing_server_default=sa.Identity())"
    return rendered


@renderers.dispatch_for(CreatePrimaryKeyOp, replace=True)
def render_primary_key(_context: AutogenContext, addition: CreatePrimaryKeyOp) -> str:
    """A primary key in a batch, which alembic runs and does not write."""
    return f"batch_op.create_primary_key(batch_op.f({str(addition.constraint_name)!r}), {[*addition.columns]!r})"


def setup(plugin: Plugin) -> None:
    """Come before alembic's own comparators of the same."""
    first, last = DispatchPriority.FIRST, DispatchPriority.LAST
    plugin.add_autogenerate_comparator(compare_type, "column", "types", priority=first)
    plugin.add_autogenerate_comparator(compare_default, "column", "server_default", priority=first)
    plugin.add_autogenerate_comparator(compare_comment, "table", "comments", priority=first)
    plugin.add_autogenerate_comparator(compare_nullable, "column", "nullable", priority=first)
    plugin.add_autogenerate_comparator(compare_comment_of_column, "column", "comments", priority=first)
    plugin.add_autogenerate_comparator(compare_named, "table", "indexes", priority=first)
    plugin.add_autogenerate_comparator(compare_beside_tables, "schema", "beside tables", priority=last)
    plugin.add_autogenerate_comparator(compare_generated, "table", "generated", priority=last)


setup(Plugin(NAME))
