"""`make promises`: every promise is tried, as long as it takes, and a table says which hold.

Numbers of promises enter; a table leaves, and the exit status 1 if one does not hold. Each piece of evidence runs in a
process of its own, which is ended when it takes too long. The soak runs beside the others.
"""

import argparse
import asyncio
import json
import os
import re
import signal
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from tests.cli.running import hear_interrupts
from tests.promises.process import PREFIX
from tests.promises.table import LOAD_S, PROMISES, Evidence, NotBuilt, Suite, Trial, Trying
from tests.promises.trials.finding import Finding
from tests.untried import Untried

ROOT = Path(__file__).parents[2]
SOAK = "soak.soak"
MINUTES = 15.0
SPARE_S = 120
"""What a soak takes besides its minutes."""
END_S = 20
"""What a trial may take to stop its servers."""


class Row(NamedTuple):
    """A line of the table."""

    number: int
    what: str
    figure: str
    holds: bool | None
    """None: there is nothing to try, or nothing to try it with."""


class Piece(NamedTuple):
    """One piece of evidence, on one database if it is a trial."""

    number: int
    evidence: Evidence
    dialect: str = ""

    @property
    def is_soak(self) -> bool:
        return isinstance(self.evidence, Trial) and self.evidence.name == SOAK


def main() -> int:
    """Try promises; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.promises", description="Try what Trellis promises.")
    parser.add_argument("--only", help="numbers of promises, such as 11,13; all if left out")
    parser.add_argument("--minutes", type=float, default=MINUTES, help="how long memory is watched (default 15)")
    parser.add_argument("--seed", type=int, default=0, help="of the attacks (default 0)")
    parser.add_argument("--trial", nargs=2, metavar=("NAME", "DIALECT"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.trial:
        name, dialect = arguments.trial
        return _try_here(Trial(name).function(), dialect, arguments.minutes)
    chosen = [int(number) for number in arguments.only.split(",")] if arguments.only else list(PROMISES)
    if unknown := [number for number in chosen if number not in PROMISES]:
        parser.error(f"there is no promise {unknown[0]}; they count from 1 to {max(PROMISES)}")
    os.environ |= {"TRELLIS_PROMISE_S": LOAD_S, "TRELLIS_ATTACK_SEED": str(arguments.seed)}
    rows = asyncio.run(_try_all(chosen, arguments.minutes))
    _say("\n" + _table(rows))
    return int(any(row.holds is False for row in rows))


def _try_here(trial: Trying, dialect: str, minutes: float) -> int:
    """Run one trial in this process, and write what it found as the last line."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # its servers end with it, whoever ends it
    for setting in [setting for setting in os.environ if setting.startswith(PREFIX)]:
        del os.environ[setting]
    try:
        found = asyncio.run(trial(dialect, minutes))
    except Untried as missing:
        _say(json.dumps({"untried": str(missing)}))
        return 0
    except Exception as error:  # a trial that breaks down holds nothing, and says why
        found = Finding(f"{type(error).__name__}: {error}"[:300], ["the trial goes to its end"])
    _say(json.dumps({"figure": found.figure, "broken": list(found.broken)}))
    return 0


async def _try_all(numbers: Sequence[int], minutes: float) -> list[Row]:
    pieces = [piece for number in numbers for piece in _pieces(number)]
    soaks = [asyncio.create_task(_try(piece, minutes)) for piece in pieces if piece.is_soak]
    rows = [await _try(piece, minutes) for piece in pieces if not piece.is_soak]
    return sorted([*rows, *await asyncio.gather(*soaks)], key=lambda row: row.number)


def _pieces(number: int) -> list[Piece]:
    return [
        Piece(number, evidence, dialect)
        for evidence in PROMISES[number].evidence
        for dialect in (evidence.dialects if isinstance(evidence, Trial) else ("",))
    ]


