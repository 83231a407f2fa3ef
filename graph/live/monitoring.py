"""What `/metrics` says of WebSockets and streams: how many there are and may be, what was told, and how they ended."""

from collections import Counter
from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from graph.live.sockets import Sockets, Transport


class SocketMetrics(Collector):
    """The state of all that are open at this moment."""

    def __init__(self, sockets: Sockets) -> None:
        self._sockets = sockets

    def collect(self) -> Iterator[Metric]:
        """Every figure."""
        sockets = self._sockets
        held = Counter(socket.transport for socket in sockets.open)
        opened = GaugeMetricFamily("trellis_sockets", "WebSockets and streams that are open.", labels=["transport"])
        running = GaugeMetricFamily(
            "trellis_socket_operations", "Operations that are under way on them.", labels=["transport"]
        )
        for transport in Transport:
            opened.add_metric([transport], held[transport])
            running.add_metric([transport], sockets.operations[transport])
        yield from (opened, running)
        yield GaugeMetricFamily("trellis_max_sockets", "How many there may be.", sockets.max_sockets)
        yield CounterMetricFamily("trellis_socket_answers", "Answers that were told on them.", sockets.events)
        yield CounterMetricFamily("trellis_socket_bytes", "Bytes of these.", sockets.bytes)
        refused = CounterMetricFamily("trellis_sockets_refused", "Those that were not opened.", labels=["reason"])
        for reason, number in sockets.refused.items():
            refused.add_metric([reason], number)
        yield refused
        closed = CounterMetricFamily("trellis_sockets_closed", "Those that have ended.", labels=["transport", "code"])
        for (transport, code), number in sockets.closed.items():
            closed.add_metric([transport, str(code)], number)
        yield closed
