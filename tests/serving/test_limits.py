"""What a stranger can take of the transport, and that others are served meanwhile."""

import asyncio
import time

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from graph.serving.gate import Gate, Refusal
from graph.serving.limits import IN_USE_S, LINGER_S, MAX_HEADERS, MAX_PIPELINED, Limits
from graph.serving.monitoring import ConnectionMetrics
from graph.serving.protocol import LimitedProtocol
from graph.settings import KIB
from tests.explorer.serving import serving
from tests.serving.wire import GET, PATIENCE_S, Raw, Served, echo, limited

BODY = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"


async def is_served(server: Served) -> bool:
    """Whether somebody else gets an answer, within a second."""
    async with asyncio.timeout(1):
        return (await server.asks(GET)).body == b"xxx"


@pytest.mark.parametrize(
    "begin", [b"GET /", b"GET / HTTP/1.1\r\nX: ", b"GET / HTTP/1.1\r\nX"], ids=["url", "value", "name"]
)
async def test_a_head_without_an_end_costs_little_and_is_told_so(begin: bytes) -> None:
    async with limited(echo) as server:
        raw = await server.connect()
        used = time.process_time()
        await raw.send(begin)
        for _ in range(160):  # 80 MB in all
            await raw.send(b"a" * 512 * KIB)
        answer = await raw.answer()
        used = time.process_time() - used
        assert await is_served(server)
    assert (answer.status, answer.headers["connection"]) == (431, "close")
    assert "may have 32768 bytes" in answer.message
    assert used < 2, "uvicorn takes ten seconds and more; sending alone takes a part of one"


@pytest.mark.parametrize("size", [1, 3])
async def test_a_head_may_come_in_pieces_up_to_its_limit(size: int) -> None:
    head = b"GET /3 HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 200 + b"\r\n\r\n"
    async with limited(echo, header_bytes=len(head)) as server:
        raw = await server.connect()
        for start in range(0, len(head), size):
            await raw.send(head[start : start + size])
            await asyncio.sleep(0)
        assert (await raw.answer()).status == 200
        assert (await server.asks(head.replace(b"\r\n\r\n", b"a\r\n\r\n"))).status == 431


async def test_the_limit_is_for_each_head_and_not_for_bodies() -> None:
    request = BODY % 5_000 + b"b" * 5_000
    async with limited(echo, header_bytes=100) as server:
        raw = await server.connect()
        await raw.send(request * 3)
        assert [len((await raw.answer()).body) for _ in range(3)] == [5_000] * 3


async def test_too_many_headers_are_refused() -> None:
    async with limited(echo) as server:
        answer = await server.asks(b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * (MAX_HEADERS + 1) + b"\r\n")
        told = {family.name: family.samples for family in ConnectionMetrics(server.gate).collect()}
    assert answer.status == 431
    refused = {sample.labels["status"]: sample.value for sample in told["trellis_connections_refused"]}
    assert {status for status, number in refused.items() if number == 1} == {"431"}


async def test_a_head_that_comes_too_slowly_is_refused_and_silence_is_ended() -> None:
    async with limited(echo, header_timeout_s=0.3) as server:
        slow, silent = await server.connect(), await server.connect()
        await slow.send(b"GET / HTTP/1.1\r\n")
        dripping = asyncio.create_task(_drip(slow, b"X"))
        answer = await slow.answer()
        assert await is_served(server)
        assert (answer.status, await silent.rest()) == (408, b"")
        dripping.cancel()


async def _drip(raw: Raw, piece: bytes) -> None:
    while True:
        await raw.send(piece)
        await asyncio.sleep(0.05)


@pytest.mark.parametrize("begin", [BODY % 100_000, CHUNKED + b"186A0\r\n"], ids=["length", "chunked"])
async def test_a_body_that_comes_too_slowly_is_refused(begin: bytes) -> None:
    async with limited(echo, body_timeout_s=0.3) as server:
        raw = await server.connect()
        await raw.send(begin)
        dripping = asyncio.create_task(_drip(raw, b"b"))
        answer = await raw.answer()
        dripping.cancel()
        assert await is_served(server)
    assert answer.status == 408


async def test_a_body_that_goes_on_is_waited_for_and_the_connection_stays() -> None:
    async with limited(echo, body_timeout_s=0.2) as server:
        raw = await server.connect()
        await raw.send(BODY % (32 * 4_000))
        for _ in range(32):  # 4 KB each 40 ms, for 1.3 s
            await raw.send(b"b" * 4_000)
            await asyncio.sleep(0.04)
        answer = await raw.answer()
        assert (len(answer.body), "connection" in answer.headers) == (128_000, False)
        await raw.send(GET)
        assert (await raw.answer()).body == b"xxx"


@pytest.mark.parametrize("waste", [b"1;" + b"e" * 400_000, b"1\r\nb\r\n0\r\nX: " + b"t" * 400_000])
async def test_framing_without_content_is_refused(waste: bytes) -> None:
    async with limited(echo) as server:
        assert (await server.asks(CHUNKED + waste)).status == 400


