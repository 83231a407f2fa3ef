"""The smallest application: one type, which everybody may read and change.

A model leaves as a type, a query and mutations; the server takes `DOMAIN`. Nobody signs in.
"""

from datetime import datetime

from db import models
from db.relations import EVERYTHING
from graph.domain import Domain
from graph.entity import Node, Schema, entity, query_type
from graph.settings import Settings
from graph.writing import ANYBODY, Crud, mutation_type


@entity(models.Note)
class Note(Node):
    """A line that somebody wrote down."""

    text: str
    created_at: datetime
    updated_at: datetime


notes = Crud(Note, ["text"], may=lambda _viewer, _row: True, create=ANYBODY)
Query = query_type(Note)
Mutation = mutation_type([notes.create])


def make_schema(settings: Settings) -> Schema:
    """The schema, with the limits of these settings."""
    return Schema(Query, settings, mutation=Mutation, description="Notes, which everybody may read and write.")


DOMAIN = Domain(make_schema, visibility=lambda _viewer: EVERYTHING)
