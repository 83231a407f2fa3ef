"""The audits of GraphQL over HTTP that the specification's authors publish, in npm's `graphql-http`.

They are of the edition before 2026, which is the default; test_editions.py has both.
"""

import asyncio
import json
import os
import shutil
from pathlib import Path

import pytest

from tests.http.client import Client

PACKAGES = ("graphql-http@1.23.1", "graphql@16.15.0")
SCRIPT = Path(__file__).parent / "audits.mjs"
AUDITS = 61

without_npm = pytest.mark.skipif(
    shutil.which("npm") is None and "CI" not in os.environ, reason="npm is not installed; CI runs the audits"
)


async def output_of(*command: str | Path, folder: Path) -> str:
    """Run a command and return what it prints. Fails with its words when it fails."""
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    printed, complained = await process.communicate()
    assert process.returncode == 0, f"`{' '.join(map(str, command))}` failed: {complained.decode()}"
    return printed.decode()


@without_npm
async def test_every_audit_of_the_specification_passes(bare: Client, tmp_path: Path) -> None:
    assert shutil.which("npm"), "The audits need Node.js and npm: install them."
    await output_of("npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", *PACKAGES, folder=tmp_path)
    script = shutil.copy(SCRIPT, tmp_path)  # Node.js looks for packages beside the script
    results = json.loads(await output_of("node", script, f"{bare.origin}/graphql", folder=tmp_path))
    assert [result for result in results if result["status"] != "ok"] == []
    assert len(results) == AUDITS
