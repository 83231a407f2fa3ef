"""Signing in from GraphiQL and writing a post, with the operations that the README has for it."""

import re
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.explorer.browser import Witness, needs_chromium

pytestmark = [pytest.mark.browser, pytest.mark.sqlite, needs_chromium]

README = (Path(__file__).resolve().parents[3] / "README.md").read_text(encoding="utf-8")


EXPLORERS = "arg mismatch between arg and selection"
"""What the explorer plugin says of a list of objects in an argument, which it cannot show."""


async def run(page: Page, operation: str) -> None:
    """Put an operation in the place of what the editor holds, and run it."""
    await page.locator(".graphiql-query-editor .CodeMirror").click()
    await page.keyboard.press("Control+A")
    await page.keyboard.insert_text(operation)
    name = operation.split()[1]
    await expect(page.get_by_role("tab")).to_contain_text(name)  # GraphiQL has read it
    await page.get_by_role("button", name=re.compile("^Execute query")).click()


async def test_who_signs_in_with_a_cookie_writes_a_post(page: Page, witness: Witness) -> None:
    sign_in, create_post = re.findall(r"^```graphql\n(.*?)^```$", README, re.M | re.S)
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
    assert [complaint for complaint in witness.complaints if EXPLORERS not in complaint] == []
