"""Who asks, as predicates compare it with columns: an id, and what else is known of a viewer.

An id enters as whoever identified the viewer wrote it: a number, a UUID or a text. What leaves is a parameter for
predicates, and its value in the form of each kind of column; null, which is equal to nothing, where the id has no such
form. So a policy fits whatever the provider calls users, and no id is an error. Nothing is executed here.
"""

import re
import uuid
from collections.abc import Mapping
from typing import Any, TypeAlias

from sqlalchemy import BigInteger, ColumnElement, bindparam
from sqlalchemy.types import TypeEngine

from db.relations.types import parameter_type, python_type

ViewerId: TypeAlias = int | uuid.UUID | str
Scalar: TypeAlias = str | int | float | bool
Claim: TypeAlias = Scalar | tuple[Scalar, ...]

VIEWER = "__viewer"
"""The parameter that says who asks; predicates of a visibility name it, so that statements are the same for many."""

NUMBER = re.compile(r"0|-?[1-9][0-9]{0,18}")
UUID_TEXT = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
"""The one form of each that is an id: `007` and `7` may be two users of whoever writes texts."""
BIGGEST = 2**63
FORMS: Mapping[type[Any], str] = {int: "", uuid.UUID: "_uuid", str: "_text"}
"""The kinds of columns that a viewer can be compared with, and the ends of their parameters' names."""


def viewer_id(type_: TypeEngine[Any] | None = None) -> ColumnElement[Any]:
    """The id of the user who asks, bound when a statement runs; null for anonymous viewers, equal to no id.

    `type_` is that of the column to compare with, such as `models.Note.owner_id.type`: of numbers without one.
    Raises `TypeError` for a column that holds neither numbers nor UUIDs nor texts.
    """
    return bindparam(VIEWER, type_=BigInteger()) if type_ is None else _parameter(VIEWER, type_)


def viewer_claim(name: str, type_: TypeEngine[Any]) -> ColumnElement[Any]:
    """What else is known of who asks, by its name, such as `org_id`; null for those who have nothing of that name.

    `type_` is that of the column to compare with. Raises `TypeError` as `viewer_id` does.
    """
    return _parameter(_of_claim(name), type_)


def viewer_parameters(id_: ViewerId | None, claims: Mapping[str, Claim]) -> Mapping[str, Any]:
    """What a statement binds for a viewer: whatever its predicates name is here, or null by itself."""
    parameters = {VIEWER: fitted(id_, int)}
    if id_ is not None:
        parameters |= _forms(VIEWER, id_)
    for name, value in claims.items():
        parameters |= _forms(_of_claim(name), value)
    return parameters


def fitted(value: Claim | ViewerId | None, form: type[Any]) -> Any:
    """An id or a claim as a column of numbers, of UUIDs or of texts has it; None if it has no such form."""
    if value is None or isinstance(value, (bool, float, tuple)):
        return None
    text = str(value)
    if form is int:
        return number if NUMBER.fullmatch(text) and -BIGGEST <= (number := int(text)) < BIGGEST else None
    if form is uuid.UUID:
        return uuid.UUID(text) if UUID_TEXT.fullmatch(text) else None
    return text if form is str else None


def is_same(value: ViewerId | None, held: object) -> bool:
    """Whether a row's value names the viewer whose id this is."""
    return value is not None and held is not None and fitted(value, type(held)) == held


def _forms(name: str, value: Claim | ViewerId) -> dict[str, Any]:
    found = ((end, fitted(value, form)) for form, end in FORMS.items())
    return {name + end: it for end, it in found if it is not None}


def _parameter(name: str, type_: TypeEngine[Any]) -> ColumnElement[Any]:
    form = python_type(type_)
    if form not in FORMS:
        raise TypeError(
            f"A viewer is compared with numbers, UUIDs and texts, not with {type_!r}; choose such a column."
        )
    # Numbers are bound as the widest: one beyond a column's range is equal to none of its values.
    bound = BigInteger() if form is int else parameter_type(type_)
    return bindparam(name + FORMS[form], None, type_=bound)


def _of_claim(name: str) -> str:
    """The parameter of a claim: names of claims may be URLs, and names of parameters are words."""
    return f"{VIEWER}_claim_" + "".join(it if it.isascii() and it.isalnum() else f"_{ord(it):x}_" for it in name)
