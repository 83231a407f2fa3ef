"""`trellis schema check`, run as people run it: sources, forms, statuses, allowances, and counted uses."""

import json
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from graph.cli.errors import Exit
from tests.cli.running import Finished, trellis

OLD = """type Query {
  a: String!
  b: Int
}
enum E { X }
"""
NEW = """type Query {
  a: String
}
enum E { X Y }
type T { a: Int }
"""
TODAY = datetime.now(UTC).date()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with two schemas, and the commands run there."""
    (tmp_path / "old.graphql").write_text(OLD)
    (tmp_path / "new.graphql").write_text(NEW)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def check(*arguments: str, status: Exit = Exit.OK, old: str = "old.graphql", new: str = "new.graphql") -> Finished:
    return trellis("schema", "check", "--against", old, "--schema", new, *arguments, status=status)


def refusal(*arguments: str, old: str = "old.graphql", new: str = "new.graphql") -> str:
    """The sentence of a check that could not run."""
    done = check(*arguments, status=Exit.USAGE, old=old, new=new)
    assert done.stdout == ""
    return done.stderr


def git(folder: Path, *arguments: str) -> None:
    who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.mark.usefixtures("folder")
def test_the_status_says_whether_a_change_fails() -> None:
    check(new="old.graphql")
    check(old="new.graphql", new="old.graphql", status=Exit.FAILED)
    check("--fail-on", "none")
    Path("dangerous.graphql").write_text(OLD.replace("X", "X Y"))
    check(new="dangerous.graphql")
    check("--fail-on", "dangerous", new="dangerous.graphql", status=Exit.FAILED)


@pytest.mark.usefixtures("folder")
def test_a_text_has_a_line_for_each_change_and_the_worst_is_first() -> None:
    *changes, summary = check(status=Exit.FAILED).stdout.splitlines()
    assert [line.partition(":")[0] for line in changes] == ["breaking", "breaking", "dangerous", "safe"]
    assert changes[0] == (
        "breaking: Field `Query.b` was removed. It was not deprecated. Keep it with `@deprecated(reason: "
        f'"Use … Goes on {TODAY + timedelta(180)}.")`. [FIELD_REMOVED]'
    )
    assert summary == "2 breaking, 1 dangerous, 1 safe"
    assert check(new="old.graphql").stdout == "no change\n"


@pytest.mark.usefixtures("folder")
def test_markdown_groups_the_changes() -> None:
    text = check("--format", "markdown", status=Exit.FAILED).stdout
    assert text.startswith(
        "## Schema changes: 2 breaking, 1 dangerous, 1 safe\n\n### Breaking\n\n- Field `Query.b` was"
    )
    assert "\n### Safe\n\n- Type `T` was added. `TYPE_ADDED`\n" in text


@pytest.mark.usefixtures("folder")
def test_json_has_everything() -> None:
    body: Any = json.loads(check("--format", "json", status=Exit.FAILED).stdout)
    assert {label: body[label] for label in ("breaking", "dangerous", "safe", "allowed")} == {
        "breaking": 2,
        "dangerous": 1,
        "safe": 1,
        "allowed": 0,
    }
    (change,) = [it for it in body["changes"] if it["kind"] == "FIELD_BECAME_NULLABLE"]
    assert change == {
        "kind": "FIELD_BECAME_NULLABLE",
        "criticality": "breaking",
        "coordinate": "Query.a",
        "message": "Field `Query.a` may hold nulls that it could not: `String!` became `String`.",
        "old": "String!",
        "new": "String",
        "file": "new.graphql",
        "line": 2,
        "allowed": None,
        "used": [],
    }


@pytest.mark.usefixtures("folder")
def test_github_gets_a_line_of_a_file_for_each_change_that_is_not_safe() -> None:
    removed, nullable, dangerous, summary = check("--format", "github", status=Exit.FAILED).stdout.splitlines()
    assert removed.startswith("::error file=new.graphql,line=1,title=Breaking%3A Query.b::Field `Query.b` was removed.")
    assert nullable.startswith("::error file=new.graphql,line=2,title=Breaking%3A Query.a::")
    assert dangerous.startswith("::warning file=new.graphql,line=4,title=Dangerous%3A E.Y::")
    assert summary == "::notice title=Schema check::2 breaking, 1 dangerous, 1 safe"


@pytest.mark.parametrize("form", ["text", "markdown", "github"])
def test_no_text_of_a_schema_begins_a_line_or_steers_a_terminal(form: str, folder: Path) -> None:
    (folder / "new.graphql").write_text(
        OLD.replace("b: Int", 'b: Int @deprecated(reason: "x\\n::error::100% \\u001b[2J")')
    )
    said = check("--format", form).stdout
    assert "\n::error" not in said
    assert "\x1b" not in said


@pytest.mark.parametrize("against", ["main", "HEAD~1", "main:new.graphql", "HEAD~1:./new.graphql", "v1"])
def test_a_git_ref_has_the_schema_as_it_was(against: str, folder: Path) -> None:
    git(folder, "init", "--initial-branch", "main")
    (folder / "new.graphql").write_text(OLD)
    git(folder, "add", "new.graphql")
    git(folder, "commit", "--message", "one")
    git(folder, "tag", "v1")
    git(folder, "checkout", "-b", "next")
    (folder / "new.graphql").write_text(NEW)
    git(folder, "commit", "--all", "--message", "two")
    assert check(old=against, status=Exit.FAILED).stdout.endswith("2 breaking, 1 dangerous, 1 safe\n")
    assert check(old="HEAD").stdout == "no change\n"
    assert "There is no old.txt at `HEAD`. Name the file as well" in refusal(old="HEAD:old.txt")
    assert "There is no old.graphql at `v1`. Name the file as well" in refusal(old="v1", new="old.graphql")


def test_our_own_schema_is_the_new_one_if_no_file_is_named() -> None:
    assert trellis("schema", "check", "--against", "HEAD:no/such.graphql", status=Exit.USAGE).stdout == ""
    assert trellis("schema", "check", "--against", "schema.graphql").stdout == "no change\n"


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("none.graphql", None, "none.graphql is no file, no commit that Git knows in"),
        ("-x", None, "-x is no file, no commit"),
        ("x" * 300, None, "is no file, no commit"),
        (".", None, ". cannot be read: Is a directory."),
        ("empty", b"", "empty is no schema (line 1, column 1): Syntax Error: Unexpected <EOF>."),
        ("half", b"type Query {", "half is no schema (line 1, column 13): Syntax Error: Expected Name, found <EOF>."),
        ("query", b"query Q { a }", "query defines no type. Name a file with a schema, not one with operations."),
        ("latin", b'"caf\xe9" type Query { a: Int }', "latin is not in UTF-8."),
        ("unknown", b"type Query { a: A }", "unknown is no schema (line 1, column 17): Unknown type 'A'."),
        ("twice", b"type Query { a: Int } type Query { a: Int }", "There can be only one type named 'Query'."),
        ("wrong", b"type Query { a: I } input I { a: Int }", "`Query.a` cannot be of type `I`."),
        ("sent", b"type Query { a(x: [Query!]): Int }", "`Query.a(x:)` cannot be of type `Query`."),
        ("json", b"{]", "json is no JSON: "),
        ("other", b"{}", "other is no answer to an introspection query: "),
        ("nulls", b'{"data": {"__schema": null}}', "nulls is no answer to an introspection query: "),
        ("reason", b'{"__schema": {"deprecationReason": [1]}}', "has a `deprecationReason` that is no text."),
        (
            "numbers",
            b'{"__schema": {"types": [1], "directives": []}}',
            "numbers is no answer to an introspection query",
        ),
        ("deep", b"type Query { a: " + b"[" * 20_000 + b"Int" + b"]" * 20_000 + b"}", "Document is nested too deeply."),
        ("deeper", b'{"data": ' + b"[" * 100_000, "deeper is nested too deeply to be read. Name a schema."),
    ],
)
def test_what_is_no_schema_is_refused_with_the_cure(
    name: str, content: bytes | None, sentence: str, folder: Path
) -> None:
    if content is not None:
        (folder / name).write_bytes(content)
    assert sentence in refusal(old=name)
    if name not in {"none.graphql", "-x", "x" * 300}:
        assert sentence in refusal(new=name)


@pytest.mark.usefixtures("folder")
def test_a_schema_with_what_changes_nothing_is_taken() -> None:
    """GitHub's own text had a field twice; subgraphs apply directives that nobody declares."""
    Path("odd.graphql").write_text(
        '\ufeffextend type Query @link(url: "x") { a: Int }\ntype Query { b: Int @key b: Int }'
    )
    assert check(old="odd.graphql", new="odd.graphql").stdout == "no change\n"


