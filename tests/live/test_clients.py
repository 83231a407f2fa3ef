"""npm's `graphql-ws` and `graphql-sse`, the clients whose authors have written the protocols, against our server."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from graph.viewer import Viewer
from tests import node
from tests.http.test_audits import output_of
from tests.live.conftest import Heard, ServeStation

PACKAGES = ("graphql@16.15.0", "graphql-ws@6", "graphql-sse@2", "ws@8")
SCRIPT = Path(__file__).parent / "clients.mjs"
CLOSES = SCRIPT.with_name("closes.mjs")


@pytest.mark.npm
async def test_the_clients_of_the_protocols_see_what_they_should(
    bare: Heard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare.station.people.known["ada"] = Viewer(1)
    monkeypatch.setenv("PATH", node.path() + os.pathsep + os.environ["PATH"])
    await output_of("npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", *PACKAGES, folder=tmp_path)
    script = shutil.copy(SCRIPT, tmp_path)  # Node.js looks for packages beside the script
    found: dict[str, Any] = json.loads(await output_of("node", script, f"{bare.origin}/graphql", folder=tmp_path))
    for transport in ("ws", "sse"):
        seen = found[transport]
        assert seen["counted"] == [{"data": {"count": number}} for number in (1, 2, 3)], transport
        assert seen["query"] == [{"data": {"__typename": "Query"}}], transport
        assert seen["mutation"] == [{"data": {"say": 2}}], transport
        assert seen["abandoned"] == [{"data": {"count": 1}}], transport
        assert seen["noise"][0] == {"data": {"noise": 0}}, transport
    assert found["ws"]["invalid"] == [{"error": ["GRAPHQL_VALIDATION_FAILED"]}]
    assert found["ws"]["noise"][1] == {"error": ["STATIC"]}
    for name, code in (("invalid", "GRAPHQL_VALIDATION_FAILED"), ("noise", "STATIC")):
        assert found["sse"][name][-1]["errors"][0]["extensions"]["code"] == code
    assert found["known"] == [{"data": {"__typename": "Query"}}]
    assert found["refused"] == [{"error": "4403"}]
    await bare.until(lambda: not bare.live.sockets.open)


@pytest.mark.npm
async def test_every_close_code_reaches_the_client_and_two_of_them_are_tried_again(
    bare: Heard, serve_station: ServeStation, no_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hurried = await serve_station(no_database, socket_init_s=0.5)
    monkeypatch.setenv("PATH", node.path() + os.pathsep + os.environ["PATH"])
    await output_of("npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", *PACKAGES, folder=tmp_path)
    script = shutil.copy(CLOSES, tmp_path)
    urls = (f"{bare.origin}/graphql", f"{hurried.origin}/graphql")
    assert json.loads(await output_of("node", script, *urls, folder=tmp_path)) == {
        "nonsense": [4400, 1],
        "early": [4401, 1],
        "unknown": [4403, 3],  # the client may have other credentials the next time
        "protocol": [4406, 1],
        "silent": [4408, 3],
        "twice": [4409, 1],
        "again": [4429, 1],
    }
    await bare.until(lambda: not bare.live.sockets.open and bare.station.radio.begun == bare.station.radio.ended)
    await hurried.until(lambda: not hurried.live.sockets.open)
