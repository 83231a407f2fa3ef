"""What deploy/compose.yaml says, done: two servers, PgBouncer, a primary and a replica, behind the proxy.

Its commands, variables and configurations are those of the file, run as processes of this machine
(`tests.deploy.composition`).
"""

import asyncio
import os
import re
import signal
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from itertools import count
from typing import Any, NamedTuple

import asyncpg
import httpx
import pytest

from db.settings import HOUSE
from graph.testing.runs import begin
from tests.deploy.certificates import certificate
from tests.deploy.composition import Composition
from tests.serving.workers import children_of, is_running
from tests.untried import Untried

pytestmark = [pytest.mark.process, pytest.mark.nouns]

FILE = HOUSE / "deploy" / "compose.yaml"
PATIENCE_S = 90
WHOLE_S = 5.0
"""Of docs/replicas.md: seconds after a promotion until the service is whole."""
CLIENTS = 6
NUMBERS = count(1)
SERVERS = ("trellis-a", "trellis-b")
TOKEN = "a-token-of-the-operators"
VARIABLES = {
    "DATABASE_PASSWORD": "of-the-application",
    "POSTGRES_PASSWORD": "of-the-superuser",
    "REPLICATION_PASSWORD": "of-replicas",
    "TOKEN_KEYS": "a key that is long enough for tokens to be signed",
    "METRICS_TOKEN": TOKEN,
}
OTHER = "198.51.100.7"
SIGN_UP = """
mutation ($email: String!, $cookie: Boolean) {
  signUp(input: {email: $email, name: "A", password: "long enough for this", cookie: $cookie}) {
    accessToken errors { __typename }
  }
}
"""
CREATE = """
mutation ($title: String!) {
  createDocument(input: {kind: "note", title: $title, body: {}}) { document { title } errors { __typename } }
}
"""
TITLES = "{ documents(first: 1, orderBy: [{title: DESC}]) { nodes { title } } }"


def last_title() -> str:
    """A title behind all that were there before, and behind those of a load."""
    return f"last {next(NUMBERS):09}"


class Service(NamedTuple):
    """The composition, and somebody who has signed in."""

    composition: Composition
    origin: str
    """The proxy's, for clients without encryption."""
    secure: str
    headers: Mapping[str, str]

    @asynccontextmanager
    async def client(self, **given: Any) -> AsyncIterator[httpx.AsyncClient]:
        """A client of the proxy."""
        async with httpx.AsyncClient(base_url=self.origin, headers=self.headers, timeout=PATIENCE_S, **given) as client:
            yield client

    async def tell(self, server: str, sql: str) -> Any:
        """Send a statement to a PostgreSQL, past everything."""
        connection = await asyncpg.connect(
            host=self.composition[server].address,
            user="postgres",
            password=VARIABLES["POSTGRES_PASSWORD"],
            database="trellis",
        )
        try:
            return await connection.fetchval(sql)
        finally:
            await connection.close()

    async def replica_serves(self, server: str) -> bool:
        """Whether a server reads from its replica."""
        address = f"http://{self.composition[server].address}:8000/readyz?verbose"
        async with httpx.AsyncClient(headers={"Authorization": f"Bearer {TOKEN}"}, timeout=PATIENCE_S) as client:
            return bool((await client.get(address)).json()["replicas"]["replica 1"]["serves"])


@contextmanager
def _service() -> Iterator[Service]:
    with begin() as run:
        certificates = run.folder / "certificates"
        certificates.mkdir()
        certificate(certificates / "trellis.pem")
        proxy = (HOUSE / "deploy" / "haproxy" / "haproxy.cfg").read_text(encoding="utf-8")
        secure = run.folder / "haproxy.cfg"
        secure.write_text(proxy.replace("# bind *:8443", "bind *:8443"), encoding="utf-8")
        place = "/usr/local/etc/haproxy"
        server = {
            "command": ["serve", "--workers", "2", "--access-log"],
            "environment": {"TRELLIS_MAX_REPLICA_LAG_S": "1"},
        }
        override: Mapping[str, Mapping[str, Any]] = {
            "proxy": {"volumes": [f"{certificates}:{place}/certificates:ro", f"{secure}:{place}/haproxy.cfg:ro"]},
            **dict.fromkeys(SERVERS, server),
        }
        try:
            composition = Composition(FILE, VARIABLES, run, override)
        except Untried as missing:
            pytest.skip(str(missing))
        try:
            composition.start()
            yield asyncio.run(_signed_in(composition))
        finally:
            composition.end()


