"""What waits for a client to read it: messages enter without a wait, and leave in their order.

Whoever puts something in never waits for the client. There is a bound, in bytes; whoever passes it reads too slowly.
"""

import asyncio
from collections import deque


class Outbox:
    """The messages of one client that are not sent yet."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._messages: deque[bytes] = deque()
        self._arrived = asyncio.Event()
        self._closed = False
        self.bytes = 0
        """Of messages that wait, with that one which is being sent."""

    def put(self, message: bytes) -> bool:
        """Let a message wait; False where too much waits already. One alone may be as long as it likes."""
        if self._closed:
            return True
        if self.bytes and self.bytes + len(message) > self._max_bytes:
            return False
        self._messages.append(message)
        self.bytes += len(message)
        self._arrived.set()
        return True

    def close(self, last: bytes = b"", *, forget: bool = False) -> None:
        """Take no message any more, after a last one. `forget` those that wait, too."""
        if forget:
            self._messages.clear()
        if not self._closed and last:
            self._messages.append(last)
        self._closed = True
        self._arrived.set()

    @property
    def is_done(self) -> bool:
        """Whether all was sent, and nothing more comes."""
        return self._closed and not self._messages

    async def next(self, patience_s: float | None = None) -> bytes | None:
        """The next message; None after so many seconds without one, and when there is none any more."""
        while not self._messages and not self._closed:
            self._arrived.clear()
            try:
                async with asyncio.timeout(patience_s):
                    await self._arrived.wait()
            except TimeoutError:
                return None
        return self._messages.popleft() if self._messages else None

    def sent(self, message: bytes) -> None:
        """A message is on its way to the client."""
        self.bytes = max(0, self.bytes - len(message))
