"""`trellis status`: settings and the address of a server enter; figures leave on stdout, for people or as JSON."""

import asyncio
import json
from collections.abc import Iterator, Mapping
from typing import Any

import typer
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from db import migrate
from db.care.sizes import Sizes, lag, sizes, written_until
from db.dialects import dialect_of
from graph.cli.database import engines
from graph.cli.environment import settings_of_the_environment
from graph.cli.running import told_by
from graph.findings import PRIMARY
from graph.settings import Settings
from graph.startup import until_it_answers

UNITS = ("bytes", "kB", "MB", "GB", "TB")
THOUSAND = 1000


def status(server: str | None, *, as_json: bool) -> None:
    """Say how the database fares, and a server where an address is given. Raises `CommandError`, `CannotStart`."""
    settings = settings_of_the_environment()
    found = asyncio.run(_of_databases(settings))
    found["database"]["revision"] = _revision(settings)
    found["database"]["own_revisions"] = sorted(migrate.own_current(settings))
    if server is not None:
        found["server"] = told_by(server, settings)
    typer.echo(json.dumps(found, indent=2) if as_json else "\n".join(_lines(found)))


async def _of_databases(settings: Settings) -> dict[str, Any]:
    async with engines(settings) as made:
        probing = made.probing()
        await until_it_answers(probing[PRIMARY], 0)  # says why not, and makes no file
        async with made.primary.connect() as connection:
            size, written = await sizes(connection), await written_until(connection)
        others = [name for name in probing if name != PRIMARY]
        place = dialect_of(made.dialect).place(settings.primary)
        database = {"place": place, "bytes": size.bytes, "tables": _tables(size)}
        replicas = {name: await _replica(probing[name], written) for name in others}
        return {"database": database, "replicas": replicas}


def _tables(size: Sizes) -> list[dict[str, Any]] | None:
    return None if size.tables is None else [table._asdict() for table in size.tables]


async def _replica(engine: AsyncEngine, written: str | None) -> dict[str, Any]:
    """How far a replica is behind; a word where it cannot say."""
    try:
        async with engine.connect() as connection:
            found = None if written is None else await lag(connection, written)
    except (DBAPIError, OSError) as error:
        return {"problem": dialect_of(engine.dialect.name).connections.said(error)}
    return {"problem": "it replays no log of the primary"} if found is None else found._asdict()


def _revision(settings: Settings) -> dict[str, str | None]:
    at, newest = migrate.current(settings), migrate.newest()
    if at == newest:
        state = "newest"
    elif at is None:
        state = "none"
    elif migrate.is_ahead(settings):
        state = "ahead"
    else:
        state = "behind" if at in migrate.revisions() else "unknown"
    return {"at": at, "code": newest, "state": state}


CURES: Mapping[str, str] = {
    "newest": "the newest",
    "none": "run `trellis db upgrade`",
    "ahead": "one ahead of the code, as while a release is rolled out",
    "behind": "older than the code wants: run `trellis db upgrade`",
    "unknown": "not of this code: deploy the code that belongs to it",
}


def _lines(found: Mapping[str, Any]) -> Iterator[str]:
    database = found["database"]
    revision = database["revision"]
    yield f"database   {database['place']}, {_size(database['bytes'])}"
    yield f"revision   {revision['at'] or 'none'}, {CURES[revision['state']]}"
    yield f"own tables {', '.join(database['own_revisions']) or 'none'}"
    for table in database["tables"] or ():
        rows = "" if table["rows"] is None else f", about {table['rows']:,} rows"
        yield f"table      {table['name']}: {_size(table['bytes'])}{rows}"
    if database["tables"] is None:
        yield "table      the database does not tell how large each is"
    for name, replica in found["replicas"].items():
        yield f"replica    {name}: {_behind(replica)}"
    if "server" in found:
        yield from _server_lines(found["server"])


def _behind(replica: Mapping[str, Any]) -> str:
    if "problem" in replica:
        return str(replica["problem"])
    since = "" if replica["seconds"] is None else f", {replica['seconds']:.1f} s"
    return f"{_size(replica['bytes'])} behind{since}"


def _server_lines(server: Mapping[str, Any]) -> Iterator[str]:
    memory = server["resident_bytes"]
    held = "" if memory is None else f", {_size(memory)}"
    yield (
        f"server     {server['address']}: trellis {server['versions']['trellis']}, process {server['process']}, up"
        f" {server['uptime_s']:,.0f} s{held}, {server['readiness']['status']}"
    )
    for name, pool in server["readiness"]["pools"].items():
        yield f"pool       {name}: {pool['checked_out']} in use, {pool['checked_in']} idle, of {pool['size']}"
    for name, cache in server["caches"].items():
        yield f"cache      {name}: {cache['entries']:,} entries, {_size(cache['bytes'])} of {_size(cache['max_bytes'])}"


def _size(number: float) -> str:
    """A number of bytes, for people."""
    for unit in UNITS[:-1]:
        if number < THOUSAND:
            return f"{number:.0f} {unit}" if unit == UNITS[0] else f"{number:.1f} {unit}"
        number /= THOUSAND
    return f"{number:.1f} {UNITS[-1]}"
