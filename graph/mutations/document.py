"""Changes of documents: by their owners, and by admins."""

from functools import partial

from graph.files.attaching import attach_file
from graph.mutations.rights import ADMINS
from graph.types.document import Document
from graph.writing import Crud, owner_or
from graph.writing.rules import JsonObject

documents = Crud(
    Document,
    ["kind", "title", "body"],
    may=owner_or(ADMINS, owner="owner_id"),
    owner="owner",
    owner_right=ADMINS,
    rules={"body": JsonObject},
)

MUTATIONS = [
    documents.create,
    documents.update,
    documents.delete,
    documents.update_many,
    documents.delete_many,
    partial(documents.create_many, name="import_documents"),
    partial(attach_file, documents),
]
