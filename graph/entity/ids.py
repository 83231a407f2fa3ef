"""Global object identification: one opaque id for every row of every type.

An id is the type's name and the primary key, in base64. Clients keep ids and hand them back; they never read them.
Source: https://relay.dev/graphql/objectidentification.htm
"""

import base64
import binascii
import json
import re
import uuid
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import strawberry

from db.relations import python_type
from db.statements import Key
from graph.entity.registry import Entity, entities_named
from graph.entity.types import TYPES
from graph.errors import ColumnNotLoaded, InvalidId

MAX_ID_LENGTH = 1_000
_WHOLE = re.compile(r"0|[1-9][0-9]{0,17}")

MAX_KEPT_IDS = 16_384
"""Of each type; about 3 MB when all are kept."""

MAX_KEPT_CHARACTERS = 80
"""Longer ids than those of numbers and UUIDs are not kept."""


class _Loaded:
    """An object of the schema that has of its row what was declared."""

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            if name.startswith("__"):
                raise AttributeError(name)
            raise ColumnNotLoaded(type(self).__name__, name)


@strawberry.interface(description="Anything that can be fetched again by its id.")
class Node(_Loaded):
    """The base of every entity whose rows have a key."""

    id: strawberry.ID = strawberry.field(description="The id of this object, unique over all types.")


class Row(_Loaded):
    """The base of every entity whose rows have no key: `class SaleLine(Row)`. Its model is a `db.views.Keyless`."""


class GlobalId(NamedTuple):
    """A decoded id: which type, which key (as JSON values)."""

    type_name: str
    key: Key


def encode_id(entity: Entity, key: Key) -> str:
    """The id of a row."""
    return id_of_type(entity.name, key)


def id_of_type(type_name: str, key: Key) -> str:
    """The id of something whose type may be no entity: it tells things apart, and nothing is found by it."""
    if len(key) == 1 and isinstance(key[0], uuid.UUID):
        values = f'"{key[0]}"'
    else:
        values = json.dumps([TYPES.encode(part) for part in key], separators=(",", ":"))[1:-1]
    return base64.urlsafe_b64encode(f"{type_name}:{values}".encode()).decode().rstrip("=")


class _Ids(dict[int, str]):
    """The ids of whole numbers, each made once. They begin anew when there are too many: to keep track costs more."""

    def __init__(self, entity: Entity) -> None:
        super().__init__()
        self._entity = entity

    def __missing__(self, number: int) -> str:
        if len(self) >= MAX_KEPT_IDS:
            self.clear()
        made = self[number] = encode_id(self._entity, (number,))
        return made

    def __call__(self, key: object) -> str:
        """The id of a key that may be anything: to a dict, 1 and true are one key."""
        return self[key] if type(key) is int else encode_id(self._entity, (key,))


def id_encoder(entity: Entity) -> Callable[..., str]:
    """A function from the values of a key to the id. Ids of whole numbers are kept: lists show the same ones often."""
    if [python_type(column.type) for column in entity.mapper.primary_key] == [int]:
        return _Ids(entity)
    return lambda *key: encode_id(entity, key)


def longest_id(entity: Entity) -> int | None:
    """The length of the longest id of an entity; None where a part of the key is of any length."""
    longest = {int: -(2**63), uuid.UUID: uuid.UUID(int=0)}
    types = [python_type(column.type) for column in entity.mapper.primary_key]
    if not all(type_ in longest for type_ in types):
        return None
    return len(encode_id(entity, tuple(longest[type_] for type_ in types)))


def decode_id(text: str) -> GlobalId:
    """Read an id. Raises `InvalidId` for anything that this API did not make."""
    try:
        if len(text) > MAX_ID_LENGTH:
            raise ValueError(text)
        padded = text + "=" * (-len(text) % 4)
        name, _, values = base64.b64decode(padded, altchars=b"-_", validate=True).decode().partition(":")
        return GlobalId(name, (int(values),) if _WHOLE.fullmatch(values) else tuple(json.loads(f"[{values}]")))
    except (ValueError, binascii.Error, RecursionError):
        raise InvalidId(text) from None


def check_id(text: str) -> str:
    """Return the id if a row of any entity may have it. Raises `InvalidId`."""
    given = decode_id(text)
    for entity in entities_named(given.type_name):
        typed_key(text, given, entity)
        return text
    raise InvalidId(text)


def key_in(text: str, entity: Entity) -> Key:
    """The primary key in an id of this entity. Raises `InvalidId`, also for an id of another type."""
    return _kept_key(text, entity) if len(text) <= MAX_KEPT_CHARACTERS else _key_in(text, entity)


def _key_in(text: str, entity: Entity) -> Key:
    given = decode_id(text)
    if given.type_name != entity.name:
        raise InvalidId(text)
    return typed_key(text, given, entity)


_kept_key = lru_cache(MAX_KEPT_IDS)(_key_in)


def typed_key(text: str, given: GlobalId, entity: Entity) -> Key:
    """The key's values in the types of the entity's columns. Raises `InvalidId`."""
    columns = entity.mapper.primary_key if entity.key else ()
    try:
        if not columns:
            raise ValueError("rows without a key have no ids")
        return tuple(TYPES.decode(value, column.type) for value, column in zip(given.key, columns, strict=True))
    except (ValueError, TypeError, LookupError, ArithmeticError):
        raise InvalidId(text) from None
