"""Blocks of Python in pages are parts of files of ours."""

import re

import pytest

from db.settings import HOUSE
from tests.docs.following import Page, page

OF_A_PROJECT = "your-database.md"
"""The page that tests/projects/test_tutorial.py follows."""
NEW = re.compile(r"# \S*/(test_)?event\.py\n")
"""Files of the noun that docs/add-a-noun.md makes."""

PAGES = [
    page("README.md"),
    *(Page(file.read_text(encoding="utf-8")) for file in sorted((HOUSE / "docs").glob("*.md"))),
]
EXCERPTS = [
    body
    for each in PAGES
    if each != page(f"docs/{OF_A_PROJECT}")
    for body in each.blocks("python")
    if not NEW.match(body)
]


@pytest.mark.parametrize("block", EXCERPTS, ids=lambda block: " ".join(str(block).split()[1:6]))
def test_an_excerpt_is_what_the_file_says(block: str) -> None:
    name, _, code = block.partition("\n")
    assert code.strip() in (HOUSE / name.removeprefix("# ")).read_text(encoding="utf-8")
