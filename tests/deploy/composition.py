"""A compose file, done with plain processes: each service is a process at a loopback address of its own.

A compose file and variables enter; running processes leave, and all of them are gone at the end. The file is read as it
is: what it says of commands, variables, files, health and order is what happens here. Names of services become
addresses, places in containers become places below a folder, and images become programs of this machine. As root,
processes run without capabilities, and as nobody where nobody can read the programs; where the file says `read_only`
and the machine lets us, in a file system that is. Networks, and limits of memory, are not tried.
Source: https://github.com/compose-spec/compose-spec/blob/main/spec.md
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from graphlib import TopologicalSorter
from itertools import count
from pathlib import Path
from typing import Any

import yaml

from graph.testing.postgresql import binaries, free_port
from graph.testing.runs import Run, unprivileged_user
from tests.deploy.containerfile import Image, image_of
from tests.promises.server import _children_of
from tests.untried import Untried

PATIENCE_S = 120
AT_ONCE_S = 10
VARIABLE = re.compile(r"\$(?:\$|\{(?P<name>\w+)(?::(?P<how>[?-])(?P<text>[^}]*))?\})")
HERE = Path(__file__).parent
SCRIPTS = "/docker-entrypoint-initdb.d"
PROXY_FROM_HERE = "127.0.0.1"
"""Where connections of the proxy come from: on the loopback device a process has this address, wherever it listens."""

POSTGRESQL = Image(
    ["docker-entrypoint.sh"], ["postgres"], {"PGDATA": "/var/lib/postgresql/18/docker"}, {}, [], "", "SIGINT"
)
"""Source: https://hub.docker.com/_/postgres"""
HAPROXY = Image([], [], {}, {}, [], "", "SIGUSR1")
"""Source: https://hub.docker.com/_/haproxy"""
COMPOSITIONS = count()
IMAGES = {"postgres": POSTGRESQL, "haproxy": HAPROXY}

READ_ONLY = """
mount --make-rprivate /
mount --bind "$1" "$1"
mount -o remount,bind,ro /
shift
exec "$@"
"""


BASE = "import sys; print(sys.base_prefix)"


def interpolated(text: str, variables: Mapping[str, str]) -> str:
    """The text with the values of variables. Raises `KeyError` with what the file says of one that is missing."""

    def value(found: re.Match[str]) -> str:
        name, how, otherwise = found["name"], found["how"], found["text"]
        if name is None:
            return "$"
        if variables.get(name):
            return variables[name]
        if how == "?":
            raise KeyError(f"{name}: {otherwise}")
        return otherwise or ""

    lines = text.splitlines(keepends=True)
    return "".join(line if line.lstrip().startswith("#") else VARIABLE.sub(value, line) for line in lines)


@cache
def _makes_read_only() -> bool:
    """Whether this machine lets us have a file system that nobody can write."""
    command = ["unshare", "--mount", "sh", "-c", READ_ONLY, "sh", "/tmp", "true"]
    return os.geteuid() == 0 and subprocess.run(command, capture_output=True, check=False).returncode == 0


@cache
def _may_beunprivileged_user() -> bool:
    """Whether nobody may run the Python of this environment, which may lie in somebody's home."""
    uid, gid = unprivileged_user()
    command = ["setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups", sys.executable, "-c", BASE]
    asked = subprocess.run(command, capture_output=True, text=True, cwd="/", check=False)
    return asked.stdout.strip() == sys.base_prefix


def _program(name: str) -> str:
    """Where a program is. Raises `Untried` that names the cure."""
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"
    found = shutil.which(name, path=path)
    if found is None:
        raise Untried(f"{name} is not installed: apt-get install {name}")
    return found


