"""Changes as code: a planned model enters, the text of `graph/mutations/<table>.py` leaves.

What a CHECK demands is written as a check of the input. Nothing is changed by anybody but admins until somebody opens
the lines that say so.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from db.reflection.changes import PlannedChanges
from db.reflection.plan import (
    Compared,
    ComparedColumns,
    ComparedLength,
    Constant,
    OneOf,
    PlannedModel,
    PlannedRule,
)
from graph.entity.scalars import BigInt
from graph.projects.code import INDENT, Module, literal

NUMBERS = (int, BigInt, Decimal)
"""The types of values that are counted."""

OWNERS = ("owner_id", "user_id", "owner", "user", "author_id", "customer_id", "account_id", "created_by", "userid")
"""Columns that tell whose a row is, the most telling first."""


def owner_of(model: PlannedModel) -> str | None:
    """The attribute that tells whose a row is, perhaps."""
    names = {attribute.name for attribute in model.attributes if not attribute.hidden}
    return next((name for name in OWNERS if name in names), None)


def mutations_text(
    model: PlannedModel, changes: PlannedChanges, references: Mapping[str, tuple[str, str]] | None = None
) -> str:
    """The module of changes. `references` are attributes that take an id, with module and class of what it names."""
    module = Module({_plural(model)})
    crud, right = module.use("graph.writing", "Crud"), module.use("graph.mutations.rights", "ADMINS")
    cls = module.use(f"graph.types.{model.module}", model.class_name)
    may = f"may={module.use('graph.writing', 'with_right')}({right})"
    arguments = [
        cls,
        repr(list(changes.columns)),
        *_remarks(model),
        may,
        f"create={right}",
        *([f"first={list(changes.key)!r}"] if changes.key and changes.creates else []),
        *_references(module, model, references or {}),
        *_numbers(model, changes),
        *_checks(module, changes.rules),
    ]
    lines = [f"{_plural(model)} = {crud}(", *(_line(it) for it in arguments), ")"]
    made = ", ".join(f"{_plural(model)}.{it}" for it in _made(changes))
    more = f"# And of many rows: {', '.join(f'{_plural(model)}.{it}' for it in _of_many(model, changes))}"
    return module.text(_title(model), "\n".join([*lines, "", f"MUTATIONS = [{made}]", more]) + "\n")


def _plural(model: PlannedModel) -> str:
    return model.plural or model.table.name.name


def _title(model: PlannedModel) -> str:
    return f"Changes of {_plural(model).strip('_').replace('_', ' ')}."


def _line(argument: str) -> str:
    return f"{INDENT}{argument}" if argument.startswith("#") else f"{INDENT}{argument},"


def _made(changes: PlannedChanges) -> Iterable[str]:
    return [*(["create"] if changes.creates else []), "update", "delete"]


def _of_many(model: PlannedModel, changes: PlannedChanges) -> Iterable[str]:
    """What is not made by itself: each is four types of the schema."""
    return ["update_many", "delete_many", *(["upsert_many"] if model.natural_keys and changes.creates else [])]


def _numbers(model: PlannedModel, changes: PlannedChanges) -> Iterable[str]:
    """A remark with the numbers that could be counted up and down; those that name rows, by their names, could not."""
    refer = {name for key in model.table.foreign_keys for name in key.columns}
    written = [it for it in model.attributes if it.name in changes.columns and it.column.name not in refer]
    numbers = [it.name for it in written if it.annotation in NUMBERS and not it.in_key]
    names = [name for name in numbers if name not in OWNERS and not name.endswith("_id")]
    if names:
        yield f"# increments={names!r},".replace("'", '"')


def _remarks(model: PlannedModel) -> Iterable[str]:
    """What somebody may want to open, as remarks: an owner's rows, and lists that are written along."""
    owner = owner_of(model)
    links = [it.name for it in model.relations if it.secondary is not None]
    if owner is not None:
        yield f'# may=owner_or(ADMINS, owner="{owner}"),'
    if links:
        yield f"# links=[{', '.join(f'RelationshipInput({name!r})' for name in links)}],".replace("'", '"')


def _references(module: Module, model: PlannedModel, references: Mapping[str, tuple[str, str]]) -> Iterable[str]:
    rules = []
    for name, (target, cls) in references.items():
        own = cls == model.class_name
        named = cls if own else module.use(f"graph.types.{target}", cls)
        rules.append(f'"{name}": {module.use("graph.writing", "reference_to")}({named})')
    if rules:
        yield f"rules={{{', '.join(rules)}}}"


def _checks(module: Module, rules: Sequence[PlannedRule]) -> Iterable[str]:
    if rules:
        yield f"checks=[{''.join(f'{_check(module, rule)}, ' for rule in rules)}]"


def _check(module: Module, rule: PlannedRule) -> str:
    """The call that makes the check of a rule."""
    name = f'"{rule.name}"'
    if isinstance(rule, Compared):
        return f"{_function(module, 'compare')}({name}, {rule.sign!r}, {_constant(module, rule.value)})"
    if isinstance(rule, ComparedColumns):
        return f"{_function(module, 'compare_columns')}({name}, {rule.sign!r}, {rule.other!r})"
    if isinstance(rule, ComparedLength):
        return f"{_function(module, 'compare_length')}({name}, {rule.sign!r}, {rule.number})"
    if isinstance(rule, OneOf):
        listed = ", ".join(_constant(module, it) for it in rule.values)
        return f"{_function(module, 'one_of')}({name}, [{listed}])"
    options = ", fold_case=True" if rule.folds_case else ""
    return f"{_function(module, 'match')}({name}, {_pattern(rule.pattern)}{options})"


def _function(module: Module, name: str) -> str:
    return module.use("graph.writing", name)


def _constant(module: Module, value: Constant) -> str:
    if isinstance(value, Decimal):
        return f'{module.use("decimal", "Decimal")}("{value}")'
    if isinstance(value, str):
        return literal(value)
    if isinstance(value, int | float):
        return repr(value)
    return f"{module.use('datetime', 'date')}({value.year}, {value.month}, {value.day})"


def _pattern(pattern: str) -> str:
    """A pattern as code, raw where it can be."""
    is_raw = '"' not in pattern and "\\" in pattern and not pattern.endswith("\\") and pattern.isprintable()
    return f'r"{pattern}"' if is_raw else repr(pattern)
