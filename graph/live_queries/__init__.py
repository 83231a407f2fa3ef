"""Live queries: queries whose answer is told again when something that it was made of has changed.

Whoever asks enters with a query and a way to run it; answers leave, each of which is another one than the one before.
What the statements of a run have read says which changes matter. Those who may see the same share runs.
Why: docs/decisions/0075-live-queries.md.
"""

from graph.live_queries.group import Answered, LiveQuery
from graph.live_queries.monitoring import LiveQueryMetrics
from graph.live_queries.queries import LiveQueries
from graph.live_queries.reads import RowReads

__all__ = ["Answered", "LiveQueries", "LiveQuery", "LiveQueryMetrics", "RowReads"]
