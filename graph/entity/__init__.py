"""From a model to a GraphQL type: fields, filters, ordering, connections, cursors, aggregates, node ids.

What a noun needs is here; the rooms behind it are for whoever changes how nouns are made. It knows no noun itself.
"""

from graph.entity import composites, extension_types, object_types  # noqa: F401 - they register types
from graph.entity.caching import cache_control
from graph.entity.comparisons import Operator
from graph.entity.declare import computed, entity, hybrid, named
from graph.entity.function_fields import function_field
from graph.entity.id_lists import IdList
from graph.entity.ids import Node, Row
from graph.entity.registry import Connection
from graph.entity.roots import query_type, search_field, viewer_field
from graph.entity.row_reference import row
from graph.entity.scalar_type import ScalarType
from graph.entity.scalars import BigInt, LocalDateTime
from graph.entity.schema import Schema
from graph.entity.types import register_operator, register_type

__all__ = [
    "BigInt",
    "Connection",
    "IdList",
    "LocalDateTime",
    "Node",
    "Operator",
    "Row",
    "ScalarType",
    "Schema",
    "cache_control",
    "computed",
    "entity",
    "function_field",
    "hybrid",
    "named",
    "query_type",
    "register_operator",
    "register_type",
    "row",
    "search_field",
    "viewer_field",
]
