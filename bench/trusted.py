"""What a document costs by its id, as its text, and as a text that is new: processor time of the server alone.

`python -m bench.trusted` prints microseconds for each request. The application is called as uvicorn calls it, in this
process, and what PostgreSQL does is not counted; the ways take turns, and the best round of each counts.
"""

import itertools
import json
import sys
import time
from collections.abc import Iterator, Mapping
from typing import Any

import uvloop
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.types import ASGIApp, Message

from bench.data import Size
from bench.database import database
from bench.operations import FEED, LOOKUP, OPERATIONS, document
from bench.trellis_app import identify
from db.session.engines import Engines
from graph.app import create_app
from graph.documents import store
from graph.documents.manifests import Listed
from graph.entity.ids import encode_id
from graph.entity.registry import entity_of
from graph.settings import DocumentsMode, Settings
from graph.types.user import User

SIZE = Size(users=1_000, posts=2_000, tags=50)
ROUNDS = 8
REQUESTS = 200
NEW_TEXTS = 40
"""New texts of a round: each is parsed and validated, which takes a hundred times as long."""

Body = Mapping[str, Any]


async def request(app: ASGIApp, body: Body) -> bytes:
    """The body of one answer, which must be without errors."""
    content = json.dumps(body).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(content)).encode())]
    scope = {"type": "http", "method": "POST", "path": "/graphql", "query_string": b"", "headers": headers}
    received = iter([{"type": "http.request", "body": content}])
    sent: list[Message] = []

    async def receive() -> Message:
        return next(received)

    async def send(message: Message) -> None:
        sent.append(message)

    await app({**scope, "scheme": "http", "server": ("127.0.0.1", 80), "client": None}, receive, send)
    answer: bytes = sent[1]["body"]
    assert b'"errors"' not in answer, answer
    return answer


async def measure(url: str) -> dict[tuple[str, str], float]:
    """Microseconds of each operation in each way."""
    settings = Settings(database_url=SecretStr(url), documents=DocumentsMode.ACCEPT)
    texts = {name: document("trellis", OPERATIONS[name]) for name in (LOOKUP, FEED)}
    engines = Engines(settings)
    async with AsyncSession(engines.writing()) as session, session.begin():
        await store.register(session, [Listed(name, text) for name, text in texts.items()], "bench", "1")
    await engines.dispose()
    app = create_app(settings, identify=identify)
    best: dict[tuple[str, str], float] = {}
    async with app.router.lifespan_context(app):
        for _, (name, text) in itertools.product(range(ROUNDS), texts.items()):
            for way, bodies in _ways(name, text).items():
                took = await _us(app, list(bodies))
                best[name, way] = min(took, best.get((name, way), took))
    return best


_NUMBERS = itertools.count()


def _ways(name: str, text: str) -> dict[str, Iterator[Body]]:
    arguments = {**OPERATIONS[name].arguments}
    if "id" in arguments:
        arguments["id"] = encode_id(entity_of(User), (arguments["id"],))
    rest = {"variables": arguments}
    return {
        "by id": itertools.repeat({"documentId": name, **rest}, REQUESTS),
        "as a known text": itertools.repeat({"query": text, **rest}, REQUESTS),
        "as a new text": iter([{"query": f"{text}#{next(_NUMBERS)}", **rest} for _ in range(NEW_TEXTS)]),
    }


async def _us(app: ASGIApp, bodies: list[Body]) -> float:
    began = time.process_time()
    for body in bodies:
        await request(app, body)
    return 1e6 * (time.process_time() - began) / len(bodies)


def main() -> None:
    """Measure and print."""
    with database(SIZE) as url:
        for (name, way), us in uvloop.run(measure(url)).items():
            sys.stdout.write(f"{name:8} {way:16} {us:8,.0f} µs\n")


if __name__ == "__main__":
    main()
