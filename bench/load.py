"""Load: the same request again and again over a few connections, by wrk or, where it is missing, by our own client.

A request enters, a `Sample` leaves. wrk is Debian's package of that name; https://github.com/wg/wrk.
"""

import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from bench import backends
from bench.operations import NEVER_THE_SAME, Operation
from bench.processes import Running
from bench.senders import headers_of
from db.settings import HOUSE

CONNECTIONS = 8
SLACK_S = 30

SCRIPT = """
wrk.method = "POST"
wrk.headers["content-type"] = "application/json"
wrk.headers["accept"] = "application/json"
%s
local bodies, asked, number = {%s}, 0, %d
if #bodies == 1 and not bodies[1]:find("%s") then
  wrk.body = bodies[1]
else
  request = function()
    asked, number = asked + 1, number + 1
    local body = bodies[asked %% #bodies + 1]:gsub("%s", string.format("%%.0f", number))
    return wrk.format(nil, nil, nil, body)
  end
end
done = function(summary, latency, requests)
  local failed = summary.errors
  io.write(string.format(
    '{"requests": %%d, "seconds": %%f, "p50_ms": %%f, "p99_ms": %%f, "refused": %%d, "broken": %%d}\\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    failed.status, failed.connect + failed.read + failed.write))
end
"""


class Sample(NamedTuple):
    """A few seconds of load on one server."""

    requests: int
    rps: float
    p50_ms: float
    p99_ms: float
    cpu_ms: float
    """Processor time of the server for one request. It hardly depends on what else the machine does."""
    memory_mib: float
    """The most that the server held meanwhile."""
    postgresql_ms: float | None = None
    """Processor time of PostgreSQL's back ends for one request; None where PostgreSQL runs elsewhere."""


class LoadFailed(Exception):
    """The load was not answered as it should be."""


@cache
def generator() -> str:
    """What makes the load: the path of wrk, or empty for our own client."""
    return shutil.which("wrk") or ""


def apply(running: Running, operation: Operation, seconds: float, connections: int = CONNECTIONS) -> Sample:
    """Ask for some seconds, over this many connections. Raises `LoadFailed`."""
    url = f"http://127.0.0.1:{running.port}{running.server.path(operation)}"
    try:
        running.forget_peak()
        before, behind = running.cpu_s(), backends.times(running.database)
        told = _measure(url, running.server.bodies(operation), headers_of(operation), seconds, connections)
        used, memory = running.cpu_s() - before, running.peak_memory_mib()
        worked = backends.seconds_between(behind, backends.times(running.database))
    except (FileNotFoundError, ProcessLookupError):
        raise LoadFailed("the server stopped") from None
    if told["refused"] or told["broken"]:
        raise LoadFailed(f"{told['refused']} requests were refused, {told['broken']} connections broke")
    if not told["requests"]:
        raise LoadFailed(f"nothing was answered within {seconds:g} s")
    requests = told["requests"]
    postgresql_ms = None if worked is None else 1000 * worked / requests
    latencies = told["p50_ms"], told["p99_ms"]
    return Sample(requests, requests / told["seconds"], *latencies, 1000 * used / requests, memory, postgresql_ms)


def _measure(
    url: str, bodies: Sequence[bytes], headers: Mapping[str, str], seconds: float, connections: int
) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="trellis-bench-") as folder:
        file = Path(folder) / "request"
        if generator() and seconds >= 1:  # wrk counts in whole seconds
            file.write_text(_script(bodies, headers))
            timed = [generator(), "--threads", "1", "--connections", str(connections), "--duration", f"{seconds:.0f}s"]
            command = [*timed, "--timeout", f"{SLACK_S}s", "--script", str(file), url]
        else:
            file.write_bytes(b"\n".join(bodies))
            more = [f"{name}: {value}" for name, value in headers.items()]
            command = [sys.executable, "-m", "bench.client", url, str(file), str(seconds), str(connections), *more]
        return _last_line(command, seconds + SLACK_S)


def _script(bodies: Sequence[bytes], headers: Mapping[str, str]) -> str:
    more = "\n".join(f'wrk.headers["{name}"] = "{value}"' for name, value in headers.items())
    texts = ", ".join(f"[==[{body.decode()}]==]" for body in bodies)
    return SCRIPT % (more, texts, time.time_ns() // 1_000, NEVER_THE_SAME, NEVER_THE_SAME)


def _last_line(command: Sequence[str], timeout_s: float) -> dict[str, Any]:
    try:
        done = subprocess.run(command, cwd=HOUSE, capture_output=True, text=True, timeout=timeout_s, check=True)
    except subprocess.TimeoutExpired:
        raise LoadFailed(f"the load did not end within {timeout_s:g} s") from None
    except subprocess.CalledProcessError as error:
        raise LoadFailed(f"the load failed: {error.stderr.strip() or error.stdout.strip()}") from None
    told: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return told
