"""Links of pages that are copied: those that lead somewhere stand, of others the words are left."""

from pathlib import Path, PurePosixPath

import pytest

from graph.projects.links import without_dead_links

PAGE = PurePosixPath("docs/asking.md")
THERE = {Path("docs/types.md"), Path("db/kinds.py")}
MENDED = {
    "[types](types.md#bits), [kinds](../db/kinds.py)": "[types](types.md#bits), [kinds](../db/kinds.py)",
    "In [the\nbench](../bench/README.md#how): so.": "In the\nbench: so.",
    "![A picture](images/a.svg)\n": "\n",
    "[out](https://example.org/gone.md), [here](#pages)": "[out](https://example.org/gone.md), [here](#pages)",
    "```md\n[gone](gone.md)\n```\n": "```md\n[gone](gone.md)\n```\n",
}


@pytest.mark.parametrize(("before", "after"), MENDED.items())
def test_a_link_that_leads_nowhere_is_its_words(before: str, after: str) -> None:
    assert without_dead_links(before, PAGE, THERE.__contains__) == after
