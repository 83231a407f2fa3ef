"""Our own sign-ins, keys and users over a WebSocket, which is asked again and again whose it is."""

import asyncio
from contextlib import AsyncExitStack

import httpx
from pydantic import SecretStr
from sqlalchemy import update

from db.models import User
from db.session.engines import Engines
from db.settings import DatabaseSettings
from graph.app import create_app
from graph.identity import sign_ins
from graph.serving.gate import Gate
from graph.serving.limits import Limits
from graph.serving.protocol import LimitedProtocol
from graph.serving.server import LimitedState
from graph.serving.sockets import LimitedSocket
from graph.settings import Settings
from tests.databases import Database
from tests.explorer.serving import serving
from tests.identity.people import make_key, make_user, writing
from tests.live.wire import SocketClient

SOON_S = 0.05
WHO = "query @live { viewer { name } }"
SIGN_OUT = "mutation { signOut(input: {}) { errors { __typename } } }"


async def test_our_own_sign_ins_keys_and_users_are_asked_for(database: Database, settings: DatabaseSettings) -> None:
    engines = Engines(settings)
    ada = await make_user(engines)
    key = await make_key(engines, "admin")
    made = Settings(database_url=SecretStr(database.url), socket_identity_s=SOON_S)
    app = create_app(made)
    async with serving(app, http=LimitedProtocol, state=LimitedState(Gate(Limits())), ws=LimitedSocket) as origin:
        async with writing(engines) as session:
            opened = await sign_ins.open(session, ada.id, in_cookie=True, life_s=3600)
        cookie = {"cookie": f"trellis_session={opened.text}", "origin": origin}
        async with await SocketClient.begun(origin, **cookie) as client:
            await client.subscribe("1", "{ viewer { name } }")
            assert await client.payload("1") == {"data": {"viewer": {"name": "Ada"}}}
            async with writing(engines) as session:
                await session.execute(update(User).where(User.id == ada.id).values(is_active=False))
            assert (await client.closed()).code == 4403
        async with await SocketClient.begun(origin, {"Authorization": f"Bearer {key}"}) as machine:
            await machine.subscribe("1", "{ __typename }")
            assert await machine.payload("1") == {"data": {"__typename": "Query"}}
            await asyncio.sleep(4 * SOON_S)  # asked for again, and believed
            await machine.send(type="ping")
            while (await machine.next())["type"] != "pong":
                pass
    await engines.dispose()


async def test_who_signs_out_ends_what_the_sign_in_has_open_and_nothing_else(
    database: Database, settings: DatabaseSettings
) -> None:
    engines = Engines(settings)
    ada = await make_user(engines)
    made = Settings(database_url=SecretStr(database.url), socket_identity_s=SOON_S)
    app = create_app(made)
    live, queries = app.state.live, app.state.live_queries
    async with AsyncExitStack() as stack:
        origin = await stack.enter_async_context(
            serving(app, http=LimitedProtocol, state=LimitedState(Gate(Limits())), ws=LimitedSocket)
        )
        async with writing(engines) as session:
            here, elsewhere = [await sign_ins.open(session, ada.id, in_cookie=True, life_s=3600) for _ in range(2)]
        cookies = [{"cookie": f"trellis_session={it.text}", "origin": origin} for it in (here, elsewhere)]
        first, other = [await stack.enter_async_context(await SocketClient.begun(origin, **it)) for it in cookies]
        for client in (first, other):
            for name in ("a", "b"):
                await client.subscribe(name, WHO)
                assert await client.payload(name) == {"data": {"viewer": {"name": "Ada"}}}
        http = await stack.enter_async_context(httpx.AsyncClient(base_url=origin, timeout=60))
        accept = {"accept": "text/event-stream", **cookies[0]}
        async with http.stream("POST", "/graphql", json={"query": WHO}, headers=accept) as events:
            lines = events.aiter_lines()
            while await anext(lines) != "event: next":
                pass  # comments
            done = await http.post("/graphql", json={"query": SIGN_OUT}, headers=cookies[0])
            assert done.json() == {"data": {"signOut": {"errors": []}}}
            assert (await first.closed()).code == 4403
            told = [line async for line in lines]
            assert sum("UNAUTHENTICATED" in line for line in told) == 1
            assert [line for line in told if line][-2:] == ["event: complete", "data:"]
        async with asyncio.timeout(60):
            while len(live.sockets.open) > 1:  # noqa: ASYNC110 - a server tells nobody
                await asyncio.sleep(SOON_S)
        assert (queries.groups, queries.members) == (1, 2)
    await engines.dispose()
