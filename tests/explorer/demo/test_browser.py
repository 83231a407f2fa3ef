"""GraphiQL in a real browser, on the real application: it works, and it stays at home."""

import asyncio
import re

import pytest
from playwright.async_api import Locator, Page, expect

from tests.explorer.browser import Witness, needs_chromium

# Databases are the same for the browser, so one of them is enough.
pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module"), needs_chromium]

ROOT_FIELDS = ("posts", "users", "tags", "node")
BACKGROUND = "getComputedStyle(document.querySelector('.graphiql-container')).backgroundColor"


async def run_query(page: Page) -> None:
    """Press the button with the triangle."""
    await page.get_by_role("button", name=re.compile("^Execute query")).click()


async def until(page: Page, condition: str) -> None:
    """Wait for a condition. The policy forbids Playwright's own way, which evaluates in the page."""
    async with asyncio.timeout(30):
        while not await page.evaluate(condition):
            await page.wait_for_timeout(50)


async def opened(page: Page, witness: Witness, fragment: str = "") -> None:
    """Open GraphiQL and wait until it knows the schema."""
    await page.goto(f"{witness.origin}/graphql{fragment}")
    await expect(page.locator(".graphiql-explorer-root")).to_contain_text("posts")


async def write(page: Page, text: str) -> None:
    """Put an operation in the place of what the editor holds."""
    await page.locator(".graphiql-query-editor .CodeMirror").click()
    await page.keyboard.press("Control+A")
    await page.keyboard.insert_text(text)


def editor(page: Page) -> Locator:
    """The editor of operations."""
    return page.locator(".graphiql-query-editor")


def response(page: Page) -> Locator:
    """The answer."""
    return page.locator(".graphiql-response")


async def test_the_first_keystrokes_go_into_the_editor_and_the_welcome_is_answered(
    page: Page, witness: Witness
) -> None:
    await opened(page, witness)
    await expect(page).to_have_title("Trellis")
    await page.keyboard.type("# mine", delay=20)
    await expect(editor(page)).to_contain_text("# mine# Welcome")
    await expect(editor(page)).to_contain_text("first: 5")
    await page.keyboard.press("Control+Enter")
    await expect(response(page)).to_contain_text('"totalCount"')
    await expect(response(page)).to_contain_text('"slug"')
    await expect(response(page)).not_to_contain_text('"errors"')
    await expect(page.locator(".trellis-measured")).to_have_text(re.compile(r"^[\d.]+ ms\d+ BHTTP 200$"))
    assert witness.complaints == []


async def test_every_example_opens_in_a_tab_of_its_own_and_is_answered(page: Page, witness: Witness) -> None:
    await opened(page, witness)
    names = ["LatestPosts", "PostsByTag", "Counting", "Searching", "Mine", "Writing", "Live"]
    await expect(page.get_by_role("tab")).to_have_text([re.compile(name) for name in (*names, "Following")])
    for name in names:
        await page.get_by_role("tab", name=name).click()
        await expect(editor(page)).to_contain_text(name)
        await run_query(page)
        await expect(response(page)).to_contain_text('"data"')
        await expect(response(page)).not_to_contain_text("GRAPHQL_VALIDATION_FAILED")
    # The pane shows a list of one as its value, and a longer one as it is written.
    pane = page.locator(".graphiql-explorer-root")
    await page.get_by_role("tab", name="PostsByTag").click()
    await expect(pane.locator("code")).to_contain_text("[{author: {name: ASC}}, {title: ASC}]")
    await page.get_by_role("tab", name="LatestPosts").click()
    order = pane.locator("#query-LatestPosts select")
    await expect(order).to_have_value("DESC")
    await order.select_option("ASC")
    await expect(editor(page)).to_contain_text("publishedAt: ASC")
    await pane.get_by_text("slug:", exact=True).click()  # one term has one field: the other gives way
    await expect(editor(page)).to_contain_text("slug: ASC")
    await expect(editor(page)).not_to_contain_text("publishedAt")
    for name in ROOT_FIELDS:
        await expect(pane.get_by_text(name, exact=True).first).to_be_visible()
    await pane.get_by_text("title", exact=True).last.click()
    await expect(editor(page)).not_to_contain_text("title")
    assert witness.complaints == []


async def test_the_documentation_opens_at_its_head_in_order(page: Page, witness: Witness) -> None:
    await opened(page, witness)
    await page.locator(".graphiql-plugin").evaluate("(pane) => pane.scrollTo(0, 10_000)")
    await page.get_by_role("button", name="Show Documentation Explorer").click()
    documentation = page.locator(".graphiql-doc-explorer")
    await expect(documentation).to_contain_text("People, what they write")  # the schema's own description
    await expect(documentation.get_by_text("Root Types")).to_be_in_viewport()
    names = await documentation.locator(".graphiql-doc-explorer-type-name").all_text_contents()
    assert names[3:] == sorted(names[3:])  # Query, Mutation and Subscription are the root types
    await documentation.get_by_role("link", name="Query", exact=True).click()
    await expect(documentation.get_by_role("link", name="posts", exact=True)).to_be_visible()
    assert witness.complaints == []


async def test_the_open_pane_is_remembered(page: Page, witness: Witness) -> None:
    await opened(page, witness)
    await page.get_by_role("button", name="Show History").click()
    await page.reload()
    await expect(page.locator(".graphiql-history-header")).to_be_visible()
    await page.get_by_role("button", name="Hide History").click()
    await page.reload()
    await expect(editor(page)).to_contain_text("LatestPosts")
    await expect(page.locator(".graphiql-history-header")).not_to_be_visible()
    assert witness.complaints == []


