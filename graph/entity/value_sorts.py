"""Orders by more than a value as it is stored: texts by their language or without case, parts of JSON, chance.

What a client asks of one term enters; the expression that rows are ordered by leaves, with its spelling for cursors.
Which direction, and where nulls stand, is the order's affair (`graph.entity.ordering`).
Why: docs/decisions/0053-pages-and-orders.md.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from hashlib import sha256
from typing import Any

from sqlalchemy import Text, cast
from strawberry.scalars import JSON

from db.dialects import dialect_of, icu_collation
from db.functions import fold_case, json_at, json_path, json_sorted, plain_text, shuffled
from db.relations import Expression, Row
from graph.entity.comparisons import JSON_WORK, input_type
from graph.entity.directions import Direction
from graph.entity.names import made_name
from graph.entity.registry import Attribute, Entity, optional
from graph.errors import InvalidPage
from graph.prepare.work import Weight

TEXTS, CHANCE = "byText", "random"
"""What orders have besides the fields of an entity."""
DIRECTION, IGNORE_CASE, LOCALE, AT, SEED = "direction", "ignoreCase", "locale", "at", "seed"

ASKED_OF_TEXTS = frozenset({DIRECTION, IGNORE_CASE, LOCALE})

LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?")
"""A language, with a script or a country where its rules differ. Source: https://www.rfc-editor.org/info/bcp47"""

MAX_STEPS_IN_JSON = 50
"""The longest path to a part of a JSON value."""

BY_RULES = Weight(20)
"""To fold each text, or to compare texts by the rules of a language."""
BY_PART = Weight(JSON_WORK + 40)
"""To read each JSON value, and to find the place of the part."""
BY_CHANCE = Weight(30)
"""To compute a hash of each key."""

Asked = Mapping[str, Any]
"""What is asked of one term, below the name of the field."""


@cache
def _text_sort() -> type[Any]:
    """The input of an order by a text."""
    return input_type(
        "TextSort",
        "Ordering by a text.",
        {
            "direction_": (optional(Direction), DIRECTION, "Small ones first if left out."),
            "ignore_case_": (optional(bool), IGNORE_CASE, "Whether small letters are as large as capitals."),
            "locale_": (optional(str), LOCALE, "By the rules of a language: `de`, `sv`, `de-AT`."),
        },
        weights={IGNORE_CASE: BY_RULES, LOCALE: BY_RULES},
    )


@cache
def _json_sort() -> type[Any]:
    """The input of an order by a part of a JSON value."""
    return input_type(
        "JSONSort",
        "Ordering by a part of a JSON value: texts, then numbers, then false and true, then lists, then objects.",
        {"direction_": (optional(Direction), DIRECTION, "Small ones first if left out.")},
        required={"at_": (list[str], AT, 'Where the part is: keys and indexes, for instance `["lines", "0"]`.')},
        weights={AT: BY_PART},
    )


@cache
def _random_sort() -> type[Any]:
    return input_type(
        "RandomSort",
        "Ordering by chance: the same order for the same seed, on every page.",
        {},
        required={"seed_": (int, SEED, "Another number makes another order.")},
        weights={SEED: BY_CHANCE},
    )


@cache
def _text_sorts(entity: Entity) -> type[Any]:
    fields = {
        f"{name}_": (optional(_text_sort()), name, attribute.description)
        for name, attribute in entity.attributes.items()
        if _is_text(attribute)
    }
    described = f"By which text {entity.many} are ordered."
    return input_type(made_name(entity, "TextSort"), described, fields, one_of=True)


def fields_of(entity: Entity) -> dict[str, tuple[Any, str, str]]:
    """What the sort of an entity has besides columns and relations."""
    found = {
        f"{name}_": (optional(_json_sort()), name, attribute.description)
        for name, attribute in entity.attributes.items()
        if is_json(attribute)
    }
    if any(map(_is_text, entity.attributes.values())):
        by_text = optional(_text_sorts(entity))
        found["by_text__"] = (by_text, name_in(entity, TEXTS), "By a text, by the rules of a language.")
    if entity.key:
        found["random__"] = (optional(_random_sort()), name_in(entity, CHANCE), "By chance.")
    return found