async def test_who_is_answered_early_may_read_why_before_the_rest_is_sent() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await echo(scope, receive, send)
            return
        await send({"type": "http.response.start", "status": 413, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})

    async with limited(app) as server:
        raw = await server.connect()
        await raw.send(BODY % 80_000_000)
        for _ in range(20):
            await raw.send(b"b" * 512 * KIB)
            await asyncio.sleep(0)
        answer = await raw.answer()
        assert (answer.status, answer.headers["connection"]) == (413, "close")
        assert await raw.rest() == b""
        async with asyncio.timeout(LINGER_S + 2):
            while not raw.writer.is_closing():  # the server does not listen for ever
                await raw.send(b"b")
                await asyncio.sleep(0.1)


async def test_a_body_may_wait_until_it_is_asked_for() -> None:
    async with limited(echo) as server:
        raw = await server.connect()
        await raw.send(BODY[:-2] % 3 + b"Expect: 100-continue\r\n\r\n")
        assert await raw.reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        await raw.send(b"abc")
        answer = await raw.answer()
        assert (answer.body, "connection" in answer.headers) == (b"abc", False)


async def test_a_server_of_uvicorns_own_takes_the_limits_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRELLIS_MAX_HEADER_BYTES", "1024")
    async with serving(echo, http=LimitedProtocol) as origin, httpx.AsyncClient(base_url=origin) as client:
        assert [(await client.get("/3", headers={"x": "a" * size})).status_code for size in (500, 1024)] == [200, 431]


async def test_trailers_do_not_become_headers() -> None:
    seen = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await echo(scope, receive, send)
        seen.append(scope.get("headers"))

    async with limited(app) as server:
        await server.asks(CHUNKED + b"1\r\nb\r\n0\r\nAuthorization: x\r\n\r\n")
    assert seen[0] == [(b"host", b"x"), (b"transfer-encoding", b"chunked")]


async def test_who_never_reads_is_cut_off_and_who_reads_slowly_is_not() -> None:
    size = 12_000_000
    async with limited(echo, write_timeout_s=0.4) as server:
        never, slow = [await server.connect() for _ in range(2)]
        for raw in (never, slow):
            await raw.send(GET.replace(b"/3", b"/%d" % size))
        begun, received = time.monotonic(), 0
        while received < size:
            part = await slow.reader.read(2**20)
            assert part, received
            received += len(part)
            await asyncio.sleep(0.03)
        assert time.monotonic() - begun > 1
        assert await is_served(server)
        assert len(await never.rest()) < size


async def test_an_idle_connection_is_kept_for_as_long_as_is_said() -> None:
    async with limited(echo, keep_alive_s=1.5, header_timeout_s=0.1) as server:
        raw = await server.connect()
        for _ in range(2):
            await raw.send(GET)
            assert (await raw.answer()).body == b"xxx"
            await asyncio.sleep(0.7)
        assert await raw.rest() == b""


async def test_a_draining_gate_lets_go_of_who_asks_nothing_and_answers_who_does() -> None:
    async with limited(echo) as server:
        idle, half, silent = [await server.connect() for _ in range(3)]
        await idle.send(GET)
        assert "connection" not in (await idle.answer()).headers
        server.gate.draining = True
        await half.send(GET[:-1])
        asked = await server.asks(GET)
        assert (asked.body, asked.headers["connection"]) == (b"xxx", "close")
        begun = time.monotonic()
        assert [await idle.rest(), await silent.rest(), (await half.answer()).status] == [b"", b"", 408]
        assert IN_USE_S / 2 < time.monotonic() - begun < 8, "the limit for heads is 10 s"


async def test_connections_of_one_address_are_counted_and_given_back() -> None:
    async with limited(echo, connections_per_address=20) as server:
        held = [await server.connect() for _ in range(20)]
        for raw in held:
            await raw.send(GET)
            await raw.answer()
        answer = await server.asks(GET)
        assert (answer.status, answer.headers["retry-after"]) == (429, "1")
        assert "TRELLIS_TRUSTED_PROXIES" in answer.message
        held.pop().close()
        await asyncio.sleep(0.1)
        assert await is_served(server)


async def test_a_full_server_says_so() -> None:
    async with limited(echo, connections=2) as server:
        await server.connect()
        await server.connect()
        answer = await server.asks(GET)
        assert (answer.status, answer.headers["connection"]) == (503, "close")


async def test_a_full_server_ends_an_idle_connection_for_a_newcomer() -> None:
    async with limited(echo, connections=2) as server:
        busy, idle = await server.connect(), await server.connect()
        await idle.send(GET)
        await idle.answer()
        await busy.send(GET[:-1])
        assert (await server.asks(GET)).status == 503, "the next request may be on its way"
        await asyncio.sleep(IN_USE_S + 0.2)
        assert await is_served(server)
        assert await idle.rest() == b""
        await busy.send(GET[-1:])
        assert (await busy.answer()).body == b"xxx"


