"""What the pages of the site would ask other hosts for.

A folder of built files enters; each place where a browser would fetch something by itself from another host leaves.
Links that a person follows are no such places.
"""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

FETCHED = {
    "audio": "src",
    "embed": "src",
    "iframe": "src",
    "img": "src",
    "link": "href",
    "object": "data",
    "script": "src",
    "source": "src",
    "video": "src",
}
"""What browsers fetch by themselves: elements, and the attribute with the address."""
NEVER_FETCHED = {"author", "canonical", "license", "next", "prev"}
"""Kinds of `<link>` that only tell."""
IN_STYLES = re.compile(r"(?:url\(|@import)\s*['\"]?((?:https?:)?//[^'\")\s]+)")
FOREIGN = re.compile(r"(?:https?:)?//")


def foreign_requests(site: Path) -> list[str]:
    """The requests, each as the file and the address."""
    found = [f"{file.relative_to(site)}: {address}" for file in _files(site, ".html") for address in _of_page(file)]
    styles = ((file, IN_STYLES.findall(file.read_text(encoding="utf-8"))) for file in _files(site, ".css"))
    return found + [f"{file.relative_to(site)}: {address}" for file, addresses in styles for address in addresses]


def _files(site: Path, suffix: str) -> list[Path]:
    return sorted(site.rglob(f"*{suffix}"))


def _of_page(file: Path) -> Iterator[str]:
    parser = _Fetched()
    parser.feed(file.read_text(encoding="utf-8"))
    yield from parser.addresses


class _Fetched(HTMLParser):
    """Collects foreign addresses that a page fetches."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Look at one element."""
        given = dict(attrs)
        address = given.get(FETCHED.get(tag, "")) or ""
        only_told = tag == "link" and (given.get("rel") or "") in NEVER_FETCHED
        if FOREIGN.match(address) and not only_told:
            self.addresses.append(address)
        self.addresses += IN_STYLES.findall(given.get("style") or "")
