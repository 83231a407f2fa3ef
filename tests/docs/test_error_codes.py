"""docs/error-codes.md has an entry for each code that Trellis answers with, each with a cure, and no other."""

import re

from db.settings import HOUSE

PAGE = (HOUSE / "docs" / "error-codes.md").read_text(encoding="utf-8")
SOURCES = [
    file.read_text(encoding="utf-8")
    for file in sorted((HOUSE / "graph").rglob("*.py"))
    if not file.is_relative_to(HOUSE / "graph" / "projects")  # what is written there is a project's
]
OF_REQUESTS = re.compile(r'^    code = "([A-Z_]+)"|"code": "([A-Z_]+)"|_coded\(\w+, "([A-Z_]+)"', re.M)
OF_PAYLOADS = re.compile(r'^    CODE = "([A-Z_]+)"', re.M)
ENTRY = re.compile(r"^### ([A-Z_]+)(?: \(in a payload\))?\n\n(.*?)(?=\n##|\Z)", re.M | re.S)
CURE = re.compile(r"\*Cure\*:\s+\S")
FIRST_OF_PAYLOADS = "\n## Of mutations\n"


def codes(pattern: re.Pattern[str]) -> set[str]:
    """The codes that the sources have in this form."""
    return {code for text in SOURCES for found in pattern.finditer(text) for code in found.groups() if code}


def test_every_code_of_a_request_has_an_entry() -> None:
    entries = [code for code, _ in ENTRY.findall(PAGE.partition(FIRST_OF_PAYLOADS)[0])]
    assert sorted(entries) == sorted(codes(OF_REQUESTS))
    assert {"GRAPHQL_PARSE_FAILED", "INTERNAL_SERVER_ERROR", "OPERATION_NOT_FOUND", "TOO_COSTLY"} < set(entries)


def test_every_code_of_a_payload_has_an_entry() -> None:
    entries = [code for code, _ in ENTRY.findall(PAGE.partition(FIRST_OF_PAYLOADS)[2])]
    assert sorted(entries) == sorted(codes(OF_PAYLOADS))
    assert {"INVALID_INPUT", "UNDONE"} < set(entries)


def test_every_entry_names_a_cure() -> None:
    assert [code for code, text in ENTRY.findall(PAGE) if len(CURE.findall(text)) != 1] == []
