"""Who asks by the word of a proxy that has asked them: headers of the settings enter, a viewer leaves.

They are believed of `TRELLIS_TRUSTED_PROXIES` alone. From anybody else they are refused, and not taken for missing:
whoever sends them has come past the proxy, by mistake or on purpose.
"""

from collections.abc import Iterable, Mapping

from starlette.requests import HTTPConnection

from db.kept import Figures
from graph.auth.cross_site import PREFLIGHT, comes_from_another_site
from graph.errors import CrossSite, Unauthenticated
from graph.http.proxies import BY_TRUSTED_PROXY
from graph.outside.claims import id_of, roles_of
from graph.outside.errors import Log, Misfit
from graph.settings import Settings
from graph.viewer import NOBODY, Viewer


class ByProxy:
    """Tells who sent a request, by what a proxy says."""

    asks_database = reads_cookies = False

    def __init__(self, settings: Settings, setting: str) -> None:
        self._setting = setting
        self._user = settings.proxy_user_header.lower().encode("ascii")
        self._roles = settings.proxy_roles_header.lower().encode("ascii")
        self._trusted = frozenset(settings.cors_origins if settings.cors_credentials else ())
        self._log = Log()

    def has_credentials(self, request: HTTPConnection) -> bool:
        """Whether a proxy, or somebody who looks like one, says who has sent a request."""
        return any(name in (self._user, self._roles) for name, _ in request.scope["headers"])

    def recognizes(self, request: HTTPConnection) -> bool:
        """Whether the headers say something; a proxy that knows nobody may send them empty."""
        return any(name in (self._user, self._roles) and value.strip() for name, value in request.scope["headers"])

    async def __call__(self, request: HTTPConnection) -> Viewer:
        """Who sent the request; nobody where the proxy says nothing, or nothing visible.

        Raises `Unauthenticated` for headers of strangers and for what is no id, `CrossSite` for a page of another site:
        the proxy may know its reader by a cookie.
        """
        headers = request.scope["headers"]
        try:
            user, roles = _one(headers, self._user), _one(headers, self._roles)
            if not user and not roles:
                return NOBODY
            if BY_TRUSTED_PROXY not in request.scope:
                raise Misfit("It comes from no proxy of TRELLIS_TRUSTED_PROXIES.")
            viewer = Viewer(id_of(user or None, "id"), roles_of(roles, "roles"))
        except Misfit as error:
            self._log.tell(Misfit(f"A request with the header of {self._setting} is refused. {error}"))
            raise Unauthenticated from None
        if comes_from_another_site(request, self._trusted):
            raise CrossSite(PREFLIGHT)
        return viewer

    def caches(self) -> Mapping[str, Figures]:
        """None: a header is read each time."""
        return {}

    async def close(self) -> None:
        """Nothing is under way."""


def _one(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> str:
    """The value of a header; empty without one. Raises `Misfit` for two: the sender may have written the other one."""
    values = [value for header, value in headers if name and header == name]
    if len(values) > 1:
        raise Misfit("It is there twice; let the proxy replace what it is sent.")
    try:
        return values[0].decode().strip() if values else ""
    except UnicodeDecodeError:
        raise Misfit("It is no UTF-8.") from None
