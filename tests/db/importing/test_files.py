"""Files are found in a stable order, and what cannot be read is refused by name."""

import os
from pathlib import Path, PurePosixPath

import pytest

from db.importing.article import Article
from db.importing.files import MAX_FILE_BYTES, NoArticle, Source, read, sources
from db.importing.refusal import Refused
from tests.db.importing.posts import make_file, make_post


def names(root: Path) -> list[str]:
    return [source.name.as_posix() for source in sources(root)]


def reason(file: Path) -> str:
    (source,) = sources(file)
    with pytest.raises(Refused) as refused:
        read(source)
    return refused.value.faults[0].reason


def test_markdown_files_are_found_below_a_folder_and_sorted(tmp_path: Path) -> None:
    for name in ("b.md", "a/z.md", "a/B.MARKDOWN", "a/a/c.md", ".git/x.md", ".hidden.md", "image.png", "notes.txt"):
        make_file(tmp_path, name, "")
    assert names(tmp_path) == ["a/B.MARKDOWN", "a/a/c.md", "a/z.md", "b.md"]


def test_one_file_is_taken_whatever_its_ending(tmp_path: Path) -> None:
    assert names(make_post(tmp_path, "notes.txt")) == ["notes.txt"]


def test_links_are_followed_but_never_in_circles(tmp_path: Path) -> None:
    make_post(tmp_path / "elsewhere", "post.md")
    root = tmp_path / "root"
    make_post(root, "a/own.md")
    (root / "a" / "linked").symlink_to(tmp_path / "elsewhere")
    (root / "a" / "circle").symlink_to(root)
    assert names(root) == ["a/linked/post.md", "a/own.md"]


def test_sections_and_templates_hold_no_article(tmp_path: Path) -> None:
    section = make_file(tmp_path, "_index.md", "not even front matter")
    template = make_file(tmp_path, "latest.md", '+++\ntemplate = "latest.html"\n+++\n\n')
    assert [read(Source(file, PurePosixPath(file.name))) for file in (section, template)] == [
        NoArticle.SECTION,
        NoArticle.TEMPLATE,
    ]


@pytest.mark.parametrize("text", ['+++\ntemplate = "x"\n+++\nText.\n', '+++\ndescription = "x"\n+++\n'])
def test_a_file_that_says_anything_is_never_passed_over(tmp_path: Path, text: str) -> None:
    assert reason(make_file(tmp_path, "latest.md", text)) == "`title` is missing"


def test_a_post_without_a_text_is_a_post(tmp_path: Path) -> None:
    (source,) = sources(make_post(tmp_path, body=""))
    found = read(source)
    assert isinstance(found, Article)
    assert found.content == ""


def test_what_cannot_be_read_is_refused_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "dangling.md").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "pipe.md")
    with (tmp_path / "large.md").open("wb") as large:
        large.truncate(MAX_FILE_BYTES + 1)
    assert reason(tmp_path / "dangling.md") == "cannot be read (no such file or directory)"
    assert reason(tmp_path / "pipe.md") == "is not a regular file"
    assert reason(tmp_path / "large.md") == "is larger than 16 MiB"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_what_may_not_be_read_is_refused_and_not_passed_over(tmp_path: Path) -> None:
    file, folder = make_post(tmp_path, "secret.md"), make_post(tmp_path, "vault/post.md").parent
    file.chmod(0)
    folder.chmod(0)
    try:
        for source in sources(tmp_path):
            with pytest.raises(Refused, match="cannot be read \\(permission denied\\)"):
                read(source)
        assert names(tmp_path) == ["secret.md", "vault"]
    finally:
        folder.chmod(0o700)
