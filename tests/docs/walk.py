"""The walk of a request: which functions of ours it passes, in order, and how often it changes files.

An application, a body and a file of SQLite enter, calls leave. `python -m tests.docs.walk` prints the walks of a warm
query and of a warm mutation, with their numbers. A function counts when it is called, not when it goes on after a wait.
"""

import asyncio
import json
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import HTTPConnection
from starlette.types import Message

from db import demo
from db.migrate import upgrade
from db.session import Engines
from graph.app import create_app
from graph.settings import Settings
from graph.viewer import Viewer

HOUSE = Path(__file__).resolve().parents[2]
ROOMS = ("db", "graph")
WARM = 5
"""How often a request is made before it is followed."""

QUERY = "{ posts(first: 5) { nodes { title author { name } } } }"
MUTATION = """mutation ($input: CreatePostInput!) {
    createPost(input: $input) { post { title author { name } } errors { ... on UserError { message } } }
}"""


class Call(NamedTuple):
    """A function of ours that was called."""

    file: str
    """From the folder of the project."""
    function: str

    def __str__(self) -> str:
        return f"{self.file}: {self.function}"


class Walk(NamedTuple):
    """The calls of one request, in order."""

    calls: Sequence[Call]

    @property
    def files(self) -> int:
        """How many files it passes."""
        return len({call.file for call in self.calls})

    @property
    def moves(self) -> int:
        """How often a call is in another file than the one before."""
        return sum(one.file != other.file for one, other in zip(self.calls, self.calls[1:], strict=False))

    def steps(self) -> list[str]:
        """The calls, those in one file together."""
        found: list[list[Call]] = []
        for call in self.calls:
            if found and found[-1][0].file == call.file:
                found[-1].append(call)
            else:
                found.append([call])
        return [f"{calls[0].file}: {', '.join(call.function for call in calls)}" for calls in found]


class Recorder:
    """Follows what Python calls; `with Recorder() as recorder`, then `recorder.walk`."""

    def __init__(self) -> None:
        self._calls: list[Call] = []
        self._seen: dict[int, FrameType] = {}
        self._outer: Any = None

    def __enter__(self) -> "Recorder":
        self._outer = sys.getprofile()
        sys.setprofile(self._note)
        return self

    def __exit__(self, *_: object) -> None:
        sys.setprofile(self._outer)

    @property
    def walk(self) -> Walk:
        """What was called."""
        return Walk(self._calls)

    def _note(self, frame: FrameType, event: str, _argument: object) -> None:
        if event != "call" or self._seen.get(id(frame)) is frame:
            return
        file = Path(frame.f_code.co_filename)
        if HOUSE in file.parents and file.relative_to(HOUSE).parts[0] in ROOMS:
            self._seen[id(frame)] = frame  # kept, so that no other frame gets its identity
            self._calls.append(Call(str(file.relative_to(HOUSE)), frame.f_code.co_qualname))


@asynccontextmanager
async def application(folder: Path) -> AsyncIterator[Starlette]:
    """The application on a database with the small demo, asked by its first user, who is an admin."""
    settings = Settings(database_url=SecretStr(f"sqlite:///{folder / 'walk.db'}"))
    await asyncio.to_thread(upgrade, settings)
    engines = Engines(settings)
    await demo.fill(engines, scale=1)
    await engines.dispose()

    async def identify(_request: HTTPConnection) -> Viewer:
        return Viewer(1, frozenset({"admin"}))

    app = create_app(settings, identify=identify)
    async with app.router.lifespan_context(app):
        yield app


async def post(app: Starlette, query: str, variables: Mapping[str, Any] | None = None) -> Any:
    """The answer to one operation, past the network."""
    body = json.dumps({"query": query, "variables": variables}).encode()
    sent: list[Message] = []
    waiting = asyncio.Event()

    async def receive() -> Message:
        if not waiting.is_set():
            waiting.set()
            return {"type": "http.request", "body": body, "more_body": False}
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Message) -> None:
        sent.append(message)

    headers = [(b"content-type", b"application/json"), (b"accept", b"application/json")]
    scope: dict[str, Any] = {"type": "http", "method": "POST", "scheme": "http", "path": "/graphql", "headers": headers}
    scope |= {"query_string": b"", "root_path": "", "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80)}
    await app(scope, receive, send)
    return json.loads(b"".join(message.get("body", b"") for message in sent))


async def walk(app: Starlette, query: str, variables: Callable[[int], Mapping[str, Any] | None]) -> Walk:
    """The walk of a request that was made before; `variables` are of each time."""
    for number in range(WARM):
        answer = await post(app, query, variables(number))
        assert "errors" not in answer, answer
    with Recorder() as recorder:
        await post(app, query, variables(WARM))
    return recorder.walk


async def walks(folder: Path) -> dict[str, Walk]:
    """The walks that docs/architecture.md tells of."""
    async with application(folder) as app:
        query = await walk(app, QUERY, lambda _: None)
        mutation = await walk(app, MUTATION, lambda number: {"input": {"title": f"T {number}", "content": "C"}})
    return {"query": query, "mutation": mutation}


def main() -> None:
    """Print the walks."""
    with tempfile.TemporaryDirectory() as folder:
        for name, found in asyncio.run(walks(Path(folder))).items():
            functions = len(set(found.calls))
            sys.stdout.write(
                f"{name}: {len(found.calls)} calls, {functions} functions, {found.files} files, {found.moves} moves\n"
            )
            sys.stdout.write("".join(f"  {step}\n" for step in found.steps()))


if __name__ == "__main__":
    main()
