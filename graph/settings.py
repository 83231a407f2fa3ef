"""The settings of the server: those of the data layer, and the API's own.

Environment variables with the prefix `TRELLIS_` enter, one frozen object leaves. The README has the table. Nothing is
opened or connected.
"""

import re
from enum import StrEnum
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import NoDecode

from db.settings import DatabaseSettings

MAX_PAGE = 100
"""The most rows of one page, unless the settings say otherwise."""

KIB = 1024
DAY_S = 24 * 60 * 60

HTTPEdition: TypeAlias = Literal["2025", "2026"]
"""Of the specification "GraphQL over HTTP"."""

ANY_ORIGIN = "*"
ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://[^\s/?#@*,]+")
"""Also of apps: `capacitor://localhost`. Source: https://www.rfc-editor.org/rfc/rfc6454#section-6.2"""
DEFAULT_PORTS = {"http": ":80", "https": ":443"}
"""Which browsers leave out."""

TOKEN_KEY_CHARACTERS = 32
"""The least of a key. Source: https://www.rfc-editor.org/rfc/rfc7518#section-3.2"""


class DoctorAccess(StrEnum):
    """Who may see the statements of an operation."""

    OFF = "off"
    OPERATORS = "admins"
    """Who runs the server: the domain says who that is."""
    EVERYBODY = "everybody"


class DocumentsMode(StrEnum):
    """How documents reach the server."""

    OFF = "off"
    ACCEPT = "accept"
    STRICT = "strict"


class Exempt(StrEnum):
    """Whose unregistered documents a strict server answers, besides those of roles."""

    LOOPBACK = "loopback"
    INTROSPECTION = "introspection"


ROLE = "role:"
"""Before the name of a role whose members are exempt."""


