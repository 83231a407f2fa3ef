"""`trellis live`: tables enter, a revision or figures leave. No table is altered here."""

import asyncio
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import typer
from sqlalchemy import Table
from sqlalchemy.exc import DBAPIError

from db.base import utcnow
from db.changes.log import ChangeLog, labels
from db.changes.state import State, state
from db.dialects import Failure, failure_of
from db.own import Feature
from db.revisions import FOLDER, history
from graph.cli.database import engines
from graph.cli.environment import settings_of_the_environment
from graph.cli.errors import CommandError, Exit
from graph.domain import own_features
from graph.schema import DOMAIN
from graph.settings import Settings
from migrations.recording_texts import recording


def install(names: Sequence[str]) -> None:
    """Write a revision that records changes of tables. Raises `CommandError`."""
    settings = settings_of_the_environment()
    _refuse_if_off(settings)
    known = _tables(settings)
    if names:
        chosen = [_named(name, known) for name in names]
    else:
        recorded = labels(asyncio.run(_state(settings, known.values())).recorded)
        chosen = [table for label, table in known.items() if label not in recorded]
    if not chosen:
        typer.echo("The changes of every table that is shown are recorded already.")
        return
    for table in chosen:
        if not table.primary_key.columns:
            raise CommandError(f"{table.key} has no primary key, by which its rows could be named.", Exit.USAGE)
    _write(chosen, recorded=True)


def uninstall(names: Sequence[str]) -> None:
    """Write a revision that ends that. Raises `CommandError`."""
    known = _tables(settings_of_the_environment())
    _write([_named(name, known) for name in names], recorded=False)


def status(*, as_json: bool) -> None:
    """Say how the log fares. Raises `CommandError`."""
    settings = settings_of_the_environment()
    _refuse_if_off(settings)
    known = _tables(settings)
    found = _told(asyncio.run(_state(settings, known.values())), known)
    typer.echo(json.dumps(found, indent=2) if as_json else "\n".join(_lines(found)))


def _refuse_if_off(settings: Settings) -> None:
    if Feature.CHANGES not in own_features(DOMAIN, settings):
        raise CommandError(
            "The log of changes is off. Add Feature.CHANGES to Domain(own=…) in graph/schema.py, leave TRELLIS_CHANGES"
            " on, and run `trellis db upgrade`."
        )


def _tables(settings: Settings) -> Mapping[str, Table]:
    return {str(table.key): table for table in DOMAIN.schema(settings).changing_tables()}


def _named(name: str, known: Mapping[str, Table]) -> Table:
    if name not in known:
        raise CommandError(f"{name} is no table that the schema shows. There are: {', '.join(known)}.", Exit.USAGE)
    return known[name]


async def _state(settings: Settings, tables: Collection[Table]) -> State:
    try:
        async with engines(settings) as made:
            primary = made.primary.execution_options(**made.connections.autocommit)
            async with primary.connect() as connection:
                log = ChangeLog(made.primary.dialect, {table.metadata for table in tables})
                return await state(connection, log)
    except DBAPIError as error:
        if failure_of(error) is not Failure.NO_TABLE:
            raise
        raise CommandError("The tables of the log are not there. Run `trellis db upgrade`.") from None


def _write(tables: Sequence[Table], *, recorded: bool) -> None:
    """Write the file of a revision, after the newest one."""
    newest = sorted(history().newest)
    if len(newest) > 1 or not all(name.isdecimal() for name in newest):
        raise CommandError(f"The newest revision has to be one number, and is {', '.join(newest)}.")
    name, text = recording(newest[0] if newest else None, tables, utcnow().date(), recorded=recorded)
    _write_file(FOLDER / "versions" / name, text)
    typer.echo(f"migrations/versions/{name} is written. Look at it, and run `trellis db upgrade`.")


def _write_file(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CommandError(
            f"{file} cannot be written: {error.strerror}. Run this where the project's code is.", Exit.UNAVAILABLE
        ) from None


def _told(found: State, known: Mapping[str, Table]) -> dict[str, Any]:
    recorded = labels(found.recorded)
    return {
        "position": found.newest,
        "kept": found.kept,
        "kept_since": found.since.isoformat() if isinstance(found.since, datetime) else None,
        "waits_for": None if found.waits_for is None else found.waits_for._asdict(),
        "is_held": found.is_held,
        "relay": None if found.relay is None else found.relay._asdict(),
        "recorded": sorted(recorded),
        "outdated": [each._asdict() for each in found.recorded if each.label not in recorded],
        "unrecorded": sorted(known.keys() - recorded),
    }


def _lines(found: Mapping[str, Any]) -> Iterator[str]:
    since = "" if found["kept_since"] is None else f", the oldest of {found['kept_since']}"
    yield f"position   {found['position']:,}; {found['kept']:,} are kept{since}"
    relay = found["relay"]
    if relay is None:
        yield "relay      none: nobody follows, or each process gives positions"
    else:
        where = f" at {relay['address']}" if relay["address"] else ""
        yield f"relay      the database's process {relay['process']} ({relay['name'] or 'without a name'}){where}"
    yield f"waits      {_waits(found)}"
    yield f"recorded   {', '.join(found['recorded']) or 'none'}"
    for each in found["outdated"]:
        yield f"outdated   {_why(each)}: run `trellis live install {each['table']}`, then `trellis db upgrade`"
    if found["unrecorded"]:
        yield f"unrecorded {', '.join(found['unrecorded'])}: run `trellis live install`, then `trellis db upgrade`"


def _waits(found: Mapping[str, Any]) -> str:
    writer = found["waits_for"]
    if not found["is_held"] or writer is None:
        return "no change waits for an older transaction"
    who = "a prepared transaction" if writer["process"] is None else f"process {writer['process']}"
    name = f" ({writer['name']})" if writer["name"] else ""
    since = "" if writer["seconds"] is None else f", which has run for {writer['seconds']:.0f} s"
    return f"changes wait for {who}{name}{since}"


def _why(each: Mapping[str, Any]) -> str:
    if each["label"] != each["table"]:
        return f"{each['table']} (recorded as {each['label']})"
    return f"{each['table']} (a trigger is missing or off, or does not know all columns)"
