"""Subscriptions that a noun declares by one line: each change of its rows, in the order of the log of changes.

A noun enters; a field of the subscription type leaves, whose events tell what has become of which row, and where to go
on from. What an event shows of a row is read with the viewer's policies, like any row.
Why: docs/decisions/0074-subscriptions-of-nouns.md.
"""

from graph.following.fields import FollowingField, follows_rows, row_changed, rows_changed
from graph.following.log import Following

__all__ = ["Following", "FollowingField", "follows_rows", "row_changed", "rows_changed"]
