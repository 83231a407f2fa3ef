"""Reading a list page by page, in one view of the database and flat memory.

A `Listing` enters, pages of rows leave. Each page is an operation of its own, which is priced, counted and run as those
that clients send; their session is one. What goes wrong ends the export: nothing is left out in silence.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from graphql import OperationType

from db.session import Mode, OutdatedView
from graph.context import BOUNDS, Bounds, ContextFactory, RequestContext
from graph.errors import AnswerTooLarge, InvalidPage, RateLimited
from graph.execute.operation import Operations
from graph.export.errors import Incomplete, TooManyRows
from graph.export.listing import NODES, PAGE_INFO, PAGE_ROWS, Listing
from graph.prepare.documents import OperationRequest
from graph.telemetry.record import OperationRecord

Rows = Sequence[Mapping[str, Any]]

QUERIES = (OperationType.QUERY,)


class OneView(RequestContext):
    """The context of all pages. At the end of a page its rows are forgotten; the view stays."""

    async def close(self) -> None:
        """Forget what a page has loaded."""
        self.loaders.clear()

    async def end(self) -> None:
        """Give the connection back. Raises `OutdatedView` where a table was rewritten meanwhile."""
        await super().close()
        if self.session.is_broken:
            raise OutdatedView

    def again(self) -> "RequestContext":
        """No page can be read in another view than the one before."""
        raise OutdatedView


class ExportContexts(ContextFactory):
    """Gives all operations of a request one context."""

    _made: OneView | None = None

    def make(self, mode: Mode = Mode.SNAPSHOT, bounds: Bounds = BOUNDS) -> RequestContext:
        """The context of a page."""
        if self._made is None:
            self._made = OneView(self, Mode.SNAPSHOT, bounds._replace(max_page=PAGE_ROWS))
            # What reads the levels of one operation by a single statement may end the view with it.
            self._made.session.is_anew = True
        return self._made

    @asynccontextmanager
    async def ended(self) -> AsyncIterator[None]:
        """End the view with the block, however that ends."""
        try:
            yield
        finally:
            await self.end()

    async def end(self) -> None:
        """End the view, if there is one. Raises `OutdatedView`."""
        made, self._made = self._made, None
        if made is not None:
            await made.end()


async def pages(
    listing: Listing,
    asked: OperationRequest,
    operations: Operations,
    contexts: ExportContexts,
    most: int,
    record: OperationRecord,
    *,
    for_json: bool,
) -> AsyncGenerator[Rows, None]:
    """The rows of a list, in order; at least one page, which may be empty. All pages are one operation in records.

    Raises `Incomplete` for a page with errors, `TooManyRows` behind `most` rows, `RateLimited` before the first page,
    `InvalidDocument` for a list of which not even one row is within the limits, and `InvalidPage` for more than `most`.
    """
    wanted = left = most if listing.first is None else listing.first
    if wanted > most:
        raise InvalidPage(f"`first` is {wanted}; an export may have {most} rows. Export the others apart, by `where`.")
    listing.page.coordinates = operations.usage.of(listing.asked.operation)  # what clients use is what they have sent
    rows, cursor, is_first = listing.most_rows(), listing.after, True
    while True:
        checked = listing.checked(min(rows, left), cursor)
        contexts.answered_bytes = 0
        try:
            page = asked._replace(checked=checked)
            result = record.came_to(await operations.answer(page, contexts, QUERIES, record, for_json=for_json))
        except RateLimited as early:
            if is_first:
                raise
            await asyncio.sleep((early.extensions or {})["retryAfter"])
            continue
        if result.errors or result.data is None:
            if rows > 1 and any(isinstance(error, AnswerTooLarge) for error in result.errors or ()):
                rows //= 2
                continue
            raise Incomplete(result.errors or (), wanted - left)
        connection = result.data[listing.field]
        yield connection[NODES]
        is_first, left = False, left - len(connection[NODES])
        if not connection[PAGE_INFO]["hasNextPage"] or (not left and listing.first is not None):
            return
        if not left:
            raise TooManyRows(most)
        cursor = connection[PAGE_INFO]["endCursor"]
