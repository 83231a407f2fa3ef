"""The application that the browser meets."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page

from tests.explorer.application import demo_application, fill_tables, make_tables
from tests.explorer.browser import Witness, chromium
from tests.explorer.serving import serving


@pytest.fixture(scope="session")
def demo_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with demo data, made once and copied for each test."""
    file = tmp_path_factory.mktemp("demo") / "demo.db"
    make_tables(f"sqlite:///{file}")
    asyncio.run(fill_tables(f"sqlite:///{file}"))
    return file


@pytest_asyncio.fixture(loop_scope="module")
async def origin(demo_data: Path, tmp_path: Path) -> AsyncIterator[str]:
    """Where Trellis listens, with demo data in its database."""
    file = shutil.copy(demo_data, tmp_path / "trellis.db")
    async with serving(demo_application(f"sqlite:///{file}")) as origin:
        yield origin


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    """One for all tests of a file: it takes longer to start than most tests take."""
    async with chromium() as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="module")
async def page(browser: Browser) -> AsyncIterator[Page]:
    """An empty tab of a profile that has never been here."""
    async with await browser.new_context() as profile:
        yield await profile.new_page()


@pytest_asyncio.fixture(loop_scope="module")
async def witness(page: Page, origin: str) -> Witness:
    """Sees everything that `page` does."""
    return await Witness.on(page, origin)
