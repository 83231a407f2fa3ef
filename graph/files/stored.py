"""The file of a row, as the API shows it.

    @computed(needs=["id", *FILE_COLUMNS])
    def file(self) -> StoredFile | None:
        return stored_file(self)

A row with its columns enters, what is told of its file leaves; the file itself is not opened.
"""

from typing import Any

import strawberry

from graph.entity.ids import encode_id
from graph.entity.registry import entity_of
from graph.entity.scalars import BigInt

FILES = "/files"
"""Where files are, in front of the row's id and the file's key."""
FILE_COLUMNS = ("file_key", "file_name", "file_type", "file_size")


@strawberry.type(description="A file that belongs to an object: whoever sees the object may have it.")
class StoredFile:
    """What is told of a file."""

    url: str = strawberry.field(description="Where it is, on this server. Another file of the object has another one.")
    name: str = strawberry.field(description="What it was called by whoever sent it.")
    content_type: str = strawberry.field(description="Its media type, as its sender has it.")
    size: BigInt = strawberry.field(description="Its length in bytes.")


def stored_file(row: Any) -> StoredFile | None:
    """The file of an object of the schema that has `FILE_COLUMNS` and its key; None where there is none."""
    if row.file_key is None:
        return None
    entity = entity_of(type(row))
    id_ = encode_id(entity, tuple(getattr(row, name) for name in entity.key))
    return StoredFile(
        url=f"{FILES}/{id_}/{row.file_key}",
        name=row.file_name,
        content_type=row.file_type,
        size=BigInt(row.file_size),
    )
