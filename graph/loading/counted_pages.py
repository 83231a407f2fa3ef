"""A page at the root and the number of all rows, read together.

What fits a filter is mostly little: it is read once, counted and cut into a page. When there is more, that is known
after `FEW` rows; then the page is read in its order, which an index may serve, beside the count. The same filter is
expected to find as much the next time. Why: docs/decisions/0003-a-page-per-parent.md.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Column
from sqlalchemy.orm import Mapper

from db.relations import Source
from db.statements import Key, PageShape, Statement, counted_page, page_and_count
from graph.loading.level_loader import LevelLoader, Outcome
from graph.loading.loaders import Loaders
from graph.loading.queries import FoundRows, ListQuery, Order, PageArguments, Projection

FEW = 500
"""As many rows are read to be counted; when there are more, they were read for nothing."""

MAX_KNOWN = 4_000
"""How many selections of columns are remembered with whether a row has them."""


class Counted(NamedTuple):
    """The rows that a window makes a page of, and how many there are on all pages."""

    rows: FoundRows
    total: int


def _no_values(_keys: Sequence[Key], _statement: Statement, _rows: FoundRows) -> dict[Key, Counted]:
    raise NotImplementedError("Which statement is sent hangs on what the last one has found.")


COUNTED = Outcome(_no_values, lambda row: Counted([row], 1), lambda counted: counted.rows)
"""A page with its count."""


def may_count_with_page(listing: ListQuery, window: PageArguments, wanted: Projection) -> bool:
    """Whether `counted_pages` may answer for a listing at the root.

    Only below a filter: a whole table is counted best by itself, and its page is read best in the order of an index.
    """
    if not listing.predicates or window.sides() or window.offset is not None or window.around is not None:
        return False
    return _are_stored(listing.model, wanted.columns)


def counted_pages(
    loaders: Loaders, listing: ListQuery, order: Order, window: PageArguments, wanted: Projection
) -> LevelLoader[Counted]:
    """The page at the root with the number of all rows; one statement, or two the first time that `FEW` are too few."""

    def shape_of(source: Source) -> PageShape:
        return PageShape(wanted.columns, order.terms(source), window.backward, (), wanted.cursors)

    def few(dialect: str) -> Statement:
        source = loaders.source(listing)
        return counted_page(source, shape_of(source), FEW, dialect, loaders.predicates(listing))

    def many(dialect: str) -> Statement:
        source, again = loaders.source(listing), loaders.source(listing)
        return page_and_count(source, again, shape_of(source), dialect, loaders.predicates(listing))

    async def fetch(_keys: list[Key]) -> dict[Key, Counted]:
        shape = (order.identity, window.backward, wanted)
        form, few_by, many_by = (
            listing.shape(part, *shape) if order.is_kept else None for part in ("counted", "few", "many")
        )
        parameters = {**window.parameters(), **listing.parameters}
        rows: FoundRows = ()
        tried = not loaders.statements.is_long(form)
        if tried:
            rows = await loaders.read(few_by, few, parameters)
        if not tried or (rows and rows[0][-1] > FEW):
            rows = await loaders.read(many_by, many, parameters)
        total = int(rows[0][-1]) if rows else 0
        if form is not None:
            loaders.statements.note_length(form, long=total > FEW)
        found = [row[:-1] for row in rows] if wanted.cursors else rows  # behind the columns are the cursors' values
        return {(): Counted(found, total)}

    identity = ("counted", listing.identity, order.identity, window, wanted)
    return loaders.once(identity, lambda: LevelLoader(fetch, listing.model, outcome=COUNTED))


@lru_cache(MAX_KNOWN)
def _are_stored(model: Mapper[Any], columns: tuple[str, ...]) -> bool:
    """Whether a row has these columns at hand; what is computed would be computed for rows that nobody sees."""
    return all(isinstance(model.columns.get(name), Column) for name in columns)
