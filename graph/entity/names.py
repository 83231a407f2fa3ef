"""Names of the schema: whether GraphQL takes them, whether they are free, and what made types are called.

Names that a declaration gives enter; they leave as they are, or a `DeclarationError` says which class and attribute has
them and how to choose another. Why: docs/decisions/0022-names-in-the-schema.md.
"""

import re
from collections.abc import Iterable, Mapping
from typing import TypeVar

from strawberry.utils.str_converters import to_camel_case

from graph.entity.registry import Entity, is_entity
from graph.entity.types import TYPES
from graph.errors import DeclarationError, InvalidName
from graph.prepare.fields import PlannedField

F = TypeVar("F", bound=PlannedField)

NAME = re.compile(r"(?!__)[_A-Za-z][_0-9A-Za-z]*")
"""Source: https://spec.graphql.org/draft/#sec-Names. Those with `__` in front are GraphQL's own."""

MEMBERS = frozenset({"and", "or", "not", "compareColumns"})
"""What every filter has besides the fields of its entity."""

TYPES_OF_EVERY_SCHEMA = frozenset(
    {
        *("Query", "Mutation", "Subscription", "Node", "PageInfo", "OffsetPageInfo", "UserError", "UserErrorCode"),
        *("ColumnOperator", "SortDirection", "TextSort", "JSONSort", "RandomSort"),
        *("String", "Int", "Float", "Boolean", "ID"),
        *("GroupKeySort", "JSONPart", "MomentPart", "NumberPart", "TimeUnit"),
    }
)

SUFFIXES = frozenset(
    {
        *("Aggregate", "Avg", "ColumnComparison", "Connection", "Edge", "Extremes", "Filter"),
        *("Group", "GroupBy", "GroupField", "GroupKey", "Groups"),
        *("HavingAvg", "HavingSum"),
        *("List", "ListFilter", "ListSort", "Sort", "Sum", "TextSort", "Truth"),
    }
)
"""How the types are called that are made for an entity: `PostFilter`, `PostSort`."""

ASIDE = "Rows"
"""What stands between an entity's name and a suffix where the name without is taken: `UserRowsGroup`."""


class Named:
    """The mark that `named` leaves in a declaration."""

    def __init__(self, name: str) -> None:
        self.name = name


def shown_name(cls: str, attribute: str, told: str | None) -> str:
    """The name of an attribute in the schema: the one that was told, or its own in camel case.

    Raises `InvalidName` for what GraphQL does not take.
    """
    name = to_camel_case(attribute) if told is None else told
    if NAME.fullmatch(name) is None:
        raise InvalidName(f"{cls}.{attribute}", name, f'{attribute}: … = named("…")')
    if name in MEMBERS or (name.startswith("_") and name.endswith("_")):
        raise DeclarationError(
            f"{cls}.{attribute} would be called {name!r} in the schema, which filters and groups keep for themselves;"
            f' choose another name: {attribute}: … = named("…").'
        )
    return name


def constant(name: str) -> str:
    """A name of the schema as a value of an enumeration: `AUTHOR_ID`."""
    return re.sub(r"(?<=.)(?=[A-Z])", "_", name).upper()


def check_apart(cls: str, names: Mapping[str, str]) -> None:
    """Raise `DeclarationError` for attributes that share a name: by attribute, its name in the schema.

    Names that differ in case and underscores alone would be one value of the enumeration for groups.
    """
    met: dict[str, str] = {}
    for attribute, name in names.items():
        other = met.setdefault(constant(name), attribute)
        if other != attribute:
            raise DeclarationError(
                f"{cls}.{other} and {cls}.{attribute} are both called {names[other]!r} in the schema, or"
                f' {constant(name)} where rows are grouped; give one of them a name: {attribute}: … = named("…").'
            )


def check_class_name(name: str) -> None:
    """Raise `DeclarationError` for the name of a class that cannot be the name of its type."""
    if NAME.fullmatch(name) is None:
        raise InvalidName(f"The class {name}", name, f"class {_ascii(name)}(…)")
    if name in TYPES_OF_EVERY_SCHEMA or any(entry.name == name for entry in TYPES if entry.definition is not None):
        raise DeclarationError(
            f"There is a type {name} in every schema, or for values; give the class another name, for instance"
            f" {name}Row, and say plural=… where the list is to keep its name."
        )


def check_plural(cls: str, plural: str) -> None:
    """Raise `InvalidName` for the name of a list that GraphQL does not take."""
    if NAME.fullmatch(plural) is None:
        raise InvalidName(f"The list of {cls}", plural, "@entity(…, plural=…)")


def made_name(entity: Entity, suffix: str) -> str:
    """The name of a type that is made for an entity: `PostFilter`.

    Nouns go first: where there is an entity `UserGroup`, groups of users are a `UserRowsGroup`. Where two made types
    would share a name, the longer noun keeps it: with `Price` and `PriceList`, `PriceListFilter` filters price lists.
    """
    assert suffix in SUFFIXES, suffix
    base = entity.name
    while _is_taken(base + suffix, entity):
        base += ASIDE
    return base + suffix


def _is_taken(name: str, entity: Entity) -> bool:
    """Whether a noun has a name, or a type that is made for a longer noun."""
    nouns = (name.removesuffix(end) for end in SUFFIXES if name.endswith(end))
    longer = (noun for noun in nouns if len(noun) > len(entity.name))
    return any(is_entity(noun, entity.mapper.registry) for noun in (name, *longer))


def called(field: F, name: str) -> F:
    """A field under the name that it has in the schema."""
    field.graphql_name = name
    return field


def check_roots(named: Iterable[tuple[str, str]]) -> None:
    """Raise `DeclarationError` for fields at the root that share a name: each name, and what has it."""
    met: dict[str, str] = {}
    for name, what in named:
        if name in met:
            other = f"{met[name][0].upper()}{met[name][1:]}"
            raise DeclarationError(
                f"{other} and {what} are both called {name!r} at the root; rename a class, or say @entity(…, plural=…)."
            )
        met[name] = what


def _ascii(name: str) -> str:
    return re.sub(r"[^0-9A-Za-z]", "", name).lstrip("0123456789") or "Name"
