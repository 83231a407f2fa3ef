"""Signing in from GraphiQL: by its bar, by the operations that docs/demo.md has for it, and by a header."""

import re
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.explorer.browser import Witness, needs_chromium

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module"), needs_chromium]

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "demo.md").read_text(encoding="utf-8")


TOKEN = """mutation {
  signIn(input: {email: "ada.ashworth@example.org", password: "trellis demo"}) { accessToken }
}"""


async def run(page: Page, operation: str) -> None:
    """Put an operation in the place of what the editor holds, and run it."""
    await page.locator(".graphiql-query-editor .CodeMirror").click()
    await page.keyboard.press("Control+A")
    await page.keyboard.insert_text(operation)
    name = operation.split()[1]
    await expect(page.get_by_role("tab", selected=True)).to_contain_text(name)  # GraphiQL has read it
    await page.get_by_role("button", name=re.compile("^Execute query")).click()


async def test_who_signs_in_with_a_cookie_writes_a_post(page: Page, witness: Witness) -> None:
    sign_in, create_post = re.findall(r"^```graphql\n(.*?)^```$", PAGE, re.M | re.S)
    await page.goto(f"{witness.origin}/graphql")
    response = page.locator(".graphiql-response")
    await run(page, create_post)
    await expect(response).to_contain_text("Sign in first")
    await run(page, sign_in)
    await expect(response).to_contain_text('"email": "grace.omalley@example.org"')
    assert await page.evaluate("document.cookie") == ""
    await run(page, create_post)
    await expect(response).to_contain_text('"slug": "roses-in-sand"')
    await expect(response).to_contain_text("Grace O'Malley")
    await expect(page.locator(".trellis-viewer")).to_have_text("Grace O'Malley")  # the bar has noticed
    assert witness.complaints == []


async def test_the_bar_signs_in_and_out_and_keeps_nothing(page: Page, witness: Witness) -> None:
    await page.goto(f"{witness.origin}/graphql")
    await page.get_by_role("button", name="Sign in").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Email").fill("grace.omalley@example.org")
    await dialog.get_by_label("Password").fill("wrong")
    await page.keyboard.press("Enter")
    await expect(dialog.get_by_role("alert")).to_have_text("This e-mail address and this password do not go together.")
    await dialog.get_by_label("Password").fill("trellis demo")
    await page.keyboard.press("Enter")
    await expect(page.locator(".trellis-viewer")).to_have_text("Grace O'Malley")
    await page.get_by_role("tab", name="Mine").click()
    await page.get_by_role("button", name=re.compile("^Execute query")).click()
    await expect(page.locator(".graphiql-response")).to_contain_text("grace.omalley@example.org")
    await page.reload()
    await expect(page.locator(".trellis-viewer")).to_have_text("Grace O'Malley")
    kept = await page.evaluate("JSON.stringify([localStorage, sessionStorage, document.cookie])")
    assert "trellis demo" not in kept
    assert "oken" not in kept
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    left = {cookie["name"].partition("_device_")[0] for cookie in await page.context.cookies()}
    assert left <= {"trellis"}  # that somebody has signed in here before, which tells nobody who asks
    assert witness.complaints == []


async def test_a_token_in_a_header_says_who_one_is(page: Page, witness: Witness) -> None:
    answer = await page.request.post(f"{witness.origin}/graphql", data={"query": TOKEN})
    token = (await answer.json())["data"]["signIn"]["accessToken"]
    await page.goto(f"{witness.origin}/graphql")
    await page.get_by_role("button", name="Headers").click()
    await page.locator(".graphiql-editor-tool .CodeMirror:visible").click()
    await page.keyboard.insert_text(f'{{ "Authorization": "Bearer {token}" }}')
    await page.get_by_role("button", name=re.compile("^Execute query")).click()
    await expect(page.locator(".trellis-session")).to_have_text("Ada Ashworthby header")
    assert token not in await page.evaluate("JSON.stringify(localStorage)")
    assert witness.complaints == []
    await page.locator(".graphiql-editor-tool .CodeMirror:visible").click()
    await page.keyboard.press("Control+A")
    await page.keyboard.insert_text('{ "Authorization": "Bearer x" }')
    await page.get_by_role("button", name=re.compile("^Execute query")).click()
    await expect(page.locator(".trellis-session")).to_have_text("Header refused")
