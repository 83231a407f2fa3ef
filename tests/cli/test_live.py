"""`trellis live`: what is recorded and who tells it; revisions are written, and nothing is altered."""

import json
import shutil
from pathlib import Path

import pytest

from db.settings import HOUSE
from graph.cli import run
from tests.databases import Database

pytestmark = pytest.mark.nouns


@pytest.fixture
def versions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that revisions are written to, with those that there are."""
    from graph.cli.actions import live

    folder = tmp_path / "migrations"
    shutil.copytree(HOUSE / "migrations" / "versions", folder / "versions")
    monkeypatch.setattr(live, "FOLDER", folder)
    return folder / "versions"


@pytest.fixture(autouse=True)
def _environment(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRELLIS_DATABASE_URL", database.url)


def done(*arguments: str) -> None:
    with pytest.raises(SystemExit) as ended:
        run(["live", *arguments])
    assert ended.value.code == 0


def failed(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        run(["live", *arguments])
    assert isinstance(ended.value.code, int)
    return ended.value.code


def test_status_says_what_is_recorded_and_how_far_it_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    done("status")
    said = capsys.readouterr().out
    assert "position   0; 0 are kept" in said
    assert "relay      none" in said
    assert "waits      no change waits for an older transaction" in said
    assert "recorded   accounts, documents, order_lines, orders, post_contributors, post_tags, posts, roles" in said
    assert "unrecorded" not in said
    done("status", "--json")
    found = json.loads(capsys.readouterr().out)
    assert (found["position"], found["relay"], found["outdated"], found["unrecorded"]) == (0, None, [], [])


def test_install_writes_a_revision_of_what_is_named(versions: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = {*versions.iterdir()}
    done("install")
    assert "recorded already" in capsys.readouterr().out
    assert {*versions.iterdir()} == before
    done("install", "posts", "post_tags")
    (file,) = {*versions.iterdir()} - before
    written = file.read_text()
    assert 'record_changes("post_tags", ["post_id", "tag_id"], ["post_id", "tag_id"])' in written
    assert 'record_changes(\n        "posts",\n        ["id"],' in written
    assert f"migrations/versions/{file.name} is written" in capsys.readouterr().out


def test_uninstall_writes_the_reverse(versions: Path) -> None:
    before = {*versions.iterdir()}
    done("uninstall", "tags")
    (file,) = {*versions.iterdir()} - before
    up, _, down = file.read_text().partition("def downgrade")
    assert 'stop_recording("tags")' in up
    assert 'record_changes("tags", ["id"], ["id", "name", "slug"])' in down


def test_what_is_wrong_is_said_with_the_cure(
    versions: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert failed("install", "nothing") == 2
    assert "nothing is no table that the schema shows. There are: " in capsys.readouterr().err
    monkeypatch.setenv("TRELLIS_CHANGES", "false")
    assert failed("install") == failed("status") == 1
    assert "Add Feature.CHANGES to Domain(own=…)" in capsys.readouterr().err
    assert len([*versions.glob("*.py")]) == len([*(HOUSE / "migrations" / "versions").glob("*.py")])
