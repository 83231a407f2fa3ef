"""Files on their way: what has come beside the JSON of a request, until that is answered.

A name and a way to read enter, chunks leave. Of requests and schemas nothing is known here.
"""

from collections.abc import AsyncIterator, Awaitable, Callable

CHUNK_BYTES = 64 * 1024


class Upload:
    """A file that a client has sent. It is gone when the request is answered.

    No dataclass: the record of changes would write all of its parts down.
    """

    def __init__(self, name: str, content_type: str, size: int, read: Callable[[int], Awaitable[bytes]]) -> None:
        self.name = name
        self.content_type = content_type
        """The media type, as the client has it; nobody has looked."""
        self.size = size
        """In bytes."""
        self.read = read
        """Reads at most so many of the bytes that follow."""

    async def chunks(self) -> AsyncIterator[bytes]:
        """Its bytes, a few at a time."""
        while chunk := await self.read(CHUNK_BYTES):
            yield chunk

    def __str__(self) -> str:
        return f"{self.name} ({self.content_type}, {self.size} bytes)"
