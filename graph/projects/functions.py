"""Functions of the database as code: planned calls enter, the text of one module with a field for each leaves.

What gives values is under no policy of a table, and is shown to those who run the server until somebody opens it.
"""

from db.reflection.plan import MappingPlan, PlannedArgument, PlannedCall, enum_of
from graph.projects.code import INDENT, Module, literal
from graph.projects.columns import made_type, python_type


def functions_text(plan: MappingPlan) -> str:
    """The module of the fields of the root that functions of the database answer."""
    module = Module()
    sequence, field = module.use("collections.abc", "Sequence"), module.use("graph.prepare.fields", "PlannedField")
    modules = {it.class_name: it.module for it in plan.models}
    lines = [
        f"FUNCTIONS: {sequence}[{field}] = (",
        *(f"{INDENT}{_field(module, call, modules)}," for call in plan.calls),
        ")",
    ]
    return module.text("Functions of the database, as fields of the root.", "\n".join(lines) + "\n")


def _field(module: Module, call: PlannedCall, modules: dict[str, str]) -> str:
    """`function_field("add", int, Called("add", {"a": Integer()}), takes={"a": int}, gives=Integer())`."""
    function = call.function
    parts = [
        repr(call.name),
        _result(module, call, modules),
        _called(module, call),
        *([f"takes={{{', '.join(_taken(module, it) for it in call.arguments)}}}"] if call.arguments else []),
    ]
    if call.target is None and function.type is not None:
        parts.append(f"gives={made_type(module, function.type, enum_of(call.annotation))}")
        parts += ["many=True"] if function.returns_set else []
    parts += [f"description={literal(function.comment)}"] if function.comment else []
    if call.target is None:
        parts.append(f"seen_by={module.use('graph.policies', 'is_operator')}")
    return f"{module.use('graph.entity', 'function_field')}({', '.join(parts)})"


def _result(module: Module, call: PlannedCall, modules: dict[str, str]) -> str:
    if call.target is None:
        return python_type(module, call.annotation)
    cls = module.use(f"graph.types.{modules[call.target]}", call.target)
    return f"{module.use('graph.entity', 'Connection')}[{cls}]" if call.function.returns_set else cls


def _called(module: Module, call: PlannedCall) -> str:
    function = call.function
    required, by_place = sum(not it.has_default for it in function.arguments), call.by_place
    arguments = ", ".join(
        f"{(planned.name if by_place else argument.name)!r}:"
        f" {made_type(module, argument.type, enum_of(planned.annotation))}"
        for argument, planned in zip(function.arguments, call.arguments, strict=True)
        if argument.type is not None
    )
    parts = [
        repr(function.name.name),
        *([f"{{{arguments}}}"] if arguments else []),
        *([f"schema={function.name.schema!r}"] if function.name.schema else []),
        *([f"required={required}"] if required < len(function.arguments) else []),
        *(["by_place=True"] if by_place else []),
    ]
    return f"{module.use('db.row_functions', 'Called')}({', '.join(parts)})"


def _taken(module: Module, argument: PlannedArgument) -> str:
    return f"{argument.name!r}: {python_type(module, argument.annotation)}{' | None' if argument.may_be_null else ''}"
