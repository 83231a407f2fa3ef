"""Rows made through the API, and what the database itself says of them."""

from typing import Any

from sqlalchemy import Executable

from db.session import Mode, RequestSession
from graph.entity.ids import encode_id
from graph.entity.registry import entity_of
from tests.mutations.asking import Asking


async def make_post(ask: Asking, **values: Any) -> str:
    """The id of a new post of whoever asks."""
    return str(await _made(ask, "createPost", {"title": "Roses", "content": "Tie them."} | values, "post"))


async def make_document(ask: Asking, **values: Any) -> str:
    """The id of a new document of whoever asks."""
    given = {"kind": "note", "title": "Roses", "body": {"count": 3}} | values
    return str(await _made(ask, "createDocument", given, "document"))


async def _made(ask: Asking, name: str, given: dict[str, Any], member: str) -> Any:
    payload = await ask.do(name, given, f"{member} {{ id }}")
    assert payload["errors"] == [], payload
    return payload[member]["id"]


def id_of(type_: type[Any], *key: Any) -> str:
    """The global id of a row."""
    return encode_id(entity_of(type_), key)


async def rows(ask: Asking, statement: Executable) -> list[tuple[Any, ...]]:
    """What the database has, past the API."""
    async with RequestSession(ask.engines, Mode.CURRENT) as session:
        return [tuple(row) for row in await session.rows(statement)]
