"""The one list of what can be asked and changed, and the domain that the server is made of.

A new noun adds a line to `Query`, and its module to `CHANGES`. The machinery imports `DOMAIN` and no other noun. API
keys, and a record of who changed what, take a line each: docs/identity.md.
"""

from collections.abc import Sequence
from itertools import chain
from types import ModuleType

from graph.domain import Domain
from graph.entity import Schema, query_type
from graph.policies import is_operator, visibility
from graph.prepare.fields import PlannedField
from graph.settings import Settings
from graph.writing import mutation_type

DESCRIPTION = (
    "Every list is a connection with pages, filters, orders and aggregates. Every object has an `id`, by which `node`"
    " finds it again. What you may not see looks as if it were not there."
)

EXTRA: Sequence[PlannedField] = ()
"""Fields of the root besides those of nouns: functions of the database, a search."""

Query = query_type(extra=EXTRA)

CHANGES: Sequence[ModuleType] = ()
"""The modules of mutations. A new noun adds one here."""

Mutation = mutation_type(chain.from_iterable(module.MUTATIONS for module in CHANGES)) if CHANGES else None


def make_schema(settings: Settings | None = None) -> Schema:
    """The schema, with the limits of these settings; without settings, with the defaults."""
    return Schema(Query, settings or Settings.model_construct(), mutation=Mutation, description=DESCRIPTION)


DOMAIN = Domain(make_schema, visibility, is_operator=is_operator)
