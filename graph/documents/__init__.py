"""Trusted documents: a request's id becomes a document that was registered, or added by a client, before.

Manifests of clients' builds enter the store (`manifests`, `vetting`, `store`); a server keeps what is registered
(`registry`) and what clients have added (`added`); `Documents` decides for each request which document is meant and
whether it may be sent (`modes`). Nothing is executed here.
Why: docs/decisions/0025-trusted-documents.md.
"""

from graph.documents.modes import Documents

__all__ = ["Documents"]
