"""A real browser for tests: Debian's Chromium, driven by Playwright, with a witness on every page.

The browser may reach this machine alone. Whatever it complains about is collected, so that a test can ask for none.
"""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, ConsoleMessage, Page, Request, async_playwright, expect

from graph.explorer.manifest import OWN_FILES

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
MISSING = "no Chromium found: apt-get install chromium"

needs_chromium = pytest.mark.skipif(CHROMIUM is None and not os.environ.get("CI"), reason=MISSING)
"""Skips where there is no browser; in CI the test runs all the same and fails."""

ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)

expect.set_options(timeout=30_000)  # ms; a busy machine is slow, not wrong

REPORT_VIOLATIONS = """
    document.addEventListener("securitypolicyviolation", (event) =>
        console.error(`refused by the policy: ${event.effectiveDirective} ${event.blockedURI}`));
"""


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Start Chromium, and end it afterwards."""
    if CHROMIUM is None:
        raise FileNotFoundError(MISSING)
    async with (
        async_playwright() as playwright,
        await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS) as browser,
    ):
        yield browser


@dataclass
class Witness:
    """What a page did that it should not have done."""

    origin: str
    complaints: list[str] = field(default_factory=list)

    @classmethod
    async def on(cls, page: Page, origin: str) -> "Witness":
        """Watch a page that may talk to one origin, from its first request on."""
        witness = cls(origin)
        page.on("request", witness.request)
        page.on("requestfailed", witness.failed)
        page.on("websocket", lambda socket: witness.address(socket.url))
        page.on("console", witness.console)
        page.on("pageerror", lambda error: witness.complain("uncaught", str(error)))
        page.on("crash", lambda _: witness.complain("crashed", page.url))
        await page.add_init_script(REPORT_VIOLATIONS)
        return witness

    def complain(self, what: str, detail: str) -> None:
        """Write down one complaint."""
        self.complaints.append(f"{what}: {detail}")

    def request(self, request: Request) -> None:
        """Every request belongs to the one origin."""
        self.address(request.url)

    def failed(self, request: Request) -> None:
        """Every request succeeds, unless the page itself gives it up, as it does when it is left."""
        if request.failure != "net::ERR_ABORTED":
            self.complain("failed", f"{request.url} {request.failure}")

    def address(self, url: str) -> None:
        """Complain about an address elsewhere; `data:` leads nowhere."""
        parts = urlsplit(url)
        if parts.scheme != "data" and parts.netloc != urlsplit(self.origin).netloc:
            self.complain("another host", url)

    def console(self, message: ConsoleMessage) -> None:
        """Errors count, and warnings of files of ours."""
        ours = PurePosixPath(urlsplit(message.location.get("url", "")).path).name in OWN_FILES
        if message.type == "error" or (message.type == "warning" and ours):
            self.complain("console", message.text)
