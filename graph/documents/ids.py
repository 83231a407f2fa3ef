"""What a document is called: ids that clients' builds choose, and the hash of its text, which always works.

Texts and ids enter, ids leave. Nothing is looked up here.
Source: https://github.com/graphql/graphql-over-http/blob/main/spec/Appendix%20A%20--%20Persisted%20Documents.md
"""

import hashlib
import re

from db.own.documents import MAX_ID
from graph.documents.errors import WrongId
from graph.prepare.documents import OperationRequest

PREFIX = "sha256:"
_HEX = re.compile(r"[0-9a-f]{64}")
_ID = re.compile(rf"[!-~]{{1,{MAX_ID}}}")

ID_FORM = f"1 to {MAX_ID} printable characters of ASCII, without spaces"
"""Wider than the appendix has it: builds may choose ids of their own, for instance in Base64."""

PERSISTED_QUERY = "persistedQuery"
"""Apollo's extension. Source: https://www.apollographql.com/docs/apollo-server/performance/apq"""


def sha256_of(text: str) -> str:
    """The hash of a text in UTF-8, in lower-case hex."""
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def hash_in(given: str) -> str | None:
    """The hash that an id is, with the prefix or without; None for an id of another kind."""
    payload = given.removeprefix(PREFIX)
    return payload if _HEX.fullmatch(payload) else None


def is_id(given: str) -> bool:
    """Whether a text can be an id."""
    return _ID.fullmatch(given) is not None


def id_of(asked: OperationRequest) -> str | None:
    """The id that a request names its document by; None for one with its text alone.

    Raises `WrongId` for one of no good form.
    """
    given = asked.document_id
    if given is None:
        persisted = (asked.extensions or {}).get(PERSISTED_QUERY)
        if persisted is None:
            return None
        given = persisted.get("sha256Hash") if isinstance(persisted, dict) and persisted.get("version") == 1 else None
    if not isinstance(given, str):
        raise WrongId(f'Send `{PERSISTED_QUERY}` as {{"version": 1, "sha256Hash": "…"}}.')
    if not is_id(given):
        raise WrongId(f"The id of a document has {ID_FORM}.")
    return given
