"""The links of a page, as they lead in the site.

A page's text as it stands in the checkout enters, and leaves with links between pages of the site. A link to a file
that has no page of its own becomes its name; blocks of code stay as they are. Raises `BrokenLink` for a link to what is
not there; anchors are Sphinx's to check.
"""

import posixpath
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from graph.projects.links import Link, relinked
from manual.errors import BrokenLink


class Page(NamedTuple):
    """A page of the site: where its text stands in the checkout, and where it goes."""

    source: PurePosixPath
    path: PurePosixPath


class Links:
    """Where files of a checkout are in the site."""

    def __init__(self, house: Path, places: Mapping[PurePosixPath, PurePosixPath]) -> None:
        """`places`: pages, pictures and folders that have a page, from the top of the checkout to that of the site."""
        self._house = house
        self._places = places

    def rewritten(self, page: Page, text: str) -> str:
        """The text of a page, with links that lead in the site."""
        return relinked(text, lambda link: self._link(page, link))

    def _link(self, page: Page, link: Link) -> str:
        source = link.path_from(page.source)
        if not (self._house / source).exists():
            raise BrokenLink(page.source, link.target)
        place = self._places.get(source)
        if place is None:
            return link.text
        path = posixpath.relpath(place, page.path.parent)
        return f"{'!' if link.is_picture else ''}[{link.text}]({path}{link.anchor})"
