"""The page at `/` in a real browser: one signs in as somebody of the demo, and old links go on to GraphiQL."""

import pytest
from playwright.async_api import Page, expect

from tests.explorer.browser import Witness, needs_chromium

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module"), needs_chromium]


async def test_one_signs_in_and_out_as_somebody_of_the_demo(page: Page, witness: Witness) -> None:
    await page.goto(witness.origin)
    viewer = page.locator("#viewer")
    await expect(viewer).to_contain_text("You are nobody")
    await page.get_by_role("button", name="Bjørn Berg").click()
    await expect(viewer).to_contain_text("You are Bjørn Berg.")
    assert await page.evaluate("document.cookie") == ""  # no script can read it
    await page.get_by_role("link", name="Go on in GraphiQL").click()
    await expect(page.locator(".trellis-viewer")).to_have_text("Bjørn Berg")
    await page.goto(witness.origin)
    await page.get_by_role("button", name="Sign out").click()
    await expect(viewer).to_contain_text("You are nobody")
    assert witness.complaints == []


async def test_what_keeps_somebody_from_signing_in_is_said(page: Page, witness: Witness) -> None:
    await page.route("**/graphql", lambda route: route.abort())
    await page.goto(witness.origin)
    await page.get_by_role("button", name="Ada Ashworth").click()
    await expect(page.get_by_role("alert")).to_contain_text("The API cannot be reached")


async def test_a_link_to_an_operation_goes_on_to_graphiql(page: Page, witness: Witness) -> None:
    await page.goto(f"{witness.origin}/#query=%7B%20__typename%20%7D")
    await expect(page.locator(".graphiql-query-editor")).to_contain_text("{ __typename }")
    assert page.url.startswith(f"{witness.origin}/graphql")
    assert witness.complaints == []


async def test_the_page_follows_the_colours_of_the_system(page: Page, witness: Witness) -> None:
    colours = []
    for scheme in ("light", "dark"):
        await page.emulate_media(color_scheme=scheme)
        await page.goto(witness.origin)
        colours.append(await page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert colours == ["rgb(255, 255, 255)", "rgb(20, 26, 22)"]
    assert witness.complaints == []


async def test_the_links_of_the_page_lead_somewhere(page: Page, witness: Witness) -> None:
    await page.goto(witness.origin)
    links = await page.locator("a").evaluate_all("(all) => all.map((it) => it.href)")
    ours = [link for link in links if link.startswith(witness.origin)]
    assert len(ours) >= 6
    for link in ours:
        assert (await page.request.get(link, headers={"Accept": "text/html"})).status == 200, link
