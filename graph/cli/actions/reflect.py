"""`trellis serve --reflect`: the URL of any database enters; an API over it is served, and nothing is written.

For looking around while one develops: whoever reaches the server sees every row. So nobody reaches it from elsewhere
unless that is said. Why: docs/decisions/0040-look-at-any-database.md.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import typer
from pydantic import SecretStr
from starlette.applications import Starlette

from db.reflection import Chosen, MappingPlan
from db.settings import async_url
from graph.cli.actions.serve import address_of, bound, listen
from graph.cli.environment import settings_of_the_environment
from graph.cli.errors import CommandError, Exit
from graph.cli.output import printable
from graph.reflected.reading import read_plan
from graph.reflected.telling import told
from graph.settings import DoctorAccess, DocumentsMode, LimitsStorage, Settings
from graph.telemetry.ledgers import Ledgers


@dataclass(frozen=True, kw_only=True)
class Reflection:
    """What is to be shown of which database. Workers get it as it is, and each looks at the database itself."""

    settings: Settings
    chosen: Chosen
    writable: bool

    def plan(self) -> MappingPlan:
        """The plan. Raises `CannotStart`."""
        return asyncio.run(read_plan(self.settings, self.chosen))

    def app(self, plan: MappingPlan | None = None, *, ledgers: Ledgers) -> tuple[Settings, Starlette]:
        """The application, with its settings."""
        # Late: a parent of workers would keep 100 MB of modules for nothing.
        from graph.app import create_app
        from graph.reflected import reflected_domain

        domain = reflected_domain(plan or self.plan(), writable=self.writable)
        return self.settings, create_app(self.settings, domain=domain, ledgers=ledgers)


def reflect(
    url: str,
    host: str | None,
    port: int | None,
    workers: int,
    *,
    schemas: Sequence[str],
    only: Sequence[str],
    without: Sequence[str],
    writable: bool,
    public: bool,
    verbose: bool,
    access_log: bool,
    wait_for_database_s: float | None,
) -> None:
    """Serve until a signal ends the server.

    Raises `CommandError` for a URL that is none, an address that others reach, and one that cannot be listened on;
    `CannotStart` for a database that cannot be read.
    """
    settings = _settings(url, settings_of_the_environment(), writable=writable, wait_s=wait_for_database_s)
    _refuse_others(host or settings.host, public=public)
    reflection = Reflection(
        settings=settings, chosen=Chosen(schemas=schemas, only=only, without=without), writable=writable
    )
    with bound(host or settings.host, settings.port if port is None else port) as sockets:
        plan = reflection.plan()
        for line in told(plan, verbose=verbose):
            typer.echo(printable(line), err=True)
        typer.echo(f"GraphiQL is at {address_of(sockets)}/graphql", err=True)
        here = partial(reflection.app, plan)
        listen(workers, sockets, settings, reflection.app, access_log=access_log, make_here=here)


def _settings(url: str, settings: Settings, *, writable: bool, wait_s: float | None) -> Settings:
    """The settings of the environment for this database, without all that would keep something in it or elsewhere."""
    try:
        async_url(url)
    except ValueError as error:
        raise CommandError(f"--reflect {error}.", Exit.USAGE) from None
    if settings.pgbouncer and not writable:
        raise CommandError(
            "Through PgBouncer no connection can be told to write nothing. Give --reflect the address of the server"
            " itself and unset TRELLIS_PGBOUNCER, or say --writable.",
            Exit.USAGE,
        )
    return settings.model_copy(
        update={
            "database_url": SecretStr(url),
            "replica_urls": (),
            "direct_url": None,
            "read_only": not writable,
            "record_usage": False,
            "documents": DocumentsMode.OFF,
            "limits_storage": SecretStr(LimitsStorage.MEMORY),
            "several_machines": False,
            "doctor": DoctorAccess.EVERYBODY,
            **({} if wait_s is None else {"wait_for_database_s": wait_s}),
        }
    )


def _refuse_others(host: str, *, public: bool) -> None:
    if not public and not _is_of_this_machine(host):
        raise CommandError(
            f"--reflect shows every row to whoever reaches {host}, and others may. Leave out --host (and TRELLIS_HOST)"
            " to be reached from this machine alone, or say --public as well.",
            Exit.USAGE,
        )


def _is_of_this_machine(host: str) -> bool:
    """Whether every address of a name is one of this machine's own, which no other machine reaches."""
    try:
        found = {str(address[0]) for *_, address in socket.getaddrinfo(host, None)}
    except OSError:
        return True  # it cannot be listened on, which is said where that is tried
    return all(ipaddress.ip_address(address.partition("%")[0]).is_loopback for address in found)
