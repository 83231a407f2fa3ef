"""Exports over HTTP: a request for a list enters, NDJSON or CSV leaves, as fast as the client reads.

What is wrong before the first row is answered as the API answers it. What goes wrong behind it ends the connection
before its end, so that no client takes a part for the whole. Limits, places, identities and documents are the API's.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import aclosing, contextmanager

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from strawberry.types import ExecutionResult

from graph.client import client_of
from graph.disconnect import RequestWatch
from graph.endpoint import CLIENT_HAS_LEFT, GraphQLEndpoint, counted, failed, unanswered
from graph.errors import Overloaded
from graph.export.errors import Incomplete
from graph.export.forms import CSV, NDJSON, Form
from graph.export.listing import Listing, listing_of
from graph.export.reading import ExportContexts, pages
from graph.http.compression import CODINGS, OFF_LOOP_FROM_BYTES, Compressor, coding_for
from graph.http.negotiation import liking, told, weights
from graph.http.requests import GRAPHQL_RESPONSE, headers_of, read_request
from graph.http.responses import HEADERS, answer
from graph.masking import for_client
from graph.prepare.documents import OperationRequest
from graph.prepare.fields import Weight
from graph.prepare.weight import Claim
from graph.rates.operations import Meter
from graph.settings import Settings
from graph.telemetry.record import OperationRecord, RequestRecord, first_code

logger = logging.getLogger("trellis")

PATH = "/export"
EXPORTED = 200
METHODS = ("GET", "POST")
ESCAPE = "escapeFormulas"
YES = ("true", "1")
RETRY_AFTER_S = 10
"""Seconds after which somebody may ask again for whom there is no place: exports take their time."""

NDJSON_TYPES = (NDJSON.media_type, "application/ndjson", "application/jsonl", "application/json")


def export_paths(settings: Settings) -> list[str]:
    """Where exports are; nowhere, where the settings want none. The ending says which form, or else `Accept`."""
    return [PATH, f"{PATH}.{NDJSON.ending}", f"{PATH}.{CSV.ending}"] if settings.max_exports else []


class ExportEndpoint:
    """Answers at `/export`, `/export.ndjson` and `/export.csv`."""

    def __init__(self, api: GraphQLEndpoint, settings: Settings) -> None:
        self._api = api
        self._settings = settings
        self._under_way = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, as ASGI has it, and tell of it."""
        with self._api.listeners.told() as record:
            record.end(await self._answered(Request(scope, receive), send, record))

    async def _answered(self, request: Request, send: Send, record: RequestRecord) -> int:
        """Answer one request. Returns the status."""
        meter = self._api.meter(request)
        stream = _Stream(send)
        try:
            watch = RequestWatch(request, self._settings.export_timeout_s)
            await watch.over(counted(self._export(request, watch, meter, stream, record), meter))
            return EXPORTED
        except (asyncio.CancelledError, Exception) as error:  # whatever it is, the client is told as far as it can be
            if stream.form is not None:
                record.code = await stream.break_off(error)
                return EXPORTED
            response = self._refused(error, request, record)
            response.headers.update({} if meter is None else meter.headers)
            await response(request.scope, request.receive, send)
            return response.status_code

    def _refused(self, error: asyncio.CancelledError | Exception, request: Request, record: RequestRecord) -> Response:
        """The answer where nothing is exported: no status of success, whatever the client takes."""
        edition = self._settings.http_edition
        if isinstance(error, Incomplete):
            record.code = first_code(error.told())
            return answer(ExecutionResult(None, error.told()), GRAPHQL_RESPONSE, edition)
        return unanswered(error, request, GRAPHQL_RESPONSE, edition, record)

    async def _export(
        self, request: Request, watch: RequestWatch, meter: Meter | None, stream: "_Stream", record: RequestRecord
    ) -> None:
        if request.scope["method"] not in METHODS:
            raise HTTPException(405, "Use a method of `Allow`.", {"Allow": ", ".join(METHODS)})
        record.headers = headers = headers_of(request)
        record.client = client_of(headers)
        is_csv = wants_csv(request.scope["path"], told(headers, b"accept"))
        asked = await read_request(request, headers, self._settings.max_body_bytes, max_batch=0)
        assert isinstance(asked, OperationRequest)  # no list of them is taken
        watch.body_read()
        if meter is not None:
            stream.headers = lambda: meter.headers
        if self._settings.compress_from_bytes:
            stream.coding = coding_for(told(headers, b"accept-encoding"))
        with self._one_more():
            asked, claim = await self._claimed(request, asked)
            async with (
                self._api.admitted(ExportContexts, request, record, claim, meter) as contexts,
                contexts.ended(),
            ):
                asked = (await self._api.documents.find(asked, request, contexts.viewer))._replace(extensions=None)
                preparer = self._api.operations.preparer
                listing = listing_of(asked, preparer, preparer.limits_of(contexts.budget))
                form = CSV(listing, escape_formulas=_escapes(request)) if is_csv else NDJSON()
                noted = record.operation(asked)
                try:
                    await self._send(listing, asked, contexts, form, stream, noted)
                finally:
                    noted.end()

    @contextmanager
    def _one_more(self) -> Iterator[None]:
        """Count an export as long as the block lasts. Raises `Overloaded` for one too many."""
        if self._under_way >= self._settings.max_exports:
            raise Overloaded(RETRY_AFTER_S)
        self._under_way += 1
        try:
            yield
        finally:
            self._under_way -= 1

    async def _claimed(self, request: Request, asked: OperationRequest) -> tuple[OperationRequest, Claim]:
        """The request with its document prepared, where it is known, and its claim: dear, whatever a page would be."""
        admission = self._api.admission
        claimed, claim = admission.claimed(asked)
        if claim.bulk:
            turn = await admission.turn(request, claim.bulk)
            try:
                claimed, claim = admission.claimed(asked, has_turn=True)
            finally:
                turn.leave()
        assert isinstance(claimed, OperationRequest)  # as it was
        return claimed, claim._replace(needs_database=True, reads=True, weight=Weight.DEAR)

    async def _send(
        self,
        listing: Listing,
        asked: OperationRequest,
        contexts: ExportContexts,
        form: Form,
        stream: "_Stream",
        record: OperationRecord,
    ) -> None:
        """Send page after page. The first one is read before anything is sent, for much may be wrong with it."""
        most = max(1, int(self._settings.max_export_rows * contexts.budget))
        reading = pages(listing, asked, self._api.operations, contexts, most, record, for_json=form.for_json)
        async with aclosing(reading):
            first = await anext(reading)
            await stream.begin(form, listing.name)
            await stream.send(form.head() + form.rows(first))
            async for rows in reading:
                await stream.send(form.rows(rows))
        await contexts.end()
        await stream.end()


