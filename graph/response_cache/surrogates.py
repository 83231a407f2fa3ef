"""What an answer was made of, as a CDN is told: keys by which it drops what a change has outdated.

Names of tables enter, and the data of an answer; the value of a header leaves, with a key for each table (`posts`), and
one for each object that is shown with its id, where these are few (`posts:42`). Whoever changes something tells the
CDN; nothing is sent from here.
Sources: https://www.fastly.com/documentation/reference/http/http-headers/Surrogate-Key/,
https://developers.cloudflare.com/cache/how-to/purge-cache/purge-by-tags/
"""

from collections.abc import Collection, Iterable, Iterator
from typing import Any
from urllib.parse import quote

from graph.entity.ids import decode_id
from graph.entity.registry import entities_named
from graph.errors import InvalidId

CACHE_TAG = "cache-tag"
"""Its keys are separated by commas, those of all others by blanks."""
MAX_OBJECTS = 100
"""Of more objects no keys are told: headers have room for some kilobytes, and the tables say the same."""


def surrogate_keys(header: str, keys: Iterable[str]) -> str:
    """The value of a header. A key has no blanks and commas there: those are written as in addresses."""
    separator = "," if header.lower() == CACHE_TAG else " "
    return separator.join(quote(key, safe=".:_-") for key in keys)


def objects_in(data: Any, names: Collection[str]) -> tuple[str, ...]:
    """The keys of the objects of an answer whose ids stand under one of these names; none where they are many."""
    found: dict[str, None] = {}
    for text in _ids_in(data, names) if names else ():
        found |= dict.fromkeys(_keys_of(text))
        if len(found) > MAX_OBJECTS:
            return ()
    return tuple(found)


def _ids_in(data: Any, names: Collection[str]) -> Iterator[str]:
    left = [data]
    while left:
        value = left.pop()
        if isinstance(value, dict):
            yield from (it for name, it in value.items() if name in names and isinstance(it, str))
            left += value.values()
        elif isinstance(value, list):
            left += value


def _keys_of(text: str) -> Iterator[str]:
    """The keys of an object's rows, by its id; none for a text that is no id."""
    try:
        given = decode_id(text)
    except InvalidId:
        return
    for entity in entities_named(given.type_name):
        for table in entity.mapper.tables:
            yield f"{getattr(table, 'fullname', table)}:{','.join(map(str, given.key))}"
