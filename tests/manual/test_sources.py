"""The sources of the manual: every page is in the contents, every link leads somewhere, and the code has its pages."""

import json
import re
import shutil
from pathlib import Path, PurePosixPath

import pytest

from db.settings import HOUSE
from manual import command, python
from manual.contents import CONTENTS, listed
from manual.errors import BrokenLink, Unlisted
from manual.requests import foreign_requests
from manual.settings import SETTINGS, variable
from manual.sources import write_sources

LINK = re.compile(r"\]\(([^)\s:#]+)(?:#[^)\s]*)?\)")
ON_THE_SITE_ALONE = {"pages", "command", "python/index", "figures"}
"""The list itself, and what is made of the code."""
NOT_SETTINGS = {"TRELLIS_ATTACK_POSTS", "TRELLIS_ATTACK_SEED", "TRELLIS_DATABSE_URL"}
"""Variables of tests, and one that a page misspells on purpose."""


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sources, written once."""
    folder = tmp_path_factory.mktemp("manual")
    write_sources(HOUSE, folder)
    return folder


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A checkout with the papers and pages alone, to make mistakes in."""
    for folder in ("docs/images", "docs/decisions", "bench", "examples"):
        (tmp_path / folder).mkdir(parents=True)
    for name in listed():
        if "/" not in name:
            (tmp_path / "docs" / f"{name}.md").write_text(f"# {name}\n", encoding="utf-8")
    for name in ("README.md", "CHANGELOG.md", "CODE_OF_CONDUCT.md", "CONTRIBUTING.md", "LICENSE", "SECURITY.md"):
        (tmp_path / name).write_text("# Paper\n", encoding="utf-8")
    for folder in ("bench", "examples"):
        (tmp_path / folder / "README.md").write_text("# Paper\n", encoding="utf-8")
    (tmp_path / "docs/index.md").write_text("# Index\n", encoding="utf-8")
    shutil.copy(HOUSE / "bench" / "results.json", tmp_path / "bench")
    return tmp_path


def test_links_lead_to_other_pages(sources: Path) -> None:
    pages = list(sources.rglob("*.md"))
    links = [(page, target) for page in pages for target in LINK.findall(page.read_text(encoding="utf-8"))]
    assert len(links) > 300
    assert [(page.name, target) for page, target in links if not (page.parent / target).exists()] == []


def test_a_link_to_what_is_not_there_ends_the_build(house: Path) -> None:
    (house / "docs" / "asking.md").write_text("# Asking\n\n[More](nowhere.md#deep).\n", encoding="utf-8")
    with pytest.raises(BrokenLink, match=r"docs/asking.md leads to nowhere.md, which is not there"):
        write_sources(house, house / "out")


def test_a_page_that_is_not_in_the_contents_ends_the_build(house: Path) -> None:
    (house / "docs" / "secret.md").write_text("# Secret\n", encoding="utf-8")
    with pytest.raises(Unlisted, match="differ in secret; add or remove the line"):
        write_sources(house, house / "out")


def test_links_out_of_the_docs_become_pages_or_names(house: Path) -> None:
    (house / "db").mkdir()
    (house / "db" / "kinds.py").touch()
    text = "# Asking\n\n[`kinds`](../db/kinds.py), [read](../README.md#start)\n\n```md\n[x](gone.md)\n```\n"
    (house / "docs" / "asking.md").write_text(text, encoding="utf-8")
    write_sources(house, house / "out")
    written = (house / "out" / "asking.md").read_text(encoding="utf-8")
    assert written == "# Asking\n\n`kinds`, [read](index.md#start)\n\n```md\n[x](gone.md)\n```\n"


def test_the_list_of_pages_has_those_of_the_contents_in_their_order(sources: Path) -> None:
    text = (sources / "pages.md").read_text(encoding="utf-8")
    sections = re.findall(r"^## ([^\n]+)\n\n(.*?)(?=^## |\Z)", text, re.M | re.S)
    found = {title: [target.removesuffix(".md") for target in LINK.findall(body)] for title, body in sections}
    assert found == {
        title: [page for page in pages if page not in ON_THE_SITE_ALONE] for title, pages in CONTENTS.items()
    }


def test_each_page_stands_in_the_contents_once() -> None:
    assert len(listed()) == len(set(listed()))


def test_every_command_has_its_help(sources: Path) -> None:
    page = (sources / "command.md").read_text(encoding="utf-8")
    for name in ("serve", "db upgrade", "schema check", "documents register", "init", "key create"):
        assert f"## trellis {name}\n\n```text\nUsage: trellis {name} " in page
    assert page.count("\n## ") == page.count("Usage: ") == len(list(command.names()))


def test_every_setting_has_an_entry_with_its_kind_and_default(sources: Path) -> None:
    page = (sources / "settings.md").read_text(encoding="utf-8")
    assert [name for name in SETTINGS if f"\n### {variable(name)}\n\n" not in page] == []
    assert "### TRELLIS_PORT\n\nA whole number, at least 0, at most 65535; default `8000`.\n" in page
    assert "### TRELLIS_DOCUMENTS\n\nOne of `off`, `accept`, `strict`; default `off`.\n" in page
    assert "(docs/" not in page


def test_pages_of_python_are_of_modules_that_say_what_they_export(sources: Path) -> None:
    for name in python.MODULES:
        assert f".. automodule:: {name}\n" in (sources / "python" / f"{name}.md").read_text(encoding="utf-8")


def test_settings_that_pages_name_are_settings() -> None:
    pages = [*HOUSE.glob("*.md"), *(HOUSE / "docs").glob("*.md")]
    named = {
        (name, page.name) for page in pages for name in re.findall(r"TRELLIS_\w+", page.read_text(encoding="utf-8"))
    }
    known = {variable(name) for name in SETTINGS} | NOT_SETTINGS
    assert sorted(it for it in named if it[0] not in known and not it[0].endswith("_")) == []


def test_what_a_browser_would_fetch_from_elsewhere_is_found(tmp_path: Path) -> None:
    (tmp_path / "style.css").write_text("@import url('//fonts.example/a.css'); a { b: url(local.png) }")
    (tmp_path / "page.html").write_text(
        '<script src="https://cdn.example/a.js"></script><a href="https://fine.example">x</a><img src="local.png">'
        '<link rel="canonical" href="https://fine.example"><link rel="stylesheet" href="//cdn.example/b.css">'
    )
    assert foreign_requests(tmp_path) == [
        "page.html: https://cdn.example/a.js",
        "page.html: //cdn.example/b.css",
        "style.css: //fonts.example/a.css",
    ]


def test_the_figures_are_those_of_the_bench(sources: Path) -> None:
    page = (sources / "figures.md").read_text(encoding="utf-8")
    results = json.loads((HOUSE / "bench" / "results.json").read_text(encoding="utf-8"))
    for name, measured in results["operations"].items():
        assert f"| {name} | {measured['trellis']['rps']:.0f} |" in page
        assert f"| {name} | {measured['trellis']['cpu_ms']:.2f} |" in page


def test_decisions_are_listed_with_their_titles(sources: Path) -> None:
    page = (sources / PurePosixPath("decisions/index.md")).read_text(encoding="utf-8")
    assert "- [50. The bench has two limits, one interpreter, and PostgreSQL's part of the cost](0050-" in page
    assert page.count("](00") == len(list((HOUSE / "docs" / "decisions").glob("*.md")))