def test_a_subgraph_may_extend_what_others_define(folder: Path) -> None:
    text = 'extend type Query { me: User } extend type User @key(fields: "id") { id: ID } extend type User { a: Int! }'
    (folder / "old.graphql").write_text(text)
    (folder / "new.graphql").write_text(text.replace("Int!", "Int"))
    assert check(new="old.graphql").stdout == "no change\n"
    assert check(status=Exit.FAILED).stdout.startswith("breaking: Field `User.a` may hold nulls that it could not")


ALLOW_B = """
[[allow]]
coordinate = "Query.b"
kind = "FIELD_REMOVED"
reason = "Nobody asked."
expires = {day}
"""
ALLOW_A = ALLOW_B.replace("Query.b", "Query.a").replace("FIELD_REMOVED", "FIELD_BECAME_NULLABLE")


def test_what_is_allowed_does_not_fail(folder: Path) -> None:
    (folder / "schema-changes.toml").write_text((ALLOW_B + ALLOW_A).format(day=TODAY))
    said = check().stdout
    assert f"Allowed until {TODAY}: Nobody asked. [FIELD_REMOVED]" in said
    assert said.endswith("1 dangerous, 1 safe, 2 allowed\n")
    (folder / "schema-changes.toml").rename(folder / "others.toml")
    check(status=Exit.FAILED)
    check("--allow", "others.toml")


