"""docs/deploy.md names files, services and units that are there, and its configuration of nginx is one."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from db.settings import HOUSE
from tests.deploy.composition import _program
from tests.untried import Untried

PAGE = (HOUSE / "docs" / "deploy.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^ *```(\w+)\n(.*?)^ *```$", re.M | re.S)
COMPOSE = (HOUSE / "deploy" / "compose.yaml").read_text(encoding="utf-8")


def lines(program: str) -> Iterator[str]:
    """The lines of commands that begin so."""
    for language, block in BLOCK.findall(PAGE):
        if language == "sh":
            joined = (line.strip() for line in block.replace("\\\n", " ").splitlines())
            yield from (line for line in joined if line.startswith(program))


def test_files_that_the_page_names_are_there() -> None:
    named = set(re.findall(r"\bdeploy/[\w./-]*\w", PAGE)) - {"deploy/.env"}
    assert len(named) > 10
    assert [name for name in sorted(named) if not (HOUSE / name).exists()] == []
    folder = HOUSE / "deploy" / "kubernetes"
    assert set(re.findall(r"^\| `(\w+\.yaml)` \|", PAGE, re.M)) == {
        file.name for file in folder.iterdir() if file.name != "kustomization.yaml"
    }


def test_commands_name_services_that_the_compose_file_has() -> None:
    services = yaml.safe_load(COMPOSE)["services"]
    of_services = re.compile(r"docker compose --file deploy/compose.yaml (build|run|stop|exec|rm|up .*--no-deps)\b(.*)")
    found = [match for line in lines("docker compose") if (match := of_services.match(line))]
    assert len(found) >= 7
    for match in found:
        name = next(word for word in match[2].split() if not word.startswith("-"))
        assert name in services, match[0]


def test_the_page_makes_every_variable_that_has_to_be_there() -> None:
    (loop,) = lines("for name in")
    named = re.findall(r"[A-Z_]{5,}", loop)
    assert set(named) == set(re.findall(r"\$\{(\w+):\?", COMPOSE))


def test_commands_name_units_that_are_there() -> None:
    units = {file.stem for file in (HOUSE / "deploy" / "systemd").glob("*.service")}
    named = {line.split()[-1] for line in lines("systemctl") if "daemon-reload" not in line}
    assert named == units


@pytest.mark.process
def test_nginx_takes_its_configuration(tmp_path: Path) -> None:
    try:
        nginx = _program("nginx")
    except Untried as missing:
        pytest.skip(str(missing))
    ((_, shown),) = [block for block in BLOCK.findall(PAGE) if block[0] == "nginx"]
    file = tmp_path / "nginx.conf"
    file.write_text(f"pid {tmp_path}/pid;\nerror_log stderr;\nevents {{}}\nhttp {{\naccess_log off;\n{shown}}}\n")
    said = subprocess.run([nginx, "-t", "-c", file], capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr
    assert "[warn]" not in said.stderr
