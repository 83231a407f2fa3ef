"""Types as code: a planned model enters, the text of `graph/types/<table>.py` leaves, about twelve lines a table."""

from collections.abc import Iterable

from strawberry.utils.str_converters import to_camel_case

from db.reflection.plan import MappingPlan, PlannedAttribute, PlannedFunction, PlannedModel, PlannedRelation
from graph.projects.code import INDENT, Module, docstring
from graph.projects.columns import python_type
from graph.projects.models import described


def type_text(plan: MappingPlan, model: PlannedModel) -> str:
    """The module of one type."""
    shown = [it for it in model.attributes if is_shown(it)]
    beside = {*(it.name for it in model.relations), *(it.name for it in model.functions)}
    module = Module({model.class_name, *(it.name for it in shown), *beside})
    modules = {it.class_name: it.module for it in plan.models}
    models = module.use("db", "models")
    options = [
        *([f"keys={list(model.natural_keys)!r}"] if model.natural_keys else []),
        *([f"plural={model.plural!r}"] if model.plural else []),
    ]
    lines = [
        f"@{module.use('graph.entity', 'entity')}({', '.join([f'{models}.{model.class_name}', *options])})",
        f"class {model.class_name}({module.use('graph.entity', 'Node' if model.table.key else 'Row')}):",
        docstring(described(model), INDENT),
        "",
        *(f"{INDENT}{line}" for line in _fields(module, model, shown, modules)),
    ]
    return module.text(
        f"The rows of `{model.table.name}`, as the API shows them.", "\n".join(lines) + "\n", future=True
    )


def is_shown(attribute: PlannedAttribute) -> bool:
    """Whether a column is a field of its own: `id` is the global id that every node has."""
    return not attribute.hidden and attribute.name != "id"


def _fields(
    module: Module, model: PlannedModel, shown: Iterable[PlannedAttribute], modules: dict[str, str]
) -> Iterable[str]:
    for attribute in shown:
        type_ = python_type(module, attribute.annotation)
        yield _field(module, attribute, f"{type_}{' | None' if attribute.may_be_null else ''}")
    for function in model.functions:
        yield _field(module, function, f"{python_type(module, function.annotation)} | None")
    for relation in model.relations:
        yield _field(module, relation, _relation(module, model, relation, modules))


def _field(module: Module, part: PlannedAttribute | PlannedFunction | PlannedRelation, type_: str) -> str:
    """`author_id: int`, with `named("authorID")` where a comment spells the name in a way of its own."""
    if to_camel_case(part.name) == part.graphql_name:
        return f"{part.name}: {type_}"
    return f"{part.name}: {type_} = {module.use('graph.entity', 'named')}({part.graphql_name!r})"


def _relation(module: Module, model: PlannedModel, relation: PlannedRelation, modules: dict[str, str]) -> str:
    here = relation.target == model.class_name
    cls = relation.target if here else module.check(f"graph.types.{modules[relation.target]}", relation.target)
    if relation.many:
        return f"{module.use('graph.entity', 'Connection')}[{cls}]"
    return f"{cls} | None" if relation.nullable else cls
