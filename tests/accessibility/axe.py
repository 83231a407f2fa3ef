"""axe-core, the checker of pages: a page of a browser enters, what is wrong with it leaves.

axe is installed from npm below `var/axe`, once, and runs in the page past its policy.
Source: https://github.com/dequelabs/axe-core/blob/develop/doc/API.md
"""

import json
import os
import subprocess
from collections.abc import Sequence

from playwright.async_api import Page

from db.settings import HOUSE
from tests import node

VERSION = "4.14.1"
PLACE = HOUSE / "var" / "axe"
SCRIPT = PLACE / "node_modules" / "axe-core" / "axe.min.js"
INSTALL_S = 120
STANDARDS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
"""What has to hold: WCAG 2.2 at level AA, and what axe takes for good custom besides."""


def script() -> str:
    """The text of axe. Raises `node.Unavailable` where it cannot be had."""
    with node.alone(PLACE):
        if not SCRIPT.is_file() or _version() != VERSION:
            _install()
    return SCRIPT.read_text(encoding="utf-8")


def _install() -> None:
    options = ("--no-save", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(PLACE))
    done = subprocess.run(
        ["npm", "install", *options, f"axe-core@{VERSION}"],
        env={**os.environ, "PATH": node.path()},
        capture_output=True,
        text=True,
        timeout=INSTALL_S,
        check=False,
    )
    if done.returncode:
        raise node.Unavailable(f"axe-core cannot be installed from npm: {done.stderr.strip()}\n{node.CURE}")


def _version() -> str:
    package: dict[str, str] = json.loads((SCRIPT.parent / "package.json").read_text(encoding="utf-8"))
    return package["version"]


async def violations(page: Page, *, leave_out: Sequence[str] = ()) -> list[str]:
    """What axe finds, a line for each element: the rule, where, and what is wrong. `leave_out` are selectors."""
    await page.evaluate(script())
    found = await page.evaluate(
        """async ([standards, leaveOut]) => {
            const context = { include: [["html"]], exclude: leaveOut.map((selector) => [selector]) };
            const options = { runOnly: { type: "tag", values: standards }, resultTypes: ["violations"] };
            const { violations } = await axe.run(context, options);
            return violations.flatMap(({ id, nodes }) =>
                nodes.map(({ target, failureSummary }) => `${id} at ${target.join(" ")}: ${failureSummary}`));
        }""",
        [list(STANDARDS), list(leave_out)],
    )
    return [" ".join(line.split()) for line in found]
