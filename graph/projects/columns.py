"""Columns as code: a planned attribute enters, the text of its `mapped_column` leaves.

Types are written as SQLAlchemy shows them, with the imports that they need. What a database knows alone (defaults,
identities, computed values) is written as SQL, so that the models say what the database is.
"""

import re
from collections.abc import Iterable
from types import UnionType
from typing import Any, NewType, Union, get_args, get_origin

import sqlalchemy
from sqlalchemy import Enum, dialects, types
from strawberry.scalars import JSON

from db.base import BIG_ID, JSON_DOCUMENT
from db.composites import composite_of
from db.reflection.catalog import FoundColumn, Generated
from db.reflection.plan import EnumPlan, PlannedAttribute, enum_of
from db.relations import ColumnType
from db.relations import python_type as python_type_of
from graph.projects.code import Module, literal

ENUMS = "db.models.enums"
BY_NAME = {id(BIG_ID): "BIG_ID", id(JSON_DOCUMENT): "JSON_DOCUMENT"}
"""Types of ours that have a name."""
CALLED = re.compile(r"(?<![\w.'\"])([A-Za-z_]\w*)\(")
CAST = re.compile(r"^('(?:[^']|'')*')::[\w .\"]+(\(\d+\))?$")
"""A text with the type that the column has anyway; the type is another one where tables are made to be compared."""


def python_type(module: Module, annotation: object) -> str:
    """The text of an attribute's type, as a declaration of the API has it."""
    if isinstance(annotation, EnumPlan):
        return module.use(ENUMS, annotation.class_name)
    arguments = [python_type(module, it) for it in get_args(annotation)]
    if get_origin(annotation) in (Union, UnionType):
        return " | ".join(arguments)
    return f"{module.type(get_origin(annotation))}[{', '.join(arguments)}]" if arguments else module.type(annotation)


def stored(annotation: object) -> object:
    """A type as a model has it: it knows nothing of scalars, and documents hold anything."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if annotation is JSON:
        return Any
    if isinstance(annotation, NewType) and annotation.__module__.startswith("graph."):
        return stored(annotation.__supertype__)
    if not arguments:
        return annotation
    if origin in (Union, UnionType):
        return Union[tuple(map(stored, arguments))]  # noqa: UP007 - made of what is there
    return origin[tuple(map(stored, arguments))]  # type: ignore[index]  # it has arguments


def column_type(module: Module, type_: ColumnType, enum: EnumPlan | None = None) -> str:
    """The text of a column's type."""
    if id(type_) in BY_NAME:
        return module.use("db.base", BY_NAME[id(type_)])
    if enum is not None:
        return _enumeration(module, type_, enum)
    if composite_of(python_type_of(type_)) is not None:
        return f"{_imported(module, type_, type(type_).__name__)}({module.type(python_type_of(type_))})"
    if isinstance(type_, types.ARRAY) and composite_of(python_type_of(type_.item_type)) is not None:
        dimensions = f", dimensions={type_.dimensions}" if type_.dimensions else ""
        array = module.use("sqlalchemy.dialects.postgresql", "ARRAY")
        return f"{array}({column_type(module, type_.item_type)}{dimensions})"
    written = repr(type_).replace("astext_type=Text()", "")
    named = CALLED.sub(lambda match: f"{_imported(module, type_, match[1])}(", written)
    return named.removesuffix("()") if named.count("(") == 1 else named


def made_type(module: Module, type_: ColumnType, enum: EnumPlan | None = None) -> str:
    """The text of a type that is no column's, and is made where it stands."""
    written = column_type(module, type_, enum)
    return written if "(" in written or written in BY_NAME.values() else f"{written}()"


def _imported(module: Module, type_: ColumnType, name: str) -> str:
    place = _place(type_, name)
    if place.startswith("sqlalchemy.dialects."):
        package = ".".join(place.split(".")[:3])
        if hasattr(getattr(dialects, package.split(".")[2]), name):
            return module.use(package, name)
    if place.startswith("sqlalchemy.") or hasattr(types, name):
        return module.use("sqlalchemy" if hasattr(sqlalchemy, name) else "sqlalchemy.types", name)
    return module.use(place, name)


def _place(type_: ColumnType, name: str) -> str:
    """The module of a class by whose name a type is written, or one that the type is made of."""
    inner: object = getattr(type_, "item_type", None) or getattr(type_, "data_type", None)
    if type(type_).__name__ != name and isinstance(inner, types.TypeEngine):
        return _place(inner, name)
    return type(type_).__module__


def _enumeration(module: Module, type_: ColumnType, enum: EnumPlan) -> str:
    if isinstance(type_, types.ARRAY):
        item = _enumeration(module, type_.item_type, enum)
        dimensions = f", dimensions={type_.dimensions}" if type_.dimensions else ""
        return f"{module.use('sqlalchemy.dialects.postgresql', 'ARRAY')}({item}{dimensions})"
    cls, words = module.use(ENUMS, enum.class_name), module.use(ENUMS, "words")
    parts = [cls, f"values_callable={words}"]
    if enum.type_name is not None:
        parts += [f"name={enum.type_name!r}", *([f"schema={enum.schema!r}"] if enum.schema else [])]
    else:
        length = getattr(type_, "length", None)
        parts += ["native_enum=False", *([f"length={length}"] if length and not isinstance(type_, Enum) else [])]
    return f"{module.use('sqlalchemy', 'Enum')}({', '.join(parts)})"


def mapped_column(module: Module, attribute: PlannedAttribute) -> str:
    """The line of an attribute, with the Python type that it is read as."""
    column = attribute.column
    mapped = module.use("sqlalchemy.orm", "Mapped")
    python = python_type(module, stored(attribute.annotation))
    parts = [
        *([repr(column.name)] if column.name != attribute.name else []),
        column_type(module, column.type, enum_of(attribute.annotation)),
        *given(module, column),
        *(["primary_key=True"] if attribute.in_key else []),
        *(["nullable=True"] if column.nullable and attribute.in_key else []),
        *([f"doc={literal(column.comment)}"] if column.comment else []),
    ]
    column_ = module.use("sqlalchemy.orm", "mapped_column")
    if isinstance(column.type, types.NullType):  # else SQLAlchemy would look for the type that the annotation means
        property_, plain = module.use("sqlalchemy.orm", "column_property"), module.use("sqlalchemy", "Column")
        unknown = f"{plain}({column.name!r}, {column_type(module, column.type)})"
        return f"{attribute.name}: {mapped}[{python}] = {property_}({unknown})"
    shown = f"{python} | None" if column.nullable and not attribute.in_key else python
    return f"{attribute.name}: {mapped}[{shown}] = {column_}({', '.join(parts)})"


def given(module: Module, column: FoundColumn) -> Iterable[str]:
    """Who gives the values of a column, where not whoever writes a row."""
    if column.generated is Generated.COMPUTED:
        yield f"{module.use('sqlalchemy', 'Computed')}({literal(column.computed or '')}, persisted={column.stored})"
    elif column.generated is Generated.IDENTITY_ALWAYS:
        yield f"{module.use('sqlalchemy', 'Identity')}(always=True)"
    elif column.default is not None:
        default = CAST.sub(r"\1", column.default)
        yield f"server_default={module.use('sqlalchemy', 'text')}({literal(default)})"
