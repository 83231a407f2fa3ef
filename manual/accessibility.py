"""What the theme's pages lack for people who use a keyboard or a screen reader.

A folder of built pages enters; they leave with blocks and tables that can be scrolled by keys, with headings of the
contents that say their level, with landmarks that have names, and with a heading where people search. Found by axe
(`tests/accessibility`); mended here, because the words are those of Sphinx and of the theme.
Source: https://www.w3.org/TR/WCAG22/#keyboard, https://www.w3.org/TR/wai-aria-1.2/#heading.
"""

from collections.abc import Mapping
from pathlib import Path

MENDED: Mapping[str, str] = {
    "<pre>": '<pre tabindex="0">',
    '<div class="table-wrapper': '<div tabindex="0" class="table-wrapper',
    '<p class="caption" role="heading">': '<p class="caption" role="heading" aria-level="2">',
    '<aside class="sidebar-drawer">': '<aside class="sidebar-drawer" aria-label="Site">',
    '<aside class="toc-drawer">': '<aside class="toc-drawer" aria-label="This page">',
    '<th class="head"><p></p></th>': "<td></td>",
    '<div id="search-results">': '<h1>Search</h1><div aria-live="polite" id="search-results">',
}


def mend(site: Path) -> None:
    """Mend every page."""
    for file in site.rglob("*.html"):
        file.write_text(mended(file.read_text(encoding="utf-8")), encoding="utf-8")


def mended(page: str) -> str:
    """One page, mended."""
    for before, after in MENDED.items():
        page = page.replace(before, after)
    return page
