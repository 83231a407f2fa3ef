"""Content codings: what makes an answer shorter on its way.

The bytes of an answer and the header `Accept-Encoding` enter, shorter bytes leave. No response is known here, and
nothing is compressed that nobody asked to have compressed. Source: https://www.rfc-editor.org/rfc/rfc9110#name-content-codings
"""

import asyncio
import zlib
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import NamedTuple, Protocol

from zstandard import ZstdCompressor

from graph.http.negotiation import KEPT_HEADERS, liking, weights
from graph.settings import KIB

OFF_LOOP_FROM_BYTES = 128 * KIB
"""Bodies from this size are compressed in a thread. Below, it takes less than a millisecond (gzip; zstd: a quarter of
that), and other requests would wait as long for the change of threads."""

WBITS_GZIP = 16 + zlib.MAX_WBITS
"""Source: https://docs.python.org/3/library/zlib.html#zlib.compressobj"""


class Compressor(Protocol):
    """Compresses what comes in parts."""

    def compress(self, data: bytes, /) -> bytes:
        """A part, as far as it comes out already."""

    def flush(self) -> bytes:
        """The rest, at the end."""


class Coding(NamedTuple):
    """A way to compress: quickly for an answer that is sent once, thoroughly for a file that is sent for months."""

    quick: Callable[[bytes], bytes]
    thorough: Callable[[bytes], bytes]
    in_parts: Callable[[], Compressor]
    """As quickly, for a stream."""


def _zstd(level: int) -> Callable[[bytes], bytes]:
    return lambda body: ZstdCompressor(level).compress(body)  # one compressor is not for two threads


def _gzip(level: int) -> Callable[[bytes], bytes]:
    return lambda body: zlib.compress(body, level, WBITS_GZIP)


# Of 100 KB of an answer, in milliseconds of CPU: zstd 3 0.20 (to 29 %), zstd 5 0.57 (30 %), gzip 1 0.68 (35 %), gzip 6
# 1.5 (31 %), brotli 4 0.83 (29 %). Browsers take zstd since 2024; brotli would be a third coding for nothing.
CODINGS: Mapping[str, Coding] = {
    "zstd": Coding(_zstd(3), _zstd(12), lambda: ZstdCompressor(3).compressobj()),
    "gzip": Coding(_gzip(1), _gzip(9), lambda: zlib.compressobj(1, wbits=WBITS_GZIP)),
}
"""Ours, the best first."""


@lru_cache(KEPT_HEADERS)
def coding_for(accept_encoding: str) -> str | None:
    """The coding of ours that the client likes best; None when it takes none of them, or likes none at all better."""
    liked = weights(accept_encoding)
    found = {name: liking(liked, name, "*") for name in CODINGS}
    best = max(found, key=lambda name: found[name])  # of equals, the first
    return best if found[best] > 0 and found[best] >= liked.get("identity", 0) else None


async def compressed(body: bytes, coding: str) -> bytes:
    """The body in one of our codings; other requests go on while a large one is worked on."""
    compress = CODINGS[coding].quick
    return compress(body) if len(body) < OFF_LOOP_FROM_BYTES else await asyncio.to_thread(compress, body)
