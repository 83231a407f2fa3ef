"""The response cache: whole answers to queries, shown again to those who may see the same.

A query that was prepared enters with what is known of its sender; the bytes of an earlier answer leave, or a note of
what has to be known for the answer to be kept. Hints and settings say which queries and for how long; what the
statements of a query have read says which changes end that, and for whom it is the same.
Why: docs/decisions/0070-the-response-cache.md.
"""

from graph.response_cache.cache import ResponseCache, Run
from graph.response_cache.made import longest_age_s, response_cache
from graph.response_cache.monitoring import ResponseCacheMetrics

__all__ = ["ResponseCache", "ResponseCacheMetrics", "Run", "longest_age_s", "response_cache"]
