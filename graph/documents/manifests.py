"""Manifests, in which clients' builds list their documents.

Bytes of a file enter; ids and texts leave, as they are written. Which tool wrote a file is seen in its content:
Apollo's manifest names its format; those of Relay and graphql-codegen are one object, in which ids lead to texts. No
schema is known here.
Sources: https://www.apollographql.com/docs/graphos/platform/security/persisted-queries#manifest-format,
https://relay.dev/docs/guides/persisted-queries/,
https://the-guild.dev/graphql/codegen/plugins/presets/preset-client#persisted-documents
"""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from graph.documents.ids import ID_FORM, hash_in, is_id, sha256_of

APOLLO = "apollo-persisted-query-manifest"
APOLLO_VERSION = 1
UNKEPT = re.compile("[\0\ud800-\udfff]")


class Listed(NamedTuple):
    """A document of a manifest."""

    id: str
    text: str


class InvalidManifest(Exception):
    """A file that is no manifest, or one with an entry that cannot be registered; the message says which."""


def read_manifest(content: bytes) -> Sequence[Listed]:
    """The documents of a manifest, in its order. Raises `InvalidManifest`."""
    found = _parsed(content)
    if not isinstance(found, dict):
        raise InvalidManifest("This is no manifest: give the file of Apollo, Relay or graphql-codegen, a JSON object.")
    listed = list(_of_apollo(found) if "format" in found else map(_pair, found.items()))
    if not listed:
        raise InvalidManifest("The manifest has no documents; build the client first.")
    texts: dict[str, str] = {}
    for entry in listed:
        _check(entry)
        if texts.setdefault(entry.id, entry.text) != entry.text:
            raise InvalidManifest(f"{entry.id} is the id of two documents; give each an id of its own.")
    return listed


def _parsed(content: bytes) -> Any:
    try:
        return json.loads(content.decode("utf-8-sig"), object_pairs_hook=_without_repeats)
    except (ValueError, RecursionError) as error:
        raise InvalidManifest(f"The file is not JSON in UTF-8: {error}.") from None


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise InvalidManifest(f"{twice!r} stands twice in one object; write the manifest anew.")
    return found


def _of_apollo(manifest: dict[str, Any]) -> Iterator[Listed]:
    if (manifest["format"], manifest.get("version")) != (APOLLO, APOLLO_VERSION):
        raise InvalidManifest(f"This format is not known; give an {APOLLO} of version {APOLLO_VERSION}.")
    operations = manifest.get("operations")
    if not isinstance(operations, list):
        raise InvalidManifest("`operations` must be a list.")
    for number, operation in enumerate(operations, 1):
        if not isinstance(operation, dict):
            raise InvalidManifest(f"Operation {number} must be an object with `id` and `body`.")
        yield _pair((operation.get("id"), operation.get("body")))


def _pair(pair: tuple[Any, Any]) -> Listed:
    """An id and its text. What else stands there is some other file, perhaps a manifest that is turned around."""
    given, text = pair
    if not isinstance(given, str) or not isinstance(text, str):
        raise InvalidManifest(f"{given!r} does not lead to the text of a document; give a manifest of ids and texts.")
    return Listed(given, text)


def _check(entry: Listed) -> None:
    if not is_id(entry.id):
        raise InvalidManifest(f"{entry.id[:40]!r} is no id: an id has {ID_FORM}.")
    if UNKEPT.search(entry.text):
        raise InvalidManifest(f"{entry.id}: the text has U+0000 or half of a surrogate pair; no database keeps them.")
    fitting = sha256_of(entry.text)
    if hash_in(entry.id) not in (None, fitting):
        raise InvalidManifest(
            f"{entry.id} is not the SHA-256 of its text, which is {fitting}; write the manifest anew."
        )
