"""Lists of ids: columns of JSON that hold the global ids of rows of any type.

A declaration says `object_ids: IdList`; the schema shows `[ID!]`, and a filter asks whether an id is in the list. Rows
are not looked for: one that is gone still has its id in the lists that name it.
"""

import json
from typing import TypeAlias

import strawberry
from sqlalchemy import ColumnElement

from db.functions import json_contains
from graph.entity.comparisons import IS_NULL_JSON, Operator
from graph.entity.ids import check_id
from graph.entity.scalar_type import ScalarType
from graph.entity.type_table import itself
from graph.entity.types import register_type

IdList: TypeAlias = list[strawberry.ID]


def _contains(column: ColumnElement[object], text: str) -> ColumnElement[bool]:
    """Whether a list holds an id. Raises `InvalidId` for a text that is none."""
    return json_contains(column, json.dumps([check_id(text)]))


register_type(
    ScalarType(
        annotation=IdList,
        name="IDList",
        serialize=itself,
        operators=(Operator("contains", "Holds this id.", _contains, strawberry.ID), IS_NULL_JSON),
        columns=(),
    )
)
