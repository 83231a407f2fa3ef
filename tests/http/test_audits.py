"""The audits of GraphQL over HTTP that the specification's authors publish, in npm's `graphql-http`.

They are of the edition before 2026, which is the default; test_editions.py has both.
"""

import asyncio
import json
import shutil
from pathlib import Path

import pytest

from tests.http.client import Client
from tests.http.conftest import Serve

PACKAGES = ("graphql-http@1.23.1", "graphql@16.15.0")
SCRIPT = Path(__file__).parent / "audits.mjs"
AUDITS = 61

CONTRADICTED = {
    # "MAY use 400" of what is no request: 422
    *("423L", "LKJ0", "LKJ1", "LKJ2", "LKJ3", "6C00", "6C01", "6C02", "6C03"),
    *("4760", "4761", "4762", "4763", "58B0", "58B1", "58B2", "58B3", "3E3A"),
    *("572B", "FDE2", "7B9B"),  # "SHOULD use 200" of what is refused, for plain JSON: 400 and 422
    "86EE",  # "SHOULD use 400" of variables that do not fit: 422
}
"""Audits that ask for another status than the edition of 2026 does."""


async def output_of(*command: str | Path, folder: Path) -> str:
    """Run a command and return what it prints. Fails with its words when it fails."""
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    printed, complained = await process.communicate()
    assert process.returncode == 0, f"`{' '.join(map(str, command))}` failed: {complained.decode()}"
    return printed.decode()


@pytest.mark.npm
async def test_every_audit_passes_in_its_edition_and_those_that_2026_contradicts_fail_in_that(
    bare: Client, serve: Serve, no_database: str, tmp_path: Path
) -> None:
    assert shutil.which("npm"), "The audits need Node.js and npm: install them."
    await output_of("npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", *PACKAGES, folder=tmp_path)
    script = shutil.copy(SCRIPT, tmp_path)  # Node.js looks for packages beside the script
    newer = await serve(no_database, http_edition="2026")
    for client, contradicted in ((bare, set()), (newer, CONTRADICTED)):
        results = json.loads(await output_of("node", script, f"{client.origin}/graphql", folder=tmp_path))
        wrong = [result for result in results if result["status"] != "ok"]
        assert {result["id"] for result in wrong} == contradicted, wrong
        assert len(results) == AUDITS
