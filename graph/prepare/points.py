"""Points: a cost enters, one number leaves, which limits of rates count.

A point is about the work of one statement, of a hundred rows, or of a thousand values: half a millisecond of one core.
Source of the idea: https://docs.github.com/en/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api
"""

from graph.prepare.cost import Cost

ROWS = 100
VALUES = 1_000
LEAST = 1
"""Also of what is refused: to read a document is work, too."""


def points_of(cost: Cost) -> int:
    """The points of an operation: statements, and each hundred of rows and thousand of values that is begun."""
    return max(LEAST, cost.statements + -(-cost.rows // ROWS) + -(-cost.values // VALUES))
