"""The annotations of a declaration.

A class enters; for each annotation of the class and of its mixins the Python type, or the name of another entity,
leaves. An unknown name (of a type that is imported for checking only) is taken for the name of an entity. No model and
no GraphQL type is looked at.
"""

import builtins
import sys
from inspect import get_annotations
from types import NoneType
from typing import Any, NamedTuple, Union, get_args, get_origin, get_type_hints

from graph.entity.registry import Connection


class Declared(NamedTuple):
    """One annotation."""

    type: Any
    """The Python type, without None and without `Connection`."""
    optional: bool
    many: bool

    @property
    def name(self) -> str:
        """The type in a sentence, and the name by which an entity is found."""
        return getattr(self.type, "__name__", str(self.type))

    def __str__(self) -> str:
        name = f"Connection[{self.name}]" if self.many else self.name
        return f"{name} | None" if self.optional else name


def declaring_classes(cls: type[Any]) -> list[type[Any]]:
    """The mixins of a class and the class itself, without types of the schema such as `Node`."""
    return [
        base for base in reversed(cls.__mro__) if base is not object and "__strawberry_definition__" not in vars(base)
    ]


def declared_fields(cls: type[Any]) -> dict[str, Declared]:
    """The annotations of a class and of its mixins, in order."""
    found: dict[str, Declared] = {}
    for base in declaring_classes(cls):
        hints = get_type_hints(base, localns=_Names(base), include_extras=True)
        found |= {name: _declared(hints[name]) for name in get_annotations(base)}
    return found


class _Names(dict[str, Any]):
    """The names that an annotation of a class may use; unknown ones stand for themselves."""

    def __init__(self, cls: type[Any]) -> None:
        super().__init__()
        self._module = vars(sys.modules[cls.__module__])

    def __missing__(self, name: str) -> Any:
        if name in self._module:
            return self._module[name]
        if hasattr(builtins, name):
            return getattr(builtins, name)
        return type(name, (), {})


def _declared(annotation: Any) -> Declared:
    given = get_args(annotation) if _is_union(annotation) else (annotation,)
    types = [type_ for type_ in given if type_ is not NoneType]
    type_ = types[0] if len(types) == 1 else annotation
    many = get_origin(type_) is Connection
    return Declared(get_args(type_)[0] if many else type_, len(types) < len(given), many)


def _is_union(annotation: Any) -> bool:
    return get_origin(annotation) is Union or type(annotation).__name__ == "UnionType"
