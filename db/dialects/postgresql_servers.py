"""One URL for several servers, of which one takes changes at a time: after a failover, another one does.

What asyncpg is to connect with enters, a connection to the server that the URL asks for leaves. The one that was found
last is tried first. Who has the role now, servers are asked when a connection opens; nobody is watched.
Source: https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNECT-TARGET-SESSION-ATTRS
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import asyncpg
from asyncpg.connect_utils import SessionAttribute
from sqlalchemy import URL

from db.dialects.connections import Servers

HOSTS = "host"
ROLE = "target_session_attrs"
PORT = 5432
ONE_S = 1.0
"""Seconds that one of several servers may take: the next one may be there."""

CHANGING = (SessionAttribute.read_write, SessionAttribute.primary)
"""Roles that one server has at a time: who is found to have it has taken it from the one before."""
HAS_ROLE = {
    SessionAttribute.primary: "SELECT WHERE NOT pg_is_in_recovery()",
    SessionAttribute.standby: "SELECT WHERE pg_is_in_recovery()",
    SessionAttribute.read_write: "SELECT WHERE current_setting('transaction_read_only') = 'off'",
    SessionAttribute.read_only: "SELECT WHERE current_setting('transaction_read_only') = 'on'",
}
"""What finds a row on a server in a role. asyncpg believes what a server reports when a connection opens; PgBouncer
hands on what it was told by another connection, perhaps before a failover: https://github.com/pgbouncer/pgbouncer/issues/859"""
YES = "SELECT 1"
TRY_ELSEWHERE = ("08", "53", "57P")
"""Classes of states of a server that lets nobody in at the moment."""


class Host(NamedTuple):
    """Where a server listens."""

    name: str
    port: int

    def __str__(self) -> str:
        return f"{self.name}:{self.port}"


class _OtherRole(OSError):
    """A server is not what a URL asks for."""


class NoServer(OSError):
    """None of several servers is what a URL asks for."""

    def __init__(self, hosts: Sequence[Host], role: str) -> None:
        super().__init__(f"none of {', '.join(map(str, hosts))} is {role} now")


def with_servers(url: URL) -> URL:
    """A URL with a port for each of several hosts, which asks for the one that takes changes unless it says otherwise.

    Raises `ValueError` for hosts that cannot be told from ports, and for roles that do not exist.
    """
    asked = url.query.get(ROLE)
    known = [attribute.value for attribute in SessionAttribute]
    if asked is not None and asked not in known:
        raise ValueError(f"asks for {ROLE}={asked}; use one of {', '.join(known)}")
    hosts = url.query.get(HOSTS)
    if not isinstance(hosts, tuple):
        return url
    complete = [str(host) if ":" in host else f"{host}:{PORT}" for host in hosts]
    if not all(_is_host(host) for host in complete):
        raise ValueError("names several hosts, and one of them is no name with a port; write a:5432,b:5432")
    found = url.difference_update_query([HOSTS]).update_query_pairs([(HOSTS, host) for host in complete])
    return found if asked else found.update_query_dict({ROLE: SessionAttribute.read_write.value})


def _is_host(text: str) -> bool:
    name, _, port = text.partition(":")
    return bool(name) and port.isdecimal() and 0 < int(port) < 65536


def hosts_of(url: URL) -> list[Host]:
    """The hosts of a URL, one or several; the folder of a socket is one, too."""
    hosts = url.query.get(HOSTS)
    if isinstance(hosts, tuple):
        return [Host(name, int(port)) for name, _, port in (host.partition(":") for host in hosts)]
    name, _, port = ("", "", "") if hosts is None else hosts.partition(":")
    return [Host(name or url.host or "localhost", int(port or url.port or PORT))]


class RoledServers(Servers):
    """The servers of one URL, one or several, of which it wants one in a role."""

    def __init__(self, url: URL) -> None:
        self._hosts = hosts_of(url)
        self.number = len(self._hosts)
        self._role = SessionAttribute(url.query[ROLE])
        self._serving: Host | None = None
        self._is_doubted = False
        self.moved: Callable[[], None] = lambda: None
        """Called when another server than before is found to be the one that takes changes, before it is used."""

    def doubt(self) -> None:
        """The one that has served is silent: the others are asked first, the next time."""
        self._is_doubted = True

    async def connect(self, **given: Any) -> asyncpg.Connection:
        """Connect to the first server that is what the URL asks for, each within a second.

        Takes what `asyncpg.connect` takes. Raises what the last server has said, `NoServer` where none has said
        anything, and at once what no other server would answer differently, such as a wrong password.
        """
        limit_s = min(given["timeout"], ONE_S) if self.number > 1 else given["timeout"]
        said: Exception | None = None
        for role in self._roles():
            for host in self._in_order():
                try:
                    connection = await _connected(host, role, limit_s, given)
                except Exception as error:
                    if not _is_elsewhere(error):
                        raise
                    said = said if isinstance(error, _OtherRole) else error
                else:
                    self._note(host)
                    return connection
        raise said or NoServer(self._hosts, self._role.value)

    def _roles(self) -> Sequence[SessionAttribute]:
        if self._role is SessionAttribute.prefer_standby:
            return (SessionAttribute.standby, SessionAttribute.any)
        return (self._role,)

    def _in_order(self) -> Sequence[Host]:
        return sorted(self._hosts, key=lambda host: (host == self._serving) is self._is_doubted)

    def _note(self, host: Host) -> None:
        before, self._serving, self._is_doubted = self._serving, host, False
        if before not in (None, host) and self._role in CHANGING:
            self.moved()


async def _connected(
    host: Host, role: SessionAttribute, limit_s: float, given: Mapping[str, Any]
) -> asyncpg.Connection:
    """A connection to a server that has the role. Raises `_OtherRole`, and what `asyncpg.connect` raises."""
    where = {"host": host.name, "port": host.port, ROLE: SessionAttribute.any.value, "timeout": limit_s}
    connection: asyncpg.Connection = await asyncpg.connect(**{**given, **where})
    if role is SessionAttribute.any:
        return connection
    try:
        async with asyncio.timeout(limit_s):
            # By the protocol of a single message: PgBouncer may lend another connection for each of several.
            if await connection.execute(HAS_ROLE[role]) == YES:
                return connection
        raise _OtherRole
    except BaseException:
        connection.terminate()
        raise


def _is_elsewhere(error: Exception) -> bool:
    """Whether another server may answer differently."""
    if isinstance(error, asyncpg.PostgresError):
        return str(error.sqlstate).startswith(TRY_ELSEWHERE)
    return isinstance(error, OSError | asyncpg.InternalClientError)
