"""What the revisions of a history have made: the rest of a database belongs to somebody else.

Files of revisions enter, names leave. A table may be dropped, and what stands in it beside the models, if a revision
has made it. Of a table that a model describes and no revision has made, only what the models or revisions name is
looked at. Revisions are read, not run: a name that a revision works out is nobody's, and so is left alone.
Why: docs/decisions/0021-migrations-see-everything.md.
"""

import ast
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from alembic.script import Script
from sqlalchemy import MetaData

_NAME = r'((?:(?:"(?:[^"]|"")+"|\w+)\.)?(?:"(?:[^"]|"")+"|\w+))'
_SQL = re.compile(
    rf"\b(CREATE|DROP)\s+(?:UNLOGGED\s+)?(TABLE|TYPE|SEQUENCE)\s+(?:IF\s+(?:NOT\s+)?EXISTS\s+)?{_NAME}", re.IGNORECASE
)


class Step(NamedTuple):
    """One thing that a revision makes, drops or gives another name."""

    verb: str
    """`create`, `drop` or `rename`."""
    kind: str
    """`table`, `type` or `sequence`."""
    name: str
    """With its schema, where the revision names one."""
    to: str = ""


def steps_of(source: str) -> list[Step]:
    """What the text of a revision does to tables, types and sequences on the way up, in order."""
    up = [part for part in ast.parse(source).body if getattr(part, "name", "") != "downgrade"]
    nodes = [node for part in up for node in ast.walk(part)]
    prose = {id(node.value) for node in nodes if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)}
    parts = [node for node in nodes if isinstance(node, ast.expr) and id(node) not in prose]  # a docstring makes none
    parts.sort(key=lambda node: (node.lineno, node.col_offset))
    return [step for node in parts for step in _steps(node)]


def _steps(node: ast.expr) -> Iterator[Step]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        for verb, kind, name in _SQL.findall(node.value):
            yield Step(verb.lower(), kind.lower(), _unquoted(name))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute | ast.Name):
        called = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id
        given = [argument.value for argument in node.args if isinstance(argument, ast.Constant)]
        names = [name for name in given if isinstance(name, str)]
        options = {it.arg: it.value.value for it in node.keywords if isinstance(it.value, ast.Constant)}
        verb, _, kind = called.partition("_")
        if kind == "table" and verb in ("create", "drop") and names:
            yield Step(verb, kind, key_of(names[0], options.get("schema")))
        if called == "rename_table" and len(names) > 1:
            yield Step("rename", kind, *(key_of(name, options.get("schema")) for name in names[:2]))
        if called == "ENUM" and options.get("name"):
            yield Step("create", "type", str(options["name"]))


def key_of(name: str, schema: object) -> str:
    """A table as a metadata has it: with its schema, unless that is what a connection finds first."""
    return name if schema is None else f"{schema}.{name}"


def _unquoted(name: str) -> str:
    return re.sub(r'"((?:[^"]|"")+)"', lambda found: found[1].replace('""', '"'), name)


def taken(made: Collection[str], pending: Iterable[Script], there: Collection[str]) -> list[str]:
    """The tables that revisions would make, and that are there already though no revision before has made them."""
    mine, found = set(made), []
    for step in _of_tables(pending):
        new = step.to or step.name
        if step.verb != "drop" and new not in mine and new in there:
            found.append(new)
        mine = _after(mine, step)
    return sorted(set(found))


def tables_of(revisions: Iterable[Script]) -> frozenset[str]:
    """The tables that are there after these revisions, the oldest first."""
    tables: set[str] = set()
    for step in _of_tables(revisions):
        tables = _after(tables, step)
    return frozenset(tables)


def _of_tables(revisions: Iterable[Script]) -> Iterator[Step]:
    return (step for it in revisions for step in steps_of(_text(it)) if step.kind == "table")


def _after(names: set[str], step: Step) -> set[str]:
    return (names - {step.name}) | ({step.to or step.name} if step.verb != "drop" else set())


def _text(revision: Script) -> str:
    return Path(revision.path).read_text("utf-8")


class Ownership:
    """What one history may change or drop. One for each run of alembic."""

    def __init__(self, revisions: Iterable[Script], models: MetaData) -> None:
        """Takes revisions with the oldest first; they are read when something is asked."""
        self._revisions = revisions
        self._models = models

    @cached_property
    def _texts(self) -> list[str]:
        return [_text(revision) for revision in self._revisions]

    @cached_property
    def _made(self) -> Mapping[str, frozenset[str]]:
        made: dict[str, set[str]] = {}
        for step in (step for text in self._texts for step in steps_of(text)):
            made[step.kind] = _after(made.get(step.kind, set()), step)
        return MappingProxyType({kind: frozenset(names) for kind, names in made.items()})

    @cached_property
    def _words(self) -> frozenset[str]:
        """Every text in the revisions: names of columns and indexes that they have made are among them."""
        nodes = (node for text in self._texts for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Constant))
        return frozenset(node.value for node in nodes if isinstance(node.value, str))

    @cached_property
    def schemas(self) -> frozenset[str | None]:
        """The schemas that the models name; None is that which the connection finds first."""
        return frozenset({table.schema for table in self._models.tables.values()}) | {None}

    def has_made(self, kind: str, name: str | None) -> bool:
        """Whether a revision has made a table, a type or a sequence of this name, and none has dropped it."""
        return name in self._made.get(kind, frozenset())

    def describes(self, table: str | None, schema: str | None) -> bool:
        """Whether a model describes a table."""
        return table is not None and key_of(table, schema) in self._models.tables

    def may_lose(self, table: str, name: str | None) -> bool:
        """Whether something that is in a table, by its key, and not in the models may be dropped."""
        return self.has_made("table", table) or name in self._words