async def _try(piece: Piece, minutes: float) -> Row:
    started = time.monotonic()
    match piece.evidence:
        case Suite() as tests:
            row = await _run_tests(piece.number, tests)
        case Trial() as trial:
            row = await _run_trial(piece.number, trial, piece.dialect, minutes)
        case NotBuilt() as missing:
            row = Row(piece.number, "not built", missing.why, None)
    _say(f"{time.monotonic() - started:5.0f} s  {_line(row)}")
    return row


async def _run_tests(number: int, tests: Suite) -> Row:
    with tempfile.TemporaryDirectory(prefix="trellis-promises-") as folder:
        report = Path(folder) / "report.xml"
        options = ["-q", "-p", "no:cacheprovider", "-o", "junit_family=xunit1", f"--junitxml={report}"]
        options += ["-n", str(tests.at_once), "--dist", "worksteal"] if tests.at_once > 1 else []
        output = await _output(tests.most_s, "-m", "pytest", *options, *tests.ids)
        what = " ".join(name.removeprefix("tests/") for name in tests.ids)
        if output is None or not report.exists():
            return Row(number, what, f"not done after {tests.most_s} s", holds=False)
        figure, holds = _counted(report)
    return Row(number, what, figure, holds)


def _counted(report: Path) -> tuple[str, bool]:
    """What a report of pytest says, and whether all is well. A failure that is expected is one here."""
    cases = list(ElementTree.parse(report).iter("testcase"))
    kinds = {kind: [case for case in cases if case.find(kind) is not None] for kind in ("failure", "error", "skipped")}
    open_ = [case for case in kinds["skipped"] if case.find("skipped").get("type") == "pytest.xfail"]  # type: ignore[union-attr]  # it was found
    bad = [*kinds["failure"], *kinds["error"], *open_]
    figure = f"{len(cases) - len(bad) - len(kinds['skipped']) + len(open_)} hold, {len(bad)} do not"
    names = ", ".join(re.sub(r"^test_\w+\[(.*)\]$", r"\1", case.get("name", "")) for case in bad)
    return figure + (f": {names}" if names else ""), bool(cases) and not bad


async def _run_trial(number: int, trial: Trial, dialect: str, minutes: float) -> Row:
    most_s = trial.most_s + (minutes * 60 + SPARE_S if trial.name == SOAK else 0)
    command = ("-m", "tests.promises", "--trial", trial.name, dialect, "--minutes", str(minutes))
    output = await _output(most_s, *command)
    what = f"{trial.name} [{dialect}]"
    try:
        found = json.loads((output or "").strip().rpartition("\n")[2])
    except ValueError:
        return Row(number, what, f"nothing after {most_s:.0f} s", holds=False)
    if "untried" in found:
        return Row(number, what, found["untried"], None)
    misses = f" NOT: {'; '.join(found['broken'])}" if found["broken"] else ""
    return Row(number, what, found["figure"] + misses, not found["broken"])


async def _output(most_s: float, *arguments: str) -> str | None:
    """What a Python of ours writes; None where it had to be ended, with all that it had started."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *arguments,
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
        preexec_fn=hear_interrupts,
    )
    try:
        async with asyncio.timeout(most_s):
            output, _ = await process.communicate()
            return output.decode(errors="replace")
    except TimeoutError:
        return None
    finally:
        if process.returncode is None:
            await _end(process)


async def _end(process: asyncio.subprocess.Process) -> None:
    """Interrupt it, so that it ends what it has started; where it does not, end it."""
    with suppress(ProcessLookupError):
        process.send_signal(signal.SIGINT)
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), END_S)
        os.killpg(process.pid, signal.SIGKILL)


def _table(rows: Sequence[Row]) -> str:
    lines = [_line(row) for row in rows]
    held, open_ = sum(row.holds is True for row in rows), sum(row.holds is False for row in rows)
    return "\n".join([*lines, f"{held} hold, {open_} do not, {len(rows) - held - open_} were not tried."])


def _line(row: Row) -> str:
    promise = PROMISES[row.number]
    word = {True: "yes", False: "NO", None: "-"}[row.holds]
    return f"{row.number:2} {word:3} {promise.name} ({promise.bar}) | {row.what} | {row.figure}"


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - a command


if __name__ == "__main__":
    sys.exit(main())
