"""A workshop: people come with a provider's tokens, their machines with keys; who may do what stands in two tables."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Boolean, ForeignKey, String, select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from db import own
from db.own import Feature
from db.relations import Predicate, Visibility, viewer_id
from graph.api_keys import ApiKeys
from graph.audit import AuditLog
from graph.auth.visibilities import nothing
from graph.domain import Domain
from graph.entity import Node, Schema, entity, query_type
from graph.settings import Settings
from graph.viewer import Viewer
from graph.writing import Crud, Right, mutation_type


class Base(DeclarativeBase):
    """Of the workshop alone."""


class WorkerRow(Base):
    __tablename__ = "workers"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    works: Mapped[bool] = mapped_column(Boolean)


class SkillRow(Base):
    __tablename__ = "skills"

    worker_id: Mapped[str] = mapped_column(ForeignKey("workers.id"), primary_key=True)
    name: Mapped[str] = mapped_column(String(40), primary_key=True)


class ToolRow(Base):
    __tablename__ = "tools"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(40))


class KeyRow(Base):
    __table__ = own.ApiKey.__table__

    name: Mapped[str]
    shown: Mapped[str]
    user_id: Mapped[str | None]
    roles: Mapped[list[str]]


@entity(ToolRow)
class Tool(Node):
    name: str


@entity(KeyRow, plural="apiKeys")
class ApiKey(Node):
    name: str
    shown: str


HELD = (
    select(SkillRow.name)
    .select_from(WorkerRow)
    .outerjoin(SkillRow, SkillRow.worker_id == WorkerRow.id)
    .where(WorkerRow.id == viewer_id(WorkerRow.id.type), WorkerRow.works)
)
"""The roles that a user has now: null for a user without any, and no row for somebody who works here no more."""

SMITHS = Right("smith")
KEYS = ApiKeys(HELD, revoke=Right("keeper"))
tools = Crud(Tool, ["name"], may=lambda viewer, _row: viewer.has("smith"), create=SMITHS)

Query = query_type(Tool, ApiKey, extra=[KEYS.listing])
Mutation = mutation_type([*KEYS.mutations, tools.create], AuditLog())


def make_schema(settings: Settings) -> Schema:
    """The schema of the workshop."""
    return Schema(Query, settings, mutation=Mutation)


def _own(row: Any) -> Any:
    return row.user_id == viewer_id(String())


def _policy(viewer: Viewer) -> Visibility:
    def seen(mapper: Any) -> Predicate | None:
        if mapper.class_ is not KeyRow:
            return None
        return _own if viewer.id is not None else nothing

    return Visibility(seen)


USERS, NOBODY = _policy(Viewer("ada")), _policy(Viewer())


def visibility(viewer: Viewer) -> Visibility:
    """Everybody sees the tools; each user the keys that are theirs."""
    return NOBODY if viewer.id is None else USERS


DOMAIN = Domain(make_schema, visibility, api_keys=KEYS, own=[Feature.AUDIT], is_revised=False)

BARE = ApiKeys()
"""Keys of people of whom nothing is known here."""


def make_bare_schema(settings: Settings) -> Schema:
    """The same schema, with such keys."""
    return Schema(Query, settings, mutation=mutation_type([*BARE.mutations, tools.create]))


BARE_DOMAIN = Domain(make_bare_schema, visibility, api_keys=BARE, is_revised=False)
