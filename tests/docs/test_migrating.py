"""docs/migrating.md: its operation fits the schema, and the names of 1.0 are there."""

import re

from graphql import build_schema, parse, validate

import graph.writing
from db.settings import HOUSE

PAGE = (HOUSE / "docs" / "migrating.md").read_text(encoding="utf-8")
CHANGES = PAGE.partition("## Code\n")[2].partition("\n## ")[0]


def test_the_operation_of_the_page_fits_the_schema() -> None:
    schema = build_schema((HOUSE / "schema.graphql").read_text(encoding="utf-8"), assume_valid=True)
    (document,) = re.findall(r"^```graphql\n(.*?)^```$", PAGE, re.M | re.S)
    assert validate(schema, parse(document)) == []


def test_names_of_before_are_gone_and_those_of_today_are_there() -> None:
    before, today = zip(*(row.split("|")[1:3] for row in CHANGES.splitlines() if row.startswith("| ")), strict=True)
    for name in ("Writes", "Linked", "Refused", "with_role"):
        assert any(f"`{name}" in cell for cell in before)
        assert not hasattr(graph.writing, name)
    for name in ("Crud", "RelationshipInput", "Rejected", "with_right", "owner_or", "mutation_type"):
        assert any(name in cell for cell in (*before, *today))
        assert hasattr(graph.writing, name)
