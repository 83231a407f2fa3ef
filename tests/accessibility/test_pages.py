"""The page at `/`, our parts of GraphiQL, and the manual, checked by axe on light and on dark, and by keys."""

import re
from collections.abc import Mapping

import pytest
from playwright.async_api import Page, expect

from tests.accessibility.axe import violations
from tests.explorer.browser import needs_chromium

pytestmark = [pytest.mark.npm, pytest.mark.browser, pytest.mark.asyncio(loop_scope="module"), needs_chromium]

UPSTREAM: Mapping[str, str] = {
    ".graphiql-explorer-root": "fields of the explorer's pane without names",
    ".graphiql-tabs": "a button to close in each tab, and too small for fingers",
    ".CodeMirror": "the colours of words in the editors, and an answer that is scrolled by the editor's own keys",
}
"""What is GraphiQL's own and is wrong there: its markup comes in its files, which are not ours to write."""

MANUAL = (
    "index",
    "pages",
    "command",
    "settings",
    "error-codes",
    "explorer",
    "architecture",
    "decisions/index",
    "search",
)


async def focused(page: Page) -> str:
    """The name of what has the focus, as people read it."""
    name: str = await page.evaluate("document.activeElement.textContent.trim()")
    return name


async def test_the_page_at_the_root_is_for_everybody(page: Page, origin: str) -> None:
    await page.goto(origin)
    await expect(page.locator("#viewer")).to_contain_text("You are nobody")
    assert await violations(page) == []
    await page.get_by_role("button", name="Ada Ashworth").click()
    await expect(page.locator("#viewer")).to_contain_text("You are Ada Ashworth.")
    assert await violations(page) == []


async def test_the_page_at_the_root_fits_a_telephone_and_large_letters(page: Page, origin: str) -> None:
    # 320 pixels: a window of 1280 at four times the size. Source: https://www.w3.org/TR/WCAG22/#reflow
    await page.set_viewport_size({"width": 320, "height": 640})
    await page.goto(origin)
    await expect(page.locator("#viewer")).to_contain_text("You are nobody")
    assert await page.evaluate("document.documentElement.scrollWidth") == 320
    assert await violations(page) == []


async def test_keys_reach_everything_at_the_root_in_the_order_of_reading(page: Page, origin: str) -> None:
    await page.goto(origin)
    await expect(page.locator("#viewer")).to_contain_text("You are nobody")
    there = await page.locator("a, button").all_text_contents()
    reached = []
    for _ in there:
        await page.keyboard.press("Tab")
        reached.append(await focused(page))
        outline = await page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline == "solid"  # one sees where one is
    assert reached == there
    while await focused(page) != "Ada Ashworth":
        await page.keyboard.press("Shift+Tab")
    await page.keyboard.press("Enter")
    await expect(page.locator("#viewer")).to_contain_text("You are Ada Ashworth.")


async def test_our_parts_of_graphiql_are_for_everybody(page: Page, origin: str) -> None:
    await page.goto(f"{origin}/graphql")
    await expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    await page.get_by_role("button", name=re.compile("^Execute query")).click()
    await expect(page.locator(".trellis-measured")).to_contain_text("HTTP 200")
    for name in ("Operation", "Variables", "Headers", "Answer"):
        await expect(page.locator(f'textarea[aria-label="{name}"]')).to_have_count(1)
    assert await violations(page, leave_out=list(UPSTREAM)) == []


async def test_the_sign_in_of_graphiql_goes_by_keys(page: Page, origin: str) -> None:
    await page.goto(f"{origin}/graphql")
    await page.get_by_role("button", name="Sign in").focus()
    await page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_label("Email")).to_be_visible()
    await dialog.get_by_label("Email").fill("nobody@example.org")
    await dialog.get_by_label("Password").fill("wrong password")
    await page.keyboard.press("Enter")
    await expect(dialog.get_by_role("alert")).to_be_visible()
    assert await violations(page, leave_out=list(UPSTREAM)) == []
    await page.keyboard.press("Escape")
    await expect(dialog).to_be_hidden()


async def test_the_doctors_panel_is_for_everybody(page: Page, origin: str) -> None:
    await page.goto(f"{origin}/graphql")
    await page.get_by_role("button", name="Show Doctor").click()
    await page.get_by_label("Examine what I run").check()
    await page.get_by_role("button", name="Run", exact=True).click()
    panel = page.locator(".trellis-doctor")
    await expect(panel.locator(".trellis-statements > li").first).to_contain_text("BEGIN")
    for folded in await panel.locator("summary").all():
        await folded.click()
    assert await violations(page, leave_out=list(UPSTREAM)) == []


@pytest.mark.parametrize("name", MANUAL)
async def test_the_manual_is_for_everybody(page: Page, site: str, name: str) -> None:
    await page.goto(f"{site}/{name}.html")
    assert await violations(page) == []
