"""The application, a browser in light and in dark, and the pages of the manual."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from threading import Thread
from typing import Literal, TypeAlias

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page

from db.settings import HOUSE
from tests import node
from tests.accessibility import axe
from tests.explorer.demo.conftest import browser, demo_data, origin

__all__ = ["browser", "demo_data", "origin"]

Scheme: TypeAlias = Literal["light", "dark"]
SITE = HOUSE / "site"
BUILD_S = 600


@pytest.fixture(scope="session", autouse=True)
def _axe() -> None:
    """Have axe, or skip; in CI, fail."""
    try:
        axe.script()
    except node.Unavailable as missing:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(missing))


@pytest.fixture(params=["light", "dark"])
def scheme(request: pytest.FixtureRequest) -> Scheme:
    """What the system of the reader prefers."""
    chosen: Scheme = request.param
    return chosen


@asynccontextmanager
async def opened(browser: Browser, scheme: Scheme) -> AsyncIterator[Page]:
    """A tab of a browser that has never been here, of a reader who wants nothing to move."""
    async with await browser.new_context(color_scheme=scheme, reduced_motion="reduce") as profile:
        yield await profile.new_page()


@pytest_asyncio.fixture(loop_scope="module")
async def page(browser: Browser, scheme: Scheme) -> AsyncIterator[Page]:
    """A tab in one scheme."""
    async with opened(browser, scheme) as page:
        yield page


class Quiet(SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="session")
def site() -> Iterator[str]:
    """The manual as `make docs` builds it, over HTTP."""
    with node.alone(axe.PLACE):
        if not (SITE / "index.html").is_file():
            if find_spec("sphinx") is None and not os.environ.get("CI"):
                pytest.skip("the manual is not built: make docs")
            subprocess.run([sys.executable, "-m", "manual"], cwd=HOUSE, check=True, timeout=BUILD_S)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(SITE))) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
