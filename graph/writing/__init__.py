"""Mutations: inputs checked by Pydantic, one transaction for each field, typed errors, and create, update and delete.

What a noun needs is here; the rooms behind it are for whoever changes how changes are made. It knows no noun itself.
"""

from graph.writing.change import Change, global_id
from graph.writing.crud import Crud, owner_or, with_role
from graph.writing.errors import ADMINS, ANYBODY, EDITORS, ERROR_TYPES, SIGNED_IN, Rejected, Right
from graph.writing.idempotency import IdempotencyKey, idempotency_key
from graph.writing.inputs import Input, filter_of, id_of
from graph.writing.links import RelationshipInput
from graph.writing.mutation import Mutation, mutation, mutation_type

__all__ = [
    "ADMINS",
    "ANYBODY",
    "EDITORS",
    "ERROR_TYPES",
    "SIGNED_IN",
    "Change",
    "Crud",
    "IdempotencyKey",
    "Input",
    "Mutation",
    "Rejected",
    "RelationshipInput",
    "Right",
    "filter_of",
    "global_id",
    "id_of",
    "idempotency_key",
    "mutation",
    "mutation_type",
    "owner_or",
    "with_role",
]
