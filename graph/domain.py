"""The seam: what an application's nouns give to the server that runs them.

`graph/schema.py` makes one `Domain` of models, types, mutations and policies, and `graph.app.create_app` takes it;
nothing else of the server imports a noun. Nothing is made here.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from pydantic_settings import BaseSettings
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.requests import HTTPConnection

from db.care.expiry import Expiring
from db.own import Feature
from db.relations import Visibility
from db.session.engines import Engines
from graph.api_keys import ApiKeys
from graph.entity import Schema
from graph.errors import CannotStart
from graph.rates.monitoring import Limiting
from graph.settings import DocumentsMode, LimitsStorage, Settings
from graph.viewer import NOBODY, Viewer

Identification: TypeAlias = Callable[[HTTPConnection], Awaitable[Viewer]]
"""How a request becomes a viewer. It raises `Unauthenticated` or `CrossSite` for one that it does not believe."""


def has_authorization(request: HTTPConnection) -> bool:
    """Whether a request has the header by which most identifications go."""
    return any(name == b"authorization" for name, _ in request.scope["headers"])


async def nobody(_request: HTTPConnection) -> Viewer:
    """The identification of an application that knows nobody."""
    return NOBODY


@dataclass(frozen=True)
class Started:
    """What lives as long as one server."""

    identify: Identification = nobody
    services: Sequence[object] = ()
    """What mutations find by its class: `info.context.service(Identity)`."""
    close: Callable[[], None] = lambda: None
    """Called once, when the server stops."""
    check: Callable[[], None] = lambda: None
    """Called in a thread before the server listens, unless `TRELLIS_START_CHECKS` is off.

    Raises `TrellisError` with a sentence for whoever starts the server, where something is missing.
    """
    limits: Sequence[Limiting] = ()
    """What is shown at `/metrics` beside the limits of operations."""
    has_credentials: Callable[[HTTPConnection], bool] = has_authorization
    """Whether `identify` finds in a request who has sent it, or refuses it. Those go first where there is a queue."""
    recognizes: Callable[[HTTPConnection], bool] | None = None
    """Whether what a request brings is of the kind that `identify` is for, by a prefix, an issuer or the name of a
    cookie. Without it, nobody else can be asked beside: it could not be told whose a credential is."""


def nothing_to_start(_engines: Engines, _settings: Settings) -> Started:
    """The start of an application without identification and services."""
    return Started()


@dataclass(frozen=True)
class Tab:
    """An operation that shows what can be asked; GraphiQL opens with each in a tab of its own."""

    query: str
    variables: str = ""
    """JSON, as people would type it."""


@dataclass(frozen=True)
class SignInOperations:
    """How people sign in in GraphiQL: three documents of the schema, with one operation each.

    Sign-in has to be by a cookie, for the page keeps no token. What keeps somebody from signing in is a `message` under
    `errors`, of the answer or of its first field.
    """

    viewer: str
    """Its first field is who asks, or null; the first text in it is shown as the name."""
    sign_in: str
    """Its variables, all of them texts, are the fields of the form."""
    sign_out: str


class SamplePerson(NamedTuple):
    """Somebody of the sample rows whom a developer may sign in as."""

    name: str
    about: str
    """What tells one from the others, in a word or two."""
    variables: Mapping[str, str]
    """Of `SignInOperations.sign_in`."""


@dataclass(frozen=True)
class Sample:
    """Rows to try the application with."""

    command: str
    """What writes them."""
    people: Callable[[AsyncConnection], Awaitable[Sequence[SamplePerson]]]
    """Who of them may be signed in as; nobody where the database has other rows. Asked for developers alone."""


@dataclass(frozen=True)
class Domain:
    """What an application is made of, besides the machinery."""

    schema: Callable[[Settings], Schema]
    """Make the schema, with the limits of these settings."""
    visibility: Callable[[Viewer], Visibility]
    """What a viewer may see; the same object for viewers who may see the same."""
    start: Callable[[Engines, Settings], Started] = nothing_to_start
    """Make what lives as long as one server. It speaks to no database yet."""
    settings: type[BaseSettings] = BaseSettings
    """What nouns are told from outside, besides `Settings`; one object of the class is a service."""
    is_operator: Callable[[Viewer], bool] = lambda _viewer: False
    """Whether a viewer runs the server, and may see how it answers (`extensions.doctor`)."""
    takes_changes: bool = True
    """Whether the database has to take changes; where not, the schema has no mutations."""
    is_revised: bool = True
    """Whether the database is kept by our revisions, so that a server wants the newest. Where not, what the schema
    shows has to be there, and nothing else is asked of the database."""
    tabs: Sequence[Tab] = ()
    """What GraphiQL opens with."""
    sign_in: SignInOperations | None = None
    """How people sign in in GraphiQL; without it, the page has no button for that."""
    sample: Sample | None = None
    """Rows to try it with; the page at `/` offers to sign in as people who are in them."""
    api_keys: ApiKeys | None = None
    """API keys of users, if machines may say by them who they are; `api_keys.mutations` are for the schema."""
    expiring: Sequence[Expiring] = ()
    """Rows of its tables that run out: deleted once an hour, and by `trellis maintain`, as Trellis's own are."""
    own: Collection[Feature] = ()
    """What it needs tables of Trellis's own for, besides what settings switch on: counters, where people sign in; the
    record of changes and idempotency keys, where its mutations have them; the log of changed rows, where anybody is to
    hear of them."""


def own_features(domain: Domain, settings: Settings) -> frozenset[Feature]:
    """What tables of Trellis's own are needed for, by domain and settings. `trellis db upgrade` makes no others."""
    storage = settings.limits_storage.get_secret_value()
    elsewhere = storage not in (LimitsStorage.AUTO, LimitsStorage.DATABASE)
    needed = {
        Feature.USAGE: settings.record_usage,
        Feature.DOCUMENTS: settings.documents is not DocumentsMode.OFF,
        Feature.COUNTERS: storage == LimitsStorage.DATABASE,
    }
    keys = () if domain.api_keys is None else (Feature.API_KEYS,)
    off = {
        feature
        for feature, is_off in ((Feature.COUNTERS, elsewhere), (Feature.CHANGES, not settings.changes))
        if is_off
    }
    asked = {*domain.own, *keys} - off
    return frozenset(asked | {feature for feature, is_on in needed.items() if is_on})


def check_own_features(schema: Schema, features: Collection[Feature]) -> None:
    """Raise `CannotStart` where fields need tables that nothing makes."""
    missing = sorted(schema.own_features - frozenset(features))
    if missing:
        names = ", ".join(f"Feature.{it.name}" for it in missing)
        raise CannotStart(f"Fields of this application need tables of Trellis's own; add {names} to its Domain(own=…).")
