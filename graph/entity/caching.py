"""Saying for how long what a type or a field shows may be shown again.

    @cache_control(max_age_s=60, fields={"stock": 5})
    @entity(models.Product)
    class Product(Node):
        name: str
        stock: int

        @cache_control(max_age_s=30, tables=["reviews"])
        @computed(needs=["id"])
        async def rating(self, info: Info) -> float | None: ...

A type or a field enters and leaves, with a hint. What an operation comes to: `graph.prepare.cache_control`.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from strawberry import UNSET
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.types.field import StrawberryField

from graph.errors import DeclarationError
from graph.prepare.cache_control import CacheControl, Scope

T = TypeVar("T")


def cache_control(
    *,
    max_age_s: int | None = None,
    private: bool = False,
    inherit: bool = False,
    tables: Iterable[str] = (),
    fields: Mapping[str, int] | None = None,
) -> Callable[[T], T]:
    """Hint for how long what a type or a field shows may be shown again, as `@cacheControl` of the schema tells.

    Args:
        max_age_s: Seconds; 0: it is not shown again.
        private: It is shown to the same viewer alone.
        inherit: It is as old as what is around it may be: of types that are parts of others.
        tables: What a resolver of somebody's own reads, as `MetaData` has the names, where it sends statements that
            nobody can look into; and of a view, or a function of the database.
        fields: Of a type, the seconds of fields that have others, by their names in Python.

    Stands above `@entity`, `@strawberry.type`, `@computed` and `@strawberry.field`, or is called with a field. A
    resolver that takes `info` needs a hint: it says with it that all who may see the same get the same, or, with
    `private`, that the same viewer does. Raises `DeclarationError`.
    """
    if max_age_s is not None and (max_age_s < 0 or inherit):
        raise DeclarationError("A hint has an age of 0 or more seconds, or that of what is around it (inherit=True).")
    hint = CacheControl(
        max_age=UNSET if max_age_s is None else max_age_s,
        scope=Scope.PRIVATE if private else UNSET,
        inherit_max_age=True if inherit else UNSET,
        tables=tuple(tables),
    )

    def decorate(told: T) -> T:
        if isinstance(told, StrawberryField):
            if fields:
                raise DeclarationError(f"{told.python_name} is a field, and has no fields of its own to hint at.")
            _add(told, hint)
            return told
        definition = getattr(told, "__strawberry_definition__", None)
        if not isinstance(definition, StrawberryObjectDefinition):
            raise DeclarationError(
                f"{told!r} is neither a type nor a field; put cache_control above @entity, @strawberry.type, @computed"
                " or @strawberry.field."
            )
        _add(definition, hint)
        _hint_fields(definition, fields or {})
        return told

    return decorate


def _hint_fields(definition: StrawberryObjectDefinition, ages: Mapping[str, int]) -> None:
    known = {field.python_name: field for field in definition.fields}
    for name, age in ages.items():
        if name not in known:
            raise DeclarationError(f"{definition.name} has no field {name!r}; it has {', '.join(known)}.")
        cache_control(max_age_s=age)(known[name])


def _add(told: Any, hint: CacheControl) -> None:
    told.directives = (*(told.directives or ()), hint)