async def _signed_in(composition: Composition) -> Service:
    """Wait until the proxy has servers that are ready, and sign somebody up."""
    address = composition.addresses["proxy"]
    service = Service(composition, f"http://{address}:8080", f"https://{address}:8443", {})
    for name in SERVERS:
        await until_ready(composition, name)
    async with service.client() as client, asyncio.timeout(PATIENCE_S):
        while (await client.get("/readyz")).status_code != 200:  # noqa: ASYNC110 - nothing tells when it is
            await asyncio.sleep(0.1)
        answer = await client.post("/graphql", json={"query": SIGN_UP, "variables": {"email": "a@example.org"}})
    signed_up = answer.json()["data"]["signUp"]
    assert signed_up["errors"] == []
    return service._replace(headers={"Authorization": f"Bearer {signed_up['accessToken']}"})


async def until_ready(composition: Composition, server: str) -> None:
    """Wait until a server says that it is ready."""
    async with httpx.AsyncClient(timeout=PATIENCE_S) as client, asyncio.timeout(PATIENCE_S):
        while True:
            try:
                if (await client.get(f"http://{composition[server].address}:8000/readyz")).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            assert composition[server].is_running, composition[server].log
            await asyncio.sleep(0.1)


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    """Wait until something holds, several times in a row: each of two workers is to be asked."""
    in_a_row = 0
    async with asyncio.timeout(PATIENCE_S):
        while in_a_row < 8:
            in_a_row = in_a_row + 1 if await holds() else 0
            await asyncio.sleep(0.05)


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    """The service, which tests leave as they found it."""
    with _service() as made:
        yield made


@pytest.fixture
def fragile() -> Iterator[Service]:
    """A service of one test alone."""
    with _service() as made:
        yield made


class Load:
    """Clients that ask and change on and on; what was not answered as it should be is written down."""

    def __init__(self, service: Service, *, changing: bool = True) -> None:
        self._service = service
        self._changing = changing
        self._over = asyncio.Event()
        self.answered = 0
        self.failures: list[str] = []

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Ask as long as the block lasts; half of the clients connect anew each time."""
        asking = [asyncio.create_task(self._ask_on(number)) for number in range(CLIENTS)]
        try:
            await self.goes_on()
            yield
            await self.goes_on()
        finally:
            self._over.set()
            await asyncio.gather(*asking)

    async def goes_on(self) -> None:
        """Wait for so many answers that every client has some."""
        before = self.answered
        async with asyncio.timeout(PATIENCE_S):
            while self.answered < before + 3 * CLIENTS:  # noqa: ASYNC110 - clients tell nobody
                await asyncio.sleep(0.05)

    async def _ask_on(self, number: int) -> None:
        limits = httpx.Limits(max_keepalive_connections=number % 2)
        async with self._service.client(limits=limits) as client:
            while not self._over.is_set():
                changes = self._changing and number % 3 == 0
                asked = (
                    {"query": CREATE, "variables": {"title": f"0 {next(NUMBERS)}"}} if changes else {"query": TITLES}
                )
                try:
                    answer = await client.post("/graphql", json=asked)
                    if answer.status_code == 200 and "errors" not in answer.json():
                        self.answered += 1
                    else:
                        self.failures.append(f"{answer.status_code} {answer.text}")
                except httpx.HTTPError as error:
                    self.failures.append(repr(error))


async def test_a_change_is_made_and_read_through_the_proxy(service: Service) -> None:
    title = last_title()
    async with service.client() as client:
        made = await client.post("/graphql", json={"query": CREATE, "variables": {"title": title}})
        assert made.json()["data"]["createDocument"] == {"document": {"title": title}, "errors": []}
        position = {"Trellis-Position": made.headers["Trellis-Position"]}
        async with asyncio.timeout(PATIENCE_S):
            silent = set(SERVERS)
            while silent:  # a server whose health is late is left out for a moment
                read = await client.post("/graphql", json={"query": TITLES}, headers=position)
                assert read.json() == {"data": {"documents": {"nodes": [{"title": title}]}}}
                silent = {name for name in SERVERS if "POST /graphql" not in service.composition[name].log}
    assert await service.tell("postgres-b", "SELECT pg_is_in_recovery()")


async def test_names_of_the_application_find_its_own_tables_behind_pgbouncer(service: Service) -> None:
    connection = await asyncpg.connect(
        host=service.composition["pgbouncer-a"].address,
        port=6432,
        user="trellis",
        password=VARIABLES["DATABASE_PASSWORD"],
        database="trellis",
        statement_cache_size=0,
    )
    try:
        found = await connection.fetchrow("SELECT current_schema(), to_regnamespace('trellis') IS NOT NULL")
    finally:
        await connection.close()
    assert found is not None
    assert tuple(found) == ("public", True)  # though the role bears the name of the schema of our own tables


def forgeries(own: str) -> Iterator[Sequence[tuple[str, str]]]:
    """What a client may write, who knows its own address."""
    yield []
    yield [("X-Forwarded-For", OTHER)]
    yield [("X-Forwarded-For", OTHER), ("x-forwarded-for", f"{OTHER}:443")]
    yield [("X-Forwarded-For", f"{OTHER}, 127.0.0.1")]
    yield [("X-Forwarded-For", "[2001:db8::1]:443"), ("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "evil.org")]
    yield [("X-Forwarded-For", "unknown"), ("X-Real-IP", OTHER)]
    yield [("Forwarded", f"for={OTHER};proto=https;host=evil.org")]
    yield [("Forwarded", f'for="{own}";proto=https;host=evil.org')]
    yield [("Forwarded", f"for={OTHER}"), ("Forwarded", 'for="[2001:db8::1]:443"'), ("X-Forwarded-For", OTHER)]


async def seen_client(service: Service, ask: httpx.AsyncClient, headers: Sequence[tuple[str, str]], at: str) -> str:
    """The address and the port from which a request came, as a server's log has them."""
    marker = f"/livez?marker={next(NUMBERS)}"
    assert (await ask.get(f"{at}{marker}", headers=list(headers))).status_code == 200
    line = re.compile(rf'"([^"\s]+) - \\"GET {re.escape(marker)} ')
    async with asyncio.timeout(PATIENCE_S):
        while True:
            found = [found for name in SERVERS for found in line.findall(service.composition[name].log)]
            if found:
                (client,) = found
                return str(client)
            await asyncio.sleep(0.05)


