"""The links of Markdown: each of them found, and those taken out that lead to files which are not there.

Texts enter, and leave with the same words. Blocks of code stay as they are, and so do addresses elsewhere and places of
the page itself. Anchors are not looked at.
"""

import posixpath
import re
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import NamedTuple

LINK = re.compile(r"(?P<kind>!?)\[(?P<text>[^\]\n]*(?:\n[^\]\n]+)?)\]\((?P<target>[^)\s]+)\)")
BLOCK = re.compile(r"(^```.*?^```$)", re.M | re.S)
OUTWARD = re.compile(r"[a-z]+:|#")
"""How addresses elsewhere begin, and places of the page itself."""


class Link(NamedTuple):
    """A link to a file, as it is written."""

    written: str
    text: str
    target: str
    """The file or folder, from the folder of the page."""
    anchor: str
    """With its `#`; empty for none."""
    is_picture: bool

    def path_from(self, page: PurePosixPath) -> PurePosixPath:
        """The file that the link of a page leads to, from the top of the checkout."""
        return PurePosixPath(posixpath.normpath(page.parent / self.target))


def relinked(text: str, become: Callable[[Link], str]) -> str:
    """The text with each link to a file as `become` writes it."""
    parts = BLOCK.split(text)
    return "".join(part if number % 2 else LINK.sub(_by(become), part) for number, part in enumerate(parts))


def without_dead_links(text: str, page: PurePosixPath, is_there: Callable[[Path], bool]) -> str:
    """The text with the words of links in the place of those that lead nowhere; pictures that are missing go."""

    def living(link: Link) -> str:
        if is_there(Path(link.path_from(page))):
            return link.written
        return "" if link.is_picture else link.text

    return relinked(text, living)


def _by(become: Callable[[Link], str]) -> Callable[[re.Match[str]], str]:
    def written(found: re.Match[str]) -> str:
        if OUTWARD.match(found["target"]):
            return found[0]
        target, hash_, anchor = found["target"].partition("#")
        return become(Link(found[0], found["text"], target, f"{hash_}{anchor}", bool(found["kind"])))

    return written
