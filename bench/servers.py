"""The servers that are compared: how each is started, and what its documents are.

A database's URL and a port enter, a command leaves. Trellis runs as `trellis serve` runs it; the other Python servers
get the uvicorn options, the event loop and the HTTP parser that this command gives.
"""

import importlib.metadata
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from bench import installing, interpreter
from bench.operations import (
    CHANGES,
    FEED,
    HIDDEN,
    LOOKUP,
    SIGNED_IN,
    SIGNED_IN_LOOKUP,
    TOKEN_KEY,
    TRANSFER,
    Operation,
    document,
)
from db.settings import HOUSE
from graph.entity.ids import encode_id
from graph.entity.registry import entity_of
from graph.settings import Settings
from graph.types.account import Account
from graph.types.user import User

TRELLIS = "trellis"
LEVELS = "trellis-levels"
LIMIT = "limit"
ONE_STATEMENT = "one-statement"
POSTGRAPHILE = "postgraphile"
MERCURIUS = "mercurius"
FRAISEQL = "fraiseql"
ON_NODE = (POSTGRAPHILE, MERCURIUS)

LARGEST_PAGE = 10_000
"""The longest list that is measured; Trellis's page limit is raised to it."""
NO_LIMIT = 10**9

CONNECTIONS_TO_DATABASE = 15
"""Every server may open so many, and keeps them: SQLAlchemy closes those beyond `pool_size` after each use, which costs
more than a request when eight clients ask at once."""


class Part(NamedTuple):
    """Who takes part in an operation, or in which operations a server takes part, and why not the others."""

    names: frozenset[str]
    reason: str


_OURS = frozenset({TRELLIS, LEVELS})
_LIMITS = frozenset({LIMIT, ONE_STATEMENT})
_SIGNED_IN = Part(_OURS | _LIMITS, "do not know our sign-ins")
_CHANGE = Part(_OURS | {LIMIT}, "would change something else")
ONLY: Mapping[str, Part] = {
    HIDDEN: Part(_OURS | {POSTGRAPHILE, MERCURIUS} | _LIMITS, "hide nothing"),
    SIGNED_IN: _SIGNED_IN,
    SIGNED_IN_LOOKUP: _SIGNED_IN,
    **dict.fromkeys(CHANGES, _CHANGE),
}
"""Operations that are not everybody's."""

GRACE_S = 10
"""How long requests in flight may take when a server stops, as `trellis serve` has it."""


class Launch(NamedTuple):
    """A command, its folder, and what its environment has beyond ours."""

    command: list[str]
    folder: Path
    environment: Mapping[str, str]


@dataclass(frozen=True)
class Server:
    """One server. `launch` may install first, and raises `Unavailable` when it cannot."""

    name: str
    title: str
    launch: Callable[[str, int], Launch]
    documents: str | None = None
    """The folder of its documents; a server without GraphQL has a path for each operation instead."""
    opaque_ids: bool = False
    compiles: bool = False
    """Whether its engine compiles what runs often, so that it gets faster for many seconds."""

    only: Part | None = None
    """The operations that it can answer, where it cannot answer all."""

    def path(self, operation: Operation) -> str:
        """Where the operation is answered."""
        return "/graphql" if self.documents else f"/{operation.name}"

    def answers(self, operation: Operation) -> bool:
        """Whether the operation is asked of it."""
        if self.only is not None and operation.name not in self.only.names:
            return False
        return operation.name not in ONLY or self.name in ONLY[operation.name].names

    def body(self, operation: Operation, variant: int = 0) -> bytes:
        """What is sent there. A change has its arguments in one input."""
        arguments = dict(operation.of(variant))
        if self.documents is None:
            return json.dumps(arguments).encode()
        if self.opaque_ids and "id" in arguments:
            arguments["id"] = encode_id(entity_of(User), (arguments["id"],))
        if self.opaque_ids and operation.name == TRANSFER:
            account = entity_of(Account)
            arguments = {
                "fromAccountId": encode_id(account, (arguments["from"],)),
                "toAccountId": encode_id(account, (arguments["to"],)),
                "amount": arguments["amount"],
            }
        variables = {"input": arguments} if operation.name in CHANGES else arguments
        return json.dumps({"query": document(self.documents, operation), "variables": variables}).encode()

    def bodies(self, operation: Operation) -> list[bytes]:
        """What is sent there, in turns."""
        return [self.body(operation, variant) for variant in range(operation.variants)]


def uvicorn(application: str, port: int, *options: str, python: Path | None = None) -> list[str]:
    """The command that serves an application as `trellis serve` serves ours."""
    return [
        *(
            str(python or interpreter.python()),
            "-m",
            "uvicorn",
            application,
            "--host",
            "127.0.0.1",
            "--port",
            str(port),
        ),
        *("--no-access-log", "--no-server-header", "--timeout-graceful-shutdown", str(GRACE_S)),
        *("--loop", "uvloop", "--http", "httptools"),  # what it chooses for Trellis
        *options,
    ]


