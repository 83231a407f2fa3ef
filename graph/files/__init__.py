"""Files that clients upload: apart from JSON on their way, apart from rows where they are kept.

A file enters with a mutation, as the multipart request form has it; it is kept in a store, and a row knows its key. It
leaves by an address, for whoever sees the row. Nothing here knows of requests and responses.
Why: docs/decisions/0057-files-and-exports.md.
"""

from graph.files.store import FileStore
from graph.files.stored import StoredFile, stored_file
from graph.files.sweeping import FileSweeper
from graph.files.upload import Upload

__all__ = ["FileStore", "FileSweeper", "StoredFile", "Upload", "stored_file"]
