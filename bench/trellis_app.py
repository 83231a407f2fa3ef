"""Trellis as `trellis serve` runs it, with one difference: every request is an admin's, who is also a user.

The peers ask nobody who they are, and show everything. What it costs to tell who asks is measured beside this.
"""

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp

from bench.operations import WRITER
from db.models.role import ADMIN
from graph.app import create_app
from graph.viewer import Viewer

_VIEWER = Viewer(WRITER, frozenset({ADMIN}))


async def identify(_request: HTTPConnection) -> Viewer:
    """Always the same viewer, at no cost."""
    return _VIEWER


def create() -> ASGIApp:
    """The application."""
    return create_app(identify=identify)