class Composition:
    """The services of a compose file."""

    def __init__(
        self, file: Path, variables: Mapping[str, str], run: Run, override: Mapping[str, Mapping[str, Any]]
    ) -> None:
        """`override`: what else is said of services, as a second compose file would. Raises `Untried`."""
        said = yaml.safe_load(interpolated(file.read_text(encoding="utf-8"), variables))
        services = {name: _overridden(one, override.get(name, {})) for name, one in said["services"].items()}
        self.context = file.parent
        self.folder = run.folder
        self.folder.chmod(0o711)  # who has no capabilities passes through as anybody else
        # Others may do the same at this moment: the numbers in the middle are of this process, the last ones of this
        # composition.
        subnet = f"127.{os.getpid() // 250 % 250 + 2}.{os.getpid() % 250 + 2}"
        first = 2 + len(services) * (next(COMPOSITIONS) % 15)
        self.addresses = {name: f"{subnet}.{number}" for number, name in enumerate(services, first)}
        self.strangers = (f"{subnet}.200", f"{subnet}.201")
        """Addresses that no service has."""
        self.ipv6_port = free_port()
        """Where the proxy listens on `::1`, of which there is but one."""
        (self.proxy_address,) = {
            network["ipv4_address"]
            for one in services.values()
            if isinstance(one.get("networks"), dict)
            for network in one["networks"].values()
            if "ipv4_address" in network
        }
        path = [Path(sys.executable).parent, HERE, binaries(run)]
        path += [Path(_program(name)).parent for name in ("haproxy", "pgbouncer")]
        self.path = ":".join([*map(str, path), os.environ["PATH"]])
        self.services = {name: Service(self, name, one) for name, one in services.items()}

    def __getitem__(self, name: str) -> "Service":
        return self.services[name]

    def start(self) -> None:
        """Start everything in its order, as `up` does."""
        for name in TopologicalSorter({name: service.needs for name, service in self.services.items()}).static_order():
            service = self[name]
            for other, condition in service.needs.items():
                self[other].wait_for(condition)
            service.start()

    def end(self) -> None:
        """End all of it at once."""
        for service in reversed(self.services.values()):
            service.kill()


