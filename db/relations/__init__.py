"""Relationships, visibility and order, as statements need them.

Mapped classes and relationships enter; sources of rows, terms and types leave. Nothing here knows a database.
"""

from db.relations.arrays import is_array
from db.relations.indexed import leads_an_index
from db.relations.moments import comparable
from db.relations.order import Term, total_order
from db.relations.reads import ANYTHING, StatementDetails, StatementReads, details_of, reads_of
from db.relations.relationships import Link, link, link_of
from db.relations.rows import Expression, Key, Predicate, Row, key_table, primary_key
from db.relations.source import Source, root
from db.relations.types import (
    SINGLE_PRECISION_BITS,
    AnyDecimal,
    ColumnType,
    Unpadded,
    compared_as,
    compared_text,
    cursor_type,
    dimensions_of,
    element_type,
    is_local,
    is_single,
    nested,
    parameter_type,
    python_type,
    scale_of,
    stored,
    tell_type,
    undecorated,
    underlying,
    unpadded,
)
from db.relations.viewers import (
    VIEWER,
    Claim,
    Scalar,
    ViewerId,
    fitted,
    is_same,
    viewer_claim,
    viewer_id,
    viewer_parameters,
)
from db.relations.visibility import (
    EVERYTHING,
    RedactedRow,
    Visibility,
    bare,
    may_hide,
    seen_where,
)

__all__ = [
    "ANYTHING",
    "EVERYTHING",
    "SINGLE_PRECISION_BITS",
    "VIEWER",
    "AnyDecimal",
    "Claim",
    "ColumnType",
    "Expression",
    "Key",
    "Link",
    "Predicate",
    "RedactedRow",
    "Row",
    "Scalar",
    "Source",
    "StatementDetails",
    "StatementReads",
    "Term",
    "Unpadded",
    "ViewerId",
    "Visibility",
    "bare",
    "comparable",
    "compared_as",
    "compared_text",
    "cursor_type",
    "details_of",
    "dimensions_of",
    "element_type",
    "fitted",
    "is_array",
    "is_local",
    "is_same",
    "is_single",
    "key_table",
    "leads_an_index",
    "link",
    "link_of",
    "may_hide",
    "nested",
    "parameter_type",
    "primary_key",
    "python_type",
    "reads_of",
    "root",
    "scale_of",
    "seen_where",
    "stored",
    "tell_type",
    "total_order",
    "undecorated",
    "underlying",
    "unpadded",
    "viewer_claim",
    "viewer_id",
    "viewer_parameters",
]
