"""Documents that clients' builds have registered: their texts, the ids that ask for them, and who uses them."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from db.base import utcnow
from db.own.base import Feature, OwnBase

MAX_ID = 255
MAX_NAME = 100


class TrustedDocument(OwnBase, feature=Feature.DOCUMENTS):
    """The text of a document. Each is kept once, however many apps and versions use it."""

    __tablename__ = "trellis_documents"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True, doc="Of the text in UTF-8, in lower-case hex.")
    text: Mapped[str] = mapped_column(Text, doc="As the client's build wrote it, to the letter.")


class TrustedDocumentId(OwnBase, feature=Feature.DOCUMENTS):
    """An id that a client sends for a document; a document may have several."""

    __tablename__ = "trellis_document_ids"

    id: Mapped[str] = mapped_column(String(MAX_ID), primary_key=True, doc="As the client sends it.")
    sha256: Mapped[str] = mapped_column(ForeignKey(TrustedDocument.sha256), index=True, doc="The document's.")


class TrustedDocumentUse(OwnBase, feature=Feature.DOCUMENTS):
    """A version of an app that sends an id."""

    __tablename__ = "trellis_document_uses"
    __table_args__ = (Index(None, "app", "version"),)

    document_id: Mapped[str] = mapped_column(ForeignKey(TrustedDocumentId.id), primary_key=True)
    app: Mapped[str] = mapped_column(String(MAX_NAME), primary_key=True, doc="The app's name, for instance web.")
    version: Mapped[str] = mapped_column(String(MAX_NAME), primary_key=True, doc="The app's version.")
    registered_at: Mapped[datetime] = mapped_column(default=utcnow, doc="When it was registered first.")
