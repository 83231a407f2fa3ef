"""Registered documents in the database: statements that read, add and take away.

Sessions enter; ids, texts and uses leave. Nothing is committed here, and nothing is validated.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, NamedTuple, TypeVar, cast

from sqlalchemy import Table, and_, delete, exists, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.base import utcnow
from db.dialects import dialect_of
from db.own.documents import TrustedDocument as Document
from db.own.documents import TrustedDocumentId as Id
from db.own.documents import TrustedDocumentUse as Use
from graph.documents.ids import PREFIX, hash_in, sha256_of
from graph.documents.manifests import Listed

T = TypeVar("T")

CHUNK = 500
"""Rows or keys of one statement: databases bound the parameters of one."""


class Taken(Exception):
    """An id that is to be registered belongs to another text."""

    def __init__(self, document_id: str) -> None:
        super().__init__(
            f"{document_id} is registered with another text; retire it, or give the new document an id of its own."
        )


class Used(NamedTuple):
    """A version of an app that sends an id."""

    id: str
    sha256: str
    app: str
    version: str


async def ids(session: AsyncSession) -> dict[str, str]:
    """The hash of the document behind each id."""
    return dict((await session.execute(select(Id.id, Id.sha256))).all())


async def texts(session: AsyncSession, hashes: Iterable[str]) -> dict[str, str]:
    """The texts with these hashes, by hash."""
    found: dict[str, str] = {}
    for some in _chunks(list(hashes)):
        statement = select(Document.sha256, Document.text).where(Document.sha256.in_(some))
        found |= dict((await session.execute(statement)).all())
    return found


async def look_up(session: AsyncSession, given: Collection[str]) -> Sequence[tuple[str, str, str]]:
    """Each of these ids that is known, with the hash and the text behind it: one statement. A hash is an id, too."""
    hashes = {sha256: it for it in given if (sha256 := hash_in(it)) is not None}
    statement = (
        select(Id.id, Document.sha256, Document.text)
        .select_from(Document)
        .outerjoin(Id, and_(Id.sha256 == Document.sha256, Id.id.in_(given)))
        .where(or_(Document.sha256.in_(select(Id.sha256).where(Id.id.in_(given))), Document.sha256.in_(hashes)))
    )
    rows = await session.execute(statement)
    return [(named or hashes[sha256], sha256, text) for named, sha256, text in rows]


async def uses(session: AsyncSession, hashes: Collection[str] | None = None) -> Sequence[Used]:
    """Who uses what: all of it, or documents with these hashes; sorted by app, version and id."""
    statement = (
        select(Use.document_id, Id.sha256, Use.app, Use.version)
        .join(Id, Id.id == Use.document_id)
        .order_by(Use.app, Use.version, Use.document_id)
    )
    if hashes is not None:
        statement = statement.where(Id.sha256.in_(hashes))
    return [Used(*row) for row in await session.execute(statement)]


async def register(session: AsyncSession, listed: Iterable[Listed], app: str, version: str) -> int:
    """Add documents, as a version of an app uses them; how many texts are new. Raises `Taken`.

    Others who register or retire wait until the transaction ends, so that an id never gets two texts.
    """
    await _lock(session)
    wanted = dict(listed)
    known = await ids(session)
    hashes = {given: sha256_of(text) for given, text in wanted.items()}
    for given, sha256 in hashes.items():
        if known.get(given, sha256) != sha256:
            raise Taken(given)
    by_hash = {hashes[given]: text for given, text in wanted.items()}
    new = by_hash.keys() - (await texts(session, by_hash)).keys()
    await _insert(session, Document, [{"sha256": sha256, "text": by_hash[sha256]} for sha256 in sorted(new)])
    missing = sorted(wanted.keys() - known.keys())
    await _insert(session, Id, [{"id": given, "sha256": hashes[given]} for given in missing])
    used = select(Use.document_id).where(Use.app == app, Use.version == version)
    unused = sorted(wanted.keys() - set(await session.scalars(used)))
    this = {"app": app, "version": version, "registered_at": utcnow()}
    await _insert(session, Use, [{"document_id": given, **this} for given in unused])
    return len(new)


async def retire_version(session: AsyncSession, app: str, version: str) -> int:
    """Take away what a version of an app uses, as far as nobody else does; how many ids it used."""
    await _lock(session)
    ended = delete(Use).where(Use.app == app, Use.version == version).returning(Use.document_id)
    count = len((await session.scalars(ended)).all())
    await _sweep(session)
    return count


async def retire_id(session: AsyncSession, given: str) -> int:
    """Take an id away from everybody; for a hash with its prefix, all ids of the document. How many ids."""
    await _lock(session)
    sha256 = hash_in(given) if given.startswith(PREFIX) else None
    found = select(Id.id).where(or_(Id.id == given, Id.sha256 == sha256))
    named = (await session.scalars(found)).all()
    for some in _chunks(named):
        await session.execute(delete(Use).where(Use.document_id.in_(some)))
    await _sweep(session)
    return len(named)


async def _sweep(session: AsyncSession) -> None:
    """Take away ids that no app uses, and documents without an id."""
    await session.execute(delete(Id).where(~exists().where(Use.document_id == Id.id)))
    await session.execute(delete(Document).where(~exists().where(Id.sha256 == Document.sha256)))


async def _lock(session: AsyncSession) -> None:
    dialect = dialect_of((await session.connection()).dialect.name)
    for statement in dialect.lock(cast(Table, Document.__table__)):
        await session.execute(statement)


async def _insert(session: AsyncSession, model: type[Any], rows: Sequence[dict[str, Any]]) -> None:
    for some in _chunks(rows):
        await session.execute(insert(model), some)


def _chunks(items: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), CHUNK):
        yield items[start : start + CHUNK]