async def test_five_hundred_connections_of_one_address_leave_room() -> None:
    async with limited(echo, header_timeout_s=0.5) as server:
        for _ in range(500):
            await (await server.connect()).send(b"GET / HTTP/1.1\r\n")
        assert server.gate.enter(_Nobody(), "192.0.2.1") is None, "somebody else"
        async with asyncio.timeout(PATIENCE_S):
            while not await has_room(server):  # noqa: ASYNC110 - nothing tells when
                await asyncio.sleep(0.1)


async def has_room(server: Served) -> bool:
    """Whether a newcomer is served; not when it is refused, or just cut off."""
    try:
        return (await server.asks(GET)).status == 200
    except (asyncio.IncompleteReadError, ConnectionError):
        return False


class _Nobody:
    def check(self, now_s: float) -> None:
        """Never late."""

    def gives_way(self) -> bool:
        return False


@pytest.mark.parametrize(
    ("first", "second", "trusted", "refused"),
    [
        ("192.0.2.1", "192.0.2.1", (), True),
        ("192.0.2.1", "192.0.2.2", (), False),
        ("192.0.2.1", "192.0.2.1", ("192.0.2.0/24",), False),
        ("192.0.2.1", "192.0.2.1", ("unix", "198.51.100.7"), True),
        ("2001:db8::1", "2001:db8::ffff:1", (), True),
        ("2001:db8::1", "2001:db8:0:1::1", (), False),
        ("::ffff:192.0.2.1", "192.0.2.1", (), True),
        (None, None, (), False),
    ],
)
async def test_who_is_one_and_who_is_not(
    first: str | None, second: str | None, trusted: tuple[str, ...], refused: bool
) -> None:
    gate = Gate(Limits(connections_per_address=1, trusted=Limits.networks(trusted)))
    one, other = _Nobody(), _Nobody()
    assert gate.enter(one, first) is None
    assert gate.enter(other, second) is (Refusal.PER_ADDRESS if refused else None)
    gate.leave(one)
    gate.leave(other)
    assert gate.enter(one, second) is None


async def test_pipelined_requests_are_answered_in_order_and_bounded() -> None:
    paths = range(1, MAX_PIPELINED + 5)
    async with limited(echo) as server:
        raw = await server.connect()
        await raw.send(b"".join(GET.replace(b"/3", b"/%d" % path) for path in paths))
        answers = [await raw.answer() for _ in range(MAX_PIPELINED + 1)]
        assert await raw.rest() == b""
    assert [len(answer.body) for answer in answers] == list(paths)[: MAX_PIPELINED + 1]
    assert answers[-1].headers["connection"] == "close"


@pytest.mark.parametrize("wrong", [b"nonsense\r\n\r\n", BODY % 5 + b"b", b"GET / HTTP/1.1\r\nX: " + b"a" * 80_000])
async def test_a_wrong_request_does_not_answer_for_the_one_before(wrong: bytes) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await asyncio.sleep(0.3)
        await echo(scope, receive, send)

    async with limited(app, body_timeout_s=0.2) as server:
        raw = await server.connect()
        await raw.send(GET + wrong)
        assert (await raw.answer()).body == b"xxx"
        rest = await raw.rest()
    assert rest == b"" or rest.startswith(b"HTTP/1.1 408")


TWO_WAYS = {
    "length and chunks": b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
    "two lengths": b"Content-Length: 3\r\nContent-Length: 4\r\n",
    "the same length twice": b"Content-Length: 3\r\nContent-Length: 3\r\n",
    "a list of lengths": b"Content-Length: 3, 3\r\n",
    "a length with a sign": b"Content-Length: +3\r\n",
    "an unknown coding": b"Transfer-Encoding: xchunked\r\n",
    "chunks within a coding": b"Transfer-Encoding: chunked, identity\r\n",
    "a space before the colon": b"Transfer-Encoding : chunked\r\n",
    "a folded line": b"X: a\r\n b\r\n",
    "a bare return": b"X: a\rb\r\n",
    "a bare newline": b"X: a\nb: c\r\n",
    "a zero character": b"X: a\x00b\r\n",
    "a control character": b"X: a\x1bb\r\n",
    "a body for another protocol": b"Connection: upgrade\r\nUpgrade: h2c\r\nContent-Length: 3\r\n",
}


@pytest.mark.parametrize("lines", TWO_WAYS.values(), ids=TWO_WAYS)
async def test_what_can_be_read_in_two_ways_is_refused_and_ends_the_connection(lines: bytes) -> None:
    async with limited(echo) as server:
        raw = await server.connect()
        await raw.send(b"POST / HTTP/1.1\r\nHost: x\r\n" + lines + b"\r\nabc" + GET)
        answer = await raw.answer()
        assert (answer.status, answer.headers["connection"]) == (400, "close")
        assert await raw.rest() == b""


async def test_an_upgrade_without_a_body_is_answered_and_nothing_follows() -> None:
    async with limited(echo) as server:
        raw = await server.connect()
        await raw.send(GET.replace(b"\r\n\r\n", b"\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n"))
        answer = await raw.answer()
        assert (answer.body, answer.headers["connection"]) == (b"xxx", "close")
        await raw.send(GET)
        assert await raw.rest() == b""