class Service:
    """One service: prepared, started, stopped, killed."""

    def __init__(self, composition: Composition, name: str, said: Mapping[str, Any]) -> None:
        self._composition = composition
        self.name = name
        self.address = composition.addresses[name]
        self.needs: Mapping[str, str] = {other: how["condition"] for other, how in said.get("depends_on", {}).items()}
        self._is_read_only = bool(said.get("read_only"))
        self._root = composition.folder / name
        image = self._image(said)
        self._stop_signal = signal.Signals[image.stop_signal]
        # PostgreSQL that is killed leaves its shared memory to the machine.
        self._end_signal = signal.SIGQUIT if image is POSTGRESQL else signal.SIGKILL
        self._grace_s = float(str(said.get("stop_grace_period", "10s")).removesuffix("s"))
        self._places = self._placed(said, image)
        entry = said.get("entrypoint")
        started = (
            [*image.command, *said.get("command", image.arguments)] if entry is None else [*entry, *said["command"]]
        )
        self._command = [self._in_place(word) for word in started]
        self._health = [
            self._in_place(word).replace("127.0.0.1", self.address)
            for word in (said["healthcheck"]["test"][1:] if "healthcheck" in said else image.healthcheck)
        ]
        self._variables = {
            name: self._translated(str(value))
            for name, value in {**image.variables, **said.get("environment", {})}.items()
        }
        self._process: subprocess.Popen[bytes] | None = None
        self._ids = unprivileged_user() if _may_beunprivileged_user() or "trellis" not in image.command else (0, 0)
        if os.geteuid() == 0:
            for place in (self._root, *self._root.rglob("*")):
                os.chown(place, *self._ids)

    @property
    def log(self) -> str:
        """What it has written."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    @property
    def pid(self) -> int:
        """The first of its processes."""
        assert self._process is not None
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [*self._confined(), *self._command],
                env=self._environment(),
                cwd=self._root,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def wait_for(self, condition: str) -> None:
        """Wait until it is as another service wants it."""
        assert self._process is not None
        if condition == "service_completed_successfully":
            assert self._process.wait(PATIENCE_S) == 0, self.log
        elif condition == "service_healthy":
            end = time.monotonic() + PATIENCE_S
            while not self.is_healthy():
                assert self._process.poll() is None, self.log
                assert time.monotonic() < end, self.log
                time.sleep(0.1)

    def is_healthy(self) -> bool:
        """Ask as the file says."""
        asked = subprocess.run(
            self._health, env=self._environment(), cwd=self._root, capture_output=True, timeout=PATIENCE_S, check=False
        )
        return asked.returncode == 0

    def stop(self) -> int:
        """Stop it as the file says, and give its exit status. Raises `TimeoutExpired` after the grace."""
        assert self._process is not None
        self._process.send_signal(self._stop_signal)
        return self._process.wait(self._grace_s)

    def send_signal(self, sign: signal.Signals) -> None:
        """Send a signal to it and to its children: SIGSTOP has it fall silent."""
        for pid in (self.pid, *_children_of(self.pid)):
            with suppress(ProcessLookupError):
                os.kill(pid, sign)

    def kill(self) -> None:
        """End it at once, with its children, as a crash would."""
        if self._process is None:
            return
        self._process.send_signal(self._end_signal)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(AT_ONCE_S)
        children = [*_children_of(self.pid)]
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()
        for child in children:
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)

    @property
    def _log(self) -> Path:
        return self._composition.folder / f"{self.name}.log"

    def _image(self, said: Mapping[str, Any]) -> Image:
        if "build" not in said:
            return IMAGES[said["image"].partition(":")[0]]
        context = (self._composition.context / said["build"]["context"]).resolve()
        return image_of(context / said["build"]["dockerfile"], context)

    def _placed(self, said: Mapping[str, Any], image: Image) -> Mapping[str, Path]:
        """Make what the container would have, below a folder; where each place of the container is."""
        files, folders = dict(image.files), list(said.get("tmpfs", []))
        for volume in said.get("volumes", []):
            source, target = volume.split(":")[:2]
            if source.startswith((".", "/")):
                files[target] = self._composition.context / source
            else:
                folders.append(target)
        if SCRIPTS not in folders and any(target.startswith(f"{SCRIPTS}/") for target in files):
            folders.append(SCRIPTS)
        places = {target: self._root / target.lstrip("/") for target in (*files, *folders)}
        self._places = places
        for folder in folders:
            places[folder].mkdir(parents=True, exist_ok=True)
        (self._root / "run").mkdir(parents=True)
        for target, source in files.items():
            places[target].parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, places[target])
                continue
            places[target].write_text(self._listening(self._translated(source.read_text(encoding="utf-8"))))
            shutil.copymode(source, places[target])
        return places

    def _in_place(self, text: str) -> str:
        """The text with places of the container as they are here."""
        known = "|".join(map(re.escape, sorted(self._places, key=len, reverse=True)))
        found = re.compile(rf"(?<![\w./-])(?:{known})(?![\w-])") if known else re.compile(r"(?!)")
        return found.sub(lambda place: str(self._places[place[0]]), text)

    def _translated(self, text: str) -> str:
        """The same with addresses for names of services, too."""
        composition = self._composition
        known = {**composition.addresses, "0.0.0.0": self.address, composition.proxy_address: PROXY_FROM_HERE}
        names = re.compile(rf"(?<![\w./-])(?:{'|'.join(map(re.escape, known))})(?![\w-])")
        return names.sub(lambda name: known[name[0]], self._in_place(text))

    def _listening(self, text: str) -> str:
        """A configuration of the proxy, which listens at its own addresses."""
        text = re.sub(r"\bbind \*:", f"bind {self.address}:", text)
        return re.sub(r"\bbind \[::\]:\d+", f"bind [::1]:{self._composition.ipv6_port}", text)

    def _environment(self) -> Mapping[str, str]:
        return {
            **self._variables,
            "PATH": self._composition.path,
            "HOME": str(self._root),
            "LANG": "C.UTF-8",
            "ADDRESS": self.address,
            "SOCKETS": str(self._root / "run"),
            "SCRIPTS": str(self._root / SCRIPTS.lstrip("/")),
        }

    def _confined(self) -> Sequence[str]:
        if os.geteuid() != 0:
            return ()
        uid, gid = self._ids
        powerless = (
            *("setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups"),
            *("--no-new-privs", "--inh-caps=-all", "--bounding-set=-all"),
        )
        if not (self._is_read_only and _makes_read_only()):
            return powerless
        writable = self._places.get("/tmp", self._root / "run")
        return ("unshare", "--mount", "sh", "-c", READ_ONLY, "sh", str(writable), *powerless)


def _overridden(said: Mapping[str, Any], more: Mapping[str, Any]) -> Mapping[str, Any]:
    """What two files say of a service: lists of volumes are added up, variables too."""
    both = {**said, **more}
    if "environment" in more:
        both["environment"] = {**said.get("environment", {}), **more["environment"]}
    if "volumes" in more:
        both["volumes"] = [*said.get("volumes", []), *more["volumes"]]
    return both
