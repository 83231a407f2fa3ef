"""The viewer of somebody who develops: requests of this machine that bring no credentials get the roles of a setting.

A request enters; the viewer that the domain finds leaves, or that of `TRELLIS_DEV_VIEWER`. Nobody from elsewhere gets
that one: no other machine, nobody behind a proxy, and no page of another site in a browser of this machine, whether it
sends a request to us or has had its own name lead to this machine (DNS rebinding).
Why: docs/decisions/0043-identity-from-outside.md.
"""

import re

from starlette.requests import HTTPConnection

from graph.auth.cross_site import comes_from_another_site
from graph.domain import Identification
from graph.loopback import is_on_this_machine
from graph.settings import USER, Settings
from graph.viewer import Viewer

HOST = re.compile(r"(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?", re.IGNORECASE)
"""How this machine is called here; a name that somebody else owns may lead here, too."""


class DevelopmentViewer:
    """An identification that knows whoever develops, where another one knows nobody."""

    def __init__(self, identify: Identification, settings: Settings) -> None:
        self._identify = identify
        self._viewer = _viewer(settings)
        self._origins = frozenset(settings.cors_origins)

    async def __call__(self, request: HTTPConnection) -> Viewer:
        """Who sent the request. Raises what the other identification does: wrong credentials are none of ours."""
        viewer = await self._identify(request)
        return viewer if viewer.is_known or not self._is_of_a_developer(request) else self._viewer

    def _is_of_a_developer(self, request: HTTPConnection) -> bool:
        return is_at_home(request) and not comes_from_another_site(request, self._origins)


def is_at_home(request: HTTPConnection) -> bool:
    """Whether a request comes from this machine itself, and calls it by a name that nobody else owns."""
    return is_on_this_machine(request) and HOST.fullmatch(request.headers.get("host", "")) is not None


def with_development_viewer(identify: Identification, settings: Settings) -> Identification:
    """An identification that knows the viewer of the settings, if they have one."""
    return DevelopmentViewer(identify, settings) if settings.dev_viewer else identify


def _viewer(settings: Settings) -> Viewer:
    ids = [name.removeprefix(USER) for name in settings.dev_viewer if name.startswith(USER)]
    roles = frozenset(name for name in settings.dev_viewer if not name.startswith(USER))
    return Viewer(ids[0] if ids else None, roles)
