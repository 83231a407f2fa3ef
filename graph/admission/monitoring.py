"""What `/metrics` says of the gates: places, the queue, who was refused, and how long the others waited."""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from graph.admission.admission import Admission


class AdmissionMetrics(Collector):
    """The state of the gates at this moment."""

    def __init__(self, admission: Admission) -> None:
        self._admission = admission

    def collect(self) -> Iterator[Metric]:
        """Every figure."""
        places = GaugeMetricFamily("trellis_admission_places", "Operations that may be in flight.", labels=["gate"])
        in_flight = GaugeMetricFamily("trellis_admission_in_flight", "Operations in flight.", labels=["gate"])
        queued = GaugeMetricFamily("trellis_admission_queued", "Operations that wait for a place.", labels=["gate"])
        refused = CounterMetricFamily(
            "trellis_admission_refused", "Operations that got no place, by reason.", labels=["gate", "reason"]
        )
        for name, gate in self._admission.gates.items():
            places.add_metric([name], gate.places)
            in_flight.add_metric([name], gate.in_flight)
            queued.add_metric([name], gate.queued)
            for reason, number in gate.refused.items():
                refused.add_metric([name, reason], number)
        yield from (places, in_flight, queued, refused)
        yield from self._admission.waited.collect()
