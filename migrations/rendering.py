"""Types in revisions: written as what they are in the database, so that a revision does not depend on our code.

A type of a model enters, its text in a revision leaves.
"""

from typing import Any, Literal

from alembic.autogenerate.api import AutogenContext
from sqlalchemy import Enum

from db.base import JSON_DOCUMENT, EmailAddress, UtcDateTime
from migrations import enumerations


def render_item(kind: str, thing: Any, autogen: AutogenContext) -> str | Literal[False]:
    """The text of a type; False where alembic's own is right."""
    if kind == "type" and isinstance(thing, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and thing is JSON_DOCUMENT:  # alembic would write JSONB with a class that it does not import
        autogen.imports.add(imports_of("postgresql."))
        return 'sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")'
    if kind == "type" and isinstance(thing, EmailAddress):
        return "sa.String(length=254)"
    if kind == "type" and isinstance(thing, Enum):
        native = thing.native_enum and thing.name is not None
        return enumerations.render_type(thing, autogen) if native else f"sa.String(length={thing.length})"
    return False


def imports_of(code: str) -> str:
    """What a revision imports besides SQLAlchemy and alembic, for types that one database alone has."""
    return "from sqlalchemy.dialects import postgresql" if "postgresql." in code else ""
