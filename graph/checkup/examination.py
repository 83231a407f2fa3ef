"""The checkup itself: settings, a domain and a number of workers enter; results leave, one thing after the other.

Nothing of a database is changed, and no file of one is made. Into a store of files, a file of one byte goes and is
deleted. What cannot be looked at because something else is broken is left out.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

from sqlalchemy.exc import DBAPIError

from db import migrate
from db.care.facts import facts
from db.care.sizes import sizes
from db.dialects import dialect_of
from db.probing import Finding, Problem
from db.session.engines import Engines
from graph.checkup import database
from graph.checkup.contradictions import CHECK as SETTINGS
from graph.checkup.contradictions import contradictions
from graph.checkup.result import Result, State, broken, ok, warning
from graph.domain import Domain, check_own_features, own_features
from graph.entity import Schema
from graph.errors import CannotStart
from graph.files import FileStore
from graph.files.store import StoreUnavailable
from graph.findings import PRIMARY
from graph.health import Health
from graph.manual import SHARED_DATABASE, START, address
from graph.outside.identification import beside
from graph.settings import LimitsStorage, Settings
from graph.startup import until_it_answers

IDENTITY = address("identity")
REPLICAS = address("replicas", "Replicas")
FILES = address("files", "Files of objects")

COUNTED_IN_EACH = "Each process counts limits of its own: {workers} processes let {workers} times as much through."


async def examine(settings: Settings, domain: Domain, workers: int) -> AsyncIterator[Result]:
    """Look at everything that settings, domain and databases tell."""
    for found in (*contradictions(settings), *_of_workers(settings, workers)):
        yield found
    engines = Engines(settings)
    try:
        schema, features = domain.schema(settings), own_features(domain, settings)
        yield await _identity(engines, settings, domain, schema)
        if settings.files:
            yield await _store(settings)
        try:
            await until_it_answers(engines.probing()[PRIMARY], 0)
        except CannotStart as refused:
            yield _split("database", State.BROKEN, str(refused), START)
            return
        async for found in _databases(engines, settings, schema, workers):
            yield found
        health = Health(
            engines,
            settings,
            schema,
            features,
            is_revised=domain.is_revised,
            takes_changes=domain.takes_changes,
        )
        findings, detail = await health.ask(), await health.detail()
        for found in _health(findings, detail):
            yield found
        if domain.is_revised and findings[PRIMARY].problem is None and findings[PRIMARY].revision:
            yield await _tables(settings, domain)
    finally:
        await engines.dispose()


def _of_workers(settings: Settings, workers: int) -> Iterator[Result]:
    """What several processes do not share."""
    storage = settings.limits_storage.get_secret_value()
    limits_operations = settings.rate_limit or settings.rate_limit_per_address
    counts_alone = storage == LimitsStorage.MEMORY or (storage == LimitsStorage.AUTO and limits_operations)
    if workers > 1 and counts_alone:
        yield warning(
            SETTINGS,
            f"TRELLIS_LIMITS_STORAGE: {COUNTED_IN_EACH.format(workers=workers)}",
            "Set TRELLIS_LIMITS_STORAGE to `database`, or to the URL of a Redis.",
            address("limits", "Where it is counted"),
        )


async def _identity(engines: Engines, settings: Settings, domain: Domain, schema: Schema) -> Result:
    """Whether an application can be made of domain and settings: who says who asks, and what its fields need."""
    started = domain.start(engines, settings)
    try:
        way = beside(started, settings, None if domain.api_keys is None else domain.api_keys.way(engines))
        if way is not None:
            await way.close()
        check_own_features(schema, own_features(domain, settings))
    except CannotStart as refused:
        return _split("identity", State.BROKEN, str(refused), IDENTITY)
    finally:
        started.close()
    return ok("identity", "The settings agree on who says who asks.")


async def _store(settings: Settings) -> Result:
    try:
        await FileStore(settings.files).try_out()
    except CannotStart as refused:
        return broken("files", str(refused), "Correct TRELLIS_FILES, or let the server write there.", FILES)
    except StoreUnavailable:
        said = "The store of TRELLIS_FILES takes no file, or does not let it go again; the line above says why."
        return broken("files", said, "Correct the address, the credentials or the rights.", FILES)
    return ok("files", "The store of files takes a file, and lets it go again.")


async def _databases(engines: Engines, settings: Settings, schema: Schema, workers: int) -> AsyncIterator[Result]:
    """What the primary says of itself."""
    try:
        async with engines.primary.connect() as connection:
            told, size = await facts(connection), await sizes(connection)
    except DBAPIError as error:
        said = dialect_of(engines.dialect).connections.said(error)
        yield warning("database", f"The database does not say how it is: {said}.", "Let the role read catalogs.", START)
        return
    for found in database.of_facts(told, settings, schema.tables(), workers):
        yield found
    file = engines.connections.file(settings.primary)
    if file is not None:
        yield await asyncio.to_thread(database.disk, file, size.bytes)


def _health(findings: Mapping[str, Finding], detail: Mapping[str, Any]) -> Iterator[Result]:
    """What `/readyz?verbose` would say."""
    for reason in detail.get("reasons", ()):
        yield _split("database", State.BROKEN, reason["message"], START)
    for note in detail.get("notes", ()):
        of_replica = note["database"] != PRIMARY
        name, page = ("replicas", REPLICAS) if of_replica else ("database", SHARED_DATABASE)
        yield _split(name, State.WARNING, note["message"], page)
    primary = findings[PRIMARY]
    if primary.revision and primary.problem not in (Problem.OLDER_REVISION, Problem.NEWER_REVISION):
        yield ok("revision", f"The database is at revision {primary.revision}.")
    replicas = [name for name, finding in findings.items() if name != PRIMARY and finding.problem is None]
    if replicas:
        yield ok("replicas", f"{', '.join(replicas)} can be read.")


async def _tables(settings: Settings, domain: Domain) -> Result:
    """Whether the tables are those of the models; alembic keeps a loop of its own."""
    try:
        differences = await asyncio.to_thread(migrate.check, settings, own=own_features(domain, settings))
    except migrate.NoDirectUrl as none:
        return _split("tables", State.WARNING, str(none), SHARED_DATABASE)
    if differences:
        cure = "`trellis db check` names each; write a revision, or run `trellis db upgrade`."
        return broken(
            "tables", f"The tables and the models differ in {len(differences)} places.", cure, SHARED_DATABASE
        )
    return ok("tables", "The tables are as the models want them.")


def _split(check: str, state: State, text: str, page: str) -> Result:
    """A result of a text whose last sentences are the cure."""
    said, dot, cure = text.partition(". ")
    return Result(check, state, f"{said}." if dot else said, cure, page)
