"""Clients of tests: an operation and a viewer enter, an answer leaves.

`HTTPClient` goes the way of a request: through the whole application, without a network. `SchemaClient` goes past HTTP,
straight to the schema, which is quicker and lets a test hold the engines. Both answer alike.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from typing import Any, Self

import httpx
import orjson
from graphql import OperationType

from db.relations import EVERYTHING, Visibility
from db.session.engines import Engines
from db.statements import StatementCache
from graph.context import ContextFactory
from graph.entity import Schema
from graph.http.requests import GRAPHQL_RESPONSE, JSON
from graph.prepare.documents import OperationRequest
from graph.testing.answers import Answer
from graph.testing.examined import Examined
from graph.testing.viewers import Asker, asking_as, found_viewer
from graph.viewer import NOBODY, Viewer

EVERY_KIND = (OperationType.QUERY, OperationType.MUTATION)
UNKNOWN = "unknown"
NO_VIEWERS: Mapping[str, Viewer] = {}
PATH = "/graphql"


class Client(ABC):
    """Asks one API."""

    def __init__(self, dialect: str, viewers: Mapping[str, Viewer] = NO_VIEWERS) -> None:
        """`viewers`: those that have names."""
        self.dialect = dialect
        """Of the API's database, where that is known: `sqlite` or `postgresql`."""
        self._viewers = viewers
        self.asker: Viewer | None = None
        """Who asks where nobody else is named; None: whom the API finds by itself."""

    def as_viewer(self, asker: Asker) -> Self:
        """The same, asking as somebody. Raises `UnknownViewer`."""
        client = copy(self)
        client.asker = self._found(asker)
        return client

    async def query(self, document: str, variables: Mapping[str, Any] | None = None, *, viewer: Asker = None) -> Any:
        """The data that answers an operation, a query or a mutation. Raises `AnsweredWithErrors` and `UnknownViewer`.

        Errors in the payload of a mutation are data.
        """
        __tracebackhide__ = True
        return (await self.execute(document, variables, viewer=viewer)).data

    async def execute(
        self,
        document: str,
        variables: Mapping[str, Any] | None = None,
        *,
        viewer: Asker = None,
        operation_name: str | None = None,
        extensions: Mapping[str, Any] | None = None,
    ) -> Answer:
        """The answer to an operation, with its errors. Raises `UnknownViewer`."""
        asking = self.asker if viewer is None else self._found(viewer)
        return await self._answer(OperationRequest(document, variables, operation_name, extensions), asking)

    async def examine(
        self,
        document: str,
        variables: Mapping[str, Any] | None = None,
        *,
        viewer: Asker = None,
        explain: bool = True,
        **asked: bool,
    ) -> Examined:
        """What the query doctor finds about an operation, with plans and hints unless `explain` is off.

        `asked`: `analyze` and `values`, as docs/query-doctor.md has them. Raises `AnsweredWithErrors`, for instance
        where the viewer may not ask, and `UnknownViewer`.
        """
        wanted = {"doctor": {"explain": explain, **asked}}
        answer = await self.execute(document, variables, viewer=viewer, extensions=wanted)
        return Examined(answer.data, answer.extensions["doctor"])

    def _found(self, asker: Asker) -> Viewer | None:
        return None if asker is None else found_viewer(asker, self._viewers)

    @abstractmethod
    async def _answer(self, request: OperationRequest, viewer: Viewer | None) -> Answer:
        """Ask; without a viewer, as whom the API takes the request for."""


class HTTPClient(Client):
    """Asks over HTTP. A request of no viewer's is of whom the API's own identification finds: `headers` may say so."""

    def __init__(
        self, http: httpx.AsyncClient, dialect: str = UNKNOWN, viewers: Mapping[str, Viewer] = NO_VIEWERS
    ) -> None:
        super().__init__(dialect, viewers)
        self.http = http
        """For requests of other forms, and to other addresses."""
        self.headers: Mapping[str, str] = {}
        """Of each request, besides those that all have."""

    def with_headers(self, **headers: str) -> Self:
        """The same, with headers in each request: `client.with_headers(authorization=f"Bearer {token}")`."""
        client = copy(self)
        client.headers = {**self.headers, **named(headers)}
        return client

    async def _answer(self, request: OperationRequest, viewer: Viewer | None) -> Answer:
        asked = {
            "query": request.query,
            "variables": request.variables,
            "operationName": request.operation_name,
            "extensions": request.extensions,
        }
        body = orjson.dumps({name: value for name, value in asked.items() if value is not None})
        headers = {"Content-Type": JSON, "Accept": GRAPHQL_RESPONSE, **self.headers}
        with asking_as(viewer):
            return Answer.of_response(await self.http.post(PATH, content=body, headers=headers))


class SchemaClient(Client):
    """Asks a schema, past HTTP."""

    def __init__(
        self,
        schema: Schema,
        engines: Engines,
        visibility: Callable[[Viewer], Visibility] = lambda _viewer: EVERYTHING,
        services: Sequence[object] = (),
        viewers: Mapping[str, Viewer] = NO_VIEWERS,
    ) -> None:
        """`visibility`: what a viewer may see; `services`: what resolvers find by `context.service(…)`."""
        super().__init__(engines.dialect, viewers)
        self.schema = schema
        self.engines = engines
        self.visibility = visibility
        self.services = services
        self.statements = StatementCache()

    @property
    def viewer(self) -> Viewer:
        """Who asks where nobody else is named."""
        return self.asker or NOBODY

    def contexts(self, viewer: Viewer) -> ContextFactory:
        """What makes the contexts of one request of this viewer, who may ask the doctor, too."""
        return ContextFactory(
            self.engines,
            viewer=viewer,
            visible=self.visibility(viewer),
            statements=self.statements,
            services=self.services,
            may_diagnose=lambda _viewer: True,
        )

    async def _answer(self, request: OperationRequest, viewer: Viewer | None) -> Answer:
        contexts = self.contexts(NOBODY if viewer is None else viewer)
        return Answer.of_result(await self.schema.operations.answer(request, contexts, EVERY_KIND))


def named(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers by their real names: `content_type` is `content-type`."""
    return {name.replace("_", "-").title(): value for name, value in headers.items()}