class Settings(DatabaseSettings):
    """The settings of the server."""

    host: str = Field(default="127.0.0.1", description="The address that the server listens on.")
    port: int = Field(default=8000, ge=0, le=65535, description="The port that the server listens on.")
    explorer: bool = Field(default=True, description="Serve GraphiQL to browsers at `/graphql`.")
    doctor: DoctorAccess = Field(
        default=DoctorAccess.OPERATORS,
        description="Who may ask with `extensions.doctor` what an operation costs, statement by statement: `off`,"
        " `admins` or `everybody`. `make serve` says `everybody` on the machine itself.",
    )
    introspection: bool = Field(default=True, description="Answer questions about the schema.")
    max_body_bytes: int = Field(default=256 * KIB, ge=1, description="The largest request that is read, in bytes.")
    http_edition: HTTPEdition = Field(
        default="2025",
        description="Whose statuses answers have: of `2025`, which old clients know, or of the specification's first"
        " edition, `2026` (docs/http.md).",
    )
    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="Origins whose pages may read answers, separated by commas, such as `https://app.example.org`."
        " `*`: all. Empty: none but our own.",
    )
    cors_credentials: bool = Field(
        default=False, description="Believe the cookie of pages of those origins, too. Not with `*`."
    )
    compress_from_bytes: int = Field(
        default=4 * KIB,
        ge=0,
        description="The smallest answer that is compressed for clients that take zstd or gzip, in bytes. 0: none is.",
    )
    max_batch: int = Field(
        default=0,
        ge=0,
        description="The most operations in one request, as a list; they share its limits. 0: lists are not taken.",
    )
    max_tokens: int = Field(default=10_000, ge=1, description="The longest document that is parsed, in tokens.")
    max_statements: int = Field(default=100, ge=1, description="The most statements that one operation may need.")
    max_rows: int = Field(default=100_000, ge=1, description="The most rows that one operation may ask for.")
    max_values: int = Field(default=500_000, ge=1, description="The most values that one answer may hold.")
    max_work: int = Field(
        default=500,
        ge=1,
        description="The most work that filters, sorting and aggregates of one operation may ask of the database; 1 is"
        " about a millisecond of a processor for 40,000 rows.",
    )
    max_page: int = Field(default=MAX_PAGE, ge=1, description="The most rows of one page.")
    refuse_empty_comparisons: bool = Field(
        default=False,
        description="Refuse queries whose filters ask nothing somewhere, as a variable without a value leaves it"
        " behind. Off: that is no condition. Mutations always refuse it.",
    )
    federation: bool = Field(
        default=False, description="Be a subgraph of Apollo Federation 2: answer gateways, and mark keys in the schema."
    )
    federation_node: bool = Field(
        default=True,
        description="Show `node` and `nodes` to gateways. One subgraph of a composition alone can answer them.",
    )
    prepared_operations: int = Field(
        default=1_000, ge=1, description="How many documents are kept parsed and validated."
    )
    record_usage: bool = Field(
        default=True, description="Count which parts of the schema each client uses, in tables of Trellis's own."
    )
    usage_interval_s: float = Field(
        default=60, gt=0, description="Seconds between two writes of what was counted; a killed server loses as much."
    )
    usage_days: int = Field(default=90, ge=1, description="Days for which counts of usage are kept.")
    documents: DocumentsMode = Field(
        default=DocumentsMode.OFF,
        description="Trusted documents. `off`: clients send texts. `accept`: also ids of registered documents, and"
        " clients may add theirs by Apollo's protocol. `strict`: registered documents alone.",
    )
    documents_exempt: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="What a strict server answers besides, separated by commas: `introspection` (questions about the"
        " schema alone), `loopback` (requests from this machine), and roles, each as `role:` and its name.",
    )
    documents_refresh_s: float = Field(
        default=60, gt=0, description="Seconds after which registered and retired documents are looked for."
    )
    documents_max_age_s: int = Field(
        default=0,
        ge=0,
        description="Seconds that caches keep answers to registered queries that nobody in particular asks with GET;"
        " 0: they ask each time whether their answer is still good.",
    )
    max_added_documents: int = Field(
        default=1_000, ge=0, description="How many documents that clients have added are kept in memory."
    )
    max_added_document_bytes: int = Field(
        default=16 * KIB, ge=1, description="The largest document that clients may add, in bytes."
    )
    readiness_timeout_s: float = Field(default=2, gt=0, description="Seconds that `/readyz` waits for the databases.")
    token_keys: Annotated[tuple[SecretStr, ...], NoDecode] = Field(
        default=(),
        description="Keys of access tokens, separated by commas, each of at least 32 characters. The first signs, all"
        " are believed. Empty: one is made and kept in `var/token.key`.",
    )
    access_token_s: int = Field(default=900, ge=1, description="Seconds that an access token lives.")
    sign_in_s: int = Field(
        default=30 * DAY_S, ge=1, description="Seconds that a refresh token or a cookie lives while nobody renews it."
    )
    sign_in_limit: str = Field(
        default="10/minute;100/day",
        description="How often sign-in may be tried with one e-mail address; several limits with semicolons.",
    )
    sign_in_limit_per_address: str = Field(
        default="100/minute", description="How often sign-in may be tried from one network address."
    )

    @field_validator("token_keys", "cors_origins", "documents_exempt", mode="before")
    @classmethod
    def _split_lists_by_commas(cls, value: Any) -> Any:
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @field_validator("token_keys")
    @classmethod
    def _long_enough(cls, value: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        if any(len(key) < TOKEN_KEY_CHARACTERS for key in value):
            raise ValueError(
                f"has a key of fewer than {TOKEN_KEY_CHARACTERS} characters, which could be guessed;"
                " make one with `openssl rand -base64 48`"
            )
        return value

    @field_validator("documents_exempt")
    @classmethod
    def _known_exemptions(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        known = [str(member) for member in Exempt]
        if not all(it in known or (it.startswith(ROLE) and it != ROLE) for it in value):
            raise ValueError(f"has an exemption that is not known; use {', '.join(known)} or {ROLE} and a role's name")
        return value

    @field_validator("cors_origins")
    @classmethod
    def _origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if value == (ANY_ORIGIN,):
            return value
        return tuple(map(_origin, value))

    @field_validator("cors_credentials")
    @classmethod
    def _named_origins(cls, value: bool, info: ValidationInfo) -> bool:
        if value and info.data.get("cors_origins") in ((), (ANY_ORIGIN,)):
            raise ValueError("lets pages act as whoever is signed in; name their origins in TRELLIS_CORS_ORIGINS first")
        return value

    @field_validator("sign_in_limit", "sign_in_limit_per_address")
    @classmethod
    def _known_limit(cls, value: str) -> str:
        # Imported here, because it takes a tenth of a second, and commands of the database need none.
        from limits import parse_many

        try:
            parse_many(value)
        except ValueError:
            raise ValueError("is not a limit such as 10/minute or 10/minute;100/day") from None
        return value


def _origin(text: str) -> str:
    """An origin as browsers write it. Raises `ValueError`."""
    origin = text.lower()
    if not ORIGIN.fullmatch(origin) or not origin.isascii():
        raise ValueError(
            f"has {text!r}, which is not an origin: write scheme, host and port alone, such as https://app.example.org,"
            " and each one by its name; `*` stands alone"
        )
    return origin.removesuffix(DEFAULT_PORTS.get(origin.partition(":")[0], ""))