class _Stream:
    """A response that is sent in parts."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.form: Form | None = None
        """That of the response; None: nothing was sent yet."""
        self.coding: str | None = None
        self.headers: Callable[[], Mapping[str, str]] = dict
        """Headers of its own, when it begins."""
        self._compressor: Compressor | None = None

    async def begin(self, form: Form, name: str) -> None:
        """Send the head of a file of this name."""
        self.form = form
        given = {
            "content-type": f"{form.media_type}; charset=utf-8",
            "content-disposition": f'attachment; filename="{name}.{form.ending}"',
            **({"content-encoding": self.coding} if self.coding else {}),
            **self.headers(),
        }
        self._compressor = CODINGS[self.coding].in_parts() if self.coding else None
        lines = [(key.lower().encode(), value.encode("latin-1")) for key, value in given.items()]
        await self._send({"type": "http.response.start", "status": 200, "headers": [*HEADERS, *lines]})

    async def send(self, body: bytes) -> None:
        """Send a part; waits while the client does not read."""
        if self._compressor is not None:
            compress = self._compressor.compress
            body = compress(body) if len(body) < OFF_LOOP_FROM_BYTES else await asyncio.to_thread(compress, body)
        if body:
            await self._part(body)

    async def end(self) -> None:
        """Send the end, by which the client knows that it has everything."""
        rest = self._compressor.flush() if self._compressor is not None else b""
        await self._send({"type": "http.response.body", "body": rest, "more_body": False})

    async def break_off(self, error: asyncio.CancelledError | Exception) -> str:
        """Say what went wrong, where the form has a place for that, and never send the end: the server closes then.

        Returns the code of the error.
        Source: https://www.rfc-editor.org/rfc/rfc9112#section-8 (a chunked body without its last chunk is incomplete)
        """
        if isinstance(error, ClientDisconnect) or self.form is None:
            return CLIENT_HAS_LEFT
        errors = error.told() if isinstance(error, Incomplete) else for_client(failed(error).errors or ())
        logger.warning("An export has ended before its end: %s", "; ".join(it.message for it in errors))
        last = self.form.broken(errors)
        if last:
            await self.send(last)
            await self._part(self._compressor.flush() if self._compressor is not None else b"")
        return first_code(errors)

    async def _part(self, body: bytes) -> None:
        await self._send({"type": "http.response.body", "body": body, "more_body": True})


def wants_csv(path: str, accept: str) -> bool:
    """Whether CSV is asked for, by the ending of the address or by `Accept`. Raises 406 for neither form."""
    if path != PATH:
        return path.endswith(CSV.ending)
    liked = weights(accept) if accept else {"*/*": 1.0}
    csv = liking(liked, CSV.media_type, "text/*", "*/*")
    ndjson = max(liking(liked, name, "application/*", "*/*") for name in NDJSON_TYPES)
    if not max(csv, ndjson):
        raise HTTPException(406, f"Accept {NDJSON.media_type} or {CSV.media_type}.")
    return csv > ndjson


def _escapes(request: Request) -> bool:
    return request.query_params.get(ESCAPE) in YES