async def test_dialogs_and_completion_work_under_the_policy(page: Page, witness: Witness) -> None:
    await opened(page, witness)
    await page.get_by_role("button", name="Open settings dialog").click()
    await expect(page.get_by_role("dialog")).to_contain_text("Theme")
    # Its style element carries our nonce and is in force; without the nonce it would have no rules.
    assert await page.evaluate("[...document.styleSheets].filter((s) => s.ownerNode.tagName === 'STYLE').length") == 1
    light = await page.evaluate(BACKGROUND)
    await page.get_by_role("button", name="Dark").click()
    assert await page.evaluate(BACKGROUND) != light
    await page.keyboard.press("Escape")
    await write(page, "")
    await page.keyboard.type("{ pos", delay=50)
    await expect(page.locator(".CodeMirror-hints")).to_contain_text("posts")
    assert witness.complaints == []


async def test_headers_stay_as_long_as_the_tab_of_the_browser(page: Page, witness: Witness) -> None:
    await opened(page, witness)
    await page.get_by_role("button", name="Headers").click()
    await page.locator(".graphiql-editor-tool .CodeMirror:visible").click()
    await page.keyboard.insert_text('{ "X-Token": "s3cret" }')
    # GraphiQL takes what was typed into its tab after a moment, and stores its tabs half a second later.
    await until(page, "sessionStorage.getItem('graphiql:tabState')?.includes('s3cret')")
    for _ in range(2):
        await page.reload()
        await expect(page.locator(".graphiql-explorer-root")).to_contain_text("posts")
        async with page.expect_request(lambda request: "LatestPosts" in (request.post_data or "")) as sent:
            await run_query(page)
        assert (await (await sent.value).all_headers())["x-token"] == "s3cret"
    await until(page, "localStorage.getItem('graphiql:queries')?.includes('LatestPosts')")
    assert "s3cret" not in await page.evaluate("JSON.stringify(localStorage)")
    other = await page.context.new_page()
    await opened(other, witness)
    await expect(editor(other)).to_contain_text("LatestPosts")
    assert "s3cret" not in await other.evaluate("JSON.stringify(sessionStorage)")
    assert witness.complaints == []


async def test_a_link_brings_its_query_and_does_not_run_it(page: Page, witness: Witness) -> None:
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.post_data or ""))
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await opened(page, witness, "#query=query+Kind+%7B+__typename+%7D&variables=%7B%22a%22%3A1%7D")
    await expect(editor(page)).to_contain_text("query Kind { __typename }")
    await expect(page.locator(".graphiql-editor-tool")).to_contain_text('"a":1')
    assert [body for body in requests if "Kind" in body] == []
    await run_query(page)
    await expect(response(page)).to_contain_text('"Query"')
    await write(page, "query Shared { __typename }")
    await page.get_by_role("button", name="Copy a link to this query").click()
    await expect(page.locator(".trellis-said")).to_contain_text("The link is copied")
    link = await page.evaluate("navigator.clipboard.readText()")
    await page.goto(link)  # the page is open: only the part behind # changes
    await expect(page.get_by_role("tab", name="Shared", selected=True)).to_be_visible()
    await expect(editor(page)).to_contain_text("query Shared { __typename }")
    assert "#" not in page.url
    assert witness.complaints == []


async def test_numbers_are_exact_and_what_goes_wrong_is_said_in_sentences(page: Page, witness: Witness) -> None:
    await opened(page, witness)
    number = "12345678901234567890.10"  # more than a double holds: it is shown as it came
    await page.route("**/graphql", lambda route: route.fulfill(body=f'{{"data": {{"number": {number}}}}}'))
    await run_query(page)
    await expect(response(page)).to_contain_text(number)
    assert witness.complaints == []
    await page.unroute("**/graphql")
    await write(page, "subscription { posts }")
    await run_query(page)
    await expect(response(page)).to_contain_text("Cannot query field 'posts' on type 'Subscription'.")
    await write(page, "{ __typename }")
    await page.route("**/graphql", lambda route: route.fulfill(status=502, body="<h1>Bad gateway</h1>"))
    await run_query(page)
    await expect(response(page)).to_contain_text(
        "The answer is not JSON; its status is 502, and it says: <h1>Bad gateway"
    )
    refused = '{"errors": [{"message": "No introspection."}, {"message": "None."}]}'
    await page.route("**/graphql", lambda route: route.fulfill(status=400, body=refused))
    await page.get_by_role("button", name="Re-fetch GraphQL schema").click()
    await expect(response(page)).to_contain_text("no documentation and no completion: No introspection.")
    await expect(response(page)).not_to_contain_text("None.")
    await page.route("**/graphql", lambda route: route.abort("connectionrefused"))
    await run_query(page)
    await expect(response(page)).to_contain_text(
        "cannot be reached (Failed to fetch); look whether the server is running"
    )
    await expect(page.locator(".trellis-measured")).to_contain_text("no answer")


async def test_on_a_telephone_nothing_lies_beside_the_window(page: Page, witness: Witness) -> None:
    await page.set_viewport_size({"width": 400, "height": 800})
    await page.goto(f"{witness.origin}/graphql")
    await expect(editor(page)).to_contain_text("LatestPosts")
    await run_query(page)
    await expect(response(page)).to_contain_text('"totalCount"')
    above, below = await editor(page).bounding_box(), await response(page).bounding_box()
    assert above is not None
    assert below is not None
    assert above["y"] + above["height"] <= below["y"]
    assert min(above["width"], below["width"]) > 300
    for name in ("Sign in", "Copy a link to this query"):
        await expect(page.get_by_role("button", name=name)).to_be_in_viewport(ratio=1)
    await page.get_by_role("button", name="Show Doctor").click()
    await expect(page.get_by_label("Examine what I run")).to_be_in_viewport(ratio=1)
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
