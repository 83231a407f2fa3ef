"""`/livez`: the process answers; to operators who ask for detail, also how it fares.

A request enters, JSON leaves: versions, uptime, memory, the event loop's lag, databases and pools. A database that is
away is told, and changes nothing: the process lives.
"""

import asyncio
import os
import platform
import time
from importlib.metadata import version
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from db.revisions import history, own_history
from graph import VERSION
from graph.health import Health
from graph.metrics import Metrics
from graph.operators import VERBOSE, OperatorAccess

LIBRARIES = ("graphql-core", "strawberry-graphql", "sqlalchemy", "starlette", "uvicorn")
TICK_S = 0.01
TICKS = 5


class Liveness:
    """What is told of one process."""

    def __init__(self, access: OperatorAccess, health: Health, metrics: Metrics) -> None:
        self._access = access
        self._health = health
        self._metrics = metrics
        self._begun = time.monotonic()
        self._versions: dict[str, str] = {}

    async def respond(self, request: Request) -> Response:
        """`/livez` and `/healthz`; `?verbose` for detail."""
        if VERBOSE not in request.query_params:
            return JSONResponse({"status": "ok"})
        return self._access.refused(request) or JSONResponse({"status": "ok"} | await self._detail())

    async def _detail(self) -> dict[str, Any]:
        self._versions = self._versions or await asyncio.to_thread(_versions)
        lag_s = await _lag_s()
        return {
            "versions": self._versions,
            "process": os.getpid(),
            "uptime_s": round(time.monotonic() - self._begun, 3),
            "resident_bytes": self._metrics.resident_bytes(),
            "event_loop": {"lag_s": round(lag_s, 6), "tasks": len(asyncio.all_tasks())},
            "revisions": {"code": sorted(history().newest), "own": sorted(own_history(self._health.own).newest)},
            "readiness": await self._health.detail(),
        }


def _versions() -> dict[str, str]:
    ours = {"python": platform.python_version(), "trellis": VERSION}  # a project is installed under a name of its own
    return ours | {name: version(name) for name in LIBRARIES}


async def _lag_s() -> float:
    """How much later than it should a timer rings now, in seconds: the longest of a few."""
    late = 0.0
    for _ in range(TICKS):
        begun = time.perf_counter()
        await asyncio.sleep(TICK_S)
        late = max(late, time.perf_counter() - begun - TICK_S)
    return late
