"""A socket that takes nobody new still has those who came before, so that closing it resets nobody."""

import socket
import sys
from contextlib import suppress
from tempfile import TemporaryDirectory

import pytest

from graph.serving.newcomers import let_nobody_come


def listens_at(family: socket.AddressFamily, host: str) -> bool:
    """Whether this machine has such an address."""
    with suppress(OSError), socket.create_server((host, 0), family=family):
        return True
    return False


@pytest.mark.skipif(sys.platform != "linux", reason="other kernels have no such filter")
@pytest.mark.parametrize(("family", "host"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")])
def test_who_has_come_is_accepted_and_nobody_comes_any_more(family: socket.AddressFamily, host: str) -> None:
    if not listens_at(family, host):
        pytest.skip(f"this machine does not listen at {host}")
    with socket.create_server((host, 0), family=family) as listening, socket.socket(family) as early:
        address = listening.getsockname()
        early.connect(address)
        let_nobody_come(listening)
        early.sendall(b"asked before")
        with socket.socket(family) as late:
            late.settimeout(0.1)
            with pytest.raises(TimeoutError):
                late.connect(address)
        listening.setblocking(False)
        accepted, _ = listening.accept()
        with accepted:
            assert accepted.recv(12) == b"asked before"
        with pytest.raises(BlockingIOError):
            listening.accept()


def test_to_a_socket_of_another_kind_others_come_as_before() -> None:
    with (
        TemporaryDirectory() as folder,  # a path of pytest may be too long for a socket
        socket.socket(socket.AF_UNIX) as listening,
        socket.socket(socket.AF_UNIX) as late,
    ):
        listening.bind(f"{folder}/socket")
        listening.listen()
        let_nobody_come(listening)
        late.connect(f"{folder}/socket")
        accepted, _ = listening.accept()
        with accepted:
            late.sendall(b"asked after")
            assert accepted.recv(11) == b"asked after"
