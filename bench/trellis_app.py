"""Trellis as `trellis serve` runs it, with one difference: a request that does not say whose it is, is an admin's.

The peers ask nobody who they are, and show everything. A request that names a member is that member's, at no cost; one
with a token is whose the token says, as everywhere.
"""

from dataclasses import replace

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp

from bench.operations import MEMBER, READER, WRITER
from db.models.role import ADMIN
from db.session.engines import Engines
from graph.app import create_app
from graph.domain import Identification, Started, has_authorization
from graph.schema import DOMAIN
from graph.settings import Settings
from graph.viewer import Viewer

_ADMIN = Viewer(WRITER, frozenset({ADMIN}))
_MEMBER = Viewer(READER)


async def identify(_request: HTTPConnection) -> Viewer:
    """Always the same viewer, at no cost."""
    return _ADMIN


def create() -> ASGIApp:
    """The application."""
    return create_app(domain=replace(DOMAIN, start=_start))


def _start(engines: Engines, settings: Settings) -> Started:
    started = DOMAIN.start(engines, settings)
    identify = _identification(started.identify)
    return replace(started, identify=identify, has_credentials=has_authorization, recognizes=None)


def _identification(by_token: Identification) -> Identification:
    name = MEMBER.encode()

    async def identify(request: HTTPConnection) -> Viewer:
        for header, _value in request.scope["headers"]:
            if header == b"authorization":
                return await by_token(request)
            if header == name:
                return _MEMBER
        return _ADMIN

    return identify
