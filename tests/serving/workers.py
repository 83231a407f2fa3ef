"""Servers that are of no use: `python -m tests.serving.workers fails` prints what becomes of two workers that fail."""

import socket
import sys
import threading
import time
from collections.abc import Sequence
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from unittest.mock import patch

import uvicorn
from starlette.types import Receive, Scope, Send

from graph.serving import server, supervisor
from graph.serving.gate import Gate
from graph.serving.limits import Limits
from graph.serving.server import DrainingServer
from graph.serving.supervisor import Supervisor

SPARE_S = 0.3


def fails(_sockets: Sequence[socket.socket], _parent: Connection, _checked: bool) -> None:
    """Cannot serve."""
    sys.exit(3)


def hangs(_sockets: Sequence[socket.socket], _parent: Connection, _checked: bool) -> None:
    """Hears nothing of its parent."""
    time.sleep(600)


async def endless(scope: Scope, receive: Receive, send: Send) -> None:
    """An application that does not end."""
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        threading.Thread(target=time.sleep, args=(600,)).start()
        await receive()
        time.sleep(600)  # noqa: ASYNC251 - that is the case


def serve_endless() -> None:
    """Serve that application, on no socket."""
    config = uvicorn.Config(endless, log_level="warning")
    tell = partial(print, "started", flush=True)
    with patch.object(server, "HANGING_S", SPARE_S):
        DrainingServer(config, Gate(Limits()), lambda: None, 0, 0, None, tell).run([])


def main() -> None:
    """Run two workers, or one server."""
    if sys.argv[1] == "endless":
        serve_endless()
        return
    supervisor.SPARE_S = SPARE_S
    work = {"fails": fails, "hangs": hangs}[sys.argv[1]]
    parent = Supervisor(work, 2, [], drain_s=0)
    sys.stdout.write(f"{parent.run()}\n")


def children_of(pid: int) -> set[int]:
    """The workers of a parent; Python's own process, which looks after resources, is none."""
    threads = Path(f"/proc/{pid}/task").iterdir()  # a child belongs to the thread that has started it
    children = [child for thread in threads for child in (thread / "children").read_text().split()]
    return {int(child) for child in children if _is_worker(child)}


def _is_worker(child: str) -> bool:
    try:
        return b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
        return False


def is_running(pid: int) -> bool:
    """Whether a process is there and has not ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


if __name__ == "__main__":
    main()
