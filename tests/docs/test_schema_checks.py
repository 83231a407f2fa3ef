"""docs/schema-checks.md is true: its tables are the code's, its excerpts the files', its commands run."""

import re
import shlex
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest
import yaml

from graph.cli.actions import schema_check
from graph.contract.allowances import read_allowances
from graph.contract.kinds import Criticality, Departure, Kind
from graph.contract.usage import Used, read_usage_file
from tests.cli.running import trellis

HOUSE = Path(__file__).resolve().parents[2]
PAGE = (HOUSE / "docs" / "schema-checks.md").read_text(encoding="utf-8")
WORKFLOW = HOUSE / ".github" / "workflows" / "ci.yml"
WHO = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "commit.gpgsign=false")
HISTORY = (
    *("init --initial-branch main", "add schema.graphql", "commit --message one", "tag v1.2"),
    "update-ref refs/remotes/origin/main HEAD",
)


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.M | re.S)


def between(mark: str) -> str:
    return PAGE.partition(f"<!-- {mark} -->\n")[2].partition(f"<!-- /{mark} -->")[0].strip()


def table(header: str, rows: Iterable[str]) -> str:
    return "\n".join([header, "|---|---|---|", *rows])


def rules() -> str:
    """The table of all kinds, the most critical first."""
    ranked = sorted(Kind, key=lambda kind: -kind.criticality)
    rows = (f"| `{kind.name}` | {shown(kind.criticality)} | {kind.sentence.replace('{at}', '…')} |" for kind in ranked)
    return table("| kind | | what is said |", (row.replace("{old}", "A").replace("{new}", "B") for row in rows))


def departures() -> str:
    rows = (
        f"| {way.name.lower()} | {shown(way.criticality)} | {way.sentence.replace('{date}', '2027-06-01')} |"
        for way in Departure
    )
    return table("| how it went | | what is said |", rows)


def shown(criticality: Criticality) -> str:
    return criticality.name.lower()


def test_the_tables_are_those_of_the_code() -> None:
    assert between("rules") == rules()
    assert between("departures") == departures()


def test_the_allowance_and_the_counts_can_be_read(tmp_path: Path) -> None:
    (tmp_path / "allow.toml").write_text(blocks("toml")[0])
    (tmp_path / "usage.json").write_text(blocks("json")[0])
    (allowance,) = read_allowances(tmp_path / "allow.toml")
    assert str(allowance) == "FIELD_REMOVED of `Post.title`"
    usage = read_usage_file(tmp_path / "usage.json")
    assert usage.of("Post.title") == [Used("web", "3.2", 1204, usage.until.replace(day=29))]


def test_an_excerpt_is_what_the_file_says() -> None:
    named = [block for block in blocks("yaml") if block.startswith("# ")]
    assert len(named) == 2
    for block in named:
        name, _, text = block.partition("\n")
        assert text in (HOUSE / name.removeprefix("# ")).read_text(encoding="utf-8")


def test_every_action_is_pinned_and_no_expression_is_part_of_a_script() -> None:
    jobs = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))["jobs"]
    steps = [step for job in jobs.values() for step in job["steps"]]
    assert all(re.search(r"@v\d+\.\d+\.\d+$", step["uses"]) for step in steps if "uses" in step)
    assert all("${{" not in step["run"] for step in steps if "run" in step)


def commands() -> list[list[str]]:
    """Those of the page, of the workflow and of GitLab, without what happens to their output."""
    jobs = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))["jobs"]
    (gitlab,) = [block for block in blocks("yaml") if not block.startswith("# ")]
    lines = [line for block in blocks("sh") for line in block.splitlines()]
    lines += [*(step.get("run", "") for step in jobs["schema"]["steps"]), *yaml.safe_load(gitlab)["schema"]["script"]]
    words = [shlex.split(line.partition(">")[0].replace("$BASE", "main"), comments=True) for line in lines]
    return [line[1:] for line in words if line and line[0].endswith("trellis")]


def test_the_commands_of_the_page_and_of_both_pipelines_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = tmp_path / "schema.graphql"
    shutil.copy2(HOUSE / kept.name, kept)
    for step in HISTORY:
        subprocess.run(["git", *WHO, *step.split()], cwd=tmp_path, check=True, capture_output=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(schema_check, "SCHEMA", kept)  # a clone of the project would need a process for each command
    assert len(commands()) == 8
    said = [trellis(*command).stdout for command in commands()]
    assert {re.sub("^.*[:#] ?", "", text) for text in said} == {"no change\n"}
