"""Files on their way: the scalar `Upload`, whose values come beside the JSON of a request.

What `graph.http.multipart` has read enters as the value of a variable; nothing of a file is ever written as JSON.
Source: https://github.com/jaydenseric/graphql-multipart-request-spec
"""

from collections.abc import AsyncIterator, Awaitable, Callable

from graphql import GraphQLError

from graph.entity.scalar_type import ScalarType
from graph.entity.types import register_type

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


def _parsed(value: object) -> Upload:
    if not isinstance(value, Upload):
        raise GraphQLError("A file is sent beside the JSON: as a part of multipart/form-data, named by `map`.")
    return value


UPLOAD = ScalarType(
    annotation=Upload,
    name="Upload",
    description="A file, sent beside the JSON of the request as its multipart form has it; a variable holds its place.",
    specified_by="https://github.com/jaydenseric/graphql-multipart-request-spec",
    parse=_parsed,
    operators=(),
)
register_type(UPLOAD)
