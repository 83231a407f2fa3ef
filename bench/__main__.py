"""`python -m bench`: the command behind `make bench`. What it measures and how to read it: README.md."""

import argparse
import signal
import sys
from collections.abc import Callable, Collection, Sequence
from types import FrameType

from rich.console import Console

from bench.comparing import Asked, compare
from bench.cores import divide
from bench.database import database
from bench.operations import OPERATIONS
from bench.profiling import profile
from bench.servers import SERVERS
from graph.testing.postgresql import PostgresUnavailable

INTERRUPTED = 130
WIDTH = 160
"""Of the tables in a file or a pipe."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what is asked for; 0 when all went well."""
    asked = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, _interrupt)
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    cores = divide()
    try:
        console.print("Starting PostgreSQL and filling a database…")
        with database() as url:
            if asked.profile:
                profile(OPERATIONS[asked.profile], url, cores, console)
            else:
                compare(Asked(asked.quick, asked.only, asked.servers), url, cores, console)
    except PostgresUnavailable as missing:
        console.print(str(missing))
        return 1
    except KeyboardInterrupt:
        console.print("Stopped: every server is down, nothing was stored.")
        return INTERRUPTED
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure Trellis beside its peers.")
    parser.add_argument("--quick", action="store_true", help="about five minutes")
    parser.add_argument("--only", metavar="OPERATION,…", type=_some_of(OPERATIONS), help=", ".join(OPERATIONS))
    parser.add_argument("--servers", metavar="SERVER,…", type=_some_of(SERVERS), help=", ".join(SERVERS))
    parser.add_argument("--profile", metavar="OPERATION", choices=list(OPERATIONS), help="show where the time goes")
    return parser


def _some_of(known: Collection[str]) -> Callable[[str], frozenset[str]]:
    def names(text: str) -> frozenset[str]:
        found = frozenset(text.split(","))
        if unknown := found - set(known):
            raise argparse.ArgumentTypeError(f"{', '.join(sorted(unknown))}: choose from {', '.join(known)}")
        return found

    return names


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    """Leave as on Ctrl-C, so that everything is stopped on the way out."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
