"""The page of an example in a real browser: real cookies, and what a browser itself says of where a request comes from.

The folder of an example and the environment of its commands enter. `npm run dev` serves the page; somebody signs in,
opens the page again and signs out. Raises one of `FAILURES` when that does not go well, or when the page asks another
host or complains in the console. The server of the page never outlives the visit.
"""

import asyncio
import os
import re
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Timer

from playwright.async_api import Error, expect

from db.demo import EDITOR_EMAIL, PASSWORD
from tests.explorer.browser import Witness, chromium

COMMAND = "npm run dev"
START_S = 60
VISIT_S = 90

FAILURES = (AssertionError, Error, FileNotFoundError, TimeoutError)
"""What is wrong with the page, or that it could not be opened."""


def visit(example: Path, environment: Mapping[str, str]) -> None:
    """Open the page of an example and use it."""
    with _serving(example, environment) as origin:
        asyncio.run(asyncio.wait_for(_sign_in_and_out(origin), VISIT_S))


async def _sign_in_and_out(origin: str) -> None:
    async with chromium() as browser:
        page = await browser.new_page()
        witness = await Witness.on(page, origin)
        await page.goto(origin)
        await expect(page.get_by_role("article")).to_have_count(5)
        await page.get_by_label("E-mail").fill(EDITOR_EMAIL)
        await page.get_by_label("Password").fill(PASSWORD)
        await page.get_by_role("button", name="Sign in").click()
        sign_out = page.get_by_role("button", name="Sign out")
        await expect(sign_out).to_be_visible()
        assert await page.evaluate("document.cookie") == ""
        await page.reload()
        await sign_out.click()
        await expect(page.get_by_role("button", name="Sign in")).to_be_visible()
        await expect(page.get_by_role("article")).to_have_count(5)
        assert witness.complaints == []


@contextmanager
def _serving(example: Path, environment: Mapping[str, str]) -> Iterator[str]:
    """The page as its README says, on a free port; its origin."""
    process = subprocess.Popen(
        [*COMMAND.split(), "--", "--host", "127.0.0.1", "--port", "0"],
        cwd=example,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    too_long = Timer(START_S, _kill, [process])
    too_long.start()
    said = []
    try:
        for line in process.stdout:
            said.append(line)
            if found := re.search(r"Local:\s+(http://[\w.:]+)", line):
                too_long.cancel()
                yield found[1]
                break
        else:
            raise AssertionError(f"{COMMAND} serves no page:\n{''.join(said)}")
    finally:
        too_long.cancel()
        _kill(process)
        process.communicate()


def _kill(process: subprocess.Popen[str]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
