"""Chinook, things and the odd mappings in one schema: every type of column, every kind of relationship.

For tests of what is around entities: preparing, executing, serving. Rows are those of the three samples; tests only
read them, unless they fill a database of their own.
"""

from sqlalchemy import MetaData, func, inspect, select
from sqlalchemy.orm import aliased

from db.relations import Source, Term
from graph.entity import query_type, search_field
from tests.entity import (
    chinook,
    chinook_rows,
    chinook_types,
    odd,
    odd_rows,
    odd_types,
    things,
    things_rows,
    things_types,
)
from tests.entity.serving import Rows, Sample


def tables() -> MetaData:
    """The tables of all three."""
    merged = MetaData()
    for base in (chinook.Base, things.Base, odd.Base):
        for table in base.metadata.tables.values():
            table.to_metadata(merged)
    return merged


def rows(scale: int) -> Rows:
    """The rows of every table, those that others refer to first."""
    return {**chinook_rows.rows(scale), **things_rows.rows(scale), **odd_rows.rows(scale)}


def tracks_named(text: str) -> Source:
    """The tracks with a text in their names, the shortest names first."""
    track, name = aliased(chinook.Track), chinook.Track.name
    found = select(chinook.Track.track_id, func.length(name).label("letters")).where(
        name.contains(text, autoescape=True)
    )
    hits = found.subquery("hits")
    joined = inspect(track).selectable.join(hits, track.track_id == hits.c.track_id)
    return Source(track, joined, order=(Term(hits.c.letters),))


Query = query_type(
    *chinook_types.TYPES,
    *things_types.TYPES,
    *odd_types.TYPES,
    extra=[search_field(chinook_types.Track, tracks_named, "Tracks with a text in their names.")],
)
MARKET = Sample("market", tables(), rows, Query)
