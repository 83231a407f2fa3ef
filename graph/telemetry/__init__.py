"""What a server tells of its requests: logs, metrics and traces.

A request is noted as it goes (`record`), and told at its end to whoever listens: a line for each operation (`lines`),
sums (`sums`) and, where an exporter is named (`tracing`), a trace (`spans`). How lines are written, `writing` says, and
where spans go, `exporting`. Nothing is decided here, and no value that a client has sent is told:
docs/decisions/0060-logs.md, docs/decisions/0062-traces.md.
"""