def name_in(entity: Entity, name: str) -> str:
    """What something of ours is called beside an entity's own fields, whose names never have `_` at both ends."""
    return f"_{name}_" if name in {*entity.attributes, *entity.relations} else name


def is_json(attribute: Attribute) -> bool:
    """Whether rows are ordered by parts of an attribute's values."""
    return attribute.type is JSON


def _is_text(attribute: Attribute) -> bool:
    return attribute.type is str


def is_of_rows(entity: Entity, name: str) -> bool:
    """Whether a term is of the kind that belongs to no single field: by a text, or by chance."""
    return name in (name_in(entity, TEXTS), name_in(entity, CHANCE))


def attribute_of(entity: Entity, name: str, asked: Asked) -> Attribute | None:
    """The attribute that a term is about; None for an order by chance."""
    if name == name_in(entity, TEXTS):
        ((text, _),) = asked.items()
        return entity.attributes[text]
    return entity.attributes.get(name)


def asked_of(entity: Entity, name: str, asked: Asked) -> Asked:
    """What is asked of the value itself."""
    if name == name_in(entity, TEXTS):
        ((_, asked),) = asked.items()
    return asked


def expression(entity: Entity, name: str, asked: Asked, row: Row) -> Expression:
    """What rows are ordered by. Raises `InvalidPage`."""
    attribute, asked = attribute_of(entity, name, asked), asked_of(entity, name, asked)
    if attribute is None:
        return shuffled(asked[SEED], *(getattr(row, key) for key in entity.key))
    value = attribute.expression(row)
    return _part(value, asked[AT]) if is_json(attribute) else _by_rules(value, asked)


def _part(value: Expression, at: list[str]) -> Expression:
    if len(at) > MAX_STEPS_IN_JSON:
        raise InvalidPage(f"`at` has {len(at)} steps; it must have at most {MAX_STEPS_IN_JSON}.")
    return json_sorted(json_at(value, json_path(at)))


def _by_rules(text: Expression, asked: Asked) -> Expression:
    locale = asked.get(LOCALE)
    if asked.get(IGNORE_CASE):
        text = fold_case(text)
    elif locale is not None:
        text = plain_text(text)
    return text if locale is None else cast(text, Text).collate(icu_collation(locale))


def holds_a_value(entity: Entity, name: str) -> bool:
    """Whether a term holds something that clients make up, of which there are too many for statements to be kept."""
    return name != name_in(entity, TEXTS)


def spelled(entity: Entity, name: str, asked: Asked) -> str:
    """A term in a text that is equal for equal orders, without its direction."""
    inner = asked_of(entity, name, asked)
    attribute = attribute_of(entity, name, asked)
    if attribute is None:
        return f"{name}:{inner[SEED]}"
    if is_json(attribute):
        return f"{name}:{sha256(repr(inner[AT]).encode()).hexdigest()}"
    return f"{name}.{attribute.graphql_name}:{bool(inner.get(IGNORE_CASE))}:{inner.get(LOCALE)}"


def check_locales(asked: Asked, dialect: str) -> None:
    """Raise `InvalidPage` for what is no language, and for any where a database knows no orders by language."""
    for locale in _locales(asked):
        if not dialect_of(dialect).sorts_by_language:
            raise InvalidPage("This database puts texts in order by the rules of no language; leave `locale` out.")
        if LANGUAGE.fullmatch(locale) is None:
            raise InvalidPage(
                f"`locale` is {locale[:40]!r}; name a language, with its country if that has rules of its own: `de`,"
                " `de-AT`."
            )


def _locales(asked: Asked) -> Iterator[str]:
    """Every language that is named, wherever a text stands in an order."""
    if asked.keys() <= ASKED_OF_TEXTS and isinstance(asked.get(LOCALE), str):
        yield asked[LOCALE]
    for value in asked.values():
        for inner in value if isinstance(value, list) else [value]:
            if isinstance(inner, Mapping):
                yield from _locales(inner)
