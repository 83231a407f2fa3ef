"""Whether a type and its model agree about the key of their rows, when the type is declared.

A class and its mapper enter; nothing leaves, or a `DeclarationError` that names both and the cure. No row is read here:
`db.told_keys` looks whether rows keep their keys. Why: docs/decisions/0042-rows-without-a-key.md.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Mapper

from db.relations import Link, primary_key
from db.views import has_key
from graph.entity.ids import Node
from graph.entity.types import TYPES
from graph.errors import DeclarationError


def check_key(cls: type[Any], mapper: Mapper[Any], natural_keys: Sequence[str]) -> None:
    """Raise `DeclarationError` where a class promises another key than its model has."""
    if not has_key(mapper):
        _check_row(cls, mapper, natural_keys)
    elif not issubclass(cls, Node):
        name, model, key = cls.__name__, mapper.class_.__name__, ", ".join(primary_key(mapper))
        raise DeclarationError(
            f"{name} is a Row, but the rows of {model} have a key, {key}: class {name}(Node). "
            f"If values of it repeat or are null, make the model Keyless: class {model}(Keyless, …)."
        )
    else:
        _check_columns(cls.__name__, mapper)


def _check_row(cls: type[Any], mapper: Mapper[Any], natural_keys: Sequence[str]) -> None:
    name, model = cls.__name__, mapper.class_.__name__
    if issubclass(cls, Node):
        raise DeclarationError(
            f"{name} is a Node, which has an id, but nothing tells the rows of {model} apart: class {name}(Row). "
            f"Or, if they have a key after all, say primary_key=True at its columns, and {model} is not Keyless."
        )
    if natural_keys:
        raise DeclarationError(f"{name} is a Row, which is looked up by nothing; leave out keys={[*natural_keys]}.")


def _check_columns(name: str, mapper: Mapper[Any]) -> None:
    """The columns of a key are never null, and ids have a form for them."""
    model = mapper.class_.__name__
    for attribute, column in zip(primary_key(mapper), mapper.primary_key, strict=True):
        if getattr(column, "nullable", False):  # an expression does not tell
            raise DeclarationError(
                f"{name}: {attribute} is part of the key of {model} and may be null, so rows without it have no id. "
                f"Say nullable=False if it never is, choose another key, or make the model Keyless and {name} a Row."
            )
        if not TYPES.names_rows(column.type):
            raise DeclarationError(
                f"{name}: {attribute} is part of the key of {model}, and ids have no form for {column.type!r}. Call"
                f" register_type for it first, choose another key, or make the model Keyless and {name} a Row."
            )


def check_link(cls: type[Any], name: str, link: Link) -> None:
    """Raise `DeclarationError` for a relationship that needs a key where rows have none."""
    near, far = link.parent.class_.__name__, link.target.class_.__name__
    if not link.key:
        raise DeclarationError(
            f"{cls.__name__}.{name}: the join is more than equal columns, and the rows of {near} have no key "
            "to tell whose rows are found; join by equality, or leave the relationship out."
        )
    if not has_key(link.target) and link.needs_target_key:
        raise DeclarationError(
            f"{cls.__name__}.{name}: the rows of {far} have no key to tell which of them is meant; leave out "
            "order_by where there is one row, and join through one table."
        )
