"""Apollo Client and urql of npm against our server, over each transport that they have."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests import node
from tests.http.test_audits import output_of
from tests.live.conftest import Hear

PACKAGES = (
    "@apollo/client@4.3.8",
    "@urql/core@6.0.3",
    "graphql@16.15.0",
    "graphql-sse@2",
    "graphql-ws@6",
    "react@19.3.1",  # a peer of Apollo Client's
    "rxjs@7.8.2",
    "wonka@6.3.6",
    "ws@8",
)
SCRIPT = Path(__file__).parent / "front_ends.mjs"
FORWARD = Path(__file__).parent / "forward.mjs"
"""What the script has in common with that of live queries."""
WAYS = ("Apollo Client, WebSocket", "Apollo Client, parts", "urql, WebSocket", "urql, graphql-sse", "urql, its own")


@pytest.mark.npm
@pytest.mark.sqlite
async def test_front_ends_see_events_errors_ends_and_parts_over_every_transport(
    hear: Hear, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = await hear(incremental=True)
    monkeypatch.setenv("PATH", node.path() + os.pathsep + os.environ["PATH"])
    await output_of("npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", *PACKAGES, folder=tmp_path)
    shutil.copy(FORWARD, tmp_path)
    script = shutil.copy(SCRIPT, tmp_path)  # Node.js looks for packages beside the script
    told: dict[str, Any] = json.loads(await output_of("node", script, f"{heard.origin}/graphql", folder=tmp_path))
    found = told["found"]
    assert tuple(found) == WAYS
    for way, seen in found.items():
        assert seen["counted"] == [{"data": {"count": number}} for number in (1, 2, 3)], way
        assert seen["invalid"] == [{"error": ["GRAPHQL_VALIDATION_FAILED"]}], way
        assert seen["noise"][0] == {"data": {"noise": 0}}, way
        assert seen["noise"][1:] == [{"error": ["STATIC"]}], way
        assert seen["abandoned"] == [{"data": {"count": 1}}], way
    await heard.until(lambda: not heard.live.sockets.open)
    for client, parts in told["deferred"].items():
        assert len(parts) > 2, client
        nodes = parts[-1]["shelves"]["nodes"]
        assert [(shelf["name"], shelf["loud"]) for shelf in nodes] == [("Left", "LEFT"), ("Right", "RIGHT")], client
