"""The links of a page, as they lead in the site.

A page's text as it stands in the checkout enters, and leaves with links between pages of the site. A link to a file
that has no page of its own becomes its name; blocks of code stay as they are. Raises `BrokenLink` for a link to what is
not there; anchors are Sphinx's to check.
"""

import posixpath
import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from manual.errors import BrokenLink

LINK = re.compile(r"(?P<kind>!?)\[(?P<text>[^\]\n]*(?:\n[^\]\n]+)?)\]\((?P<target>[^)\s]+)\)")
BLOCK = re.compile(r"(^```.*?^```$)", re.M | re.S)
OUTWARD = re.compile(r"[a-z]+:|#")
"""How addresses elsewhere begin, and places of the page itself."""


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
        parts = BLOCK.split(text)
        return "".join(part if number % 2 else self._linked(page, part) for number, part in enumerate(parts))

    def _linked(self, page: Page, part: str) -> str:
        return LINK.sub(lambda found: self._link(page, found), part)

    def _link(self, page: Page, found: re.Match[str]) -> str:
        if OUTWARD.match(found["target"]):
            return found[0]
        file, hash_, anchor = found["target"].partition("#")
        place = self._places.get(self._resolved(page, file))
        if place is None:
            return found["text"]
        path = posixpath.relpath(place, page.path.parent)
        return f"{found['kind']}[{found['text']}]({path}{hash_}{anchor})"

    def _resolved(self, page: Page, target: str) -> PurePosixPath:
        """The file or folder that a link leads to, from the top of the checkout."""
        source = PurePosixPath(posixpath.normpath(page.source.parent / target))
        if not (self._house / source).exists():
            raise BrokenLink(page.source, target)
        return source
