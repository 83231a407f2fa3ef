"""How many operations are in flight, and who goes next: a gate before the pool, with a short queue.

A request that was read enters, a place leaves, or `Overloaded`, before any statement. Nothing here asks a database.
Why: docs/decisions/0033-admission.md.
"""

from graph.admission.admission import Admission, Place, Turn
from graph.admission.monitoring import AdmissionMetrics

__all__ = ["Admission", "AdmissionMetrics", "Place", "Turn"]
