"""What a server tells of its requests: logs and metrics.

A request is noted as it goes (`record`), and told at its end to whoever listens: a line for each operation (`lines`),
and sums (`sums`). How lines are written, `writing` says. Nothing is decided here, and no value that a client has sent
is told: docs/decisions/0060-logs.md.
"""
