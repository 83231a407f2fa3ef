"""`/readyz`: whether traffic may come. A request of a balancer enters, 200 or 503 with the reason leaves.

Probes use connections of their own: overload is not death. Nothing is written, and no text of a database leaves.
"""

import asyncio

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from db.session.engines import Engines
from graph.settings import Settings


class Health:
    """What the balancers of one server are told. They may ask at once: the databases are asked once for all of them."""

    def __init__(self, engines: Engines, settings: Settings) -> None:
        self._engines = engines
        self._timeout_s = settings.readiness_timeout_s
        self._asking: asyncio.Task[dict[str, str | None]] | None = None

    async def respond(self, _request: Request) -> Response:
        """`/readyz`: whether the databases answer, and how full the pools are; 503 when one does not."""
        problems = await self._ask()
        ready = not any(problems.values())
        answer = {
            "status": "ok" if ready else "unavailable",
            "databases": {name: problem or "ok" for name, problem in problems.items()},
            "pools": {name: pool._asdict() for name, pool in self._engines.pools().items()},
        }
        return JSONResponse(answer, 200 if ready else 503)

    async def _ask(self) -> dict[str, str | None]:
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._engines.ping(self._timeout_s))
        return await asyncio.shield(self._asking)  # who stops waiting leaves the others theirs
