"""`trellis schema export`, run as people run it."""

from pathlib import Path

import pytest

from db.settings import HOUSE
from graph.cli.errors import Exit
from tests.cli.running import refused, trellis, trellis_process


@pytest.mark.process
def test_the_schema_goes_to_stdout_or_to_a_file(tmp_path: Path) -> None:
    done = trellis_process("schema", "export")
    assert "\ntype Query {" in done.stdout
    assert done.stderr == ""
    trellis("schema", "export", "--output", tmp_path / "schema.graphql")
    assert (tmp_path / "schema.graphql").read_text() == done.stdout


def test_the_schema_does_not_depend_on_the_settings() -> None:
    plain = trellis("schema", "export").stdout
    assert trellis("schema", "export", TRELLIS_INTROSPECTION="false", TRELLIS_MAX_ROWS="1").stdout == plain


def test_the_schema_that_is_kept_is_up_to_date() -> None:
    assert trellis("schema", "export", "--check").stdout == "schema.graphql is up to date.\n"


def test_a_stale_schema_is_shown_with_the_cure(tmp_path: Path) -> None:
    stale = tmp_path / "schema.graphql"
    stale.write_text((HOUSE / "schema.graphql").read_text() + "\nscalar Stray\n")
    before = stale.read_text()
    done = trellis("schema", "export", "--check", "--output", stale, status=Exit.FAILED)
    assert "-scalar Stray" in done.stdout
    assert done.stderr == refused(
        "schema.graphql is stale; run `make schema` and commit what changes.", "command", "trellis schema export"
    )
    assert stale.read_text() == before


def test_a_schema_that_is_not_there_is_stale(tmp_path: Path) -> None:
    trellis("schema", "export", "--check", "--output", tmp_path / "schema.graphql", status=Exit.FAILED)


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    done = trellis("schema", "export", "--output", tmp_path, status=Exit.UNAVAILABLE)
    assert f"{tmp_path} cannot be written: Is a directory." in done.stderr


def test_the_schema_for_clients_that_keep_nulls_where_errors_are(tmp_path: Path) -> None:
    file = tmp_path / "semantic.graphql"
    trellis("schema", "export", "--semantic-non-null", "--output", file)
    assert "directive @semanticNonNull(levels: [Int!]! = [0]) on FIELD_DEFINITION" in file.read_text()
    assert "@semanticNonNull(levels: [0, 1])" in file.read_text()
    assert trellis("schema", "export", "--semantic-non-null", "--check", "--output", file).stdout.endswith("date.\n")


def test_the_schema_of_a_subgraph_is_asked_for_by_option_or_by_setting() -> None:
    by_option = trellis("schema", "export", "--federation").stdout
    assert by_option == trellis("schema", "export", TRELLIS_FEDERATION="true").stdout
    assert '@key(fields: "id")' in by_option
    assert "@key" not in trellis("schema", "export", TRELLIS_FEDERATION="false").stdout
