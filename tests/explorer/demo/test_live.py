"""The examples that go on: they run over a WebSocket at the page's own address, and show what others change."""

import json
import re
from contextlib import suppress
from typing import Any

import httpx
import pytest
from playwright.async_api import Page, expect

from db.demo import EDITOR_EMAIL, PASSWORD
from tests.explorer.browser import Witness, needs_chromium
from tests.explorer.demo.test_browser import editor, opened, response, run_query, write

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module"), needs_chromium]

SIGN_IN = "mutation ($input: SignInInput!) { done: signIn(input: $input) { accessToken errors { ...Why } } }"
CREATE = "mutation ($input: CreatePostInput!) { done: createPost(input: $input) { post { id } errors { ...Why } } }"
PUBLISH = "mutation ($input: PublishPostInput!) { done: publishPost(input: $input) { post { id } errors { ...Why } } }"
RESPONSE = "document.querySelector('.graphiql-response .CodeMirror')"
WHY = " fragment Why on UserError { message }"


async def publish(origin: str, title: str) -> None:
    """Write a post that everybody may see, as another client does."""
    async with httpx.AsyncClient(base_url=origin, timeout=60) as http:

        async def do(mutation: str, **given: str) -> dict[str, Any]:
            sent = {"query": mutation + WHY, "variables": {"input": given}}
            done: dict[str, Any] = (await http.post("/graphql", json=sent)).json()["data"]["done"]
            assert done["errors"] == []
            return done

        token = (await do(SIGN_IN, email=EDITOR_EMAIL, password=PASSWORD))["accessToken"]
        http.headers["authorization"] = f"Bearer {token}"
        written = await do(CREATE, title=title, content="Dig deep.")
        await do(PUBLISH, id=written["post"]["id"])


async def show_tab(page: Page, name: str, text: str) -> None:
    """Open a tab, and click again where it stays closed: tabs can be dragged, and a page that settles makes a drag."""
    for _ in range(30):
        await page.get_by_role("tab", name=name).click()
        with suppress(AssertionError):
            await expect(editor(page)).to_contain_text(text, timeout=2_000)
            return
    pytest.fail(f"The tab {name} does not open.")


async def test_a_live_query_shows_what_another_client_writes(page: Page, witness: Witness) -> None:
    await opened(page, witness)
    await show_tab(page, "Live", "@live")
    await run_query(page)
    await expect(response(page)).to_contain_text('"totalCount"')
    await expect(response(page)).not_to_contain_text("Roses in chalk")
    for title in ("Roses in chalk", "Roses in lime"):
        await publish(witness.origin, title)
        await expect(response(page)).to_contain_text(title)
    await page.get_by_role("button", name=re.compile("^Stop")).click()
    await page.get_by_role("tab", name="LatestPosts").click()
    await run_query(page)
    await expect(response(page)).to_contain_text('"slug"')
    assert witness.complaints == []


async def test_a_subscription_tells_each_change_of_another_client_and_goes_on_from_a_position(
    page: Page, witness: Witness
) -> None:
    await opened(page, witness)
    await show_tab(page, "Following", "postsChanged")
    await run_query(page)
    stop = page.get_by_role("button", name=re.compile("^Stop"))
    await expect(stop).to_be_visible()
    for number in range(60):  # until the subscription has begun, of which a page tells nothing
        await publish(witness.origin, f"Roses in chalk {number}")
        with suppress(AssertionError):
            await expect(response(page)).to_contain_text("Roses in chalk", timeout=1_000)
            break
    await publish(witness.origin, "Roses in lime")
    await expect(response(page)).to_contain_text("Roses in lime")
    await expect(response(page)).to_contain_text('"kind"')
    told = json.loads(await page.evaluate(f"{RESPONSE}.CodeMirror.getValue()"))
    position = told["data"]["postsChanged"]["position"]
    await stop.click()
    await publish(witness.origin, "Roses in loam")
    await write(page, f'subscription {{ postsChanged(after: "{position}") {{ kind node {{ title }} }} }}')
    await run_query(page)
    await expect(response(page)).to_contain_text("Roses in loam")
    await page.get_by_role("button", name=re.compile("^Stop")).click()
    assert witness.complaints == []
