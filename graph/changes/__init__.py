"""The change log as one server follows it: settings and engines enter, a feed of changes leaves.

It runs once anybody listens, and costs nothing before. How changes are recorded and told: `db.changes`.
"""

from graph.changes.expiry import expiring_changes
from graph.changes.following import Changes
from graph.changes.hearing import Followed, Hearing
from graph.changes.monitoring import ChangeMetrics

__all__ = ["ChangeMetrics", "Changes", "Followed", "Hearing", "expiring_changes"]
