"""PostgreSQL's own enumerations in generated revisions: created, dropped, and given other words.

Types of the database and of the models enter, operations leave; a revision has them as plain SQL, which only PostgreSQL
runs. Words are added without touching a table. Any other change makes the type anew, with its columns. Enumerations
that are texts have a CHECK, and `migrations.comparison` sees that.

Source: https://www.postgresql.org/docs/current/sql-altertype.html
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from alembic.autogenerate import renderers
from alembic.autogenerate.api import AutogenContext
from alembic.operations.ops import AlterColumnOp, MigrateOperation, ModifyTableOps, UpgradeOps
from sqlalchemy import Enum

from migrations.catalogs import Catalog, TableWords
from migrations.catalogs.postgresql import quoted
from migrations.catalogs.sql import literal

Words = Sequence[str]


class EnumColumn(NamedTuple):
    """A column of an enumeration, with its default before and after."""

    table: str
    column: str
    type: str
    before: str | None
    after: str | None


@dataclass
class ChangeEnumOp(MigrateOperation):
    """An enumeration with its words before and after; None: there is none."""

    name: str
    before: Words | None
    after: Words | None
    columns: Sequence[EnumColumn] = ()
    aside: Sequence[tuple[str, str]] = ()
    """What stands in the way while the type is made anew, as statements: away with it, and back."""

    def reverse(self) -> "ChangeEnumOp":
        """The way back."""
        columns = [column._replace(before=column.after, after=column.before) for column in self.columns]
        return replace(self, before=self.after, after=self.before, columns=columns)

    def to_diff_tuple(self) -> tuple[Any, ...]:
        """As `alembic check` describes it."""
        if self.before is None or self.after is None:
            return ("add_enumeration" if self.before is None else "remove_enumeration", self.name)
        return ("change_enumeration", self.name, self.before, self.after)

    @property
    def additions(self) -> list[tuple[str, str | None]] | None:
        """The new words, each with the old one that it comes before. None: there is more to do than to add."""
        before, after = self.before or (), self.after or ()
        if [word for word in after if word in before] != [*before]:
            return None
        return [
            (word, next((later for later in after[place:] if later in before), None))
            for place, word in enumerate(after)
            if word not in before
        ]


def compare(catalog: Catalog, changes: UpgradeOps, tables: Collection[str], ours: Callable[[str], bool]) -> None:
    """Enumerations of the database and of the models. Those of others stay as they are."""
    before, after = catalog.enumerations(wanted=False), catalog.enumerations(wanted=True)
    for name in sorted(after.keys() | set(filter(ours, before))):
        if before.get(name) != after.get(name):
            change = _change(catalog, tables, name, before.get(name), after.get(name))
            _take_defaults(changes, change)
            changes.ops.insert(len(changes.ops) if change.after is None else 0, change)


def _change(
    catalog: Catalog, tables: Collection[str], name: str, before: Words | None, after: Words | None
) -> ChangeEnumOp:
    change = ChangeEnumOp(name, before, after)
    if before is None or after is None:
        return change
    held = {table: catalog.held(table, None) for table in sorted(tables)}
    change.columns = [column for table in held for column in _columns(catalog, table, name)]
    change.aside = [way for table, words in held.items() for way in _in_the_way(table, words, name)]
    return change


def _columns(catalog: Catalog, table: str, enumeration: str) -> Iterator[EnumColumn]:
    wanted = catalog.wanted(table, None).columns
    for name, words in catalog.held(table, None).columns.items():
        if words.type.removesuffix("[]") == quoted(enumeration):
            after = wanted[name].default if name in wanted and wanted[name].type == words.type else words.default
            yield EnumColumn(table, name, words.type, words.default, after)


def _in_the_way(table: str, words: TableWords, enumeration: str) -> Iterator[tuple[str, str]]:
    of_the_type, on = f"::{quoted(enumeration)}", quoted(table)
    for name, text in words.constraints.items():
        if of_the_type in text:
            alter = f"ALTER TABLE {on}"
            yield f"{alter} DROP CONSTRAINT {quoted(name)}", f"{alter} ADD CONSTRAINT {quoted(name)} {text}"
    for name, text in words.indexes.items():
        if of_the_type in text:
            unique, text = ("UNIQUE ", text.removeprefix("unique ")) if text.startswith("unique ") else ("", text)
            yield f"DROP INDEX {quoted(name)}", f"CREATE {unique}INDEX {quoted(name)} ON {on} USING {text}"


def _take_defaults(changes: UpgradeOps, change: ChangeEnumOp) -> None:
    """Leave changes of a default to the change of the type: the old default knows old words, the new one new words."""
    if change.additions is not None:
        return
    columns = {(column.table, column.column) for column in change.columns}
    for altered in changes.ops:
        if isinstance(altered, ModifyTableOps):
            for operation in altered.ops:
                if isinstance(operation, AlterColumnOp) and (operation.table_name, operation.column_name) in columns:
                    operation.modify_server_default = False
            altered.ops[:] = [part for part in altered.ops if not isinstance(part, AlterColumnOp) or part.has_changes()]


@renderers.dispatch_for(ChangeEnumOp)
def render(_context: AutogenContext, change: ChangeEnumOp) -> list[str]:
    """A change as a revision has it."""
    guard = 'if op.get_context().dialect.name == "postgresql":'
    if change.before is not None and change.after is not None and change.additions is not None:
        block = "    with op.get_context().autocommit_block():  # a new word may be used once it is committed"
        lines = [guard, block, *(f"        op.execute({statement!r})" for statement in _adding(change)), "give_way()"]
    else:
        lines = [guard, *(f"    op.execute({statement!r})" for statement in _making_anew(change))]
    return ["\n".join(lines)]


def _adding(change: ChangeEnumOp) -> Iterator[str]:
    for word, later in change.additions or ():
        place = "" if later is None else f" BEFORE {literal(later)}"
        yield f"ALTER TYPE {quoted(change.name)} ADD VALUE IF NOT EXISTS {literal(word)}{place}"


def _making_anew(change: ChangeEnumOp) -> Iterator[str]:
    name, old = quoted(change.name), quoted(f"{change.name}_old")
    creation = f"CREATE TYPE {name} AS ENUM ({', '.join(map(literal, change.after or ()))})"
    if change.after is None:
        yield f"DROP TYPE {name}"
    elif change.before is None:
        yield creation
    else:
        yield from (away for away, _ in change.aside)
        yield from (f"ALTER TYPE {name} RENAME TO {old}", creation)
        yield from (statement for column in change.columns for statement in _converting(column))
        yield from (f"DROP TYPE {old}", *(back for _, back in change.aside))


def _converting(column: EnumColumn) -> Iterator[str]:
    alter = f"ALTER TABLE {quoted(column.table)} ALTER COLUMN {quoted(column.column)}"
    text = "text[]" if column.type.endswith("[]") else "text"
    if column.before is not None:
        yield f"{alter} DROP DEFAULT"
    yield f"{alter} TYPE {column.type} USING {quoted(column.column)}::{text}::{column.type}"
    if column.after is not None:
        yield f"{alter} SET DEFAULT {column.after}"


def render_type(enumeration: Enum, context: AutogenContext) -> str:
    """The type of a column: a text on other databases; on PostgreSQL what `ChangeEnumOp` has created."""
    context.imports.add("from sqlalchemy.dialects import postgresql")
    words = ", ".join(map(repr, enumeration.enums))
    native = f"postgresql.ENUM({words}, name={enumeration.name!r}, create_type=False)"
    return f'sa.String(length={enumeration.length}).with_variant({native}, "postgresql")'
