"""Our own load generator, against servers that behave and servers that do not."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from bench.client import Broken, is_whole, load

SECONDS = 0.2


class Answers(BaseHTTPRequestHandler):
    """Says what it was asked; `/no` is refused, and `/member` to whoever does not say that they are one."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        refused = self.path == "/no" or (self.path == "/member" and self.headers["bench-member"] != "778")
        self.send_response(400 if refused else 200)
        if self.path == "/chunked":
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body))
        else:
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Keep quiet."""


@contextmanager
def serving() -> Iterator[str]:
    """A server on a port of its own; gives its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("path", ["/", "/chunked"])
def test_every_connection_asks_again_and_again(path: str) -> None:
    with serving() as address:
        told = json.loads(load(address + path, [b"hello"], SECONDS, 3))
    assert told["requests"] > 3
    assert told["refused"] == told["broken"] == 0
    assert 0 < told["p50_ms"] <= told["p99_ms"]
    assert told["seconds"] >= SECONDS


def test_headers_say_who_asks() -> None:
    with serving() as address:
        told = json.loads(load(f"{address}/member", [b"hello"], SECONDS, 1, ["bench-member: 778"]))
        assert told["requests"] > 1
        assert told["refused"] == 0
        assert json.loads(load(f"{address}/member", [b"hello"], SECONDS, 1))["refused"] > 0


def test_refusals_are_counted() -> None:
    with serving() as address:
        told = json.loads(load(f"{address}/no", [b"hello"], SECONDS, 2))
    assert told["refused"] == told["requests"] > 0


def test_nobody_there_breaks_every_connection(unused_tcp_port: int) -> None:
    told = json.loads(load(f"http://127.0.0.1:{unused_tcp_port}/", [b""], SECONDS, 2))
    assert (told["requests"], told["broken"]) == (0, 2)


def test_a_connection_that_is_closed_at_once_is_broken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def hang_up() -> None:
            listening.accept()[0].close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        told = json.loads(load(f"http://127.0.0.1:{listening.getsockname()[1]}/", [b""], SECONDS, 1))
        thread.join()
    assert (told["requests"], told["broken"]) == (0, 1)


@pytest.mark.parametrize(
    ("received", "whole"),
    [
        (b"HTTP/1.1 200 OK\r\n", False),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{", False),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", True),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n", False),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", True),
    ],
)
def test_an_answer_is_whole_with_all_of_its_body(received: bytes, whole: bool) -> None:
    assert is_whole(received) is whole


def test_an_answer_without_a_length_is_broken() -> None:
    with pytest.raises(Broken):
        is_whole(b"HTTP/1.1 200 OK\r\n\r\n{}")
