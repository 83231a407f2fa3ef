"""Workers that are of no use, and a parent of them: `python -m tests.serving.workers fails` prints what it comes to."""

import socket
import sys
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path

from graph.serving import supervisor
from graph.serving.supervisor import Supervisor

SPARE_S = 0.3


def fails(_sockets: Sequence[socket.socket], _parent: Connection) -> None:
    """Cannot serve."""
    sys.exit(3)


def hangs(_sockets: Sequence[socket.socket], _parent: Connection) -> None:
    """Hears nothing of its parent."""
    time.sleep(600)


def main() -> None:
    """Run two workers."""
    supervisor.SPARE_S = SPARE_S
    work = {"fails": fails, "hangs": hangs}[sys.argv[1]]
    parent = Supervisor(work, 2, [], drain_s=0)
    sys.stdout.write(f"{parent.run()}\n")


def children_of(pid: int) -> set[int]:
    """The workers of a parent; Python's own process, which looks after resources, is none."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return {int(child) for child in children if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()}


def is_running(pid: int) -> bool:
    """Whether a process is there and has not ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


if __name__ == "__main__":
    main()
