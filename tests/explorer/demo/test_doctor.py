"""The doctor's panel in a real browser: what the server tells is what people read, and a refusal says why."""

import re
import shutil
from pathlib import Path

import pytest
from playwright.async_api import Page, Route, expect

from graph.settings import DoctorAccess
from tests.explorer.application import demo_application
from tests.explorer.browser import Witness, needs_chromium
from tests.explorer.serving import serving

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module"), needs_chromium]


async def examine(page: Page, origin: str) -> None:
    """Open GraphiQL, switch the doctor on, and run the first tab."""
    await page.goto(f"{origin}/graphql")
    await page.get_by_role("button", name="Show Doctor").click()
    await page.get_by_label("Examine what I run").check()
    await page.get_by_role("button", name="Run", exact=True).click()


async def test_the_panel_shows_each_statement_with_what_it_cost(page: Page, witness: Witness) -> None:
    await examine(page, witness.origin)
    panel = page.locator(".trellis-doctor")
    statements = panel.locator(".trellis-statements > li")
    # BEGIN; the posts and their count; their authors; their tags; ROLLBACK
    await expect(statements.locator("code")).to_contain_text(["BEGIN", "posts", "posts.nodes.author", "ROLLBACK"])
    count = await statements.count()
    await expect(panel).to_contain_text(f"{count} statements (2 for the transaction)")
    await expect(page.locator(".trellis-measured")).to_contain_text(f"{count} statements")
    await expect(panel.get_by_role("row", name="Statements")).to_have_text(f"Statements{count - 2}{count - 2}100")
    await expect(page.locator(".graphiql-response")).not_to_contain_text("extensions")  # the panel shows them

    authors = statements.filter(has_text="posts.nodes.author")
    await expect(authors).to_contain_text(re.compile(r"\d rows?for \d keys[\d.]+ ms"))
    await expect(authors.locator("pre")).to_have_count(3)
    for title, text in {"SQL": "\nFROM users", "Bound values": "1: ", "Plan": "SEARCH users"}.items():
        folded = authors.locator("details").filter(has_text=title).locator("pre")
        await expect(folded).to_be_hidden()
        await authors.get_by_text(title, exact=True).click()
        await expect(folded).to_be_visible()
        assert text in await folded.inner_text()

    await panel.get_by_label("Bound values").uncheck()
    await page.reload()  # what was chosen is remembered, and so is the open pane
    await panel.get_by_role("button", name="Run", exact=True).click()
    await expect(authors.locator("pre")).to_have_count(2)
    assert witness.complaints == []


async def test_who_may_not_ask_is_told_why_and_who_signs_in_may(page: Page, demo_data: Path, tmp_path: Path) -> None:
    file = shutil.copy(demo_data, tmp_path / "trellis.db")
    async with serving(demo_application(f"sqlite:///{file}", DoctorAccess.OPERATORS)) as origin:
        await examine(page, origin)
        panel = page.locator(".trellis-doctor")
        await expect(panel.get_by_role("alert")).to_contain_text("is for those who run this server")
        await expect(panel.get_by_role("alert")).to_contain_text("FORBIDDEN")
        await page.get_by_role("button", name="Sign in").click()
        await page.get_by_label("Email").fill("ada.ashworth@example.org")
        await page.get_by_label("Password").fill("trellis demo")
        await page.keyboard.press("Enter")
        await expect(page.locator(".trellis-viewer")).to_have_text("Ada Ashworth")
        await panel.get_by_role("button", name="Run", exact=True).click()
        await expect(panel.locator(".trellis-statements > li").first).to_contain_text("BEGIN")


HINT = {"message": "Rows of posts are sorted; this index serves that.", "sql": "CREATE INDEX i ON posts (title)"}


async def test_a_hint_has_its_index_to_copy_and_what_was_left_out_is_said(page: Page, witness: Witness) -> None:
    async def with_hint(route: Route) -> None:
        response = await route.fetch()
        body = await response.json()
        if doctor := body.get("extensions", {}).get("doctor"):
            doctor["statements"][1] |= {"hints": [HINT], "rows": None, "database": "replica 1"}
            doctor["leftOut"] = 1
        await route.fulfill(response=response, json=body)

    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await page.route(
        "**/graphql", lambda route: with_hint(route) if route.request.method == "POST" else route.continue_()
    )
    await examine(page, witness.origin)
    hint = page.locator(".trellis-hint")
    await expect(hint).to_contain_text(HINT["message"])
    await hint.get_by_role("button", name="Copy").click()
    await expect(hint.get_by_role("button")).to_have_text("Copied")
    assert await page.evaluate("navigator.clipboard.readText()") == HINT["sql"]
    statement = page.locator(".trellis-statements > li").nth(1)
    await expect(statement).to_contain_text(re.compile(r"no answer[\d.]+ msreplica 1"))
    await expect(page.locator(".trellis-doctor")).to_contain_text("1 statement more is counted and not shown.")
    assert witness.complaints == []


SQL = (
    "SELECT a, (SELECT count(*) FROM b WHERE b.x = 'from (it''s' AND b.y IN (1, 2)) AS n"
    " FROM c1 LEFT OUTER JOIN d ON e IS DISTINCT FROM from_f ORDER BY f"
)
READABLE = """\
SELECT a, (
  SELECT count(*)
  FROM b
  WHERE b.x = 'from (it''s' AND b.y IN (1, 2)
) AS n
FROM c1
LEFT OUTER JOIN d ON e IS DISTINCT FROM from_f
ORDER BY f"""


async def test_sql_has_a_line_for_each_clause_and_keeps_its_texts(page: Page, witness: Witness) -> None:
    await page.goto(f"{witness.origin}/graphql")
    assert await page.evaluate("(sql) => Trellis.readableSQL(sql)", SQL) == READABLE
    for odd in ("", ")", "(((", "SELECT 'unclosed (", 'DELETE FROM "from"', "BEGIN"):
        assert await page.evaluate("(sql) => Trellis.readableSQL(sql)", odd) == odd
