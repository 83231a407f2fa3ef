"""Revisions that are written without a database: a table enters, the file that makes it leaves.

The text is alembic's own, by the types and the template of `migrations`. Nothing is run.
Source: https://alembic.sqlalchemy.org/en/latest/api/autogenerate.html#alembic.autogenerate.render_python_code
"""

from pathlib import Path

from alembic.autogenerate import render_python_code
from alembic.operations.ops import CreateIndexOp, CreateTableOp, DropTableOp, UpgradeOps
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Column, ForeignKeyConstraint, Index, MetaData, Table, UniqueConstraint
from sqlalchemy.engine.default import DefaultDialect

from db.base import Base
from db.reflection.catalog import FoundTable
from graph.projects.writing import Tree
from migrations.rendering import imports_of, render_item


def write_revision(tree: Tree, table: FoundTable, message: str) -> Path:
    """Write the revision that makes a table; its file."""
    made = _table(table)
    indexes = sorted(made.indexes, key=lambda index: str(index.name))
    up = UpgradeOps([CreateTableOp.from_table(made), *map(CreateIndexOp.from_index, indexes)])
    return _write(tree, message, _code(up), _code(UpgradeOps([DropTableOp.from_table(made)])))


def write_as_found(tree: Tree) -> Path:
    """Write the first revision of a database that was there before: nothing is made, and nothing is taken away."""
    return _write(tree, "As found")


def _write(tree: Tree, message: str, up: str = "pass", down: str = "pass") -> Path:
    script = ScriptDirectory(
        str(tree.root / "migrations"), file_template="%(rev)s_%(slug)s", messaging_opts={"quiet": True}
    )
    head = script.get_current_head()
    made = script.generate_revision(
        f"{int(head or 0) + 1:04}", message, head=head or "base", imports=imports_of(up), upgrades=up, downgrades=down
    )
    assert made is not None
    file = Path(made.path).relative_to(tree.root)
    tree.added(file)
    return file


def _code(operations: UpgradeOps) -> str:
    context = MigrationContext.configure(dialect=DefaultDialect(), opts={"target_metadata": Base.metadata})
    code = render_python_code(operations, render_item=render_item, migration_context=context)
    return "\n".join(line for line in code.splitlines() if not line.lstrip().startswith("# ###")).strip()


def _table(found: FoundTable) -> Table:
    """The table, beside those that it refers to."""
    metadata = MetaData(naming_convention=Base.metadata.naming_convention)
    for key in found.foreign_keys:
        if key.target != found.name and str(key.target) not in metadata.tables:
            others = Base.metadata.tables[str(key.target)]
            others.to_metadata(metadata)
    keys = found.key.columns if found.key else ()
    return Table(
        found.name.name,
        metadata,
        *(Column(it.name, it.type, primary_key=it.name in keys, nullable=it.nullable) for it in found.columns),
        *(
            ForeignKeyConstraint(
                list(it.columns), [f"{it.target}.{name}" for name in it.target_columns], ondelete=it.on_delete
            )
            for it in found.foreign_keys
        ),
        *(UniqueConstraint(*it.columns) for it in found.unique),
        *(Index(None, *[name for name in it.columns if name]) for it in found.indexes),
        schema=found.name.schema,
    )
