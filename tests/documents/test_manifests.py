"""Manifests as clients' tools write them, and files that are none.

The files in `manifests` were written by @apollo/generate-persisted-query-manifest 1.4.0, relay-compiler 21.0.1 and
@graphql-codegen/client-preset 6.2.0, from operations on our own schema.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from graph.documents.ids import sha256_of
from graph.documents.manifests import InvalidManifest, read_manifest

MANIFESTS = Path(__file__).with_name("manifests")
FILES = {
    "apollo.json": lambda text: sha256_of(text),
    "relay-md5.json": lambda text: hashlib.md5(text.encode()).hexdigest(),
    "relay-sha256.json": lambda text: sha256_of(text),
    "codegen.json": lambda text: f"sha256:{sha256_of(text)}",
    "codegen-sha1.json": lambda text: hashlib.sha1(text.encode()).hexdigest(),
}
"""What each tool calls a text."""

APOLLO = {"format": "apollo-persisted-query-manifest", "version": 1}


@pytest.mark.parametrize("name", FILES)
def test_manifests_of_all_tools_are_read(name: str) -> None:
    listed = read_manifest((MANIFESTS / name).read_bytes())
    assert len(listed) == 3
    assert [entry.id for entry in listed] == [FILES[name](entry.text) for entry in listed]


def test_a_byte_order_mark_and_unknown_members_do_no_harm() -> None:
    operation = {"id": "a", "body": "{ x }", "name": "X", "type": "query", "clientName": None}
    content = json.dumps({**APOLLO, "operations": [operation], "more": 1}).encode()
    assert read_manifest(b"\xef\xbb\xbf" + content) == [("a", "{ x }")]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "not JSON"),
        (b"\xff\xfe", "not JSON in UTF-8"),
        (b"[" * 100_000, "not JSON"),
        ([], "no manifest"),
        ("text", "no manifest"),
        ({}, "no documents"),
        ({**APOLLO, "operations": []}, "no documents"),
        ({"format": "other", "version": 1}, "This format is not known"),
        ({**APOLLO, "version": 2, "operations": []}, "This format is not known"),
        (APOLLO, "`operations` must be a list"),
        ({**APOLLO, "operations": [5]}, "Operation 1 must be an object"),
        ({**APOLLO, "operations": [{"id": "a"}]}, "'a' does not lead to the text"),
        ({**APOLLO, "operations": [{"id": 1, "body": "{ x }"}]}, "1 does not lead to the text"),
        ({**APOLLO, "operations": [{"id": "a", "body": "{ x }"}, {"id": "a", "body": "{ y }"}]}, "two documents"),
        ({"a": 5}, "'a' does not lead to the text"),
        ({"a": ["query"]}, "'a' does not lead to the text"),
        (b'{"a": "{ x }", "a": "{ y }"}', "'a' stands twice"),
        ({"query A { a }": "1"}, "is no id"),
        ({"": "{ x }"}, "is no id"),
        ({"x" * 256: "{ x }"}, "is no id"),
        ({"a": "{ x } # \0"}, "U[+]0000"),
        (b'{"a": "{ x } # \\ud800"}', "surrogate"),
        ({"0" * 64: "{ x }"}, "is not the SHA-256 of its text"),
        ({f"sha256:{'0' * 64}": "{ x }"}, "is not the SHA-256 of its text"),
    ],
)
def test_other_files_are_refused_in_words(content: Any, sentence: str) -> None:
    with pytest.raises(InvalidManifest, match=sentence):
        read_manifest(content if isinstance(content, bytes) else json.dumps(content).encode())
