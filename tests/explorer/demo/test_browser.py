"""GraphiQL in a real browser, on the real application: it works, and it stays at home."""

import asyncio
import re

import pytest
from playwright.async_api import Page, expect

from tests.explorer.browser import Witness, needs_chromium

# The database is the same for the browser, so one of them is enough.
pytestmark = [pytest.mark.browser, pytest.mark.sqlite, needs_chromium]

ROOT_FIELDS = ("posts", "users", "tags", "node")


async def run_query(page: Page) -> None:
    """Press the button with the triangle."""
    await page.get_by_role("button", name=re.compile("^Execute query")).click()


async def test_the_welcome_query_is_answered(page: Page, witness: Witness) -> None:
    await page.goto(f"{witness.origin}/graphql")
    await expect(page).to_have_title("Trellis")
    await run_query(page)
    response = page.locator(".graphiql-response")
    await expect(response).to_contain_text('"totalCount"')
    await expect(response).to_contain_text('"slug"')
    await expect(response).not_to_contain_text('"errors"')
    assert witness.complaints == []


async def test_the_explorer_offers_the_root_fields(page: Page, witness: Witness) -> None:
    await page.goto(f"{witness.origin}/graphql")
    explorer = page.locator(".graphiql-explorer-root")
    for name in ROOT_FIELDS:
        await expect(explorer.get_by_text(name, exact=True).first).to_be_visible()
    await expect(page.locator(".graphiql-query-editor")).to_contain_text("title")
    await explorer.get_by_text("title", exact=True).click()
    await expect(page.locator(".graphiql-query-editor")).not_to_contain_text("title")
    assert witness.complaints == []


async def test_the_documentation_opens(page: Page, witness: Witness) -> None:
    await page.goto(f"{witness.origin}/graphql")
    await page.get_by_role("button", name="Show Documentation Explorer").click()
    documentation = page.locator(".graphiql-doc-explorer")
    await documentation.get_by_role("link", name="Query", exact=True).click()
    await expect(documentation.get_by_role("link", name="posts", exact=True)).to_be_visible()
    assert witness.complaints == []


async def test_the_open_pane_is_remembered(page: Page, witness: Witness) -> None:
    await page.goto(f"{witness.origin}/graphql")
    await expect(page.locator(".graphiql-explorer-root")).to_be_visible()
    await page.get_by_role("button", name="Show History").click()
    await page.reload()
    await expect(page.locator(".graphiql-history-header")).to_be_visible()
    await page.get_by_role("button", name="Hide History").click()
    await page.reload()
    await expect(page.locator(".graphiql-query-editor")).to_contain_text("LatestPosts")
    await expect(page.locator(".graphiql-history-header")).not_to_be_visible()
    assert witness.complaints == []


async def test_dialogs_and_completion_work_under_the_policy(page: Page, witness: Witness) -> None:
    await page.goto(f"{witness.origin}/graphql")
    await expect(page.locator(".graphiql-explorer-root")).to_be_visible()
    await page.get_by_role("button", name="Open settings dialog").click()
    await expect(page.get_by_role("dialog")).to_contain_text("Theme")
    # Its style element carries our nonce and is in force; without the nonce it would have no rules.
    assert await page.evaluate("[...document.styleSheets].filter((s) => s.ownerNode.tagName === 'STYLE').length") == 1
    await page.get_by_role("button", name="Dark").click()
    await page.keyboard.press("Escape")
    await page.locator(".graphiql-query-editor .CodeMirror").click()
    await page.keyboard.press("Control+A")
    await page.keyboard.type("{ pos", delay=50)
    await expect(page.locator(".CodeMirror-hints")).to_contain_text("posts")
    assert witness.complaints == []


async def test_headers_reach_the_api_and_are_not_kept(page: Page, witness: Witness) -> None:
    await page.goto(f"{witness.origin}/graphql")
    await page.get_by_role("button", name="Headers").click()
    await page.locator(".graphiql-editor-tool .CodeMirror:visible").click()
    await page.keyboard.insert_text('{ "X-Token": "s3cret" }')
    await page.wait_for_timeout(
        500
    )  # GraphiQL takes what was typed into its tab after a moment, and then into the history
    async with page.expect_request(lambda request: "LatestPosts" in (request.post_data or "")) as sent:
        await run_query(page)
    assert (await (await sent.value).all_headers())["x-token"] == "s3cret"
    await page.wait_for_timeout(1_000)  # GraphiQL stores its tabs half a second after the last change
    assert "LatestPosts" in await page.evaluate("localStorage.getItem('graphiql:queries')")
    assert "s3cret" not in await page.evaluate("JSON.stringify(localStorage)")
    assert witness.complaints == []


async def test_a_link_brings_its_query_and_does_not_run_it(page: Page, witness: Witness) -> None:
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.post_data or ""))
    await page.goto(f"{witness.origin}/graphql#query=%7B%20__typename%20%7D")
    await expect(page.locator(".graphiql-query-editor")).to_contain_text("__typename")
    await expect(page.locator(".graphiql-explorer-root")).to_be_visible()
    assert [body for body in requests if body and "IntrospectionQuery" not in body] == []
    await run_query(page)
    await expect(page.locator(".graphiql-response")).to_contain_text('"Query"')
    assert witness.complaints == []


ATTACKS = {
    "connect-src": "fetch('http://trellis.invalid/').catch(() => 0)",
    "img-src": "document.body.append(Object.assign(new Image(), {src: 'http://trellis.invalid/i.png'}))",
    "script-src-elem": "document.head.append(Object.assign(document.createElement('script'), {text: '0'}))",
    "script-src-attr": "document.body.insertAdjacentHTML('beforeend', '<p onclick=\"0\">')",
    "style-src-elem": "document.head.append(Object.assign(document.createElement('style'), {textContent: 'p {}'}))",
    "style-src-attr": "document.body.insertAdjacentHTML('beforeend', '<p style=\"color: red\">')",
    "frame-src": "document.body.insertAdjacentHTML('beforeend', '<iframe src=\"http://trellis.invalid/\">')",
    "form-action": "document.body.append(Object.assign(document.createElement('form'), {id: 'f'})); f.submit()",
    "base-uri": "document.head.insertAdjacentHTML('beforeend', '<base href=\"http://trellis.invalid/\">')",
    "script-src": "setTimeout(() => { new Function('0') })",  # later: what `evaluate` runs may itself evaluate
}


def refused(witness: Witness) -> set[str]:
    """The directives that have refused something."""
    beginning = "console: refused by the policy: "
    return {
        complaint.removeprefix(beginning).split()[0]
        for complaint in witness.complaints
        if complaint.startswith(beginning)
    }


async def test_the_policy_refuses_and_the_witness_sees_it(page: Page, witness: Witness) -> None:
    await page.goto(f"{witness.origin}/graphql")
    await expect(page.locator(".graphiql-explorer-root")).to_be_visible()
    assert witness.complaints == []
    for attack in ATTACKS.values():
        await page.evaluate(f"() => {{ {attack} }}")
    async with asyncio.timeout(30):
        while refused(witness) != ATTACKS.keys():
            await page.wait_for_timeout(50)
