"""`trellis init --empty` and `trellis noun add`: a project that has its own name, and nouns that are whole."""

import re
import tomllib
from pathlib import Path

import pytest

from db.settings import HOUSE
from graph.cli.errors import Exit
from graph.projects.adding import add
from graph.projects.checkout import Checkout
from graph.projects.empty import name_of
from graph.projects.errors import NoCheckout, ProjectError
from tests.cli.running import trellis
from tests.projects.conftest import run_in
from tests.projects.test_wheel import held

LINK = re.compile(r"\]\(([^)\s:#]+)(?:#[^)\s]*)?\)")


def test_a_project_has_its_name_and_none_of_our_nouns(project: Path) -> None:
    about = tomllib.loads((project / "pyproject.toml").read_text())
    assert (about["project"]["name"], about["project"]["version"]) == ("shop", "0.1.0")
    assert about["tool"]["mypy"]["packages"] == ["graph", "db", "tests.application"]  # not the tests of the machinery
    assert about["project"].keys().isdisjoint({"authors", "classifiers", "keywords", "urls"})  # it is not of our making
    lock = tomllib.loads((project / "uv.lock").read_text())
    (own,) = (it for it in lock["package"] if it["source"] == {"editable": "."})
    assert (own["name"], own["version"]) == ("shop", "0.1.0")
    assert sorted(file.name for file in (project / "db/models").iterdir()) == ["__init__.py"]
    assert (project / "README.md").read_text().startswith("# shop\n")
    assert held(project / "deploy") == held(HOUSE / "deploy")
    assert (project / ".dockerignore").read_text() == (HOUSE / ".dockerignore").read_text()
    for name in ("bench", "examples", "manual", "CHANGELOG.md", "SECURITY.md", "graph/identity", "tests/bench", ".env"):
        assert not (project / name).exists()
    assert "\n.env\n" in f"\n{(project / '.gitignore').read_text()}"


def test_a_folder_with_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    said = trellis("init", "--empty", tmp_path, status=Exit.FAILED).stderr
    assert "is there and not empty. Name a new folder; nothing was written." in said
    assert [it.name for it in tmp_path.iterdir()] == ["mine"]


@pytest.mark.parametrize("name", ["Shop", "a b", "-shop", "a--b", "trellis", "graph", ""])
def test_a_name_that_no_package_can_have_is_refused_with_the_cure(name: str, tmp_path: Path) -> None:
    said = trellis("init", "--empty", tmp_path / "x", f"--name={name}", status=Exit.FAILED).stderr
    assert "Say `--name shop`" in said
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "Of which database? Name its URL and a folder, or say `--empty FOLDER`."),
        (["shop"], "The URL is not a database URL that Trellis knows; use sqlite:///var/trellis.db"),
        (["shop"], "Without a database, say `trellis init --empty FOLDER`."),
        (
            ["sqlite:///shop.db", "--empty", "NEW", "--only", "books"],
            "A project without tables takes no URL, --only; leave out --empty or that.",
        ),
        (
            ["--empty", "NEW", "--read-only"],
            "A project without tables takes no --read-only; leave out --empty or that.",
        ),
    ],
)
def test_what_does_not_go_together_is_refused(arguments: list[str], sentence: str, tmp_path: Path) -> None:
    new = tmp_path / "new"
    said = trellis("init", *(str(new) if it == "NEW" else it for it in arguments), status=Exit.USAGE).stderr
    assert sentence in said
    assert not new.exists()


def test_the_database_that_is_named_is_read_whatever_the_environment_says(tmp_path: Path) -> None:
    said = trellis(
        "init",
        f"sqlite:///{tmp_path}/mine.db",
        tmp_path / "new",
        status=Exit.FAILED,
        TRELLIS_DIRECT_URL=f"sqlite:///{tmp_path}/other.db",
    ).stderr
    assert f"The database {tmp_path}/mine.db is not there." in said


