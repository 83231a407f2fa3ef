"""`/readyz`: whether traffic may come. A request of a balancer enters, 200 or 503 with the reason leaves.

Probes use connections of their own: overload is not death. Nothing is written, and no text of a database leaves.
Strangers are told the status and reasons in a word each; detail is for operators (`graph.operators`).
"""

import asyncio
from collections.abc import Collection, Mapping
from typing import Any, Protocol

from sqlalchemy import FromClause
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from db.own import Feature
from db.probing import Finding, Note, Probe, Problem, wanted_by
from db.session.engines import Engines
from db.session.replicas import ReplicaState
from graph.findings import PRIMARY, SENTENCES
from graph.operators import VERBOSE, OperatorAccess
from graph.settings import Settings

DRAINING = "draining"


class ShowsTables(Protocol):
    """The schema, as far as health goes."""

    def tables(self) -> tuple[FromClause, ...]:
        """The tables whose rows the schema shows."""


class Health:
    """What the balancers of one server are told. They may ask at once: the databases are asked once for all of them."""

    def __init__(
        self,
        engines: Engines,
        settings: Settings,
        schema: ShowsTables,
        own: Collection[Feature] = (),
        *,
        is_revised: bool = True,
        takes_changes: bool = True,
    ) -> None:
        """`own` says for what tables of Trellis's own are wanted; the rest is as `Domain` has it."""
        self._engines = engines
        self._access = OperatorAccess(settings)
        self._timeout_s = settings.readiness_timeout_s
        self._schema = schema
        self._is_revised = is_revised
        self._takes_changes = takes_changes
        self._settings = settings
        self.own = own
        self._probes: Mapping[str, Probe] = {}
        self._asking: asyncio.Task[dict[str, Finding]] | None = None
        self._draining = False

    async def start(self) -> None:
        """Read the revisions of the code, and look at the files of databases: a disk may take its time."""
        self._probes = await asyncio.to_thread(self._make_probes)

    def _make_probes(self) -> Mapping[str, Probe]:
        wanted = wanted_by(self._settings, self._schema.tables(), self.own, is_revised=self._is_revised)
        return {
            name: Probe(engine, wanted, takes_changes=self._takes_changes and name == PRIMARY)
            for name, engine in self._engines.probing().items()
        }

    def drain(self) -> None:
        """Send balancers away from now on; what comes nevertheless is served."""
        self._draining = True

    @property
    def is_draining(self) -> bool:
        """Whether balancers are sent away."""
        return self._draining

    async def serving(self) -> Mapping[str, bool]:
        """Whether each database can serve, by name."""
        return {name: finding.problem is None for name, finding in (await self.ask()).items()}

    async def respond(self, request: Request) -> Response:
        """`/readyz`: whether the databases can serve, 503 with the reasons when not; `?verbose` for detail."""
        verbose = VERBOSE in request.query_params
        refused = self._access.refused(request) if verbose else None
        if refused is not None:
            return refused
        detail = await self.detail()
        return JSONResponse(detail if verbose else _brief(detail), 503 if "reasons" in detail else 200)

    async def detail(self) -> dict[str, Any]:
        """The status with its reasons, how each database is found, at which revision, and how full the pools are."""
        found = await self.ask()
        problems = [(name, finding.problem) for name, finding in found.items() if finding.problem is not None]
        reasons = [_said(*problem) for problem in problems if problem[0] == PRIMARY]
        if self._draining:
            reasons.append({"reason": DRAINING, "message": "The server is about to stop. Ask another one."})
        notes = [_said(*problem) for problem in problems if problem[0] != PRIMARY]  # reads go elsewhere
        notes += [_said(name, note) for name, finding in found.items() for note in finding.notes]
        replicas = self._engines.replica_states()
        notes += [_said(name, Note.LEFT_OUT) for name, state in replicas.items() if not state.serves]
        return {
            "status": "unavailable" if reasons else "ok",
            **({"reasons": reasons} if reasons else {}),
            **({"notes": notes} if notes else {}),
            "databases": {name: finding.problem or "ok" for name, finding in found.items()},
            "revisions": {name: finding.revision for name, finding in found.items() if finding.revision},
            **({"replicas": {name: _told(state) for name, state in replicas.items()}} if replicas else {}),
            "pools": {name: pool._asdict() for name, pool in self._engines.pools().items()},
        }

    async def ask(self) -> dict[str, Finding]:
        """How the databases are found, by name."""
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._look())
        return await asyncio.shield(self._asking)  # who stops waiting leaves the others theirs

    async def _look(self) -> dict[str, Finding]:
        if not self._probes:
            await self.start()
        found = await asyncio.gather(*(probe.look(self._timeout_s) for probe in self._probes.values()))
        findings = dict(zip(self._probes, found, strict=True))
        for name, finding in findings.items():
            if name != PRIMARY and finding.problem is Problem.UNREACHABLE:
                self._engines.leave_out(name, finding.problem)
        return findings


def _brief(detail: Mapping[str, Any]) -> dict[str, Any]:
    """What a stranger may know: whether to come, and why not in a word each."""
    reasons = [{"reason": one["reason"]} for one in detail.get("reasons", ())]
    return {"status": detail["status"], **({"reasons": reasons} if reasons else {})}


def _told(state: ReplicaState) -> dict[str, Any]:
    """Whether a replica serves, why not, and how far it is behind; null where nobody knows."""
    lag = state.lag
    behind = {"lag_s": None, "lag_bytes": None} if lag is None else {"lag_s": lag.seconds, "lag_bytes": lag.bytes}
    return {"serves": state.serves, "why": state.why, **behind}


def _said(database: str, word: Problem | Note) -> dict[str, str]:
    return {"database": database, "reason": word, "message": f"The database `{database}` {SENTENCES[word]}"}
