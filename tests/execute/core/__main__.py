"""Run graphql-core's tests of the execution and show pytest's output: `python -m tests.execute.core`.

Arguments that are not ours go to pytest: `-x`, `-k lists`, `--tb=long`.
"""

import argparse
import subprocess
import sys

from tests.execute.core import running, sdist


def main() -> int:
    """Run, and return pytest's exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.execute.core", description=__doc__, allow_abbrev=False)
    parser.add_argument("--mixin", default=running.MIXIN, help="module:Class; %(default)s by default")
    parser.add_argument("--stock", action="store_true", help="graphql-core's own executors")
    options, others = parser.parse_known_args()
    command = running.command(*others, mixin=None if options.stock else options.mixin)
    return subprocess.run(command, cwd=sdist.unpacked(), env=running.environment(), check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