async def test_nothing_that_a_client_writes_moves_its_address(service: Service) -> None:
    own, _ = service.composition.strangers
    async with httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(local_address=own), timeout=PATIENCE_S) as client:
        for headers in forgeries(own):
            assert await seen_client(service, client, headers, service.origin) == f"{own}:0", headers
        direct = f"http://{service.composition['trellis-a'].address}:8000"
        for headers in forgeries(own):
            address, port = (await seen_client(service, client, headers, direct)).rsplit(":", 1)
            assert (address, port != "0") == (own, True), headers


async def test_clients_of_ipv6_have_their_address(service: Service) -> None:
    origin = f"http://[::1]:{service.composition.ipv6_port}"
    async with httpx.AsyncClient(timeout=PATIENCE_S) as client:
        for headers in forgeries("::1"):
            assert await seen_client(service, client, headers, origin) == "::1:0", headers


async def test_the_scheme_is_the_one_by_which_a_client_has_come(service: Service) -> None:
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    own, _ = service.composition.strangers
    transport = httpx.AsyncHTTPTransport(local_address=own, verify=trusting)
    async with httpx.AsyncClient(transport=transport, timeout=PATIENCE_S) as client:
        for origin, is_secure in ((service.origin, False), (service.secure, True)):
            for headers in forgeries(own):
                variables = {"email": f"b{next(NUMBERS)}@example.org", "cookie": True}
                asked = {"query": SIGN_UP, "variables": variables}
                answer = await client.post(f"{origin}/graphql", json=asked, headers=[*headers, ("Origin", origin)])
                assert answer.json()["data"]["signUp"]["errors"] == []
                cookies = answer.headers.get_list("set-cookie")
                assert [("; secure" in cookie.lower()) for cookie in cookies] == [is_secure] * len(cookies)
                assert cookies
                client.cookies.clear()


async def test_both_servers_are_started_anew_without_a_failed_request(service: Service) -> None:
    load = Load(service)
    async with load.running():
        for name in SERVERS:
            before = load.answered
            status = await asyncio.to_thread(service.composition[name].stop)
            assert status == 0
            await asyncio.to_thread(service.composition[name].start)
            await until_ready(service.composition, name)
            await load.goes_on()
            await asyncio.sleep(2)  # the proxy looks once a second
            assert load.answered > before
    assert load.failures == []


