"""Types from a plan: a class with annotations for each model, declared by `@entity` as somebody would write it.

Models enter, entity classes leave, and fields of the root for functions. What annotations say is checked there, as
everywhere.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Optional

from strawberry.scalars import JSON
from strawberry.utils.str_converters import to_camel_case

from db.reflection.plan import PlannedAttribute, PlannedCall, PlannedFunction, PlannedModel, PlannedRelation
from graph.entity import Connection, Node, Row, entity, function_field, named
from graph.entity.types import TYPES
from graph.prepare.fields import PlannedField
from graph.reflected.models import Models


def types_of(models: Models) -> list[type[Any]]:
    """The entity class of each model."""
    return [_type(planned, models) for planned in models.plan.models]


def _type(planned: PlannedModel, models: Models) -> type[Any]:
    shown = list(_shown(planned))
    parts: list[PlannedAttribute | PlannedFunction | PlannedRelation]
    parts = [*shown, *planned.relations, *planned.functions]
    annotations = {it.name: _annotation(it, planned, models) for it in shown}
    annotations |= {it.name: _relation(it) for it in planned.relations}
    annotations |= {it.name: _computed(it, planned, models) for it in planned.functions}
    members = {
        "__annotations__": annotations,
        "__doc__": planned.description,
        "__module__": __name__,
        **{it.name: named(it.graphql_name) for it in parts if _is_renamed(it)},
    }
    base = Row if planned.table.key is None else Node
    declare = entity(models[planned.class_name], keys=planned.natural_keys, plural=planned.plural)
    return declare(type(planned.class_name, (base,), members))


def _shown(planned: PlannedModel) -> Iterable[PlannedAttribute]:
    """The attributes that are fields. `id` is the global id that every node has."""
    has_id = planned.table.key is not None
    return (it for it in planned.attributes if not it.hidden and not (has_id and it.name == "id"))


def _is_renamed(part: PlannedAttribute | PlannedFunction | PlannedRelation) -> bool:
    """Whether GraphQL has another name for a part than its name in Python gives."""
    return to_camel_case(part.name) != part.graphql_name


def _annotation(attribute: PlannedAttribute, planned: PlannedModel, models: Models) -> Any:
    """The type of a column, in the words of the table of types."""
    shown = _fitting(attribute, planned, models)
    return Optional[shown] if attribute.may_be_null else shown  # noqa: UP045 - not every form of a type takes `|`


def _fitting(part: PlannedAttribute | PlannedFunction, planned: PlannedModel, models: Models) -> Any:
    annotation = JSON if part.annotation is dict else models.annotation(part)
    fits = TYPES.annotations(getattr(models[planned.class_name], part.name).type)
    return annotation if not fits or annotation in fits else fits[0]


def _computed(function: PlannedFunction, planned: PlannedModel, models: Models) -> Any:
    """The type of what a function gives, which may be null."""
    return Optional[_fitting(function, planned, models)]  # noqa: UP045 - as above


def _relation(relation: PlannedRelation) -> Any:
    """The type at the other end, by its name: both ends may be declared later."""
    target: Any = type(relation.target, (), {})
    if relation.many:
        return Connection[target]
    return target | None if relation.nullable else target


def calls_of(models: Models, types: Iterable[type[Any]]) -> Sequence[PlannedField]:
    """The fields of the root that functions of the database answer."""
    by_name = {cls.__name__: cls for cls in types}
    return [_call(planned, models, by_name) for planned in models.plan.calls]


def _call(planned: PlannedCall, models: Models, types: Mapping[str, type[Any]]) -> PlannedField:
    function = planned.function
    gives, result = None, models.form(planned.annotation)
    if planned.target is not None:
        target: Any = types[planned.target]
        result = Connection[target] if function.returns_set else target
    elif function.type is not None:
        gives = models.stored(function.type, planned.annotation)
    return function_field(
        planned.name,
        result,
        models.called(planned),
        takes={
            it.name: Optional[models.form(it.annotation)] if it.may_be_null else models.form(it.annotation)  # noqa: UP045 - as above
            for it in planned.arguments
        },
        gives=gives,
        many=gives is not None and function.returns_set,
        description=function.comment or "",
    )