def test_a_folder_gives_its_name_as_a_package_would_have_it() -> None:
    assert [name_of(Path(it)) for it in ("/x/My Shop", "/x/shop_2", "/x/___")] == ["my-shop", "shop-2", "project"]


def test_an_installed_package_says_where_projects_are_made(tmp_path: Path) -> None:
    with pytest.raises(NoCheckout, match="Clone the repository"):
        Checkout(tmp_path)


def test_a_noun_is_whole_and_its_relations_are_at_both_ends(project: Path) -> None:
    run_in(project, "trellis", "noun", "add", "author", "name:str:unique", "born_on:date:optional")
    fields = (
        "title:str",
        "author:Author",
        "editor:Author:optional",
        "price:Decimal",
        "sequel:Book:optional",
        "data:json",
    )
    said = run_in(project, "trellis", "noun", "add", "book", *fields)
    assert "wrote  migrations/versions/0002_add_books.py" in said
    assert "changed  graph/types/author.py" in said
    assert "models.Book: admins," in (project / "graph/policies.py").read_text()
    assert "books_by_editor: Connection[Book]" in (project / "graph/types/author.py").read_text()
    run_in(project, "trellis", "noun", "add", "cover", "book:Book:unique", "parent:Cover:optional")
    assert "    cover: Cover | None\n" in (project / "graph/types/book.py").read_text()
    assert "    children: Connection[Cover]\n" in (project / "graph/types/cover.py").read_text()
    schema = (project / "schema.graphql").read_text()
    assert re.search(r"type Book implements Node \{.*\n  sequel: Book\n", schema, re.S)
    assert re.search(r"input CreateBookInput \{.*\n  authorId: ID!\n", schema, re.S)
    run_in(project, "ruff", "format", "--check")
    run_in(project, "ruff", "check")
    run_in(project, "trellis", "schema", "export", "--check")
    said = run_in(project, "python", "-m", "pytest", "-q", "tests/application")
    assert "7 passed" in said
    assert "6 subtests passed" in said


REFUSED = {
    ("book", "title:strr"): "title has the type 'strr', which is not known. Did you mean str? Types: str, text,",
    ("book", "owner:user"): "owner has the type 'user', which is not known. Did you mean User? Types:",
    ("books",): "'books' cannot be the name of a noun: it names several. Name one: `book`",
    ("book", "title"): "write `name:type`",
    ("book", "title:str:often"): "`:optional` or `:unique`",
    ("book", "id:int"): "'id' cannot be the name of a field",
    ("book", "a:str", "a:int"): "'a' cannot be the name of a field",
    ("class",): "'class' cannot be the name of a noun",
    ("query",): "'query' cannot be the name of a noun",
    ("tag",): "The noun Tag is there already. Nothing was changed.",
}


def test_what_cannot_be_a_noun_is_refused_before_anything_is_written(tmp_path: Path, subtests: pytest.Subtests) -> None:
    for (name, *fields), sentence in REFUSED.items():
        with subtests.test(sentence), pytest.raises(ProjectError, match=re.escape(sentence)):
            add(tmp_path, name, fields, None)
    for plural, sentence in {"tags": "The table tags is there already.", "sheep": "Say `--plural`"}.items():
        with subtests.test(sentence), pytest.raises(ProjectError, match=re.escape(sentence)):
            add(tmp_path, "sheep", [], plural)
    assert list(tmp_path.iterdir()) == []


def test_pages_of_a_project_lead_to_what_it_has(project: Path) -> None:
    pages = sorted([*project.glob("*.md"), *(project / "docs").rglob("*.md")])
    assert len(pages) > 50
    texts = {page: re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.M | re.S) for page in pages}
    links = [(page, target) for page, text in texts.items() for target in LINK.findall(text)]
    assert len(links) > 200
    assert [(page.name, target) for page, target in links if not (page.parent / target).exists()] == []
