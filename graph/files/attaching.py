"""The mutation that gives a row its file: `attachDocumentFile(input: {id, file})`.

The declaration of an entity's changes enters, a mutation leaves. The file is in the store before the transaction
begins, which is never open while a client sends or a store takes its time. A change that is refused takes the file away
again; whatever else goes wrong leaves at most a file that no row knows, which `graph.files.sweeping` finds.
"""

import re
from typing import Any

from pydantic import Field

from db.files import NAME_CHARACTERS, TYPE_CHARACTERS, HasFile
from graph.context import RequestContext
from graph.errors import DeclarationError, MissingService
from graph.files.scalar import UPLOAD
from graph.files.store import FileStore
from graph.files.upload import Upload
from graph.writing import Change, Crud, MutationDeclaration, Rejected
from graph.writing.errors import ErrorClass, InvalidInput, VersionConflict
from graph.writing.inputs import Annotation, Version, entity_input, id_of
from graph.writing.payload import Member
from graph.writing.rights import SIGNED_IN

PLACE = ("input", "file")
MEDIA_TYPE = re.compile(r"[\w!#$&^.+-]+/[\w!#$&^.+-]+", re.ASCII)
"""Source: https://www.rfc-editor.org/rfc/rfc6838#section-4.2"""
UNKNOWN_TYPE = "application/octet-stream"


def attach_file(crud: Crud) -> MutationDeclaration[Any, Any]:
    """`attachDocumentFile`: give a row a file in the place of the one it has, or take its file away.

    Who may change a row may do so; its model is a `HasFile`. Raises `DeclarationError` for another model.
    """
    entity = crud.entity
    if not issubclass(entity.model, HasFile):
        raise DeclarationError(f"{entity.model.__name__} has no place for a file; let it inherit from HasFile.")
    fields: dict[str, Annotation] = {
        "id": (id_of(entity.cls), Field(description=f"Which {entity.one}.")),
        "file": (UPLOAD.python | None, Field(description="The file; null: none from now on.")),
    }
    errors: tuple[ErrorClass, ...] = ()
    if entity.mapper.version_id_col is not None:
        fields["if_version"] = (Version | None, Field(None, description="Only if this is still its version."))
        errors = (VersionConflict,)
    doc = f"The file of {entity.a_one}."
    model = entity_input(entity, f"Attach{entity.name}FileInput", doc, fields)
    one = entity.one.replace(" ", "_")
    does = f"Give {entity.a_one} a file, or take the file away."
    members = {one: Member(entity.cls, f"The {entity.one} as it is now; null if nothing was done.")}
    work = _Attaching(crud).work
    return MutationDeclaration(
        f"attach_{one}_file", does, model, members, SIGNED_IN, work, prepare=_kept, errors=errors
    )


async def _kept(values: Any, context: RequestContext) -> str | None:
    """The key of the file, which is in the store from now on. Others are in flight meanwhile."""
    if values.file is None:
        return None
    try:
        store = context.service(FileStore)
    except MissingService:
        raise Rejected(
            InvalidInput("This server keeps no files; its setting TRELLIS_FILES says where.", PLACE)
        ) from None
    async with context.without_place():
        return await store.save(values.file)


class _Attaching:
    """Attaches files to the rows of one `Crud`."""

    def __init__(self, crud: Crud) -> None:
        self._crud = crud

    async def work(self, values: Any, change: Change) -> Any:
        """Give a row the file that is in the store. Raises `Rejected`, and the file is gone then."""
        key: str | None = change.prepared
        try:
            row = await self._crud.found(values, change)
            _describe(row, key, values.file)
            await change.flush()
        except Rejected:
            if key is not None:
                await change.context.service(FileStore).delete([key])
            raise
        change.touch(row)
        return row


def _describe(row: HasFile, key: str | None, file: Upload | None) -> None:
    row.file_key = key
    row.file_name = None if file is None else named(file.name)
    row.file_type = None if file is None else media_type(file.content_type)
    row.file_size = None if file is None else file.size


def named(name: str) -> str:
    """A name that a header and every system takes: the last part of a path, without control characters."""
    last = re.split(r"[/\\]", name)[-1]
    kept = "".join(character for character in last if character.isprintable()).strip(". ")
    return kept[-NAME_CHARACTERS:] or "file"


def media_type(given: str) -> str:
    """The media type without its parameters; what is none is a stream of bytes."""
    bare = given.partition(";")[0].strip().lower()
    return bare if MEDIA_TYPE.fullmatch(bare) and len(bare) <= TYPE_CHARACTERS else UNKNOWN_TYPE
