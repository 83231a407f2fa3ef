"""The files of deploy/ are what those who read them take, and fit the server, its settings and each other."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from starlette.routing import Route

from db.settings import HOUSE
from graph.app import create_app
from graph.serving.limits import HANGING_S, LAST_REQUESTS_S, LAST_WORDS_S
from graph.settings import Settings
from tests.deploy.composition import interpolated
from tests.deploy.containerfile import image_of, instructions
from tests.http.conftest import DOMAIN

DEPLOY = HOUSE / "deploy"
KUBERNETES = DEPLOY / "kubernetes"
SYSTEMD = DEPLOY / "systemd"
CONTAINERFILES = (DEPLOY / "Containerfile", DEPLOY / "pgbouncer" / "Containerfile")
COMPOSE = DEPLOY / "compose.yaml"
MANIFESTS = sorted(KUBERNETES.glob("*.yaml"))
OF_OTHERS = {"kustomization.yaml": "kustomize.config.k8s.io/v1beta1", "monitor.yaml": "monitoring.coreos.com/v1"}
"""Manifests whose form Kubernetes itself does not know."""
BEYOND_GRACE_S = LAST_REQUESTS_S + LAST_WORDS_S + HANGING_S
"""Seconds that a server may take besides its delay and its grace; the parent of workers waits a little longer."""
SECRET = re.compile(r"PASSWORD|TOKEN|KEY|SECRET|URLS?$")
VARIABLES = dict.fromkeys(
    ("DATABASE_PASSWORD", "POSTGRES_PASSWORD", "REPLICATION_PASSWORD", "TOKEN_KEYS", "METRICS_TOKEN"), "hidden"
)
EXPOSURE = 15
"""The most of `systemd-analyze security`, in tenths; without any hardening it says 96."""


def settings_of(variables: Mapping[str, object]) -> Iterator[str]:
    """Variables that only settings can be. Each is one: whoever misspells it is refused by the server."""
    for name in variables:
        if name.startswith("TRELLIS_"):
            assert name.removeprefix("TRELLIS_").lower() in Settings.model_fields, name
            yield name


def drain_s(variables: Mapping[str, str]) -> float:
    """How long a server with these variables may take to end."""
    fields = Settings.model_fields
    delay, grace = (
        float(variables.get(f"TRELLIS_{name.upper()}", fields[name].default)) for name in ("drain_delay_s", "grace_s")
    )
    return delay + grace + BEYOND_GRACE_S


def manifest(name: str) -> Any:
    """A manifest, read."""
    return yaml.safe_load((KUBERNETES / name).read_text(encoding="utf-8"))


def composed() -> Any:
    """The compose file, read."""
    return yaml.safe_load(interpolated(COMPOSE.read_text(encoding="utf-8"), VARIABLES))


@pytest.mark.parametrize("file", CONTAINERFILES, ids=lambda file: str(file.relative_to(DEPLOY)))
def test_hadolint_finds_nothing_in_containerfiles(file: Path) -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    found = subprocess.run([hadolint, "--no-color", file], capture_output=True, text=True, check=False)
    assert (found.returncode, found.stdout) == (0, ""), found.stdout + found.stderr


def test_the_image_runs_the_command_as_nobody_else_and_without_a_shell() -> None:
    image = image_of(CONTAINERFILES[0], HOUSE)
    assert (image.command, image.arguments, image.stop_signal) == (["trellis"], ["serve"], "SIGTERM")
    assert image.user == "10001:10001"
    assert image.files == {}, "the second stage takes what the first one has made"
    assert image.healthcheck[:2] == ["python", "-c"]
    pods = [manifest(name)["spec"]["template"]["spec"] for name in ("deployment.yaml", "upgrade.yaml")]
    assert {pod["securityContext"]["runAsUser"] for pod in pods} == {10001}


def test_the_image_has_what_the_code_looks_for() -> None:
    copied = " ".join(one.text for one in instructions(CONTAINERFILES[0]) if one.name == "COPY")
    project = (HOUSE / "pyproject.toml").read_text(encoding="utf-8")
    packages = json.loads(re.findall(r"^packages = (\[.*\])$", project, re.M)[0])
    assert [name for name in (*packages, "alembic.ini", ".venv") if f"/app/{name}" not in copied] == []


def test_no_image_has_what_git_does_not_know() -> None:
    ignored, left_out = (
        {line.removeprefix("**/") for line in (HOUSE / name).read_text(encoding="utf-8").splitlines()}
        for name in (".gitignore", ".dockerignore")
    )
    assert ignored - left_out == set()
    assert {".git/", ".env"} <= left_out


def test_the_compose_file_has_the_form_of_the_specification(tmp_path: Path) -> None:
    check = Path(sys.executable).with_name("check-jsonschema")
    written = tmp_path / "compose.json"  # the tool reads no merges of YAML
    written.write_text(json.dumps(composed()))
    found = subprocess.run(
        [check, "--builtin-schema", "vendor.compose-spec", written], capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stdout + found.stderr


def test_the_compose_file_hides_what_is_secret_and_says_what_is_missing() -> None:
    text = COMPOSE.read_text(encoding="utf-8")
    for missing in VARIABLES:
        with pytest.raises(KeyError, match="make one with openssl rand"):
            interpolated(text, VARIABLES | {missing: ""})
    secrets = [
        value
        for service in composed()["services"].values()
        for name, value in service.get("environment", {}).items()
        if SECRET.search(name)
    ]
    assert len(secrets) > 10
    assert all("hidden" in value for value in secrets)


def test_services_are_given_no_more_than_they_need() -> None:
    composition = composed()
    for name, service in composition["services"].items():
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service.get("read_only") or service["image"].startswith("postgres:"), name
        assert ":" in service["image"], name
        assert ("ports" in service) == (name == "proxy")
    assert composition["networks"]["back"]["internal"]
    assert all(composition["services"][name]["networks"] == ["back"] for name in ("postgres-a", "pgbouncer-b"))


def test_servers_of_the_compose_file_have_time_to_drain() -> None:
    for name in ("trellis-a", "trellis-b"):
        service = composed()["services"][name]
        assert len(list(settings_of(service["environment"]))) > 5
        assert int(service["stop_grace_period"].removesuffix("s")) > drain_s(service["environment"])
    proxy = (DEPLOY / "haproxy" / "haproxy.cfg").read_text(encoding="utf-8")
    ((interval, failures),) = re.findall(r"inter (\d+)s fall (\d+)", proxy)
    assert float(service["environment"]["TRELLIS_DRAIN_DELAY_S"]) > int(interval) * int(failures)
    assert (
        composed()["services"]["proxy"]["networks"]["front"]["ipv4_address"]
        == (service["environment"]["TRELLIS_TRUSTED_PROXIES"])
    )
    (timeout,) = re.findall(r"timeout server (\d+)s", proxy)
    assert int(timeout) > Settings.model_fields["operation_timeout_s"].default
    (wait,) = re.findall(r"query_wait_timeout = (\d+)", (DEPLOY / "pgbouncer/pgbouncer.ini").read_text())
    assert int(wait) > Settings.model_fields["operation_timeout_s"].default


@pytest.mark.parametrize("script", sorted(DEPLOY.rglob("*.sh")), ids=lambda file: str(file.relative_to(DEPLOY)))
def test_scripts_are_scripts(script: Path) -> None:
    assert script.stat().st_mode & 0o111
    subprocess.run(["sh", "-n", script], check=True)


@pytest.mark.parametrize("file", MANIFESTS, ids=lambda file: file.name)
def test_kubernetes_knows_every_word_of_the_manifests(file: Path) -> None:
    (read,) = yaml.safe_load_all(file.read_text(encoding="utf-8"))
    if file.name in OF_OTHERS:
        assert read["apiVersion"] == OF_OTHERS[file.name]
        return
    for version in ("1.30", kubernetes_validate.latest_version()):
        kubernetes_validate.validate(read, version, strict=True)
        with pytest.raises(kubernetes_validate.ValidationError):
            kubernetes_validate.validate(read | {"spek": {}}, version, strict=True)


def test_the_kustomization_has_every_manifest_or_names_it() -> None:
    text = (KUBERNETES / "kustomization.yaml").read_text(encoding="utf-8")
    named = set(re.findall(r"^ *(?:# )?- (\w+\.yaml)$", text, re.M))
    assert named == {file.name for file in MANIFESTS} - {"kustomization.yaml", "upgrade.yaml"}
    assert set(manifest("kustomization.yaml")["resources"]) < named


def test_manifests_fit_the_server_and_each_other() -> None:
    settings = manifest("settings.yaml")["data"]
    assert list(settings_of(settings)) == list(settings)
    assert not any(SECRET.search(name) for name in settings)
    deployment, job = manifest("deployment.yaml"), manifest("upgrade.yaml")
    pod = deployment["spec"]["template"]["spec"]
    (server,), (upgrade,) = pod["containers"], job["spec"]["template"]["spec"]["containers"]
    assert pod["terminationGracePeriodSeconds"] > drain_s(settings)
    assert "lifecycle" not in server, "the delay is in the server"
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    for selector in (
        deployment["spec"]["selector"]["matchLabels"],
        manifest("service.yaml")["spec"]["selector"],
        manifest("disruption.yaml")["spec"]["selector"]["matchLabels"],
        pod["topologySpreadConstraints"][0]["labelSelector"]["matchLabels"],
    ):
        assert selector == labels
    assert job["spec"]["template"]["metadata"]["labels"] != labels, "requests would go to the job"
    assert manifest("autoscaler.yaml")["spec"]["scaleTargetRef"]["name"] == deployment["metadata"]["name"]
    assert server["image"] == upgrade["image"]
    assert server["envFrom"] == upgrade["envFrom"]
    for container in (server, upgrade):
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
    startup = server["startupProbe"]
    assert startup["periodSeconds"] * startup["failureThreshold"] > float(settings["TRELLIS_WAIT_FOR_DATABASE_S"])


def test_what_probes_and_monitors_ask_is_served() -> None:
    app = create_app(Settings.model_construct(start_checks=False), domain=DOMAIN)
    served = {route.path for route in app.routes if isinstance(route, Route)}
    (server,) = manifest("deployment.yaml")["spec"]["template"]["spec"]["containers"]
    ports = {port["name"]: port["containerPort"] for port in server["ports"]}
    probes = [server[f"{name}Probe"]["httpGet"] for name in ("startup", "readiness", "liveness")]
    (endpoint,) = manifest("monitor.yaml")["spec"]["endpoints"]
    (service,) = manifest("service.yaml")["spec"]["ports"]
    assert {probe["path"] for probe in probes} | {endpoint["path"]} <= served
    assert {probe["port"] for probe in probes} | {service["targetPort"]} == set(ports)
    assert ports["http"] == Settings.model_fields["port"].default
    assert endpoint["port"] == service["name"]
    assert list(settings_of({endpoint["authorization"]["credentials"]["key"]: ""}))


def _analyze() -> str:
    found = shutil.which("systemd-analyze")
    if found is None:
        pytest.skip("systemd-analyze is not installed: apt-get install systemd")
    return found


UNITS = sorted(SYSTEMD.glob("*.service"))


@pytest.mark.parametrize("unit", UNITS, ids=lambda file: file.name)
def test_systemd_knows_every_word_of_the_units(unit: Path, tmp_path: Path) -> None:
    text = unit.read_text(encoding="utf-8")
    installed = tmp_path / unit.name
    installed.write_text(text.replace("/opt/trellis/.venv/bin/trellis", "/bin/true"))  # it looks for the program
    said = subprocess.run(
        [_analyze(), "verify", "--man=no", str(installed)], capture_output=True, text=True, check=False
    )
    assert (said.returncode, said.stderr) == (0, "")
    secure = [_analyze(), "security", "--offline=yes", f"--threshold={EXPOSURE}", str(installed)]
    said = subprocess.run(secure, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stdout


def entries(unit: Path, name: str) -> list[str]:
    """What a unit says under a name."""
    return re.findall(rf"^{name}=(.*)$", unit.read_text(encoding="utf-8"), re.M)


def test_units_fit_the_server_and_their_environment() -> None:
    lines = (SYSTEMD / "trellis.env").read_text(encoding="utf-8").splitlines()
    variables = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    assert list(settings_of(variables)) == list(variables)
    assert not any(value for name, value in variables.items() if SECRET.search(name))
    serving, upgrading = SYSTEMD / "trellis.service", SYSTEMD / "trellis-upgrade.service"
    assert float(entries(serving, "TimeoutStopSec")[0]) > drain_s(variables)
    assert int(entries(serving, "LimitNOFILE")[0]) > Settings.model_fields["max_connections"].default
    sandbox = (
        "(?:Protect|Private|Restrict|SystemCall|Capability|Ambient|Lock|Memory|Dynamic|NoNew|Remove|State|UMask)\\w*"
    )
    walls = [re.findall(rf"^{sandbox}=.*$", unit.read_text(encoding="utf-8"), re.M) for unit in (serving, upgrading)]
    assert walls[0] == walls[1]
    assert len(walls[0]) > 20
