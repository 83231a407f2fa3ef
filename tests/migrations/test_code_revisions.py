"""Which revisions the code has, read from their files."""

from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from db.own import Feature
from db.refusals import UnreadableRevision
from db.revisions import FOLDER, History, history, history_in, own_history


def by_alembic(folder: Path) -> History:
    """The revisions of a folder, as alembic finds them."""
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.set_main_option("path_separator", "os")
    config.set_main_option("version_locations", str(folder))
    script = ScriptDirectory.from_config(config)
    return History(frozenset(script.get_heads()), frozenset(it.revision for it in script.walk_revisions()))


def test_alembic_finds_the_same_revisions() -> None:
    assert history() == by_alembic(FOLDER / "versions")
    own = by_alembic(FOLDER / "own")
    assert own_history(tuple(Feature)).known == own.known
    assert own_history(tuple(Feature)).newest < own.newest  # without that of the place, which is no feature
    assert own_history(()) == History(frozenset(), own.known)


def test_branches_merges_and_what_is_no_revision_are_read_as_alembic_reads_them(tmp_path: Path) -> None:
    revisions = {
        "1.py": 'revision = "a"\ndown_revision = None',
        "2.py": 'revision: str = "b"\ndown_revision: str | None = "a"',
        "3.py": 'revision = "c"\ndown_revision = "a"',
        "4.py": 'revision = "d"\ndown_revision = ("b", "c")\ndepends_on = None',
        "5.py": 'revision = "e"\ndown_revision = "b"\ndepends_on = "c"',
        "__init__.py": "",
        "notes.txt": "revision",
    }
    for name, text in revisions.items():
        (tmp_path / name).write_text(text)
    assert history_in(tmp_path) == by_alembic(tmp_path) == History(frozenset("de"), frozenset("abcde"))


@pytest.mark.parametrize(
    ("found", "newest", "follows"),
    [
        ("0008", "0007", True),
        ("0007", "0007", False),
        ("0009", "0007", False),
        ("usage_0002", "usage_0001", True),
        ("usage_0002", "audit_0001", False),
        ("usage_0002", "0001", False),
        ("a1b2", "c3d4", False),
        ("0", "c3d4", False),
        ("", "0007", False),
    ],
)
def test_revisions_are_counted(found: str, newest: str, follows: bool) -> None:
    code = History(frozenset({newest}), frozenset({newest}))
    assert code.is_followed_by(frozenset({found} - {""})) is follows


def test_without_files_there_are_no_revisions(tmp_path: Path) -> None:
    assert history_in(tmp_path) == History(frozenset(), frozenset())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "revision = 1",
        "revision = str(2)",
        'revision = "a"\ndown_revision = 7',
        "revision = (",
        'down_revision = "a"',
    ],
)
def test_a_file_that_does_not_say_which_revision_it_is_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "odd.py").write_text(text)
    with pytest.raises(UnreadableRevision, match=r"odd\.py does not say which revision it is\. Write the names"):
        history_in(tmp_path)
