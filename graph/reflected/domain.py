"""The domain of a database that was there before: everything is shown to everybody who reaches the server.

A `MappingPlan` enters, a `Domain` leaves. Nobody signs in, and nothing is changed unless that is wanted.
"""

from db.reflection.plan import MappingPlan
from db.relations import EVERYTHING, Visibility
from graph.building import building
from graph.domain import Domain
from graph.entity import Schema, query_type
from graph.reflected.models import Models
from graph.reflected.mutations import changes_of
from graph.reflected.tabs import tabs_of
from graph.reflected.types import calls_of, types_of
from graph.settings import Settings
from graph.viewer import Viewer

DESCRIPTION = (
    "What is in the database, table by table. Every list is a connection with pages, filters, sorting and aggregates."
    " Every object has an `id`, by which `node` finds it again."
)


def reflected_domain(plan: MappingPlan, *, writable: bool = False) -> Domain:
    """The domain of a plan. Without `writable` its schema has no mutations.

    Raises `DeclarationError` for a plan that cannot be declared.
    """
    with building():
        models = Models(plan)
        types = types_of(models)
        query = query_type(*types, extra=calls_of(models, types))
        mutation = changes_of(plan.models, types) if writable else None

    def schema(settings: Settings) -> Schema:
        return Schema(query, settings, mutation=mutation, description=DESCRIPTION)

    return Domain(
        schema, _everything, is_operator=_anybody, tabs=tabs_of(types), takes_changes=writable, is_revised=False
    )


def _everything(_viewer: Viewer) -> Visibility:
    return EVERYTHING


def _anybody(_viewer: Viewer) -> bool:
    """Whoever reaches the server has started it, or was let in by whoever has."""
    return True
