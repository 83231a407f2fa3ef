"""Models as code: a plan enters, the text of `db/models/<table>.py` leaves, one for each table.

Names of the database are written where Python's differ. Relationships are `lazy="raise"`; what joins them is said where
foreign keys alone do not tell. Tables between two others, without columns of their own, are in `associations`.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from db.composites import CompositeType, Part, composite_of
from db.reflection.catalog import FoundColumn, FoundForeignKey, FoundIndex, FoundTable, Kind, Told
from db.reflection.plan import MappingPlan, PlannedFunction, PlannedModel, PlannedRelation, enum_of
from graph.projects.code import INDENT, Module, docstring, is_name, literal
from graph.projects.columns import column_type, given, made_type, mapped_column, python_type

ASSOCIATIONS = "db.models.associations"


def model_text(plan: MappingPlan, model: PlannedModel) -> str:
    """The module of one model."""
    names = {
        *(it.name for it in model.attributes),
        *(it.name for it in model.relations),
        *(it.name for it in model.functions),
    }
    module = Module({model.class_name, *names})
    lines = [
        f"class {model.class_name}({', '.join(_bases(module, model))}):",
        docstring(_told(model), INDENT),
        "",
        f"{INDENT}__tablename__ = {model.table.name.name!r}",
        *_table_arguments(module, model),
        "",
        *(f"{INDENT}{mapped_column(module, attribute)}" for attribute in model.attributes),
    ]
    functions = [f"{INDENT}{_row_function(module, it)}" for it in model.functions]
    lines += ["", *functions] if functions else []
    relations = [f"{INDENT}{_Relation(plan, model, it).text(module)}" for it in model.relations]
    lines += ["", *relations] if relations else []
    return module.text(f"{_title(model)}, as the database has them.", "\n".join(lines) + "\n", future=True)


def _bases(module: Module, model: PlannedModel) -> Iterable[str]:
    """What a model inherits from: views are made by nobody here, and rows without a key are lists and nothing else."""
    if model.table.key is None:
        yield module.use("db.views", "Keyless")
    if model.table.kind is not Kind.TABLE:
        yield module.use("db.views", "View")
    yield module.use("db.base", "Base")


def described(model: PlannedModel) -> str:
    """What a table is, as far as anybody has said."""
    return model.description or f"A row of the {model.table.kind} `{model.table.name}`."


def _told(model: PlannedModel) -> str:
    """What a table is, and what the database alone checks.

    A CHECK of a model would be compared with that of the database by its words, which the server spells anew each time.
    """
    checks = [f"The database checks {check.sql}." for check in model.table.checks]
    return "\n\n".join([described(model), *checks])


def _row_function(module: Module, planned: PlannedFunction) -> str:
    """`full_name = row_function("users_full_name", Text())`."""
    function = planned.function
    assert function.type is not None  # only functions that give a value are planned
    parts = [
        repr(function.name.name),
        made_type(module, function.type, enum_of(planned.annotation)),
        *([f"schema={function.name.schema!r}"] if function.name.schema else []),
        *([f"doc={literal(function.comment)}"] if function.comment else []),
    ]
    return f"{planned.name} = {module.use('db.row_functions', 'row_function')}({', '.join(parts)})"


def _title(model: PlannedModel) -> str:
    return f"The rows of `{model.table.name}`"


def _table_arguments(module: Module, model: PlannedModel) -> Iterable[str]:
    table = model.table
    parts = list(_constraints(module, table))
    if table.name.schema:
        parts.append(repr({"schema": table.name.schema}))
    if parts:
        yield f"{INDENT}__table_args__ = ("
        yield from (f"{INDENT}{INDENT}{part}," for part in parts)
        yield f"{INDENT})"


def _constraints(module: Module, table: FoundTable) -> Iterable[str]:
    yield from (_foreign_key(module, key) for key in table.foreign_keys if key.told is Told.DATABASE)
    if table.key is not None and [it.name for it in table.columns if it.name in table.key.columns] != [
        *table.key.columns
    ]:
        # In the order of the key, which its index serves.
        yield f"{module.use('sqlalchemy', 'PrimaryKeyConstraint')}({', '.join(map(repr, table.key.columns))})"
    unique = (*table.unique, *table.nullable_unique)
    yield from (_unique(module, key.columns, key.name) for key in unique if not _by_index(table, key.columns))
    yield from (_index(module, index) for index in table.indexes if None not in index.columns)


def _by_index(table: FoundTable, columns: Sequence[str]) -> bool:
    return any(index.unique and list(index.columns) == list(columns) for index in table.indexes)


def _foreign_key(module: Module, key: FoundForeignKey) -> str:
    table = key.target.name if key.target.schema is None else f"{key.target.schema}.{key.target.name}"
    targets = [f"{table}.{column}" for column in key.target_columns]
    options = [
        *([f"name={key.name!r}"] if key.name else []),
        *([f"ondelete={key.on_delete!r}"] if key.on_delete else []),
        *([f"onupdate={key.on_update!r}"] if key.on_update else []),
    ]
    parts = ", ".join([repr(list(key.columns)), repr(targets), *options])
    return f"{module.use('sqlalchemy', 'ForeignKeyConstraint')}({parts})"


def _unique(module: Module, columns: Sequence[str], name: str | None) -> str:
    parts = [*map(repr, columns), *([f"name={name!r}"] if name else [])]
    return f"{module.use('sqlalchemy', 'UniqueConstraint')}({', '.join(parts)})"


def _index(module: Module, index: FoundIndex) -> str:
    text = module.use("sqlalchemy", "text") if index.where else ""
    parts = [
        repr(index.name),
        *map(repr, index.columns),
        *(["unique=True"] if index.unique else []),
        *([f"postgresql_using={index.method!r}"] if index.method else []),
        *(
            [f"postgresql_where={text}({index.where!r})", f"sqlite_where={text}({index.where!r})"]
            if index.where
            else []
        ),
    ]
    return f"{module.use('sqlalchemy', 'Index')}({', '.join(parts)})"


class _Relation:
    """One relationship on its way to a line."""

    def __init__(self, plan: MappingPlan, model: PlannedModel, relation: PlannedRelation) -> None:
        self._plan = plan
        self._model = model
        self._relation = relation
        self._target = next(it for it in plan.models if it.class_name == relation.target)
        self._is_own = self._target is model
        self._forward = relation.secondary is None and is_forward(model, relation)

    def text(self, module: Module) -> str:
        """`author: Mapped[Author] = relationship(back_populates="books", lazy="raise")`."""
        relation = self._relation
        cls = relation.target if self._is_own else module.check(f"db.models.{self._target.module}", relation.target)
        kept = f"{module.use('builtins', 'list')}[{cls}]" if relation.many else cls
        shown = f"{kept} | None" if not relation.many and relation.nullable else kept
        parts = [
            *(self._join() if relation.secondary is None else self._secondary(module, relation.secondary)),
            *([f"back_populates={relation.back_populates!r}"] if relation.back_populates else []),
            'lazy="raise"',
            *(["viewonly=True"] if self._is_read_only else []),
        ]
        mapped, relationship = module.use("sqlalchemy.orm", "Mapped"), module.use("sqlalchemy.orm", "relationship")
        return f"{relation.name}: {mapped}[{shown}] = {relationship}({', '.join(parts)})"

    @property
    def _is_read_only(self) -> bool:
        """Whether a view is at either end, or another foreign key writes some of the same columns."""
        if self._model.table.kind != Kind.TABLE or self._target.table.kind != Kind.TABLE:
            return True
        if self._relation.secondary is not None:
            return False
        key = self._relation.foreign_key
        owner = self._model if self._forward else self._target
        others = (it for it in owner.table.foreign_keys if it != key)
        return any(set(it.columns) & set(key.columns) for it in others)

    def _join(self) -> Iterable[str]:
        if not self._needs_join:
            return
        key = self._relation.foreign_key
        near, far = (self._model, self._target) if self._forward else (self._target, self._model)
        pairs = []
        for column, target in zip(key.columns, key.target_columns, strict=True):
            here, there = f"foreign({_path(near, column)})", _path(far, target)
            if self._is_own:  # which end is the other row, nothing else tells
                here, there = (here, f"remote({there})") if self._forward else (f"remote({here})", there)
            pairs.append(f"{here} == {there}")
        joined = pairs[0] if len(pairs) == 1 else f"and_({', '.join(pairs)})"
        yield f"primaryjoin={literal(joined)}"

    @property
    def _needs_join(self) -> bool:
        """Whether foreign keys alone do not tell what joins the two."""
        one, other = self._model.table, self._target.table
        between = sum(key.target == other.name for key in one.foreign_keys)
        between += sum(key.target == one.name for key in other.foreign_keys)
        return self._is_own or between != 1 or self._relation.foreign_key.told is Told.COMMENT

    def _secondary(self, module: Module, between: FoundTable) -> Iterable[str]:
        name = module.use(ASSOCIATIONS, association_name(between))
        yield f"secondary={name}"
        far = self._relation.far_key
        if self._is_own and far is not None:
            for side, key in (("primaryjoin", self._relation.foreign_key), ("secondaryjoin", far)):
                pairs = [
                    f"{_path(self._model, target)} == {name}.c[{column!r}]"
                    for column, target in zip(key.columns, key.target_columns, strict=True)
                ]
                joined = pairs[0] if len(pairs) == 1 else f"{module.use('sqlalchemy', 'and_')}({', '.join(pairs)})"
                yield f"{side}=lambda: {joined}"


def association_name(table: FoundTable) -> str:
    """The name of a table between two others, in `associations`."""
    schema = f"{table.name.schema}_" if table.name.schema else ""
    name = re.sub(r"\W", "_", f"{schema}{table.name.name}")
    return name if is_name(name) else f"t_{name}"


def associations(plan: MappingPlan) -> Sequence[FoundTable]:
    """The tables between two others, each once."""
    found = {it.secondary.name: it.secondary for model in plan.models for it in model.relations if it.secondary}
    return [found[name] for name in sorted(found, key=str)]


def associations_text(plan: MappingPlan) -> str:
    """`db/models/associations.py`."""
    tables = associations(plan)
    module = Module(map(association_name, tables))
    return module.text(
        "The tables between two others that have no columns of their own.",
        "\n\n".join(_association(module, table) for table in tables) + "\n",
    )


def _association(module: Module, table: FoundTable) -> str:
    key = table.key.columns if table.key else ()
    parts = [
        repr(table.name.name),
        f"{module.use('db.base', 'Base')}.metadata",
        *(_association_column(module, column, is_key=column.name in key) for column in table.columns),
        *_constraints(module, table),
        *([f"schema={table.name.schema!r}"] if table.name.schema else []),
    ]
    return f"{association_name(table)} = {module.use('sqlalchemy', 'Table')}({', '.join(parts)})"


def _association_column(module: Module, column: FoundColumn, *, is_key: bool) -> str:
    kind = "primary_key=True" if is_key else f"nullable={column.nullable}"
    parts = [repr(column.name), column_type(module, column.type), *given(module, column), kind]
    return f"{module.use('sqlalchemy', 'Column')}({', '.join(parts)})"


def enums_text(plan: MappingPlan) -> str:
    """`db/models/enums.py`."""
    module = Module(it.class_name for it in plan.enums)
    word, strings = module.use("db.base", "Word"), module.use("enum", "StrEnum")
    classes = [
        f"def words(enum: type[{strings}]) -> list[str]:\n"
        f'{INDENT}"""The words of an enumeration, as the database has them."""\n'
        f"{INDENT}return [member.value for member in enum]"
    ]
    for enum in plan.enums:
        said = f"The words of `{enum.type_name or enum.class_name}`."
        members = [f"{INDENT}{name} = {value!r}" for name, value in enum.members]
        classes.append("\n".join([f"class {enum.class_name}({word}):", docstring(said, INDENT), "", *members]))
    return module.text("The enumerations.", "\n\n\n".join(classes) + "\n")


def composites_text(plan: MappingPlan) -> str:
    """`db/models/composites.py`."""
    names = {part.attribute for cls in plan.composites for part in _composite(cls).parts}
    module = Module(names | {cls.__name__ for cls in plan.composites})
    module.define({(cls.__module__, cls.__name__) for cls in plan.composites})
    classes = [_composite_text(module, cls) for cls in plan.composites]
    return module.text("The composite types.", "\n\n\n".join(classes) + "\n")


def _composite(cls: type[Any]) -> CompositeType:
    found = composite_of(cls)
    assert found is not None  # the plan has no others
    return found


def _composite_text(module: Module, cls: type[Any]) -> str:
    type_ = _composite(cls)
    schema = f", schema={type_.schema!r}" if type_.schema else ""
    lines = [
        f"@{module.use('db.composites', 'composite')}({type_.name!r}{schema})",
        f"class {cls.__name__}:",
        docstring(f"The values of `{type_.name}`.", INDENT),
        "",
    ]
    return "\n".join([*lines, *(_part_text(module, part) for part in type_.parts)])


def _part_text(module: Module, part: Part) -> str:
    shown = f"{python_type(module, part.annotation)} | None"
    name = [] if part.name == part.attribute else [repr(part.name)]
    said = ", ".join([shown, *name, column_type(module, part.type)])
    return f"{INDENT}{part.attribute}: {module.use('typing', 'Annotated')}[{said}]"


def is_forward(model: PlannedModel, relation: PlannedRelation) -> bool:
    """Whether a relation goes along a foreign key of its own table, to one row."""
    if relation.many or relation.foreign_key not in model.table.foreign_keys:
        return False
    same = [it for it in model.relations if it.foreign_key == relation.foreign_key and not it.many]
    return same[0] is relation


def _path(model: PlannedModel, column: str) -> str:
    name = next(it.name for it in model.attributes if it.column.name == column)
    return f"{model.class_name}.{name}"
