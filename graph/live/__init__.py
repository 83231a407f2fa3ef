"""Answers that have several parts: subscriptions, over WebSockets, server-sent events and parts of a body.

A connection enters, with what its client asks for; messages leave as long as there are any. Whoever asks is asked for
again every few seconds; whoever reads too slowly is closed. No session lives longer than one event.
Why: docs/decisions/0073-transports-of-subscriptions.md.
"""

from graph.live.endpoint import Live
from graph.live.lines import SubscriptionLines
from graph.live.monitoring import SocketMetrics

__all__ = ["Live", "SocketMetrics", "SubscriptionLines"]
