"""What waits for a client to read it: messages enter without a wait, and leave in their order.

Whoever puts something in never waits for the client. There is a bound, in bytes; whoever passes it reads too slowly. Of
a live query, nothing waits but the newest answer.
"""

import asyncio
from collections import deque
from collections.abc import Callable


class Newest:
    """Where the newest answer of a live query waits. It is not copied before it is sent: others wait for the same."""

    __slots__ = ("_frame", "_sent", "has_place", "waiting")

    def __init__(self, frame: Callable[[bytes], bytes]) -> None:
        """`frame` makes a message of an answer."""
        self._frame = frame
        self._sent: bytes | None = None
        self.waiting: bytes | None = None
        self.has_place = False
        """Whether it stands in its outbox, also where nothing waits in it any more."""

    def put(self, answer: bytes) -> None:
        """Let an answer wait, unless the client has it already."""
        self.waiting = None if answer == self._sent else answer

    def forget(self) -> None:
        """Let nothing wait."""
        self.waiting = self._sent = None

    def take(self) -> bytes | None:
        """The message of the answer that waits; None where there is none."""
        if self.waiting is None:
            return None
        self._sent, self.waiting = self.waiting, None
        return self._frame(self._sent)


class Outbox:
    """The messages of one client that are not sent yet."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._messages: deque[bytes | Newest] = deque()
        self._arrived = asyncio.Event()
        self._closed = False
        self.bytes = 0
        """Of messages that wait, with that one which is being sent. Answers of live queries count when they are."""

    def put(self, message: bytes) -> bool:
        """Let a message wait; False where too much waits already. One alone may be as long as it likes."""
        if self._closed:
            return True
        if self.bytes and self.bytes + len(message) > self._max_bytes:
            return False
        self._add(message)
        self.bytes += len(message)
        return True

    def put_newest(self, newest: Newest, answer: bytes) -> bool:
        """Let the newest answer of a live query wait; whether another one waited, which is not sent any more."""
        if self._closed:
            return False
        waited = newest.waiting is not None
        newest.put(answer)
        if not newest.has_place:
            newest.has_place = True
            self._add(newest)
        return waited

    def _add(self, message: bytes | Newest) -> None:
        self._messages.append(message)
        self._arrived.set()

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
        while True:
            while self._messages:
                message = self._taken(self._messages.popleft())
                if message is not None:
                    return message
            if self._closed:
                return None
            self._arrived.clear()
            try:
                async with asyncio.timeout(patience_s):
                    await self._arrived.wait()
            except TimeoutError:
                return None

    def _taken(self, message: bytes | Newest) -> bytes | None:
        if isinstance(message, bytes):
            return message
        message.has_place = False
        found = message.take()
        self.bytes += 0 if found is None else len(found)
        return found

    def sent(self, message: bytes) -> None:
        """A message is on its way to the client."""
        self.bytes = max(0, self.bytes - len(message))
