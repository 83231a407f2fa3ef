"""A token of somebody else's as credentials: a request enters, a viewer leaves.

The token stands in `Authorization: Bearer …`, or in a cookie where the settings name one; then the request has to come
from one of our own pages, as with a cookie of ours. A request without a token is nobody's, and costs nothing.
"""

from collections.abc import Mapping

from starlette.requests import HTTPConnection

from db.kept import Figures
from graph.auth.credentials import credentials_of
from graph.auth.cross_site import refuse_cross_site
from graph.outside.claims import ROLE_HEADER, one_header
from graph.outside.tokens import Tokens
from graph.settings import UNSAID, Settings
from graph.viewer import NOBODY, Viewer


class ByToken:
    """Tells who sent a request, by a provider's token."""

    asks_database = False

    def __init__(self, tokens: Tokens, settings: Settings) -> None:
        self._tokens = tokens
        self._issuer = None if settings.jwt_issuer == UNSAID else settings.jwt_issuer
        self._cookie = settings.jwt_cookie
        self.reads_cookies = bool(settings.jwt_cookie)
        self._has_roles_to_choose = bool(settings.jwt_hasura_claims)
        self._trusted = frozenset(settings.cors_origins if settings.cors_credentials else ())

    def has_credentials(self, request: HTTPConnection) -> bool:
        """Whether a request brings a token."""
        return credentials_of(request, self._cookie).are_given

    def recognizes(self, request: HTTPConnection) -> bool:
        """Whether a request brings a token of the provider, by its issuer, or the cookie and no other header."""
        given = credentials_of(request, self._cookie)
        if given.authorization is None:
            return bool(given.cookie)
        issuer = given.issuer()
        return issuer is not None and self._issuer in (None, issuer)

    async def __call__(self, request: HTTPConnection) -> Viewer:
        """Who sent the request.

        Raises `Unauthenticated` for a token that is not good, `CrossSite` where another site may have made a browser
        send the cookie, `RoleRefused`, and `ProviderUnavailable`.
        """
        given = credentials_of(request, self._cookie)
        token = given.bearer()
        if token is None:
            if not given.cookie:
                return NOBODY
            refuse_cross_site(request, self._trusted)
            token = given.cookie
        known = await self._tokens.read(token)
        return known.viewer(one_header(request.scope["headers"], ROLE_HEADER) if self._has_roles_to_choose else None)

    def caches(self) -> Mapping[str, Figures]:
        """How full the cache of tokens is."""
        return {"tokens": self._tokens.figures}

    async def close(self) -> None:
        """Let the provider go."""
        await self._tokens.close()
