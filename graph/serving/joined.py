"""A head and the body behind it, written at once.

uvicorn writes the head of an answer, and then its body. Each write is a call of the system, a packet, and a client that
wakes up for it. What uvicorn writes for an answer enters, and leaves for the transport in one piece where it is small.
"""

from asyncio import Transport
from typing import Final

STATUS_LINE: Final = b"HTTP/1.1 "
LENGTH: Final = b"\r\ncontent-length: "
END_OF_HEAD: Final = b"\r\n\r\n"
SMALL = 64 * 1024
"""The longest body, in bytes, that is copied behind its head; of longer ones a write is the lesser part."""


class JoinedAnswers:
    """What a cycle of uvicorn takes for the transport of its connection.

    A head that says how long its body is waits for that. What is written in chunks, as streams are, waits for nothing.
    """

    __slots__ = ("_head", "_transport")

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._head = b""

    def write(self, data: bytes) -> None:
        """Write a head, or a part of a body."""
        head = self._head
        if head:
            self._head = b""
            if len(data) <= SMALL:
                self._transport.write(head + data)
                return
            self._transport.write(head)
        elif data.startswith(STATUS_LINE) and LENGTH in data and data.endswith(END_OF_HEAD):
            self._head = data
            return
        self._transport.write(data)

    def flush(self) -> None:
        """Write a head that has no body, as the answer to HEAD."""
        if self._head:
            self.write(b"")

    def close(self) -> None:
        """Close the connection behind what was written."""
        self.flush()
        self._transport.close()
