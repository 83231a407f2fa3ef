"""The sources of the site: the pages of `docs/`, the papers beside it, and pages that are made of the code.

A checkout enters; a folder leaves in which every link leads to another page, to a picture, or out into the world. A
link to a file that has no page of its own becomes its name. A link to what is not there raises `BrokenLink`.
"""

import posixpath
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from manual import command, python, settings
from manual.contents import CONTENTS, listed
from manual.errors import BrokenLink, Unlisted

DOCS = PurePosixPath("docs")
PAPERS: Mapping[str, str] = {
    "README.md": "readme.md",
    "CHANGELOG.md": "changelog.md",
    "CODE_OF_CONDUCT.md": "code-of-conduct.md",
    "CONTRIBUTING.md": "contributing.md",
    "LICENSE": "licence.md",
    "SECURITY.md": "security-policy.md",
    "bench/README.md": "bench.md",
    "examples/README.md": "examples.md",
}
"""Files outside of `docs/` that have a page, and its path."""
FOLDERS: Mapping[str, str] = {"docs/decisions": "decisions/index.md"}
"""Folders that have a page which lists them."""

LINK = re.compile(r"(?<!!)\[(?P<text>[^\]\n]*(?:\n[^\]\n]+)?)\]\((?P<target>[^)\s]+)\)")
PICTURE = re.compile(r"!\[(?P<text>[^\]]*)\]\((?P<target>[^)\s]+)\)")
CODE = re.compile(r"(^```.*?^```$)", re.M | re.S)
"""Where brackets are no links."""
OUTWARD = re.compile(r"[a-z]+:|#")
TITLE = re.compile(r"^# (.+)$", re.M)


class Page(NamedTuple):
    """A page of the site: where its text stands in the checkout, and where it goes."""

    source: PurePosixPath
    path: PurePosixPath


def write_sources(house: Path, target: Path) -> int:
    """Write the sources; gives the number of pages. Raises `BrokenLink` and `Unlisted`."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(house / DOCS / "images", target / "images")
    pages = list(_pages(house))
    places = {page.source: page.path for page in pages} | {
        PurePosixPath(folder): PurePosixPath(path) for folder, path in FOLDERS.items()
    }
    texts = {page.path: _rewritten(house, page, places) for page in pages} | dict(_made(house))
    _check_contents(list(texts))
    texts[PurePosixPath("index.md")] += _navigation()
    for path, text in texts.items():
        file = target / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return len(texts)


def _pages(house: Path) -> Iterator[Page]:
    for file in sorted((house / DOCS).rglob("*.md")):
        source = PurePosixPath(file.relative_to(house).as_posix())
        yield Page(source, source.relative_to(DOCS))
    yield from (Page(PurePosixPath(source), PurePosixPath(path)) for source, path in PAPERS.items())


def _made(house: Path) -> Iterator[tuple[PurePosixPath, str]]:
    """The pages that are made of the code, and the list of decisions."""
    yield PurePosixPath("settings.md"), settings.page()
    yield PurePosixPath("command.md"), command.page()
    yield from python.pages()
    yield PurePosixPath("decisions/index.md"), _decisions(house)


def _decisions(house: Path) -> str:
    files = sorted((house / DOCS / "decisions").glob("*.md"))
    titles = [_title(file.read_text(encoding="utf-8")) for file in files]
    rows = "\n".join(f"- [{title}]({file.name})" for file, title in zip(files, titles, strict=True))
    tree = "\n".join(file.stem for file in files)
    about = "Why it is built like this, one page each: the decision, what follows, what was measured, alternatives."
    return f"# Decisions\n\n{about}\n\n{rows}\n\n```{{toctree}}\n:hidden:\n\n{tree}\n```\n"


def _title(text: str) -> str:
    found = TITLE.search(text)
    assert found is not None
    return found[1]


def _rewritten(house: Path, page: Page, places: Mapping[PurePosixPath, PurePosixPath]) -> str:
    text = (house / page.source).read_text(encoding="utf-8")
    if page.source.suffix != ".md":
        return f"# Licence\n\n```text\n{text.strip()}\n```\n"

    def link(found: re.Match[str]) -> str:
        place, _, anchor = found["target"].partition("#")
        source = _resolved(house, page, place)
        if source not in places:
            return found["text"]
        path = posixpath.relpath(places[source], page.path.parent)
        return f"[{found['text']}]({path}{'#' if anchor else ''}{anchor})"

    def picture(found: re.Match[str]) -> str:
        path = posixpath.relpath(_resolved(house, page, found["target"]).relative_to(DOCS), page.path.parent)
        return f"![{found['text']}]({path})"

    def replaced(part: str) -> str:
        inward = LINK.sub(lambda found: found[0] if OUTWARD.match(found["target"]) else link(found), part)
        return PICTURE.sub(picture, inward)

    return _outside_of_code(text, replaced).replace("```csv\n", "```text\n")  # which no lexer knows


def _outside_of_code(text: str, replaced: Callable[[str], str]) -> str:
    return "".join(part if place % 2 else replaced(part) for place, part in enumerate(CODE.split(text)))


def _resolved(house: Path, page: Page, target: str) -> PurePosixPath:
    """The file or folder that a link leads to, from the top of the checkout."""
    source = PurePosixPath(posixpath.normpath(page.source.parent / target))
    if not (house / source).exists():
        raise BrokenLink(page.source, target)
    return source


def _check_contents(paths: list[PurePosixPath]) -> None:
    """Raise `Unlisted` where the contents and the pages differ."""
    found = {str(path.with_suffix("")) for path in paths if path.suffix == ".md"}
    below = {name for name in found if "/" in name and not name.endswith("/index")} | {"index"}
    differ = sorted((found - below) ^ set(listed()))
    if differ:
        raise Unlisted(differ)


def _navigation() -> str:
    trees = (
        f"```{{toctree}}\n:hidden:\n:caption: {caption}\n\n" + "\n".join(names) + "\n```"
        for caption, names in CONTENTS.items()
    )
    return "\n" + "\n\n".join(trees) + "\n"
