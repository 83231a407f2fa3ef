"""A small load generator for machines without wrk: raw HTTP/1.1 over keep-alive connections.

`python -m bench.client URL FILE SECONDS CONNECTIONS [HEADER …]` prints one line of JSON, the same that wrk's script
prints. It is one loop over `select` and reads no more of an answer than its length, because it shares its core with
PostgreSQL.
"""

import itertools
import json
import selectors
import socket
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from bench.operations import NEVER_THE_SAME

READ_TIMEOUT_S = 30
CHUNK_BYTES = 256 * 1024
LINE_ENDS = "\r\n"
HEAD_ENDS = b"\r\n\r\n"
LENGTH = b"\r\ncontent-length:"
CHUNKED_ENDS = b"\r\n0\r\n\r\n"


class Broken(Exception):
    """A connection ended, or what came over it is not HTTP."""


@dataclass
class Tally:
    """What happened."""

    latencies_ms: list[float] = field(default_factory=list)
    refused: int = 0
    broken: int = 0

    def as_json(self, seconds: float) -> str:
        """The line that is printed."""
        count = len(self.latencies_ms)
        cuts = statistics.quantiles(self.latencies_ms, n=100) if count > 1 else self.latencies_ms * 99 or [0.0] * 99
        times = {"p50_ms": cuts[49], "p99_ms": cuts[98]}
        return json.dumps(
            {"requests": count, "seconds": seconds, **times, "refused": self.refused, "broken": self.broken}
        )


class Connection:
    """One connection, which asks again as soon as it is answered."""

    def __init__(self, address: tuple[str, int], requests: Iterator[bytes], tally: Tally) -> None:
        self.socket = socket.create_connection(address, READ_TIMEOUT_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._requests = requests
        self._tally = tally
        self._received = bytearray()
        self._asked = 0.0

    def ask(self) -> None:
        """Send the request."""
        self._received.clear()
        self._asked = time.perf_counter()
        self.socket.sendall(next(self._requests))

    def read(self) -> bool:
        """Take what has come; tell whether the answer is whole. Raises `Broken`."""
        data = self.socket.recv(CHUNK_BYTES)
        if not data:
            raise Broken
        self._received += data
        if not is_whole(self._received):
            return False
        self._tally.latencies_ms.append(1000 * (time.perf_counter() - self._asked))
        self._tally.refused += not self._received.startswith(b"HTTP/1.1 200")
        return True


def is_whole(received: bytes | bytearray) -> bool:
    """Whether this is an answer with all of its body. Raises `Broken` when it never will be."""
    head = received.find(HEAD_ENDS)
    if head < 0:
        return False
    fields = bytes(received[:head]).lower()
    start = fields.find(LENGTH)
    if start >= 0:
        length = fields[start + len(LENGTH) :].partition(b"\r\n")[0]
        return len(received) >= head + len(HEAD_ENDS) + int(length)
    if b"transfer-encoding: chunked" not in fields:
        raise Broken
    return received.endswith(CHUNKED_ENDS)


def load(url: str, bodies: Sequence[bytes], seconds: float, connections: int, headers: Sequence[str] = ()) -> str:
    """Ask over and over, with each body in turn; give what happened as a line of JSON. A header is `name: value`."""
    parts = urlsplit(url)
    address, requests = (parts.hostname or "127.0.0.1", parts.port or 80), _requests(parts, bodies, headers)
    tally, began = Tally(), time.perf_counter()
    with selectors.DefaultSelector() as selector:
        for _ in range(connections):
            try:
                connection = Connection(address, requests, tally)
                connection.ask()
            except OSError:
                tally.broken += 1
            else:
                selector.register(connection.socket, selectors.EVENT_READ, connection)
        _answer_all(selector, tally, began + seconds)
    return tally.as_json(time.perf_counter() - began)


def _requests(parts: SplitResult, bodies: Sequence[bytes], headers: Sequence[str]) -> Iterator[bytes]:
    """Whole requests, without end; those with a place for a number get a new one each time."""
    head = (
        f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: application/json\r\n"
        f"Accept: application/json\r\n{''.join(f'{header}{LINE_ENDS}' for header in headers)}Content-Length: "
    ).encode()
    mark, numbers = NEVER_THE_SAME.encode(), itertools.count(time.time_ns())
    plain = [None if mark in body else b"%s%d\r\n\r\n%s" % (head, len(body), body) for body in bodies]
    for body, request in itertools.cycle(zip(bodies, plain, strict=True)):
        if request is not None:
            yield request
        else:
            numbered = body.replace(mark, b"%d" % next(numbers))
            yield b"%s%d\r\n\r\n%s" % (head, len(numbered), numbered)


def _answer_all(selector: selectors.BaseSelector, tally: Tally, deadline: float) -> None:
    """Until the deadline a connection that is answered asks again; then it is closed."""
    while selector.get_map():
        ready = selector.select(READ_TIMEOUT_S)
        if not ready:
            tally.broken += len(selector.get_map())
            return
        for key, _ in ready:
            connection: Connection = key.data
            try:
                answered = connection.read()
                if answered and time.perf_counter() < deadline:
                    connection.ask()
                    continue
            except (OSError, ValueError, Broken):
                tally.broken += 1
                answered = True
            if answered:
                selector.unregister(connection.socket)
                connection.socket.close()


def main(arguments: Sequence[str]) -> None:
    """Make the load and print what came of it."""
    url, file, seconds, connections, *headers = arguments
    bodies = Path(file).read_bytes().split(b"\n")
    sys.stdout.write(load(url, bodies, float(seconds), int(connections), headers) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
