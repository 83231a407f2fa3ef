"""Take the pictures of GraphiQL: `python -m tests.explorer.screenshot`.

A new database with demo data enters, the pictures of `docs/images/` leave: the welcome and its answer, light and dark,
and what the doctor says of a query for which an index is missing.
"""

import asyncio
import re
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal, TypeAlias
from urllib.parse import urlencode

from playwright.async_api import Browser, Page, ViewportSize, expect

from db.settings import HOUSE
from tests.explorer.application import demo_application, fill_tables, make_tables
from tests.explorer.browser import chromium
from tests.explorer.serving import serving

PICTURES = HOUSE / "docs" / "images"
SIZE = ViewportSize(width=1400, height=900)
MAX_BYTES = 300_000
SCALE = 20  # of the demo data: small tables need no index

EXAMINED = """\
query BeginningWithW {
  posts(
    first: 5
    where: { title: { gte: "W" } }
    orderBy: [{ title: ASC }]
  ) {
    nodes {
      title
      author {
        name
      }
    }
  }
}
"""

Scheme: TypeAlias = Literal["light", "dark"]


async def welcome(page: Page, origin: str) -> None:
    """The first tab and its answer."""
    await page.goto(f"{origin}/graphql")
    await expect(page.locator(".graphiql-explorer-root")).to_be_visible()
    await run(page)


async def doctor(page: Page, origin: str) -> None:
    """The doctor beside an answer, with its plan unfolded."""
    await page.goto(f"{origin}/graphql#{urlencode({'query': EXAMINED})}")
    await page.get_by_role("button", name="Show Doctor").click()
    await page.get_by_label("Examine what I run").check()
    await run(page)
    examined = page.locator(".trellis-statements li").filter(has_text="CREATE INDEX")
    await examined.get_by_text("SQL", exact=True).click()
    await examined.get_by_text("Plan", exact=True).click()


async def run(page: Page) -> None:
    """Press the button with the triangle, wait for the answer, and leave the button and its tooltip."""
    await page.get_by_role("button", name=re.compile("^Execute query")).click()
    await expect(page.locator(".graphiql-response")).to_contain_text('"title"')
    await page.locator(".trellis-name").hover()


async def take(browser: Browser, origin: str, show: Callable[[Page, str], Awaitable[None]], scheme: Scheme) -> bytes:
    """One picture, of a browser that has never been here."""
    page = await browser.new_page(viewport=SIZE, color_scheme=scheme)
    await show(page, origin)
    await page.wait_for_timeout(500)
    picture = await page.screenshot(animations="disabled", caret="hide")
    await page.close()
    return picture


async def take_all(database_url: str) -> Mapping[str, bytes]:
    """Every picture of GraphiQL on a migrated database."""
    await fill_tables(database_url, SCALE)
    async with serving(demo_application(database_url)) as origin, chromium() as browser:
        return {
            "graphiql.png": await take(browser, origin, welcome, "light"),
            "graphiql-dark.png": await take(browser, origin, welcome, "dark"),
            "doctor.png": await take(browser, origin, doctor, "light"),
        }


def main() -> int:
    """Take the pictures; return the exit status."""
    with TemporaryDirectory(prefix="trellis-screenshot-") as folder:
        url = f"sqlite:///{Path(folder) / 'trellis.db'}"
        make_tables(url)
        pictures = asyncio.run(take_all(url))
    for name, picture in pictures.items():
        (PICTURES / name).write_bytes(picture)
        sys.stdout.write(f"{name}: {len(picture)} bytes\n")
    if any(len(picture) > MAX_BYTES for picture in pictures.values()):
        sys.stderr.write(f"A picture is larger than {MAX_BYTES} bytes; show less in it.\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
