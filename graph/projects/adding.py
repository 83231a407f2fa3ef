"""`trellis noun add`: words of a command line become a noun of the project.

A name and fields enter; a model, a type, a policy, changes, a revision and a test leave, written as those of a database
are. Everything is checked before the first file is written. No database is spoken to: the revision is written from the
model alone.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, Date, Double, Integer, Numeric, String, Text, Time, Uuid
from strawberry.scalars import JSON

from db.base import BIG_ID, JSON_DOCUMENT, UtcDateTime
from db.reflection.catalog import (
    Catalog,
    FoundColumn,
    FoundForeignKey,
    FoundIndex,
    FoundKey,
    FoundTable,
    Generated,
    Name,
)
from db.reflection.catalog import Kind as TableKind
from db.reflection.changes import PlannedChanges
from db.reflection.naming import camel
from db.reflection.plan import MappingPlan, PlannedAttribute, PlannedModel, PlannedRelation
from db.reflection.plurals import plural as plural_of
from db.reflection.plurals import singular
from db.reflection.relating import CHILDREN, PARENT
from db.relations import ColumnType
from graph.projects.code import is_name
from graph.projects.editing import with_checked_import, with_import, with_member, words_of
from graph.projects.empty import export_schema
from graph.projects.errors import AlreadyThere, UnknownType, WrongName
from graph.projects.existing import Existing, existing_nouns
from graph.projects.models import model_text
from graph.projects.mutations import mutations_text
from graph.projects.nouns import Noun, register
from graph.projects.revisions import write_revision
from graph.projects.types import type_text
from graph.projects.writing import Tree

TYPES: dict[str, tuple[object, ColumnType]] = {
    "str": (str, String(200)),
    "text": (str, Text()),
    "int": (int, Integer()),
    "bigint": (int, BigInteger()),
    "float": (float, Double()),
    "bool": (bool, Boolean()),
    "decimal": (Decimal, Numeric(18, 2)),
    "date": (date, Date()),
    "time": (time, Time()),
    "datetime": (datetime, UtcDateTime()),
    "uuid": (UUID, Uuid()),
    "json": (JSON, JSON_DOCUMENT),
}
"""What a field may be, besides another noun."""

TAKEN = {"id", "node", "nodes", "metadata", "registry", "version"}
"""Attributes that a model or a type has already, or that mean something to all models."""
ROOT = {"node", "nodes", "query", "mutation", "subscription", "search", "viewer"}
FLAGS = ("optional", "unique")
WORD = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
ID = PlannedAttribute(
    column=FoundColumn(
        name="id",
        type=BIG_ID,
        written="bigint",
        nullable=False,
        generated=Generated.IDENTITY_BY_DEFAULT,
        comment="The row's number, given by the database.",
    ),
    name="id",
    graphql_name="id",
    annotation=int,
    in_key=True,
    writable=False,
)


class Field(NamedTuple):
    """One argument of the command: `price:decimal:optional`."""

    name: str
    type: str
    optional: bool
    unique: bool


def add(root: Path, name: str, fields: Sequence[str], plural: str | None) -> list[tuple[Path, bool]]:
    """Write a noun into a project; the files, and whether each was there before.

    Raises `WrongName`, `UnknownType` and `AlreadyThere` before anything is written.
    """
    tree = Tree(root)
    module = words_of(name)
    _refuse_several(module, plural)
    noun = _Noun(module, [_field(it) for it in fields], plural or _plural(module), existing_nouns())
    noun.check(tree)
    with tree.whole():
        noun.write(tree)
        tree.tidy()
        export_schema(tree)
    return [(file, file in noun.changed) for file in tree.written]


class _Noun:
    """One noun on its way to files."""

    def __init__(self, module: str, fields: Sequence[Field], plural: str, known: dict[str, Existing]) -> None:
        self.module = module
        self.cls = "".join(word.capitalize() for word in module.split("_"))
        self.plural = plural
        self.fields = fields
        self.known = known
        self.changed: set[Path] = set()

    @property
    def files(self) -> list[Path]:
        """The files of the noun alone."""
        rooms = ("db/models", "graph/types", "graph/mutations")
        return [*(Path(room) / f"{self.module}.py" for room in rooms), self.operation]

    @property
    def operation(self) -> Path:
        """The test."""
        return Path(f"tests/application/operations/{self.plural}.graphql")

    def check(self, tree: Tree) -> None:
        """Raise an error for whatever stands against the noun."""
        for kind, word in (("a noun", self.module), ("a table", self.plural)):
            if not WORD.fullmatch(word) or not is_name(word) or word in ROOT:
                raise WrongName(
                    kind,
                    word,
                    "it is of small letters, digits and single underscores, and no word of "
                    "Python or of the API. Say for instance `book`, with `--plural books`.",
                )
        if self.plural == self.module:
            raise WrongName(
                "a table",
                self.plural,
                f"it is that of one row, too. Say `--plural`, for instance `--plural all_{self.module}`.",
            )
        if self.cls in self.known:
            raise AlreadyThere(f"The noun {self.cls}")
        tables = {it.table.name for it in self.known.values()}
        if self.plural in tables:
            raise AlreadyThere(f"The table {self.plural}")
        for file in self.files:
            if tree.has(file):
                raise AlreadyThere(f"The file {file}")
        seen = set(TAKEN)
        for field in self.fields:
            self._check_field(field, seen)

    def _check_field(self, field: Field, seen: set[str]) -> None:
        names = {field.name, *([f"{field.name}_id"] if field.type not in TYPES else [])}
        if not WORD.fullmatch(field.name) or not is_name(field.name) or names & seen:
            raise WrongName(
                "a field",
                field.name,
                "it is of small letters, digits and single underscores, each but once, and not "
                f"{', '.join(sorted(TAKEN))}. Say for instance `title:str`.",
            )
        seen |= names
        if field.type in TYPES:
            return
        target = self.known.get(field.type)
        if target is None and field.type != self.cls:
            raise UnknownType(field.name, field.type, TYPES, self.known)
        if target is not None and len(target.key) != 1:
            raise WrongName(
                "a relation",
                field.name,
                f"{field.type} has a key of several columns. Write it by hand: db/models/{self.module}.py.",
            )
        reverse = self._reverse(field)
        if target is not None and reverse in target.attributes:
            raise AlreadyThere(f"{field.type}.{reverse}, which leads from one {target.module} to {self.plural},")

    def write(self, tree: Tree) -> None:
        """Write all files."""
        model = self._model()
        plan = MappingPlan(catalog=Catalog(dialect="", tables=()), models=[model, *self._targets(model)])
        tree.write(self.files[0], model_text(plan, model))
        tree.write(self.files[1], type_text(plan, model))
        tree.write(self.files[2], self._mutations(model))
        tree.write(self.operation, self._operation_text())
        register(tree, [Noun(self.cls, self.module, is_written=True)])
        self.changed |= {file for file in tree.written if file not in self.files}
        for field in self._relations:
            self._list_of(tree, field)
        write_revision(tree, model.table, f"Add {self.plural.replace('_', ' ')}")

    @property
    def _relations(self) -> list[Field]:
        return [it for it in self.fields if it.type not in TYPES]

    def _target(self, field: Field) -> Existing:
        own = Existing(self.cls, self.module, Name(None, self.plural), ("id",), ("id",), (int,), (BIG_ID,), frozenset())
        return self.known.get(field.type, own)

    def _reverse(self, field: Field) -> str:
        """What leads back from one row of another noun, named as for tables that were there before."""
        back = self.module if field.unique else self.plural
        if field.type == self.cls:
            return CHILDREN if field.name == PARENT and not field.unique else f"{back}_by_{field.name}"
        return f"{back}_by_{field.name}" if self._is_one_of_several(field) else back

    def _is_one_of_several(self, field: Field) -> bool:
        return sum(it.type == field.type for it in self._relations) > 1

    def _model(self) -> PlannedModel:
        attributes = [ID, *map(self._attribute, self.fields)]
        relating = [field for field in self.fields if field.type not in TYPES]
        keys = [self._foreign_key(field) for field in relating]
        table = FoundTable(
            name=Name(None, self.plural),
            kind=TableKind.TABLE,
            columns=[it.column for it in attributes],
            key=FoundKey(["id"]),
            unique=[FoundKey([self._column(field).name]) for field in self.fields if field.unique],
            foreign_keys=keys,
            indexes=[
                FoundIndex(name=None, columns=[self._column(field).name]) for field in relating if not field.unique
            ],
        )
        natural = [it.name for it in self.fields if it.unique and not it.optional and it.type in ("str", "uuid")]
        return PlannedModel(
            table=table,
            class_name=self.cls,
            module=self.module,
            plural="",
            attributes=attributes,
            relations=[it for field, key in zip(relating, keys, strict=True) for it in self._related(field, key)],
            natural_keys=natural,
            description=f"One of the {self.plural.replace('_', ' ')}.",
        )

    def _attribute(self, field: Field) -> PlannedAttribute:
        column = self._column(field)
        return PlannedAttribute(
            column=column,
            name=column.name,
            graphql_name=camel(column.name),
            annotation=TYPES[field.type][0] if field.type in TYPES else self._target(field).types[0],
            hidden=field.type not in TYPES,
        )

    def _related(self, field: Field, key: FoundForeignKey) -> Iterator[PlannedRelation]:
        """The relation of a field, and what leads back where both ends are of this noun."""
        back = self._reverse(field)
        yield PlannedRelation(
            name=field.name,
            graphql_name=camel(field.name),
            target=field.type,
            many=False,
            nullable=field.optional,
            foreign_key=key,
            back_populates=back,
        )
        if field.type == self.cls:
            yield PlannedRelation(
                name=back,
                graphql_name=camel(back),
                target=self.cls,
                many=not field.unique,
                nullable=True,
                foreign_key=key,
                back_populates=field.name,
            )

    def _column(self, field: Field) -> FoundColumn:
        if field.type in TYPES:
            return FoundColumn(name=field.name, type=TYPES[field.type][1], written=field.type, nullable=field.optional)
        return FoundColumn(
            name=f"{field.name}_id",
            type=self._target(field).columns[0],
            written="",
            nullable=field.optional,
            comment=f"Which {words_of(field.type).replace('_', ' ')} it belongs to.",
        )

    def _foreign_key(self, field: Field) -> FoundForeignKey:
        target = self._target(field)
        return FoundForeignKey(
            columns=[f"{field.name}_id"], target=target.table, target_columns=target.key, on_delete="RESTRICT"
        )

    def _targets(self, model: PlannedModel) -> list[PlannedModel]:
        """The models that relations lead to, as far as lines about them need."""
        return [self._known(self.known[name]) for name in {it.target for it in model.relations} if name in self.known]

    def _known(self, it: Existing) -> PlannedModel:
        columns = [
            FoundColumn(name=name, type=type_, written="", nullable=False)
            for name, type_ in zip(it.key, it.columns, strict=True)
        ]
        attributes = [
            PlannedAttribute(column=column, name=name, graphql_name=camel(name), annotation=python, in_key=True)
            for column, name, python in zip(columns, it.names, it.types, strict=True)
        ]
        table = FoundTable(name=it.table, kind=TableKind.TABLE, columns=columns, key=FoundKey(it.key))
        return PlannedModel(
            table=table, class_name=it.cls, module=it.module, plural="", attributes=attributes, relations=()
        )

    def _list_of(self, tree: Tree, field: Field) -> None:
        """Give the other noun its list of new rows."""
        if field.type == self.cls:
            return
        target, name = self.known[field.type], self._reverse(field)
        model, type_ = Path(f"db/models/{target.module}.py"), Path(f"graph/types/{target.module}.py")
        join = f'foreign_keys="{self.cls}.{field.name}_id", ' if self._is_one_of_several(field) else ""
        kept = f"{self.cls} | None" if field.unique else f"list[{self.cls}]"
        line = f'{name}: Mapped[{kept}] = relationship({join}back_populates="{field.name}", lazy="raise")'
        text = with_checked_import(tree.read(model), f"db.models.{self.module}", self.cls)
        for imported in ("Mapped", "relationship"):
            text = with_import(text, "sqlalchemy.orm", imported)
        tree.write(model, with_member(text, str(model), target.cls, line))
        text = with_checked_import(tree.read(type_), f"graph.types.{self.module}", self.cls)
        shown = f"{self.cls} | None" if field.unique else f"Connection[{self.cls}]"
        text = text if field.unique else with_import(text, "graph.entity", "Connection")
        tree.write(type_, with_member(text, str(type_), target.cls, f"{name}: {shown}"))
        self.changed |= {model, type_}

    def _mutations(self, model: PlannedModel) -> str:
        """The module of changes."""
        references = {f"{it.name}_id": (self._target(it).module, it.type) for it in self._relations}
        columns = [it.name if it.type in TYPES else f"{it.name}_id" for it in self.fields]
        changes = PlannedChanges(columns=columns, key=(), creates=True, rules=())
        return mutations_text(model, changes, references)

    def _operation_text(self) -> str:
        """A query of the list, which `make test` runs."""
        plain = [_camel(it.name) for it in self.fields if it.type in TYPES and it.type != "json"]
        related = [f"{_camel(it.name)} {{ id }}" for it in self._relations]
        lines = "\n".join(f"      {it}" for it in ("id", *plain, *related))
        return f"{{\n  {_camel(self.plural)}(first: 5) {{\n    totalCount\n    nodes {{\n{lines}\n    }}\n  }}\n}}\n"


def _field(written: str) -> Field:
    name, type_, *flags = written.split(":")[:2] + written.split(":")[2:] if ":" in written else (written, "")
    if not type_ or set(flags) - set(FLAGS):
        raise WrongName("a field", written, "write `name:type`, and behind that `:optional` or `:unique`.")
    return Field(name, _known_type(type_), "optional" in flags, "unique" in flags)


def _known_type(name: str) -> str:
    """`Decimal` is understood as `decimal`, which is Python's name."""
    return name.lower() if name.lower() in TYPES else name


def _plural(module: str) -> str:
    *before, last = module.split("_")
    return "_".join([*before, plural_of(last)])


def _refuse_several(module: str, plural: str | None) -> None:
    """Raise `WrongName` for a noun that is told as many, where nobody says what many are called."""
    *before, last = module.split("_")
    one = "_".join([*before, singular(last)])
    if plural is None and one != module:
        raise WrongName("a noun", module, f"it names several. Name one: `{one}`; `--plural` names several.")


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)
