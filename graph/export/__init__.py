"""Exports: the whole of a list by one address, as NDJSON or CSV, streamed in flat memory.

A document whose one field is a connection enters, with whoever asks; bytes leave, page by page, out of one view of the
database. The rows are those that the API itself would show, by the same operations under the same policies.
Why: docs/decisions/0057-files-and-exports.md.
"""

from graph.export.endpoint import ExportEndpoint, export_paths

__all__ = ["ExportEndpoint", "export_paths"]
