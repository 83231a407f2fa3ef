"""A real browser and the cookie: pages of ours, of a named origin, and of others."""

from functools import partial

import pytest
from playwright.async_api import Page

from tests.databases import Database
from tests.explorer.browser import chromium, needs_chromium
from tests.http.conftest import Serve
from tests.identity.signing import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.sqlite, needs_chromium]

FETCH = """async ([url, method, document, variables]) => {
    const asked = {query: document, variables: JSON.stringify(variables)};
    const body = JSON.stringify({query: document, variables});
    const sent = {credentials: "include", headers: {"GraphQL-Client-Name": "page"}};
    try {
        const response = method === "GET"
            ? await fetch(`${url}?${new URLSearchParams(asked)}`, sent)
            : await fetch(url, {...sent, method, body, headers: {...sent.headers, "Content-Type": "application/json"}});
        return await response.json();
    } catch (error) {
        return `${error}`;
    }
}"""
SIGN_UP = "mutation ($input: SignUpInput!) { signUp(input: $input) { viewer { name } } }"
GRACE = {"name": "Grace", "email": "grace@example.com", "password": PASSWORD, "cookie": True}
WHO = "{ viewer { name } }"


async def test_a_cookie_serves_our_pages_and_those_of_a_named_origin_and_no_others(
    database: Database, serve: Serve
) -> None:
    app, evil = await serve(database.url), await serve(database.url)  # two more servers, for their origins' sake
    api = await serve(database.url, cors_origins=app.origin, cors_credentials=True)
    async with chromium() as browser:
        page = await browser.new_page()
        ask = partial(asked, page, f"{api.origin}/graphql")

        await page.goto(f"{app.origin}/healthz")
        assert await ask("POST", SIGN_UP, {"input": GRACE}) == {"data": {"signUp": {"viewer": {"name": "Grace"}}}}
        for method in ("GET", "POST"):
            assert await ask(method, WHO) == {"data": {"viewer": {"name": "Grace"}}}

        await page.goto(f"{api.origin}/healthz")
        for method in ("GET", "POST"):  # a GET of our own page, too, which the browser marks as such
            assert await ask(method, WHO) == {"data": {"viewer": {"name": "Grace"}}}

        await page.goto(f"{evil.origin}/healthz")
        for method in ("GET", "POST"):
            assert await ask(method, WHO) == "TypeError: Failed to fetch"
        # What a link shows, and what an image would be sent: the browser shows it to nobody but its user.
        await page.set_content(f'<a href="{api.origin}/graphql?query={WHO}">a link</a>')
        async with page.expect_response(lambda response: "/graphql?" in response.url) as response:
            await page.click("a")
        assert (await response.value).status == 403


async def asked(page: Page, url: str, method: str, document: str, variables: object = None) -> object:
    answer: object = await page.evaluate(FETCH, [url, method, document, variables or {}])
    return answer
