"""Take the README's picture of GraphiQL: `python -m tests.explorer.screenshot`.

A new database with demo data enters, `docs/images/graphiql.png` leaves: the welcome query and its answer.
"""

import asyncio
import re
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.async_api import ViewportSize, expect
from pydantic import SecretStr

from db.migrate import upgrade
from db.settings import HOUSE, DatabaseSettings
from tests.explorer.application import demo_application
from tests.explorer.browser import chromium
from tests.explorer.serving import serving

PICTURE = HOUSE / "docs" / "images" / "graphiql.png"
SIZE = ViewportSize(width=1400, height=900)
MAX_BYTES = 300_000

SCROLL_UP = (
    "document.querySelectorAll('.graphiql-plugin, .graphiql-plugin *').forEach((pane) => { pane.scrollTop = 0 })"
)
"""The explorer scrolls to what is selected; the picture shows it from its head."""


async def take(database_url: str) -> None:
    """Write the picture of GraphiQL on a migrated database."""
    async with serving(await demo_application(database_url)) as origin, chromium() as browser:
        page = await browser.new_page(viewport=SIZE)
        await page.goto(f"{origin}/graphql")
        await expect(page.locator(".graphiql-explorer-root")).to_be_visible()
        await page.get_by_role("button", name=re.compile("^Execute query")).click()
        await expect(page.locator(".graphiql-response")).to_contain_text('"totalCount"')
        await page.evaluate(SCROLL_UP)
        await page.locator(".graphiql-logo").hover()  # away from the button and its tooltip
        await page.wait_for_timeout(500)
        await page.screenshot(path=PICTURE, animations="disabled", caret="hide")


def main() -> int:
    """Take the picture; return the exit status."""
    with TemporaryDirectory(prefix="trellis-screenshot-") as folder:
        url = f"sqlite:///{Path(folder) / 'trellis.db'}"
        upgrade(DatabaseSettings(database_url=SecretStr(url)))
        asyncio.run(take(url))
    size = PICTURE.stat().st_size
    sys.stdout.write(f"{PICTURE.relative_to(HOUSE)}: {size} bytes\n")
    if size > MAX_BYTES:
        sys.stderr.write(f"The picture is larger than {MAX_BYTES} bytes; show less in it.\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
