"""Where the manual stands: the name of a page and of a heading enter, an address leaves, or the page's file.

Nothing is fetched. The address is `Documentation` of `[project.urls]` in pyproject.toml: a test compares them.
"""

import os
import re
from pathlib import Path

MANUAL = "https://trellis.example/docs"
"""Where `make docs` is published."""

DOCS = Path(__file__).resolve().parents[1] / "docs"
"""The pages of a checkout and of a project; a package that is installed has none here."""


def address(page: str, heading: str = "") -> str:
    """The address of a page, by its name in `manual/contents.py`, or of one of its headings.

    Sphinx names headings by their letters and digits. Source: `make_id` in
    https://docutils.sourceforge.io/docs/ref/rst/directives.html#identifier-normalization
    """
    anchor = re.sub(r"[^a-z0-9]+", "-", heading.lower()).strip("-")
    return f"{MANUAL}/{page}.html#{anchor}" if anchor else f"{MANUAL}/{page}.html"


START = address("operations", "The start")
"""What a server wants before it listens."""
SHARED_DATABASE = address("operations", "A database that others use, too")


def whereabouts(page: str) -> str:
    """Where whoever has a terminal reads the page of an address: its file, where there is one, and the address."""
    name = page.removeprefix(f"{MANUAL}/").partition(".html")[0]
    file = DOCS / f"{name}.md"
    return f"{os.path.relpath(file)} or {page}" if file.is_file() else page
