"""The fence: everything that goes past SQLAlchemy, behind three calls.

`IdleConnections.take` hands out a connection at once, `FastConnection.fetch` runs a compiled statement on it, and
`IdleConnections.give` takes it back. Each of them may say no, and SQLAlchemy's public API does the work instead;
`TRELLIS_FAST_PATH=false` makes all of them say no. Why, and what that saves:
docs/decisions/0009-statements-past-the-orm.md.
"""

from db.fast.combined import Asked, CombinedStatement, Found, Part
from db.fast.compiled import CompiledStatement, Form, Parameters, Values
from db.fast.fast_connection import FastConnection
from db.fast.idle_connections import IdleConnections
from db.fast.traced import TracedConnection

__all__ = [
    "Asked",
    "CombinedStatement",
    "CompiledStatement",
    "FastConnection",
    "Form",
    "Found",
    "IdleConnections",
    "Parameters",
    "Part",
    "TracedConnection",
    "Values",
]
