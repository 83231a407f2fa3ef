"""Our own sign-ins, keys and users over a WebSocket, which is asked again and again whose it is."""

import asyncio

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
