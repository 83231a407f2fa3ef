"""GraphiQL runs subscriptions in a real browser, over a WebSocket at the page's own address."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Page, expect
from pydantic import SecretStr

from graph.app import create_app
from graph.live import Live
from graph.serving.gate import Gate
from graph.serving.limits import Limits
from graph.serving.protocol import LimitedProtocol
from graph.serving.server import LimitedState
from graph.serving.sockets import LimitedSocket
from graph.settings import Settings
from graph.viewer import Viewer
from tests.explorer.browser import Witness, chromium, needs_chromium
from tests.explorer.serving import serving
from tests.live.radio import Station

pytestmark = [pytest.mark.browser, needs_chromium]


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    """An empty tab of a profile that has never been here."""
    async with chromium() as browser, await browser.new_context() as profile:
        yield await profile.new_page()


async def write(page: Page, editor: str, text: str) -> None:
    """Put a text in the place of what an editor holds."""
    await page.locator(f"{editor} .CodeMirror").click()
    await page.keyboard.press("Control+A")
    await page.keyboard.insert_text(text)


async def test_a_subscription_is_run_and_stopped_under_the_strict_policy(page: Page, tmp_path: Path) -> None:
    station = Station()
    station.people.known["ada"] = Viewer(1)
    made = Settings(database_url=SecretStr(f"sqlite:///{tmp_path / 'nowhere' / 'trellis.db'}"))
    app = create_app(made, domain=station.domain)
    live: Live = app.state.live
    async with serving(app, http=LimitedProtocol, state=LimitedState(Gate(Limits())), ws=LimitedSocket) as origin:
        witness = await Witness.on(page, origin)
        await page.goto(f"{origin}/graphql")
        await expect(page.locator(".graphiql-explorer-root")).to_contain_text("shelves")
        await write(page, ".graphiql-query-editor", "subscription { news { number viewer } }")
        await page.get_by_role("button", name="Headers").click()
        await write(page, ".graphiql-editor-tool .graphiql-editor:not(.hidden)", '{"authorization": "Bearer ada"}')
        await page.get_by_role("button", name=re.compile("^Execute query")).click()
        answer = page.locator(".graphiql-response")
        for _ in range(600):
            if station.radio.begun:
                break
            await page.wait_for_timeout(50)
        for number in (7, 8):
            station.radio.publish(number)
            await expect(answer).to_contain_text(f'"number": {number}')
        await expect(answer).to_contain_text("user:1")
        await page.get_by_role("button", name=re.compile("^Stop")).click()
        for _ in range(600):
            if station.radio.ended and not live.sockets.open:
                break
            await page.wait_for_timeout(50)
        assert (station.radio.begun, station.radio.ended, len(live.sockets.open)) == (1, 1, 0)
        assert witness.complaints == []
