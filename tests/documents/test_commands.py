"""`trellis documents`, run as a build and a CI run it."""

import json
from pathlib import Path

import pytest

from graph.cli.errors import Exit
from tests.cli.running import refused, trellis
from tests.databases import Database
from tests.documents.test_manifests import FILES, MANIFESTS

pytestmark = pytest.mark.nouns

PAGE = "(first: 100) { nodes {"
BROKEN = {
    "gone": "query Gone {\n  posts { nodes { title isbn } }\n}",
    "costly": f"query Costly {{ posts{PAGE} tags{PAGE} posts{PAGE} id }} }} }} }} }} }} }}",
    "torn": "query Torn {",
}


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    file = tmp_path / "broken.json"
    file.write_text(json.dumps(BROKEN))
    return file


def documents(database: Database, *arguments: str | Path, status: Exit = Exit.OK, **variables: str) -> tuple[str, str]:
    return trellis("documents", *arguments, status=status, TRELLIS_DATABASE_URL=database.url, **variables)


def test_manifests_of_all_tools_are_registered_checked_listed_and_retired(database: Database) -> None:
    for name in FILES:
        said, _ = documents(database, "register", MANIFESTS / name, "--app", name, "--version", "3.2")
        assert said.startswith(f"{name} 3.2 sends 3 documents; ")
    said, _ = documents(database, "register", MANIFESTS / "apollo.json", "--app", "apollo.json", "--version", "3.2")
    assert said == "apollo.json 3.2 sends 3 documents; 0 of them had not been known.\n"
    assert documents(database, "check")[0] == "All of 9 documents fit this schema.\n"
    listed, _ = documents(database, "list")
    lines = [line.split("\t") for line in listed.splitlines()]
    assert len(lines) == 15
    assert ["relay-md5.json", "3.2", "5944a31c8977645cc0f53b2073fb03f1", "AppOneQuery"] in lines
    assert len(documents(database, "list", "--app", "codegen.json")[0].splitlines()) == 3
    said, _ = documents(database, "retire", "--app", "apollo.json", "--version", "3.2")
    assert said == "apollo.json 3.2 was retired: 3 ids.\n"
    assert documents(database, "retire", "--id", "5944a31c8977645cc0f53b2073fb03f1")[0].endswith("was retired: 1 id.\n")
    _, said = documents(database, "retire", "--app", "apollo.json", "--version", "3.2", status=Exit.FAILED)
    assert said.startswith("Error: Nothing is registered for apollo.json 3.2;")
    assert len(documents(database, "list")[0].splitlines()) == 11
    _, said = documents(database, "retire", "--app", "web", status=Exit.USAGE)
    assert said == refused("Say what to retire: --app and --version, or --id.", "command", "trellis documents retire")


def test_all_documents_are_registered_or_none(database: Database, broken: Path, tmp_path: Path) -> None:
    here = ("--app", "web", "--version", "1")
    _, said = documents(database, "register", MANIFESTS / "apollo.json", broken, *here, status=Exit.FAILED)
    assert f"{broken}: Gone (gone), line 2: Cannot query field 'isbn' on type 'Post'." in said
    assert f"{broken}: Costly (costly), line 1: This operation may need" in said
    assert f"{broken}: a document (torn), line 1: Syntax Error" in said
    assert "\nNothing was registered.\n" in said
    file = tmp_path / "no.json"
    _, said = documents(database, "register", file, *here, status=Exit.UNAVAILABLE)
    missing = f"{file} cannot be read: No such file or directory. Name a manifest."
    assert said == refused(missing, "command", "trellis documents register")
    file.write_text('{"a": "{ __typename }"}')
    assert documents(database, "list")[0] == ""
    documents(database, "register", file, *here)
    file.write_text('{"a": "{ __schema { description } }", "b": "{ __typename }"}')
    _, said = documents(database, "register", file, *here, status=Exit.FAILED)
    assert said.startswith("Error: a is registered with another text;")
    assert len(documents(database, "list")[0].splitlines()) == 1
    for option in ("--app", "--version"):
        given = {"--app": "web", "--version": "1"} | {option: "x\n"}
        arguments = [part for pair in given.items() for part in pair]
        assert option in documents(database, "register", file, *arguments, status=Exit.USAGE)[1]


def test_a_check_says_which_app_and_version_would_break(database: Database) -> None:
    for app in ("relay-md5", "codegen"):
        documents(database, "register", MANIFESTS / f"{app}.json", "--app", app, "--version", "3.2")
    # The schema of this server has become narrower: it prices what it did not price before.
    narrow = {"TRELLIS_MAX_VALUES": "1"}
    said, _ = documents(database, "check", status=Exit.FAILED, **narrow)
    assert "relay-md5 3.2: AppOneQuery (5944a31c8977645cc0f53b2073fb03f1), line 1: This operation may need" in said
    assert said.endswith("6 documents of codegen 3.2, relay-md5 3.2 would break.\n")


def test_a_manifest_is_checked_without_a_database_in_every_format(broken: Path) -> None:
    nowhere = {"TRELLIS_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing"}

    def check(*arguments: str | Path, status: Exit = Exit.FAILED) -> str:
        return trellis("documents", "check", *arguments, status=status, **nowhere).stdout

    fine = MANIFESTS / "apollo.json"
    assert check("--file", fine, status=Exit.OK) == "All of 3 documents fit this schema.\n"
    found = json.loads(check("--file", fine, "--file", broken, "--format", "json"))
    assert found["documents"] == 6
    assert found["findings"][0] == {
        "origin": str(broken),
        "operation": "Gone",
        "id": "gone",
        "line": 2,
        "message": "Cannot query field 'isbn' on type 'Post'.",
    }
    annotations = check("--file", broken, "--format", "github").splitlines()
    assert annotations[0].startswith(f"::error title={broken}::{broken}: Gone (gone), line 2: ")
    table = check("--file", broken, "--format", "markdown")
    assert "| Gone | `gone` | 2 | Cannot query field 'isbn' on type 'Post'. |" in table
    assert table.startswith(f"**3 documents of {broken} would break.**\n")


def test_what_keeps_a_check_from_running_has_a_status_of_its_own(tmp_path: Path) -> None:
    url = "postgresql://nobody@127.0.0.1:1/nothing"
    trellis("documents", "check", status=Exit.USAGE, TRELLIS_DATABASE_URL=url)
    trellis("documents", "check", "--file", tmp_path / "no.json", status=Exit.USAGE)
    (tmp_path / "no.json").write_text("[]")
    trellis("documents", "check", "--file", tmp_path / "no.json", status=Exit.USAGE)
