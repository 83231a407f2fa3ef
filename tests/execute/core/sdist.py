"""graphql-core's source distribution, which has its tests; the wheel has not.

The version and the hash that `uv.lock` pins enter, a folder with the unpacked archive leaves. It is downloaded once
and kept below `var/`. Only pip and its settings know where packages come from.

Sources: https://pip.pypa.io/en/stable/cli/pip_download/, https://pip.pypa.io/en/stable/topics/secure-installs/.
"""

import fcntl
import importlib.metadata
import importlib.util
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

HOUSE = Path(__file__).resolve().parents[3]
LOCK = HOUSE / "uv.lock"
CACHE = HOUSE / "var" / "graphql-core"
PACKAGE = "graphql-core"
DOWNLOAD_TIMEOUT_S = 300


class SourceUnavailable(Exception):
    """graphql-core's source distribution cannot be had."""

    def __init__(self, reason: str, cure: str) -> None:
        self.reason = reason
        self.cure = cure
        super().__init__(f"graphql-core's own tests are in its source distribution, and {reason}. {cure}")


class Pin(NamedTuple):
    """A version, and the hash of its source distribution as pip writes it: `sha256:…`."""

    version: str
    hash: str


def pinned() -> Pin:
    """What the lock says of the version that is installed. Raises `SourceUnavailable` when they differ."""
    packages = tomllib.loads(LOCK.read_text(encoding="utf-8"))["package"]
    (locked,) = [package for package in packages if package["name"] == PACKAGE]
    installed = importlib.metadata.version(PACKAGE)
    if locked["version"] != installed:
        reason = f"{installed} is installed where {locked['version']} is locked"
        raise SourceUnavailable(reason, "Run `make setup`.")
    return Pin(installed, locked["sdist"]["hash"])


def unpacked() -> Path:
    """The folder of the source distribution; the first to ask downloads it, others wait.

    Raises `SourceUnavailable` that names the cure.
    """
    pin = pinned()
    folder = CACHE / pin.version
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock, tempfile.TemporaryDirectory(dir=CACHE) as temporary:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            _unpack(_download(pin, Path(temporary))).rename(folder)
    return folder


def _download(pin: Pin, folder: Path) -> Path:
    """Fetch the archive into a folder. pip compares the hash before it opens the archive."""
    requirements = folder / "requirements.txt"
    requirements.write_text(f"{PACKAGE}=={pin.version} --hash={pin.hash}\n")
    options = ["--quiet", "--no-deps", "--no-binary", PACKAGE, "--require-hashes", "--dest", str(folder)]
    try:
        done = subprocess.run(
            [*_pip(), "download", *options, "--requirement", str(requirements)],
            env=_environment(),
            capture_output=True,
            text=True,
            timeout=DOWNLOAD_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise _not_downloaded(pin, f"it took more than {DOWNLOAD_TIMEOUT_S} s") from None
    if done.returncode:
        raise _not_downloaded(pin, f"pip says: {done.stderr.strip()}")
    (archive,) = folder.glob("*.tar.gz")
    return archive


def _not_downloaded(pin: Pin, reason: str) -> SourceUnavailable:
    return SourceUnavailable(
        f"version {pin.version} cannot be downloaded: {reason}",
        "Let pip reach PyPI or a mirror of it (PIP_INDEX_URL), or unpack the archive yourself, so that its"
        f" pyproject.toml is in {(CACHE / pin.version).relative_to(HOUSE)}/.",
    )


def _pip() -> Sequence[str]:
    """The environment's pip; uv makes environments without one, and runs pip from elsewhere."""
    if importlib.util.find_spec("pip") is not None:
        return [sys.executable, "-m", "pip"]
    uv = shutil.which("uv") or shutil.which("uv", path=Path(sys.executable).parent)
    if uv is None:
        raise SourceUnavailable("there is neither pip nor uv to download it", "Run `make setup`.")
    return [uv, "tool", "run", "--quiet", "--python", sys.executable, "pip"]


def _environment() -> Mapping[str, str]:
    """Our environment; where only uv has been told of an index, pip is told of the same."""
    index = os.environ.get("UV_DEFAULT_INDEX") or os.environ.get("UV_INDEX_URL")
    told = {"PIP_INDEX_URL": index.removeprefix(f"{index.partition('=')[0]}=")} if index else {}
    return {**told, **os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}


def _unpack(archive: Path) -> Path:
    """Unpack beside the archive and return the one folder in it."""
    folder = archive.parent / "unpacked"
    with tarfile.open(archive) as opened:
        # Python 3.11.4 brought the filter. Where there is none we trust the archive: its hash is the lock's.
        opened.extraction_filter = getattr(tarfile, "data_filter", lambda member, _path: member)
        opened.extractall(folder)
    (only,) = folder.iterdir()
    return only
