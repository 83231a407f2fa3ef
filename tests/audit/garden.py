"""A garden: one noun on a base of its own, whose users nobody here knows, with the record of what they do."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field, SecretStr
from sqlalchemy import String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from strawberry.scalars import JSON

from db import own
from db.own import Feature
from db.relations import EVERYTHING, Visibility
from graph.audit import AuditLog
from graph.domain import Domain
from graph.entity import IdList, Node, Schema, entity, query_type
from graph.settings import Settings
from graph.viewer import Viewer
from graph.writing import Change, Crud, Input, mutation, mutation_type
from tests.writing.asking import AskingSchema

ADA = Viewer("ada", frozenset({"gardener"}))


class Base(DeclarativeBase):
    """Of the garden alone."""


class PlantRow(Base):
    __tablename__ = "plants"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(40), unique=True)


class EntryRow(Base):
    __table__ = own.AuditEntry.__table__

    action: Mapped[str]
    actor: Mapped[str]
    user_id: Mapped[str | None]
    object_ids: Mapped[list[str]]
    input: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime]


@entity(PlantRow)
class Plant(Node):
    name: str


@entity(EntryRow, plural="changes")
class Entry(Node):
    action: str
    actor: str
    user_id: str | None
    object_ids: IdList
    input: JSON | None


class Lock(Input):
    """What opens it."""

    code: SecretStr = Field(description="What opens it.")
    colour: str = Field("", description="What it looks like.")


class CloseGateInput(Input):
    """A gate, and what opens it."""

    code: SecretStr | None = Field(None, description="What opens it.")
    sign: str = Field("", description="What stands on it.")
    locks: list[Lock] = Field([], description="What else opens it.")
    notes: dict[str, Any] | None = Field(None, description="Anything.")


@mutation(done=(bool, "Whether it is closed."))
async def close_gate(_values: CloseGateInput, _change: Change) -> dict[str, Any]:
    """Close a gate."""
    return {"done": True}


plants = Crud(Plant, ["name"], may=lambda _viewer, _row: True)
CHANGES = (plants.create, plants.delete, close_gate)

Query = query_type(Plant, Entry)
Mutation = mutation_type(CHANGES, AuditLog())


def make_schema(settings: Settings) -> Schema:
    """The schema of the garden."""
    return Schema(Query, settings, mutation=Mutation)


def visibility(_viewer: Viewer) -> Visibility:
    """Everybody sees everything."""
    return EVERYTHING


DOMAIN = Domain(make_schema, visibility, own=[Feature.AUDIT])


class AskingGarden(AskingSchema):
    """Asks as somebody whom a provider knows."""

    schema = make_schema(Settings.model_construct())


class AskingTersely(AskingGarden):
    """The same, where inputs are not kept."""

    schema = Schema(Query, Settings.model_construct(), mutation=mutation_type(CHANGES, AuditLog(inputs=False)))