def test_an_allowance_that_ended_or_matches_nothing_is_named(folder: Path) -> None:
    ended, idle = ALLOW_B.format(day=TODAY - timedelta(1)), ALLOW_A.replace("Query.a", "Query.z").format(day=TODAY)
    (folder / "allow.toml").write_text(ended + idle)
    said = check("--allow", "allow.toml", status=Exit.FAILED).stdout
    assert (
        f"The allowance for FIELD_REMOVED of `Query.b` ended on {TODAY - timedelta(1)}: Nobody asked. Remove it" in said
    )
    assert "The allowance for FIELD_BECAME_NULLABLE of `Query.z` matches no change. Remove it" in said


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (None, "allow.toml cannot be read: No such file or directory."),
        ("[[allow", "allow.toml is no TOML: "),
        ("allowed = 1", "allow.toml has allowed; begin each entry with `[[allow]]`."),
        ("allow = [1]", "Entry 1 of allow.toml is no table; begin each entry with `[[allow]]`."),
        (ALLOW_B.replace('reason = "Nobody asked."', ""), "Entry 1 of allow.toml has no reason; write `reason = "),
        (ALLOW_B.replace("Nobody asked.", ""), "Entry 1 of allow.toml has no reason"),
        (ALLOW_B.replace("expires = {day}", ""), "Entry 1 of allow.toml has no expires; write `expires = 2027-01-31`."),
        (ALLOW_B.replace("{day}", '"2027-01-31"'), "The end of Entry 1 of allow.toml is no day; write `expires"),
        (ALLOW_B.replace('"FIELD_REMOVED"', '"FIELD_REMOVE"'), "FIELD_REMOVE. Is `FIELD_REMOVED` meant?"),
        (ALLOW_B.replace('"FIELD_REMOVED"', "[1]"), "The kind of Entry 1 of allow.toml is no text"),
        (ALLOW_B + "until = 1", "Entry 1 of allow.toml has a `until`, which means nothing"),
    ],
)
def test_an_allowance_without_reason_or_end_is_refused(text: str | None, sentence: str, folder: Path) -> None:
    if text is not None:
        (folder / "allow.toml").write_text(text.replace("{day}", str(TODAY)))
    assert sentence in refusal("--allow", "allow.toml")


