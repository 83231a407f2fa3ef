"""Trellis's own tables, which belong to no application: each module holds one.

They stand apart from the models: a metadata of their own, a prefix, and revisions of their own in `migrations/own`,
which `trellis db upgrade` runs beside those of the application. No table of an application is named here, and none
refers to one of these. Why: docs/decisions/0030-our-own-tables.md.
"""

from db.own.base import PREFIX, OwnBase
from db.own.counters import Counter
from db.own.documents import TrustedDocument, TrustedDocumentId, TrustedDocumentUse
from db.own.usage import UsageCount, UsageOperation, UsageRun

__all__ = [
    "PREFIX",
    "Counter",
    "OwnBase",
    "TrustedDocument",
    "TrustedDocumentId",
    "TrustedDocumentUse",
    "UsageCount",
    "UsageOperation",
    "UsageRun",
]