def _trellis(url: str, port: int) -> Launch:
    limited = ("--http", "graph.serving.protocol:LimitedProtocol")  # the same parser, with limits as `trellis serve`
    return Launch(uvicorn("bench.trellis_app:create", port, "--factory", *limited), HOUSE, settings_of_trellis(url))


def _level_by_level(url: str, port: int) -> Launch:
    """Trellis with one statement for each level, where there is a choice."""
    if "prefetch" not in Settings.model_fields:
        raise installing.Unavailable("Trellis always reads level by level")
    launch = _trellis(url, port)
    return launch._replace(environment={**launch.environment, "TRELLIS_PREFETCH": "false"})


def settings_of_trellis(url: str) -> dict[str, str]:
    """The environment of Trellis: its defaults, with limits that the longest feeds pass. The pool is all servers'."""
    pool = {"POOL_SIZE": CONNECTIONS_TO_DATABASE, "POOL_MAX_OVERFLOW": 0}
    limits = {"MAX_PAGE": LARGEST_PAGE, "MAX_ROWS": NO_LIMIT, "MAX_VALUES": NO_LIMIT}
    settings = {"DATABASE_URL": url, "TOKEN_KEYS": TOKEN_KEY, **pool, **limits}
    return {f"TRELLIS_{name}": str(value) for name, value in settings.items()}


def _ours(module: str) -> Callable[[str, int], Launch]:
    return lambda url, port: Launch(uvicorn(f"bench.peers.{module}:app", port), HOUSE, {"DATABASE_URL": url})


def _installed(module: str) -> Callable[[str, int], Launch]:
    return lambda url, port: Launch(
        uvicorn(f"bench.peers.{module}:app", port, python=installing.python(interpreter.chosen().build.python)),
        HOUSE,
        {"DATABASE_URL": url},
    )


def _fraiseql(url: str, port: int) -> Launch:
    command = uvicorn("app:app", port, python=installing.fraiseql())
    return Launch(command, installing.FRAISEQL, {"DATABASE_URL": url})


def on_node(peer: str, program: str = "server.mjs") -> Callable[[str, int], Launch]:
    """How one of a peer's programs is started on Node."""

    def launch(url: str, port: int) -> Launch:
        folder = installing.node_packages(peer)
        environment = {"DATABASE_URL": url, "PORT": str(port), "NODE_ENV": "production", "GRAPHILE_ENV": "production"}
        return Launch([str(installing.node(peer)), program], folder, environment)

    return launch


_ALL = (
    Server(TRELLIS, "Trellis", _trellis, "trellis", opaque_ids=True),
    Server(LEVELS, "level by level", _level_by_level, "trellis", opaque_ids=True),
    Server(POSTGRAPHILE, "PostGraphile 5", on_node(POSTGRAPHILE), "postgraphile", compiles=True),
    Server(MERCURIUS, "Mercurius, by hand", on_node(MERCURIUS), "mercurius", compiles=True),
    Server(
        FRAISEQL,
        "FraiseQL 1.9",
        _fraiseql,
        "fraiseql",
        only=Part(frozenset({FEED, "all", LOOKUP, "flat"}), "its nested lists have no pages, and its pages no totals"),
    ),
    Server("strawberry", "Strawberry, by hand", _ours("strawberry_app"), "strawberry"),
    Server("strawchemy", "strawchemy", _installed("strawchemy_app"), "strawchemy"),
    Server("strawberry-sqlalchemy-mapper", "sqlalchemy-mapper", _installed("mapper_app"), "mapper"),
    Server(ONE_STATEMENT, "one statement", _ours("one_statement_app")),
    Server(LIMIT, "the limit", _ours("limit_app")),
)
SERVERS: Mapping[str, Server] = {server.name: server for server in _ALL}


def versions() -> dict[str, str]:
    """What is compared, by name."""
    ours = ("strawberry-graphql", "graphql-core", "sqlalchemy", "asyncpg", "uvicorn", "uvloop", "httptools", "orjson")
    found = {name: importlib.metadata.version(name) for name in (TRELLIS, *ours)}
    pins = installing.pins()
    found |= {name: pins[name] for name in ("strawchemy", "strawberry-sqlalchemy-mapper")}
    found[FRAISEQL] = installing.pins(installing.FRAISEQL / "requirements.txt")[FRAISEQL]
    found |= {peer: installing.node_pins(peer)[peer] for peer in ON_NODE}
    return {"python": interpreter.chosen().build.version, **found}


def environment_of(launch: Launch) -> dict[str, str]:
    """Ours, without settings that would reach Trellis by accident, and the launch's."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TRELLIS_")}
    return {**kept, **launch.environment}