async def test_a_worker_that_is_killed_is_replaced_and_what_it_did_not_hold_goes_on(service: Service) -> None:
    composition = service.composition
    load = Load(service, changing=False)
    async with load.running():
        before = children_of(composition["trellis-a"].pid)
        assert len(before) == 2
        killed = min(before)
        os.kill(killed, signal.SIGKILL)
        async with asyncio.timeout(PATIENCE_S):
            while len(now := children_of(composition["trellis-a"].pid)) < 2 or now == before:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        assert not is_running(killed)
        await until_ready(composition, "trellis-a")
    # Of each client, the request that was under way there: told by the proxy, or by the end of a kept connection.
    assert len(load.failures) <= CLIENTS
    assert all(failure.startswith(("502 ", "RemoteProtocolError")) for failure in load.failures), load.failures
    quiet = Load(service)
    async with quiet.running():
        await quiet.goes_on()
    assert quiet.failures == []


async def test_a_replica_that_lags_is_left_out_and_comes_back(service: Service) -> None:
    await service.tell("postgres-b", "SELECT pg_wal_replay_pause()")
    load = Load(service)
    try:
        async with load.running():
            for name in SERVERS:
                await until(partial(left_out, service, name))
            async with service.client() as client:
                title = last_title()
                await client.post("/graphql", json={"query": CREATE, "variables": {"title": title}})
                for _ in range(10):  # whoever is asked, without a position
                    read = await client.post("/graphql", json={"query": TITLES})
                    assert read.json() == {"data": {"documents": {"nodes": [{"title": title}]}}}
    finally:
        await service.tell("postgres-b", "SELECT pg_wal_replay_resume()")
    for name in SERVERS:
        await until(partial(service.replica_serves, name))
    assert load.failures == []


async def left_out(service: Service, server: str) -> bool:
    """Whether a server reads nothing from its replica."""
    return not await service.replica_serves(server)


async def test_a_replica_that_falls_silent_costs_no_request(service: Service) -> None:
    replica = service.composition["postgres-b"]
    load = Load(service)
    try:
        async with load.running():
            replica.send_signal(signal.SIGSTOP)
            for name in SERVERS:
                await until(partial(left_out, service, name))
            await load.goes_on()
    finally:
        replica.send_signal(signal.SIGCONT)
    for name in SERVERS:
        await until(partial(service.replica_serves, name))
    assert load.failures == []


async def test_after_a_promotion_the_service_is_whole(fragile: Service) -> None:
    async with fragile.client() as client:
        assert (await client.post("/graphql", json=change())).status_code == 200
        await until_shown(fragile)
        fragile.composition["postgres-a"].kill()
        await fragile.tell("postgres-b", "SELECT pg_promote()")
        promoted = time.monotonic()
        async with asyncio.timeout(PATIENCE_S):
            while not await is_made(client):  # noqa: ASYNC110 - nothing tells when it is
                await asyncio.sleep(0.05)
        took = time.monotonic() - promoted
        load = Load(fragile)
        for name in SERVERS:
            await until_ready(fragile.composition, name)
        async with load.running():
            await load.goes_on()
        assert load.failures == []
    assert took < WHOLE_S


def change() -> Mapping[str, Any]:
    """Make a document."""
    return {"query": CREATE, "variables": {"title": f"0 {next(NUMBERS)}"}}


async def is_made(client: httpx.AsyncClient) -> bool:
    """Whether a document is made; until it is, the answer says that it may be tried again."""
    answer = await client.post("/graphql", json=change())
    if answer.status_code == 200 and "errors" not in answer.json():
        return True
    codes = {error["extensions"]["code"] for error in answer.json()["errors"]}
    assert codes <= {"UNAVAILABLE", "OUTCOME_UNKNOWN", "DEADLINE_EXCEEDED", "OVERLOADED"}, answer.text
    return False


async def until_shown(service: Service) -> None:
    """Wait until the replica shows what was written on the primary."""
    written = await service.tell("postgres-a", "SELECT pg_current_wal_flush_lsn()::text")
    async with asyncio.timeout(PATIENCE_S):
        while not await service.tell("postgres-b", f"SELECT pg_last_wal_replay_lsn() >= '{written}'"):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
