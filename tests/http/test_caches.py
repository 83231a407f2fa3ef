"""What a server keeps for later requests is bounded in bytes, whatever clients send, and `/metrics` says how full."""

import gc
import re
import tracemalloc
from collections.abc import Mapping

from db.kept import MIB
from tests.databases import Database
from tests.http.client import Client
from tests.http.conftest import Serve

MAX_CACHE_BYTES = 16 * MIB
SHAPES = 90
FIGURE = re.compile(r'^trellis_cache_(\w+)\{cache="(\w+)"\} (\S+)$', re.MULTILINE)

QUERY = "query ($where: AlbumFilter) { albums(first: 1, where: $where) { totalCount nodes { id } } }"


async def figures(client: Client) -> Mapping[tuple[str, str], float]:
    """The figures of the caches, by what they tell and by cache."""
    text = (await client.http.get("/metrics")).text
    return {(what, cache): float(value) for what, cache, value in FIGURE.findall(text)}


async def ask_for_shape(client: Client, number: int) -> None:
    """Ask with a filter of a shape of its own, and with a document of its own."""
    comparisons = [
        {"title": {"startsWith" if number >> bit & 1 else "endsWith": f"no title {bit}"}} for bit in range(8)
    ]
    where = {"and": comparisons, "or": [{"title": {"eq": str(one)}} for one in range(number % 9 + 1)]}
    answer = await client.ask(QUERY.replace("query", f"query Q{number}"), {"where": where})
    assert answer.data["albums"] == {"totalCount": 0, "nodes": []}


async def test_shapes_that_nobody_asks_for_again_make_room_by_their_bytes(filled: Database, serve: Serve) -> None:
    client = await serve(filled.url, max_cache_bytes=MAX_CACHE_BYTES)
    for number in range(SHAPES):
        await ask_for_shape(client, number)
    found = await figures(client)
    caches = {cache for _, cache in found}
    assert caches == {
        "documents",
        "refused_documents",
        "added_documents",
        "statements",
        "combinations",
        "long_lists",
        "sql",
    }
    for cache in caches:
        assert found["bytes", cache] <= found["max_bytes", cache]
    assert sum(found["max_bytes", cache] for cache in caches - {"added_documents"}) <= MAX_CACHE_BYTES
    assert found["dropped_total", "statements"] > 0
    assert found["dropped_total", "sql"] > 0
    assert 0 < found["entries", "documents"] <= SHAPES


async def test_the_memory_that_caches_take_is_no_more_than_they_say(filled: Database, serve: Serve) -> None:
    client = await serve(filled.url, max_cache_bytes=MAX_CACHE_BYTES)
    await ask_for_shape(client, 2**8)
    gc.collect()
    tracemalloc.start()
    try:
        for number in range(SHAPES // 4):
            await ask_for_shape(client, number)
        gc.collect()
        grown, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    found = await figures(client)
    said = sum(value for (what, _), value in found.items() if what == "bytes")
    assert grown < said
    assert said < 6 * grown  # an estimate that is far too high would keep little
