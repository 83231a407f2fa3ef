"""Mutations: inputs checked by Pydantic, one transaction for each field, typed errors, and create, update and delete.

What a noun needs is here; the rooms behind it are for those who change how changes are made. It knows no noun itself.
"""

from graph.writing.change import Change, WrittenRow, global_id, written
from graph.writing.checks import Check, compare, compare_columns, compare_length, match, one_of
from graph.writing.choosing import chosen
from graph.writing.column_guards import guard_column
from graph.writing.crud import Crud
from graph.writing.errors import Rejected, UserError, user_error
from graph.writing.idempotency import IdempotencyKey, idempotency_key
from graph.writing.inputs import Guard, Input, Version, filter_of, id_of, reference_to
from graph.writing.links import RelationshipInput
from graph.writing.mutation import MutationDeclaration, mutation, mutation_type
from graph.writing.nested import RowsInput
from graph.writing.rights import ANYBODY, SIGNED_IN, Right, owner_or, with_right

__all__ = [
    "ANYBODY",
    "SIGNED_IN",
    "Change",
    "Check",
    "Crud",
    "Guard",
    "IdempotencyKey",
    "Input",
    "MutationDeclaration",
    "Rejected",
    "RelationshipInput",
    "Right",
    "RowsInput",
    "UserError",
    "Version",
    "WrittenRow",
    "chosen",
    "compare",
    "compare_columns",
    "compare_length",
    "filter_of",
    "global_id",
    "guard_column",
    "id_of",
    "idempotency_key",
    "match",
    "mutation",
    "mutation_type",
    "one_of",
    "owner_or",
    "reference_to",
    "user_error",
    "with_right",
    "written",
]
