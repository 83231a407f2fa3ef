"""`trellis import`, `trellis demo` and `trellis export`, run as people run them."""

import json
import os
import pty
import subprocess
from pathlib import Path

import pytest

from db import exporting
from graph.cli.errors import Exit
from graph.commands.content import NOUNS
from tests.cli.running import PATIENCE_S, TRELLIS, Finished, environment, refused, trellis, trellis_process
from tests.cli.terminals import read
from tests.databases import Database
from tests.db.importing.posts import make_file, make_post, make_posts

NO_DATABASE = Database("sqlite:////nowhere/trellis.db", "sqlite")


def trellis_at(database: Database, *arguments: str | Path, status: Exit = Exit.OK) -> Finished:
    return trellis(*arguments, status=status, TRELLIS_DATABASE_URL=database.url)


def test_an_import_says_what_it_did(database: Database, tmp_path: Path) -> None:
    root = make_posts(tmp_path / "posts", 12)
    make_file(root, "_index.md", "+++\n+++\n")
    first = trellis_at(database, "import", "markdown", root)
    assert first.stdout.startswith(
        "imported 13 files: 12 new, 0 changed, 0 unchanged, 0 refused, 1 passed over (sections: 1, templates: 0); "
    )
    assert first.stdout.endswith(" files/s\n")
    assert first.stderr == ""

    make_post(root, "more.md")
    make_post(root, "0/post-0.md", path="2024/05/01/post-0", title="Changed")
    again = trellis_at(database, "import", "markdown", root, "--strict")
    assert again.stdout.startswith("imported 14 files: 1 new, 1 changed, 11 unchanged, 0 refused, 1 passed over")


def test_broken_files_are_named_on_stderr_and_the_status_tells(database: Database, tmp_path: Path) -> None:
    root = make_posts(tmp_path / "posts", 3)
    broken = make_post(root, "broken.md", title="")
    done = trellis_at(database, "import", "markdown", root, status=Exit.FAILED)
    problem, regret, _page = done.stderr.splitlines()
    assert problem == f"{broken}:2: `title` is empty; fill it in, or leave it out"
    assert regret.endswith("1 of 4 files were not imported; correct what is named above and run the import again.")
    assert done.stdout.startswith("imported 4 files: 3 new, 0 changed, 0 unchanged, 1 refused")
    assert len(trellis_at(database, "export", "posts").stdout.splitlines()) == 3


def test_a_strict_import_of_a_broken_folder_imports_nothing(database: Database, tmp_path: Path) -> None:
    root = make_posts(tmp_path / "posts", 3)
    make_post(root, "broken.md", title="")
    done = trellis_at(database, "import", "markdown", root, "--strict", status=Exit.FAILED)
    assert "Nothing was imported, because 1 of 4 files cannot be" in done.stderr
    assert trellis_at(database, "export", "users").stdout == ""


