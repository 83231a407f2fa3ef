"""Where the manual stands: the name of a page and of a heading enter, an address leaves.

Nothing is fetched. The address is `Documentation` of `[project.urls]` in pyproject.toml: a test compares them.
"""

import re

MANUAL = "https://trellis.example/docs"
"""Where `make docs` is published."""


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
