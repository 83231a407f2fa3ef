"""What composite types are called, and what the values of their attributes are.

A catalog enters, whose composite types are classes that nothing is known of but their attributes; the same classes
leave with names and with annotations. A class has the name of its type, unless a table has that: then `Value` is added.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ARRAY

from db.composites import composite_of
from db.reflection.catalog import Catalog
from db.reflection.forms import Form
from db.reflection.naming import RESERVED_CLASSES, numbered, pascal, snake, words
from db.reflection.plan import Guess
from db.relations import ColumnType, python_type, underlying


@dataclass
class Composites:
    """The composite types of columns, those inside of others before those."""

    classes: list[type[Any]] = field(default_factory=list)
    guesses: list[Guess] = field(default_factory=list)


def composites_of(catalog: Catalog, form: Form, tables: Collection[str]) -> Composites:
    """The composite types of columns. `tables` are the names of classes that tables would have."""
    found = Composites()
    types = (column.type for table in catalog.tables for column in table.columns)
    taken: set[str] = set()
    for place, cls in enumerate(_distinct(types), 1):
        type_ = composite_of(cls)
        assert type_ is not None  # no others are found
        wanted = snake(words(type_.name), "type", place)

        def is_free(name: str) -> bool:
            return pascal(name) not in RESERVED_CLASSES and pascal(name) not in taken and pascal(name) not in tables

        name = next(filter(is_free, (wanted, f"{wanted}_value")), None) or numbered(wanted, is_free)
        taken.add(pascal(name))
        # Nothing else knows the class yet: it was made for this catalog.
        cls.__name__ = cls.__qualname__ = pascal(name)
        parts = tuple(part._replace(annotation=_annotation(form, part.type)) for part in type_.parts)
        cls.__composite__ = type_._replace(parts=parts)
        found.classes.append(cls)
        if name != wanted:
            decision = f"It is called {pascal(name)}: {pascal(wanted)} is taken, or a type that the schema has."
            found.guesses.append(Guess(f"type {type_.name}", decision, f"The name of the class {pascal(name)}."))
    return found


def _annotation(form: Form, type_: ColumnType) -> object:
    """The Python type of an attribute's values. Who has no form for some types has none for composite types either."""
    return form(type_) or object


def _distinct(types: Iterable[ColumnType]) -> Iterable[type[Any]]:
    """Each class once; those inside of another stand before that."""
    return dict.fromkeys(cls for type_ in types for cls in _classes(type_))


def _classes(type_: ColumnType) -> Iterator[type[Any]]:
    found = underlying(type_)
    if isinstance(found, ARRAY):
        yield from _classes(found.item_type)
        return
    cls: Any = python_type(found)
    composite = composite_of(cls)
    if composite is not None:
        for part in composite.parts:
            yield from _classes(part.type)
        yield cls
