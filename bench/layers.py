"""The layers of a request, and which of them a function belongs to.

A profile enters, seconds by layer leave. A function that is written in C counts where it is called from.
"""

from collections.abc import Mapping
from typing import TypeAlias

Function: TypeAlias = tuple[str, int, str]
"""File, line and name, as pstats has them; functions written in C have the file `~`."""

Timing: TypeAlias = tuple[int, int, float, float]
"""Calls that are not recursive, all calls, own seconds, seconds with all that is called from it."""

Profile: TypeAlias = Mapping[Function, tuple[int, int, float, float, Mapping[Function, Timing]]]
"""A `Timing` for each function, and one for each of its callers."""

IN_C = "~"

HTTP = "HTTP"
PREPARE = "prepare: parse, validate, price"
PLAN = "plan, and rows into answers"
LOADERS = "loaders, and their statements"
SQL = "sessions and SQLAlchemy"
DRIVER = "driver, as far as it is Python"
JSON = "JSON"
GRAPHQL = "graphql-core and Strawberry, at run time"
LOOP = "event loop, as far as it is Python"
REST = "other"

_BY_PATH: tuple[tuple[str, tuple[str, ...]], ...] = (
    (PREPARE, ("graph/prepare/",)),
    (PREPARE, ("/graphql/language/", "/graphql/validation/", "/graphql/utilities/", "/graphql/type/")),
    (PLAN, ("graph/execute/", "graph/entity/", "graph/types/", "graph/context", "<")),
    (HTTP, ("/uvicorn/", "/starlette/", "/anyio/", "/http/", "/urllib/", "/email/")),
    (LOADERS, ("graph/loading/", "/aiodataloader/", "db/relations/", "db/statements/")),
    (HTTP, ("graph/",)),
    (SQL, ("db/", "/sqlalchemy/")),
    (DRIVER, ("/asyncpg/",)),
    (GRAPHQL, ("/graphql/", "/strawberry/")),
    (LOOP, ("/asyncio/", "/uvloop/")),
    (JSON, ("/json/",)),
)
LAYERS = tuple(dict.fromkeys((HTTP, *(layer for layer, _ in _BY_PATH), JSON, REST)))


def layer_of(function: Function, house: str) -> str:
    """The layer of a function; `house` is the folder of our own code."""
    file, _, name = function
    if file == IN_C:
        return JSON if "orjson" in name else REST
    ours = file.removeprefix(house)
    path = ours.lstrip("/") if ours != file and "/site-packages/" not in file else file
    for layer, parts in _BY_PATH:
        if any(part in path if part.startswith("/") else path.startswith(part) for part in parts):
            return layer
    return REST


def seconds_by_layer(profile: Profile, house: str) -> dict[str, float]:
    """Own time of all functions, in the order of `LAYERS`."""
    seconds = dict.fromkeys(LAYERS, 0.0)
    for function, (_, _, own, _, callers) in profile.items():
        layer = layer_of(function, house)
        if layer != REST or function[0] != IN_C:
            seconds[layer] += own
            continue
        for caller, (_, _, own_from_there, _) in callers.items():
            seconds[layer_of(caller, house)] += own_from_there
            own -= own_from_there
        seconds[REST] += max(0.0, own)
    return seconds
