"""`trellis db backup`: a copy of a file that others write to."""

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from graph.cli.errors import Exit
from tests.cli.running import Finished, trellis
from tests.databases import Database

pytestmark = pytest.mark.sqlite


def backup(database: Database, *arguments: str | Path, status: Exit = Exit.OK) -> Finished:
    return trellis("db", "backup", *arguments, status=status, TRELLIS_DATABASE_URL=database.url)


def file_of(database: Database) -> Path:
    return Path(database.url.removeprefix("sqlite:///"))


def pairs(file: Path) -> list[tuple[int, int]]:
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute("SELECT (SELECT count(*) FROM one), (SELECT count(*) FROM other)").fetchall()


def test_a_copy_under_steady_writing_is_of_one_moment_and_whole(database: Database, tmp_path: Path) -> None:
    """A writer adds a row to each of two tables, always to both: a copy never holds one alone."""
    stop, target = threading.Event(), tmp_path / "copy.db"
    begun = threading.Event()

    def write() -> None:
        with closing(sqlite3.connect(file_of(database), timeout=30)) as connection:
            connection.executescript("CREATE TABLE one (body); CREATE TABLE other (body);")
            while not stop.is_set():
                connection.execute("INSERT INTO one VALUES (randomblob(2000))")
                connection.execute("INSERT INTO other VALUES (randomblob(2000))")
                connection.commit()
                begun.set()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert begun.wait(30)
        copies = []
        for _ in range(3):
            done = backup(database, target, "--overwrite")
            copies += pairs(target)
    finally:
        stop.set()
        writer.join()
    assert done.stdout == f"{target} holds a copy of the database, checked, of {target.stat().st_size:,} bytes.\n"
    assert all(one == other > 0 for one, other in copies)
    assert copies == sorted(copies)
    assert pairs(file_of(database))[0] >= copies[-1]
    assert sorted(file.name for file in tmp_path.iterdir() if file.name.startswith((".", "copy"))) == ["copy.db"]
    assert target.stat().st_mode & 0o077 == 0  # it holds digests of passwords


def test_a_copy_serves_as_the_database_did(database: Database, tmp_path: Path) -> None:
    backup(database, tmp_path / "copy.db")
    done = trellis("db", "check", TRELLIS_DATABASE_URL=f"sqlite:///{tmp_path}/copy.db")
    assert done.stdout.startswith("The tables are as the models want them")


def test_a_file_that_is_there_is_kept_unless_it_may_go(database: Database, tmp_path: Path) -> None:
    target = tmp_path / "copy.db"
    target.write_text("something dear")
    done = backup(database, target, status=Exit.FAILED)
    assert "is there already" in done.stderr
    assert "--overwrite" in done.stderr
    assert target.read_text() == "something dear"
    backup(database, target, "--overwrite")
    assert target.read_bytes().startswith(b"SQLite format 3")


@pytest.mark.parametrize("end", ["", "-wal"])
def test_the_database_is_never_its_own_copy(database: Database, end: str) -> None:
    done = backup(database, f"{file_of(database)}{end}", "--overwrite", status=Exit.FAILED)
    assert "belongs to the database itself" in done.stderr


@pytest.mark.parametrize("part", [0, 0.02, 0.5])
def test_a_damaged_database_makes_no_copy(database: Database, tmp_path: Path, part: float) -> None:
    target = tmp_path / "copy.db"
    target.write_text("the copy of before")
    file = file_of(database)
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        page, size = (connection.execute(f"PRAGMA {it}").fetchone()[0] for it in ("page_count", "page_size"))
    with file.open("r+b") as opened:
        opened.seek(int(page * part) * size)
        opened.write(b"\xff" * size)
    done = backup(database, target, "--overwrite", status=Exit.FAILED)
    assert "The copy is damaged" in done.stderr
    assert target.read_text() == "the copy of before"


def test_what_cannot_be_copied_is_said(database: Database, tmp_path: Path) -> None:
    absent = Database(f"sqlite:///{tmp_path}/absent.db", "sqlite")
    assert "no file that is there" in backup(absent, tmp_path / "copy.db", status=Exit.FAILED).stderr
    assert not (tmp_path / "absent.db").exists()
    elsewhere = backup(database, tmp_path / "nowhere" / "copy.db", status=Exit.UNAVAILABLE)
    assert "No such file or directory" in elsewhere.stderr
    assert "is no file" in backup(database, tmp_path, status=Exit.FAILED).stderr


@pytest.mark.parametrize(("scheme", "tool"), [("postgresql", "pg_dump --format"), ("mysql", "mariadb-dump --single")])
def test_a_server_is_copied_by_its_own_tools(tmp_path: Path, scheme: str, tool: str) -> None:
    server = Database(f"{scheme}://ada:secret@nowhere/shop", scheme)
    done = backup(server, tmp_path / "shop.dump", status=Exit.FAILED)
    assert tool in done.stderr
    assert str(tmp_path / "shop.dump") in done.stderr.replace("\n", "")
    assert "secret" not in done.stderr
