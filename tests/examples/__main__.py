"""`make examples`: every example app is compiled and run as its README says, against a server of this tree.

The folders of `examples/` enter. A server starts on a free port, on a temporary SQLite database with the demo's rows.
In each folder the commands of the README's first block of `sh` are run, with `TRELLIS_URL` telling where the server is,
and a page is opened in a browser. Nothing outlives the run, and nothing takes longer than its timeout. The exit status
is that of the first command that fails, with all it has printed.
"""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from db.settings import HOUSE
from tests import node
from tests.cli.running import serving, trellis_process
from tests.examples import page
from tests.explorer.browser import CHROMIUM

EXAMPLES = HOUSE / "examples"
COMMANDS = re.compile(r"^```sh\n(.*?)^```$", re.M | re.S)
COMMAND_S = 180
TERMINATED = 128 + signal.SIGTERM


def main() -> int:
    """Run all examples, or those that the command line names, `relay,python`; the exit status."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))  # what is started here is stopped on the way out
    try:
        examples = chosen(sys.argv[1:])
        path = node.path()
    except (LookupError, node.Unavailable) as reason:
        print(*reason.args, file=sys.stderr)  # noqa: T201 - a command
        return 1
    with tempfile.TemporaryDirectory(prefix="trellis-examples-") as folder:
        url = f"sqlite:///{Path(folder).resolve() / 'demo.db'}"
        trellis_process("db", "upgrade", TRELLIS_DATABASE_URL=url)
        trellis_process("demo", TRELLIS_DATABASE_URL=url)
        with serving(url) as (_, address):
            environment = _environment(path, f"{address}/graphql")
            return next((status for example in examples if (status := _run(example, environment))), 0)


def chosen(names: Sequence[str]) -> list[Path]:
    """The folders of these examples, `["relay,python"]`; of all for no name. Raises `LookupError` for one without."""
    wanted = {name for argument in names for name in argument.split(",")}
    folders = {readme.parent.name: readme.parent for readme in sorted(EXAMPLES.glob("*/README.md"))}
    if unknown := wanted - folders.keys():
        raise LookupError(f"There is no example {', '.join(sorted(unknown))}; there are {', '.join(folders)}.")
    return [folder for name, folder in folders.items() if not wanted or name in wanted]


def commands(example: Path) -> list[str]:
    """What the README of an example tells to type."""
    found = COMMANDS.search((example / "README.md").read_text(encoding="utf-8"))
    return found[1].splitlines() if found else []


def _run(example: Path, environment: Mapping[str, str]) -> int:
    """Run the commands of one example and open its page; the exit status of the first that fails."""
    status = next((it for command in commands(example) if (it := _command(command, example, environment))), 0)
    return status or _page(example, environment)


def _page(example: Path, environment: Mapping[str, str]) -> int:
    """Open the page of an example, if it has one. Without a browser that is left out, but not in CI."""
    if not (example / "index.html").exists() or (CHROMIUM is None and "CI" not in os.environ):
        return 0
    started, failure = time.perf_counter(), ""
    try:
        page.visit(example, environment)
    except page.FAILURES as error:
        failure = f"\n{error}"
    _say(example, page.COMMAND, started, failure)
    return int(bool(failure))


def _command(command: str, example: Path, environment: Mapping[str, str]) -> int:
    """Run one command; its whole output is shown when it fails."""
    started = time.perf_counter()
    process = subprocess.Popen(
        command,
        shell=True,
        cwd=example,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=COMMAND_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        output = f"{process.communicate()[0]}\nIt took longer than {COMMAND_S} s."
    except BaseException:  # Ctrl-C: its own processes must not outlive it
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise
    _say(example, command, started, f"\n{output}" if process.returncode else "")
    return process.returncode


def _say(example: Path, command: str, started: float, failure: str = "") -> None:
    took = time.perf_counter() - started
    print(f"{took:5.1f} s  {example.relative_to(HOUSE)}: {command}{failure}", flush=True)  # noqa: T201 - a command


def _environment(path: str, url: str) -> Mapping[str, str]:
    """The environment of somebody who has just cloned the project; our own Python environment is not the examples'."""
    ours = ("TRELLIS_", "PYTEST_", "VIRTUAL_ENV", "UV_PROJECT_ENVIRONMENT", "PYTHONPATH")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return kept | {"PATH": path, "TRELLIS_URL": url, "CI": "true", "NO_COLOR": "1"}


if __name__ == "__main__":
    sys.exit(main())
