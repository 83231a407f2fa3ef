"""Trellis with a switch for a profiler: one signal starts it, another stops it and writes what it saw.

`graph.app` runs as it is, on uvicorn, in a process of its own. The environment names the file, SIGUSR1 starts and
SIGUSR2 stops; the file appears when the profile is whole. It has what pstats loads, and beside it, as `.json`, the
processor time of the whole process.
"""

import asyncio
import cProfile
import json
import os
import signal
import time
from pathlib import Path

from starlette.types import ASGIApp, Receive, Scope, Send

from bench.trellis_app import create as create_trellis

FILE = "BENCH_PROFILE"
START, STOP = signal.SIGUSR1, signal.SIGUSR2


class Profiler:
    """Between two signals, every call of a function is counted and timed."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._profile = cProfile.Profile()
        self._cpu_s = 0.0

    def start(self) -> None:
        """From now on."""
        self._profile = cProfile.Profile()
        self._cpu_s = time.process_time()
        self._profile.enable()

    def stop(self) -> None:
        """Write the file."""
        self._profile.disable()
        self._file.with_suffix(".json").write_text(json.dumps({"cpu_s": time.process_time() - self._cpu_s}))
        unfinished = self._file.with_suffix(".part")
        self._profile.dump_stats(unfinished)
        unfinished.rename(self._file)


def create_app() -> ASGIApp:
    """The application, with the switch."""
    trellis, profiler = create_trellis(), Profiler(Path(os.environ[FILE]))

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            loop = asyncio.get_running_loop()
            loop.add_signal_handler(START, profiler.start)
            loop.add_signal_handler(STOP, profiler.stop)
        await trellis(scope, receive, send)

    return app
