"""Servers whose workers import what they answer: `python -m tests.serving.rolling FOLDER COUNT` prints its port.

The folder has `code_on_disk.py` with a text `ANSWER`. 0 workers: the process serves by itself.
"""

import asyncio
import logging
import os
import signal
import socket
import sys
from collections.abc import Sequence
from functools import partial
from importlib import import_module
from multiprocessing.connection import Connection

import uvicorn
from starlette.types import Receive, Scope, Send

from graph.cli.actions.serve import bound
from graph.serving import supervisor
from graph.serving.gate import Gate
from graph.serving.limits import Limits
from graph.serving.protocol import LimitedProtocol
from graph.serving.server import DrainingServer
from graph.serving.succession import Succession
from graph.serving.supervisor import Supervisor

START_S = float(os.environ.get("TEST_START_S", "120"))
"""How long a worker may take here until it serves."""
STOPS_BETWEEN = "TEST_STOPS_BETWEEN" in os.environ
"""Whether a server that is alone is told to stop when it serves no more and looks after nobody yet."""
PART_S = 0.01
GRACE_S = 10.0


async def answer(text: str, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with a text, in two parts."""
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
        return
    half, rest = text[:1].encode(), text[1:].encode()
    headers = [(b"content-length", str(len(half + rest)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": half, "more_body": True})
    await asyncio.sleep(PART_S)
    await send({"type": "http.response.body", "body": rest})


def serve(
    folder: str,
    sockets: Sequence[socket.socket],
    parent: Connection | None,
    _checked: bool = True,
    succession: Succession | None = None,
) -> None:
    """Serve what the code says that is in the folder now."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    sys.path.insert(0, folder)
    app = partial(answer, import_module("code_on_disk").ANSWER)
    config = uvicorn.Config(
        app, interface="asgi3", http=LimitedProtocol, lifespan="on", log_config=None, access_log=False
    )
    tell = partial(logging.getLogger().info, "it serves")
    server = DrainingServer(config, Gate(Limits()), lambda: None, 0, GRACE_S, parent, tell, succession)
    server.run(list(sockets))


def main() -> None:
    """Run so many workers."""
    folder, count = sys.argv[1], int(sys.argv[2])
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    supervisor.START_S = START_S
    with bound("127.0.0.1", 0) as sockets:
        sys.stdout.write(f"{sockets[0].getsockname()[1]}\n")
        sys.stdout.flush()
        work = partial(serve, folder)
        if count:
            able = Supervisor(work, count, sockets, GRACE_S).run()
        else:
            succession = Succession(lambda copies: Supervisor(work, 1, copies, GRACE_S), sockets)
            signal.signal(signal.SIGHUP, succession.hear)
            serve(folder, sockets, None, succession=succession)
            if STOPS_BETWEEN:
                signal.raise_signal(signal.SIGTERM)
            able = succession.go_on()
    sys.exit(0 if able else 1)


if __name__ == "__main__":
    main()