@pytest.mark.sqlite  # about the command, whatever the database
def test_a_file_name_that_is_no_text_is_named_all_the_same(database: Database, tmp_path: Path) -> None:
    file = make_post(tmp_path, "x.md")
    file.rename(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\x1b[31m.md"))
    done = trellis_at(database, "import", "markdown", tmp_path, status=Exit.FAILED)
    assert r"\udcff\x1b[31m.md:1: the file's name is not valid UTF-8; rename it, or give a `path`" in done.stderr


@pytest.mark.sqlite  # about the command, whatever the database
def test_one_file_and_a_default_author(database: Database, tmp_path: Path) -> None:
    file = make_post(tmp_path, authors=())
    trellis_at(database, "import", "markdown", file, "--default-author", "Zoë Winter")
    post = json.loads(trellis_at(database, "export", "posts").stdout)
    assert (post["slug"], post["title"], post["status"]) == ("post", "Beans", "draft")
    assert post["contributor_emails"] == [post["author_email"]]
    assert json.loads(trellis_at(database, "export", "users").stdout)["name"] == "Zoë Winter"


def test_a_wrong_path_or_name_is_told_before_a_database_is_needed(tmp_path: Path) -> None:
    nowhere = trellis_at(NO_DATABASE, "import", "markdown", tmp_path / "nowhere", status=Exit.USAGE)
    assert "There is nothing at" in nowhere.stderr
    empty = trellis_at(NO_DATABASE, "import", "markdown", tmp_path, status=Exit.USAGE)
    assert "ends in .md or .markdown; give the folder that holds them." in empty.stderr
    long = trellis_at(NO_DATABASE, "import", "markdown", tmp_path, "--default-author", "n" * 201, status=Exit.USAGE)
    assert "has 201 characters, the limit is 200; shorten it." in long.stderr


@pytest.mark.sqlite  # about the command, whatever the database
@pytest.mark.process
def test_on_a_terminal_there_is_a_bar(database: Database, tmp_path: Path) -> None:
    make_posts(tmp_path, 3)
    make_post(tmp_path, "[bold]broken.md", title="")
    ours, theirs = pty.openpty()
    environment_of_a_terminal = environment(TRELLIS_DATABASE_URL=database.url, TERM="xterm", COLUMNS="60")
    process = subprocess.Popen(
        [TRELLIS, "import", "markdown", str(tmp_path)],
        env=environment_of_a_terminal,
        stdout=subprocess.PIPE,
        stderr=theirs,
    )
    os.close(theirs)
    shown = b""
    while chunk := read(ours):
        shown += chunk
    os.close(ours)
    assert process.communicate(timeout=PATIENCE_S)[0].startswith(b"imported 4 files: 3 new")
    assert process.returncode == Exit.FAILED
    assert b"4/4" in shown
    assert b"[bold]broken.md:2: `title` is empty" in shown


@pytest.mark.process
def test_the_demo_fills_an_empty_database_once(database: Database) -> None:
    added, told = trellis_process("demo", TRELLIS_DATABASE_URL=database.url).stdout.splitlines()
    assert added.startswith("added 4 roles, 20 users, 12 tags, 60 posts, ")
    assert told == (
        "sign in as ada.ashworth@example.org (admin), bjorn.berg@example.org (editor) or somebody else;"
        ' the password is "trellis demo"'
    )
    refused = trellis_at(database, "demo", status=Exit.FAILED)
    assert "this one has users or tags; use another database. With --if-empty" in refused.stderr
    left_alone = trellis_at(database, "demo", "--if-empty")
    assert left_alone.stdout == "The database has content already; nothing was changed.\n"


@pytest.mark.sqlite  # about the command, whatever the database
def test_the_demo_takes_a_scale_and_a_seed(database: Database) -> None:
    assert "40 users" in trellis_at(database, "demo", "--scale", "2", "--seed", "5", "--if-empty").stdout


def test_an_export_can_be_read_line_by_line(database: Database, tmp_path: Path) -> None:
    trellis_at(database, "demo")
    lines = trellis_at(database, "export", "transfers").stdout.splitlines()
    assert [json.loads(line)["amount_minor"] > 0 for line in lines] == [True] * len(lines)
    done = trellis_at(database, "export", "transfers", "--output", tmp_path / "transfers.ndjson")
    assert done.stdout == f"exported {len(lines)} transfers to {tmp_path / 'transfers.ndjson'}\n"
    assert (tmp_path / "transfers.ndjson").read_text().splitlines() == lines
    assert [file.name for file in tmp_path.iterdir() if "part" in file.name] == []


def test_the_help_names_every_noun_that_can_be_exported() -> None:
    assert list(NOUNS) == exporting.nouns()
    assert f"One of {', '.join(NOUNS)}." in " ".join(trellis("export", "--help").stdout.split())


def test_an_unknown_noun_lists_the_known() -> None:
    done = trellis_at(NO_DATABASE, "export", "books", status=Exit.USAGE)
    assert f"There is no noun 'books'; take one of {', '.join(exporting.nouns())}." in done.stderr


def test_an_export_into_a_folder_that_is_not_there_says_so(tmp_path: Path) -> None:
    done = trellis_at(NO_DATABASE, "export", "users", "--output", tmp_path / "no" / "x.ndjson", status=Exit.UNAVAILABLE)
    assert "cannot be written: No such file or directory. Name a file in a folder that you may write to." in done.stderr


def test_an_export_that_fails_leaves_the_old_file(blank_database: Database, tmp_path: Path) -> None:
    file = tmp_path / "users.ndjson"
    file.write_text("old")
    done = trellis_at(blank_database, "export", "users", "--output", file, status=Exit.UNAVAILABLE)
    assert "The database lacks a table" in done.stderr
    assert "Run `trellis db upgrade`." in done.stderr
    assert file.read_text() == "old"
    assert [found.name for found in tmp_path.iterdir() if "part" in found.name] == []


@pytest.mark.parametrize("noun", ["roles", "posts"])  # less than a buffer, and more
@pytest.mark.sqlite  # about the command, whatever the database
@pytest.mark.process
def test_a_full_device_is_told(database: Database, noun: str) -> None:
    trellis_at(database, "demo")
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [TRELLIS, "export", noun],
            env=environment(TRELLIS_DATABASE_URL=database.url),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == Exit.FAILED
    assert done.stderr == refused(
        "The rows cannot be written: No space left on device. Make room there.", "command", "trellis export"
    )
    into_a_file = trellis_at(database, "export", noun, "--output", "/dev/full", status=Exit.FAILED)
    assert into_a_file.stderr == done.stderr


@pytest.mark.parametrize("output", [(), ("--output", "/dev/stdout")])
@pytest.mark.process
def test_a_reader_that_has_had_enough_ends_the_export_quietly(database: Database, output: tuple[str, ...]) -> None:
    trellis_at(database, "demo", "--scale", "5")
    with subprocess.Popen(
        [TRELLIS, "export", "posts", *output],
        env=environment(TRELLIS_DATABASE_URL=database.url),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert json.loads(process.stdout.readline())["id"] == 1
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == Exit.OK


@pytest.mark.parametrize("arguments", [("demo",), ("export", "posts", "--output", "/dev/null")])
def test_a_database_that_cannot_be_reached_is_told(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    done = trellis_at(
        Database("postgresql://nobody@127.0.0.1:1/none", "postgresql"), *arguments, status=Exit.UNAVAILABLE
    )
    assert "cannot be reached" in done.stderr
    gone = trellis_at(Database(f"sqlite:///{tmp_path}/no/x.db", "sqlite"), *arguments, status=Exit.UNAVAILABLE)
    assert "cannot be reached: unable to open database file" in gone.stderr
