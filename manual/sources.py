"""The sources of the site: the pages of `docs/`, the papers beside it, and pages that are made of the code.

A checkout enters, a folder of Markdown leaves, with a table of contents for Sphinx. Raises `BrokenLink` for a link to
what is not there and `Unlisted` for a page that the contents do not name. Nothing of the checkout is changed.
"""

import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath

from manual import command, figures, python
from manual.contents import listed, navigation, tree_of
from manual.errors import Unlisted
from manual.links import Links, Page

DOCS = PurePosixPath("docs")
DECISIONS = DOCS / "decisions"
IMAGES = DOCS / "images"
INDEX = PurePosixPath("index.md")
LIST = Page(DOCS / "index.md", PurePosixPath("pages.md"))
"""All pages with a line each: the way into `docs/` where there is no site. The site begins with the README."""
PAPERS: Mapping[str, str] = {
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "CODE_OF_CONDUCT.md": "code-of-conduct.md",
    "CONTRIBUTING.md": "contributing.md",
    "LICENSE": "licence.md",
    "SECURITY.md": "security-policy.md",
    "bench/README.md": "bench.md",
    "examples/README.md": "examples.md",
}
"""Files outside of `docs/` that have a page, and its path."""

TITLE = re.compile(r"^# (.+)$", re.M)


def write_sources(house: Path, target: Path) -> int:
    """Write the sources; gives the number of pages. Raises `BrokenLink` and `Unlisted`."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(house / IMAGES, target / "images")
    texts = dict([*_written(house), *_made(house)])
    _check_contents(texts)
    texts[INDEX] += navigation()
    for path, text in texts.items():
        file = target / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return len(texts)


def _written(house: Path) -> Iterator[tuple[PurePosixPath, str]]:
    """The pages that people have written, with links as they lead in the site."""
    pages = list(_pages(house))
    links = Links(house, dict([*pages, *_pictures(house), (DECISIONS, PurePosixPath("decisions/index.md"))]))
    for page in pages:
        text = (house / page.source).read_text(encoding="utf-8")
        yield page.path, links.rewritten(page, text) if page.source.suffix == ".md" else _verbatim(text)


def _pages(house: Path) -> Iterator[Page]:
    for file in _files(house, DOCS, "*.md"):
        yield LIST if file == LIST.source else Page(file, file.relative_to(DOCS))
    yield from (Page(PurePosixPath(source), PurePosixPath(path)) for source, path in PAPERS.items())


def _pictures(house: Path) -> Iterator[Page]:
    yield from (Page(file, file.relative_to(DOCS)) for file in _files(house, IMAGES, "*"))


def _files(house: Path, folder: PurePosixPath, pattern: str) -> list[PurePosixPath]:
    return sorted(PurePosixPath(file.relative_to(house).as_posix()) for file in (house / folder).rglob(pattern))


def _verbatim(text: str) -> str:
    """The page of a paper that is no Markdown: the licence."""
    return f"# Licence\n\n```text\n{text.strip()}\n```\n"


def _made(house: Path) -> Iterator[tuple[PurePosixPath, str]]:
    """The pages that are made of the code, and the list of decisions."""
    yield PurePosixPath("command.md"), command.page()
    yield PurePosixPath("figures.md"), figures.page(house)
    yield from python.pages()
    yield PurePosixPath("decisions/index.md"), _decisions(house)


def _decisions(house: Path) -> str:
    files = _files(house, DECISIONS, "*.md")
    rows = "\n".join(f"- [{_title((house / file).read_text(encoding='utf-8'))}]({file.name})" for file in files)
    about = "Why it is built like this, one page each: the decision, what follows, what was measured, alternatives."
    return f"# Decisions\n\n{about}\n\n{rows}\n\n{tree_of(file.stem for file in files)}\n"


def _title(text: str) -> str:
    found = TITLE.search(text)
    return found[1] if found else text.partition("\n")[0]


def _check_contents(paths: Iterable[PurePosixPath]) -> None:
    """Raise `Unlisted` where the contents and the pages differ. Pages in a folder are named by that folder's index."""
    found = {str(path.with_suffix("")) for path in paths if len(path.parts) == 1 or path.name == INDEX.name}
    differ = sorted((found - {INDEX.stem}) ^ set(listed()))
    if differ:
        raise Unlisted(differ)
