"""A server that stops ends sockets and streams one after the other, and takes no new ones."""

import asyncio
import signal

import pytest

from tests.cli.running import PATIENCE_S
from tests.databases import Database
from tests.live.conftest import Hear
from tests.live.test_streams import Event, stream
from tests.live.wire import Refused, SocketClient
from tests.serving.test_draining import ended, started

NEWS = "subscription { news { number } }"


async def test_sockets_close_with_1012_and_streams_are_complete(hear: Hear) -> None:
    heard = await hear(socket_drain_s=0.2)
    async with await SocketClient.begun(heard.origin) as client, stream(heard, NEWS) as events:
        await client.subscribe("a", NEWS)
        await heard.until(lambda: heard.station.radio.begun == 2)
        heard.live.drain()
        assert (await client.closed()).code == 1012
        told = await events.next()
        assert [error["extensions"]["code"] for error in told.data["errors"]] == ["SHUTTING_DOWN"]
        assert await events.next() == Event("complete")
        assert await events.ends()
        with pytest.raises(Refused) as refused:
            await SocketClient.open(heard.origin)
        assert refused.value.status == 503
        async with stream(heard, NEWS) as late:
            assert late.response.status_code == 503
    await heard.until(lambda: heard.station.radio.ended == 2 and not heard.live.sockets.open)


@pytest.mark.process
@pytest.mark.sqlite
async def test_a_server_that_is_told_to_stop_spreads_the_ends_and_exits_with_0(database: Database) -> None:
    spread_s, count = 1.0, 5
    with started(database, TRELLIS_SOCKET_DRAIN_S=str(spread_s)) as (process, address):
        clients = [await SocketClient.begun(address) for _ in range(count)]
        for number, client in enumerate(clients):
            await client.subscribe(str(number), "{ __typename }")
            assert await client.payload(str(number)) == {"data": {"__typename": "Query"}}
        process.send_signal(signal.SIGTERM)
        loop = asyncio.get_running_loop()

        async def closed_at(client: SocketClient) -> tuple[int, float]:
            return (await client.closed()).code, loop.time()

        async with asyncio.timeout(PATIENCE_S):
            ends = await asyncio.gather(*map(closed_at, clients))
        assert [code for code, _ in ends] == [1012] * count
        # The last one ends four fifths of the time after the first; a machine that stands still makes that more.
        assert max(at for _, at in ends) - min(at for _, at in ends) >= spread_s / 2
        for client in clients:
            client.leave()
        assert await asyncio.to_thread(ended, process) == 0
