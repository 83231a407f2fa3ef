"""The interpreter of every Python server: the fastest build of our own version that the machine has.

Nothing enters; the Python of an environment leaves, and words on how its interpreter was built. Builds are compared by
what they need for the same work, for their own word cannot be relied on: Debian's python3 is linked by itself with
profile and link-time optimisation, and its sysconfig describes the shared library, which has neither.
Sources: https://docs.python.org/3/using/configure.html#performance-options, debian/rules of Debian's python3.11.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from bench import installing

NAME = f"python{sys.version_info.major}.{sys.version_info.minor}"
SYSTEM = Path("/usr/bin")
PROBE_TIMEOUT_S = 60
WORTH_IT = 0.95
"""Another build is taken when the same work takes less than this part of the time."""

PROBE = """
import json, sys, sysconfig, time

class Row:
    __slots__ = ("number",)
    def __init__(self, number): self.number = number
    def title(self, names): return f"{self.number}: {names[self.number % 7]}"

def work():
    names = {number: str(number) for number in range(7)}
    texts = [Row(number).title(names) for number in range(20_000)]
    return json.loads(json.dumps(texts[:5_000]))

def once():
    began = time.process_time()
    work()
    return time.process_time() - began

told = sysconfig.get_config_vars()
maps = open("/proc/self/maps").read()
print(json.dumps({
    "version": sys.version.partition(" ")[0],
    "suffix": told.get("EXT_SUFFIX"),
    "options": told.get("CONFIG_ARGS") or "",
    "itself": bool(told.get("Py_ENABLE_SHARED")) == ("libpython" in maps),
    "seconds": min(once() for _ in range(9)),
}))
"""


class Build(NamedTuple):
    """An interpreter, and what it says and shows of itself."""

    python: Path
    version: str
    suffix: str
    """Of the extension modules that it loads; builds of one suffix share an environment's packages."""
    options: str
    """What `configure` was given, by its sysconfig."""
    itself: bool
    """Whether its sysconfig describes this build, and not the shared library beside it."""
    seconds: float
    """The processor time of some work of ours."""

    @property
    def optimised(self) -> str:
        """How it was built, in words."""
        if not self.itself:
            return "its sysconfig describes another build"
        missing = [option for option in ("--enable-optimizations", "--with-lto") if option not in self.options]
        return f"built without {' and '.join(missing)}" if missing else "built with --enable-optimizations --with-lto"


class Chosen(NamedTuple):
    """The build that serves, and that of the environment that we run in."""

    build: Build
    own: Build

    def __str__(self) -> str:
        build, own = self.build, self.own
        words = f"CPython {build.version} at {build.python}, {build.optimised}"
        if build == own:
            return words
        return f"{words}, {own.seconds / build.seconds:.2f} times as fast as {own.version}, {own.optimised}"


@cache
def chosen() -> Chosen:
    """The fastest build; our own where others are hardly faster."""
    found = [build for path in _candidates() if (build := probe(path)) is not None]
    own = found[0]
    build = choose(own, [build for build in found if build.suffix == own.suffix])
    try:
        _serves(build, own)
    except installing.Unavailable:  # it cannot make environments
        build = own
    return Chosen(build, own)


def choose(own: Build, builds: list[Build]) -> Build:
    """The fastest of these if it is worth it, else our own."""
    fastest = min(builds, key=lambda build: build.seconds, default=own)
    return fastest if fastest.seconds < WORTH_IT * own.seconds else own


@cache
def python() -> Path:
    """The Python of an environment with our packages on that build."""
    return _serves(*chosen())


def _serves(build: Build, own: Build) -> Path:
    return Path(sys.executable) if build == own else installing.beside(build.python)


def probe(path: Path) -> Build | None:
    """What an interpreter shows of itself; None for one that does not run."""
    command = [str(path), "-I", "-S", "-c", PROBE]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PROBE_TIMEOUT_S, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return Build(path, **json.loads(done.stdout))


def _candidates() -> Iterator[Path]:
    """Our own first, then those of the system."""
    yield Path(sys.executable)
    on_path = shutil.which(NAME)
    others = {path.resolve() for path in (SYSTEM / NAME, Path(on_path or NAME)) if path.exists()}
    yield from sorted(others - {Path(sys.executable).resolve()})
