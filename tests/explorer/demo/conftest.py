"""The application that the browser meets."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Page

from tests.databases import Database
from tests.explorer.application import demo_application
from tests.explorer.browser import Witness, chromium
from tests.explorer.serving import serving


@pytest.fixture
async def origin(database: Database) -> AsyncIterator[str]:
    """Where Trellis listens, with demo data in its database."""
    async with serving(await demo_application(database.url)) as origin:
        yield origin


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    """An empty tab of a browser that has never been here."""
    async with chromium() as browser:
        yield await browser.new_page()


@pytest.fixture
async def witness(page: Page, origin: str) -> Witness:
    """Sees everything that `page` does."""
    return await Witness.on(page, origin)
