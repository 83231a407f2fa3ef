"""Trellis's own tables, which belong to no application: each module holds one.

They stand apart from the models: a metadata of their own; on PostgreSQL a schema, elsewhere a prefix; and revisions of
their own in `migrations/own`, a branch for each feature, which `trellis db upgrade` runs for those that are on. No
table of an application is named here, and none refers to one of these. Why: docs/decisions/0030-our-own-tables.md.
"""

from db.dialects.own_names import PREFIX
from db.own.api_keys import ApiKey
from db.own.audit import AuditEntry
from db.own.base import Feature, OwnBase, own_tables, required_tables
from db.own.changes import Change, ChangePosition
from db.own.counters import Counter
from db.own.documents import TrustedDocument, TrustedDocumentId, TrustedDocumentUse
from db.own.idempotency import IdempotencyKey
from db.own.usage import UsageCount, UsageOperation, UsageRun

__all__ = [
    "PREFIX",
    "ApiKey",
    "AuditEntry",
    "Change",
    "ChangePosition",
    "Counter",
    "Feature",
    "IdempotencyKey",
    "OwnBase",
    "TrustedDocument",
    "TrustedDocumentId",
    "TrustedDocumentUse",
    "UsageCount",
    "UsageOperation",
    "UsageRun",
    "own_tables",
    "required_tables",
]