def usage(folder: Path, *records: dict[str, Any], **more: Any) -> str:
    """The name of a file with counted uses."""
    body = {"version": 1, "days": 30, "until": str(TODAY), "usage": records, **more}
    (folder / "usage.json").write_text(json.dumps(body))
    return "usage.json"


WEB = {"coordinate": "Query.b", "client": "web", "version": "3.2", "count": 1204, "last": "2026-11-29"}


def test_what_is_used_says_by_whom_and_what_is_not_may_be_allowed(folder: Path) -> None:
    file = usage(folder, WEB)
    first, second, *_ = check("--usage", file, status=Exit.FAILED).stdout.splitlines()
    assert first.endswith("Used 1,204 times in 30 days by web 3.2, last on 2026-11-29. [FIELD_REMOVED]")
    assert second.endswith("Unused for 30 days, allowed with --allow-unused. [FIELD_BECAME_NULLABLE]")
    said = check("--usage", file, "--allow-unused", status=Exit.FAILED).stdout
    assert (
        "allowed: Field `Query.a` may hold nulls that it could not: `String!` became `String`. Allowed unused" in said
    )
    assert said.endswith("1 breaking, 1 safe, 2 allowed\n")
    check("--usage", usage(folder), "--allow-unused")


def test_nothing_is_unused_while_uses_were_lost(folder: Path) -> None:
    file = usage(folder, overflow=7)
    said = check("--usage", file, "--allow-unused", status=Exit.FAILED).stdout
    assert "Nobody is known to have used it in 30 days, but 7 uses were counted without saying of what" in said


def test_counts_that_end_before_today_say_when(folder: Path) -> None:
    file = usage(folder, until="2026-01-31", days=1)
    assert "Unused for 1 day until 2026-01-31, allowed" in check("--usage", file, status=Exit.FAILED).stdout


def test_many_clients_are_named_in_part(folder: Path) -> None:
    file = usage(folder, *({**WEB, "version": str(number), "count": number} for number in range(1, 6)))
    said = check("--usage", file, status=Exit.FAILED).stdout
    assert "Used 15 times in 30 days by web 5, web 4, web 3 and 2 more, last on 2026-11-29." in said
    (removed, *_) = json.loads(check("--usage", file, "--format", "json", status=Exit.FAILED).stdout)["changes"]
    assert [it["version"] for it in removed["used"]] == ["5", "4", "3", "2", "1"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--header", "A: b"), "old.graphql is asked for without headers; --header is for addresses, https://…."),
        (("--allow-unused",), "--allow-unused needs to know what is used; name the counts with --usage."),
        (("--usage", "none.json"), "none.json cannot be read: No such file or directory."),
        (("--usage", "old.graphql"), "old.graphql is no file of counted uses: Invalid JSON"),
        (("--usage", "usage.json", "--days", "7"), "usage.json has the counts of 30 days. Leave --days out"),
        (("--usage", "{bad}"), "bad.json is no file of counted uses: usage.0.count: Input should be greater than"),
    ],
)
def test_what_cannot_be_asked_for_is_refused(arguments: tuple[str, ...], sentence: str, folder: Path) -> None:
    usage(folder, {**WEB, "count": -1})
    (folder / "usage.json").rename(folder / "bad.json")
    usage(folder, WEB)
    assert sentence in refusal(*(argument.replace("{bad}", "bad.json") for argument in arguments))
