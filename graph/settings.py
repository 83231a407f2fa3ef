"""The settings of the server: those of the data layer, and the API's own.

Environment variables with the prefix `TRELLIS_` enter, one frozen object leaves; docs/settings.md lists all. Nothing is
opened or connected.
"""

from enum import StrEnum
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from db.kept import MIB
from db.settings import DatabaseSettings
from graph.setting_types import (
    ANY_ORIGIN,
    CachedOperations,
    CookieName,
    HeaderNames,
    Listed,
    MetricsToken,
    OptionalRateLimit,
    Origins,
    Proxies,
    RateLimit,
    Store,
    SurrogateHeader,
    TokenKeys,
    ViewerHeader,
    WebAddress,
    stored_in,
)

MAX_PAGE = 100
"""The most rows of one page, unless the settings say otherwise."""

MAX_CHANGED_ROWS = 1_000
"""The most rows that one change by a filter may be about, unless the settings say otherwise."""
MAX_OFFSET = 10_000
"""The most rows that a page leaves out in front, unless the settings say otherwise."""

MAX_FIELDS = 8_000
"""The most fields of one operation, unless the settings say otherwise: to plan so many takes 0.4 s and 13 MB."""

KIB = 1024
DAY_S = 24 * 60 * 60

HTTPEdition: TypeAlias = Literal["2025", "2026"]
"""Of the specification "GraphQL over HTTP"."""


class DoctorAccess(StrEnum):
    """Who may see the statements of an operation."""

    OFF = "off"
    OPERATORS = "admins"
    """Who runs the server: the domain says who that is."""
    EVERYBODY = "everybody"


class LogFormat(StrEnum):
    """How lines of the log look."""

    AUTO = "auto"
    """As text on a terminal, else as JSON."""
    JSON = "json"
    TEXT = "text"


class LogLevel(StrEnum):
    """The least level of what is written to the log."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LoggedOperations(StrEnum):
    """Which operations have a line in the log."""

    ALL = "all"
    FAILED = "failed"
    NONE = "none"


class DocumentsMode(StrEnum):
    """How documents reach the server."""

    OFF = "off"
    ACCEPT = "accept"
    STRICT = "strict"


class Exempt(StrEnum):
    """Whose unregistered documents a strict server answers, besides those of roles."""

    LOOPBACK = "loopback"
    INTROSPECTION = "introspection"


USER = "user:"
"""Before the id of a user, among roles."""
ROLE = "role:"
"""Before the name of a role whose members are exempt."""


class ResponseCacheStorage(StrEnum):
    """Where answers are kept, besides the URL of a Redis."""

    OFF = "off"
    MEMORY = "memory"


class CacheControlled(StrEnum):
    """Which queries that are asked with GET tell caches for how long they may keep the answer."""

    DOCUMENTS = "documents"
    ALL = "all"


class LimitsStorage(StrEnum):
    """Where it is counted how often somebody does something, besides the URL of a Redis."""

    AUTO = "auto"
    MEMORY = "memory"
    DATABASE = "database"


UNSAID = "none"
"""Of an issuer or an audience: whoever it is."""


class Settings(DatabaseSettings):
    """The settings of the server."""

    host: str = Field(default="127.0.0.1", description="The address that the server listens on.")
    port: int = Field(default=8000, ge=0, le=65535, description="The port that the server listens on.")
    start_checks: bool = Field(
        default=True,
        description="See before listening that the database answers, with the tables and the revision that the code"
        " wants, and that no variable is misspelt. Off: start whatever is missing; `/readyz` says what.",
    )
    wait_for_database_s: float = Field(
        default=0, ge=0, description="Seconds that a start waits for a database that is down or starts."
    )
    several_machines: bool = Field(
        default=False,
        description="Servers on several machines, or in several containers, share the database: a start is refused"
        " where something would be kept on one of them alone (docs/scaling.md).",
    )
    trusted_proxies: Proxies = Field(
        default=(),
        description="Proxies whose `Forwarded` and `X-Forwarded-For`, `-Proto` and `-Host` are believed: addresses and"
        " networks, separated by commas, such as `10.0.0.0/8`; `unix` for a Unix socket. Empty: nobody's"
        " (docs/operations.md).",
    )
    dev_viewer: Listed = Field(
        default=(),
        description="Roles, separated by commas, of whoever asks from this machine itself without credentials, and"
        " `user:` with the id of a user: for development, on the loopback address and without proxies"
        " (docs/identity.md). Empty: nobody's.",
    )
    explorer: bool = Field(default=True, description="Serve GraphiQL to browsers at `/graphql`.")
    doctor: DoctorAccess = Field(
        default=DoctorAccess.OPERATORS,
        description="Who may ask with `extensions.doctor` what an operation costs, statement by statement: `off`,"
        " `admins` or `everybody`. `make serve` says `everybody` on the machine itself.",
    )
    introspection: bool = Field(default=True, description="Answer questions about the schema.")
    operation_timeout_s: float = Field(
        default=30,
        gt=0,
        description="Seconds that a request may take from its first byte to its answer, whatever it waits for.",
    )
    drain_delay_s: float = Field(
        default=0,
        ge=0,
        description="Seconds for which a server that was told to stop goes on while `/readyz` says so, that balancers"
        " may notice (docs/deploy.md).",
    )
    grace_s: float = Field(
        default=10, ge=0, description="Seconds that work under way may take after that, before it is cancelled."
    )
    max_connections: int = Field(default=1_000, ge=1, description="The most connections that one process has.")
    max_connections_per_address: int = Field(
        default=256, ge=0, description="The most connections of one network address; 0: no limit of its own."
    )
    keep_alive_s: float = Field(
        default=75,
        gt=0,
        description="Seconds that a connection stays open without a request; more than a proxy in front keeps it.",
    )
    max_header_bytes: int = Field(
        default=32 * KIB, ge=1 * KIB, description="The longest address and headers of a request together, in bytes."
    )
    header_timeout_s: float = Field(default=10, gt=0, description="Seconds that headers may take to arrive.")
    body_timeout_s: float = Field(
        default=20, gt=0, description="Seconds that a body may arrive at less than 1 KiB a second."
    )
    write_timeout_s: float = Field(
        default=20, gt=0, description="Seconds that a client may read an answer at less than 1 KiB a second."
    )
    max_body_bytes: int = Field(default=256 * KIB, ge=1, description="The largest request that is read, in bytes.")
    max_sockets: int = Field(
        default=500,
        ge=0,
        description="The most WebSockets and streams of events that one process holds open (docs/subscriptions.md). 0:"
        " none are taken.",
    )
    max_sockets_per_address: int = Field(
        default=100, ge=0, description="The most of these of one network address; 0: no limit of its own."
    )
    max_sockets_per_viewer: int = Field(
        default=50, ge=0, description="The most of these of one user, or of one API key; 0: no limit of its own."
    )
    max_socket_operations: int = Field(
        default=100, ge=1, description="The most operations under way of one WebSocket, subscriptions among them."
    )
    max_socket_bytes: int = Field(
        default=1 * MIB,
        ge=1 * KIB,
        description="The most bytes of answers that wait for a client to read them, for each of these; one that reads"
        " too slowly is closed.",
    )
    max_socket_events: int = Field(
        default=100,
        ge=1,
        description="The most events of subscriptions in a second, for each of these; others wait their turn.",
    )
    socket_init_s: float = Field(
        default=10, gt=0, description="Seconds in which a WebSocket has to begin, with `connection_init`."
    )
    socket_idle_s: float = Field(
        default=300, gt=0, description="Seconds after which a WebSocket is closed on which nothing is under way."
    )
    socket_identity_s: float = Field(
        default=3,
        gt=0,
        le=5,
        description="Seconds after which it is asked anew who has opened a WebSocket or a stream: credentials that do"
        " not hold any more end it.",
    )
    socket_heartbeat_s: float = Field(
        default=12,
        gt=0,
        description="Seconds of silence after which a stream of events says that it lives, and a WebSocket is asked.",
    )
    socket_drain_s: float = Field(
        default=5,
        ge=0,
        description="Seconds over which a server that stops spreads the ends of WebSockets and streams, so that clients"
        " do not all come back at once; of `TRELLIS_GRACE_S`.",
    )
    live_throttle_ms: int = Field(
        default=200,
        ge=0,
        description="Milliseconds between two runs of a live query that does not say `throttleMs`"
        " (docs/live-queries.md).",
    )
    live_min_throttle_ms: int = Field(
        default=50, ge=0, description="The least `throttleMs` that a live query may say, and the least of any."
    )
    live_max_throttle_ms: int = Field(default=60_000, ge=0, description="The most `throttleMs` that one may say.")
    live_runs: int = Field(
        default=4,
        ge=1,
        description="The most live queries that one process runs at once; others wait, and those who ask the same share"
        " a run.",
    )
    incremental: bool = Field(
        default=False,
        description="Offer `@defer` and `@stream`: parts of an answer that come later, to clients that take them"
        " (docs/subscriptions.md). Not with extensions of Strawberry's.",
    )
    socket_compression: bool = Field(
        default=False,
        description="Compress messages of WebSockets (`permessage-deflate`), which takes memory for each.",
    )
    http_edition: HTTPEdition = Field(
        default="2025",
        description="Whose statuses answers have: of `2025`, which old clients know, or of the specification's first"
        " edition, `2026` (docs/http.md).",
    )
    cors_origins: Origins = Field(
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
    max_in_flight: int = Field(
        default=0,
        ge=0,
        description="The most operations that one database serves at once; a fifth of the places is kept from dear"
        " ones. 0: as many as there are connections to it (docs/overload.md).",
    )
    max_queued: int = Field(
        default=-1,
        ge=-1,
        description="The most operations that wait for a place. 0: none waits; -1: twenty for each place.",
    )
    queue_timeout_s: float = Field(
        default=1, gt=0, description="Seconds that an operation waits for a place at most; then its answer is 503."
    )
    max_tokens: int = Field(default=10_000, ge=1, description="The longest document that is parsed, in tokens.")
    max_statements: int = Field(default=100, ge=1, description="The most statements that one operation may need.")
    max_rows: int = Field(default=100_000, ge=1, description="The most rows that one operation may ask for.")
    max_values: int = Field(default=500_000, ge=1, description="The most values that one answer may hold.")
    max_fields: int = Field(
        default=MAX_FIELDS,
        ge=1,
        description="The most fields that one operation may select, with its fragments written out where they stand.",
    )
    max_answer_bytes: int = Field(
        default=16 * MIB,
        ge=1,
        description="The largest answer, in bytes of JSON, before it is compressed; counted while it grows.",
    )
    anonymous_budget: float = Field(
        default=1,
        gt=0,
        description="How many times the most statements, rows, values and bytes those may ask for who have not signed"
        " in: `0.1` is a tenth.",
    )
    operator_budget: float = Field(
        default=1, gt=0, description="The same of people who run the server: the domain says who they are."
    )
    max_work: int = Field(
        default=500,
        ge=1,
        description="The most work that filters, sorting and aggregates of one operation may ask of the database; 1 is"
        " about a millisecond of a processor for 40,000 rows.",
    )
    max_page: int = Field(default=MAX_PAGE, ge=1, description="The most rows of one page.")
    max_changed_rows: int = Field(
        default=MAX_CHANGED_ROWS,
        ge=1,
        le=10_000,
        description="The most rows that one change by a filter may update or delete.",
    )
    files: Store = Field(
        default="",
        description="Where files are kept that clients upload: `file:///var/lib/trellis/files`, `s3://bucket/folder` or"
        " others that obstore knows, with the extra `trellis[files]` (docs/files.md). Empty: none are taken.",
    )
    max_upload_bytes: int = Field(
        default=32 * MIB, ge=1, description="The most bytes of one request with files, all of them together."
    )
    upload_types: Listed = Field(
        default=(),
        description="Media types of files that are taken, separated by commas, such as `image/*,application/pdf`."
        " Empty: all.",
    )
    upload_timeout_s: float = Field(
        default=300, gt=0, description="Seconds that a request with files may take, from its first byte to its answer."
    )
    max_exports: int = Field(
        default=2,
        ge=0,
        description="The most exports that one process makes at once (docs/files.md). 0: none are made.",
    )
    max_export_rows: int = Field(default=1_000_000, ge=1, description="The most rows that one export may have.")
    export_timeout_s: float = Field(default=600, gt=0, description="Seconds that an export may take, to its last row.")
    max_offset: int = Field(
        default=MAX_OFFSET,
        ge=0,
        description="The most rows that a page leaves out in front by `offset`: they are read all the same. Cursors"
        " have no such bound, and lists of rows without a key have none.",
    )
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
    log_format: LogFormat = Field(
        default=LogFormat.AUTO,
        description="How lines of the log look: `json`, one object each; `text`; `auto`, text on a terminal.",
    )
    log_level: LogLevel = Field(
        default=LogLevel.INFO,
        description="The least level that is written to the log: `debug`, `info`, `warning` or `error`.",
    )
    log_operations: LoggedOperations = Field(
        default=LoggedOperations.ALL,
        description="Which operations have a line in the log: `all`, `failed` (those with errors, and slow ones) or"
        " `none`.",
    )
    slow_operation_s: float = Field(
        default=0,
        ge=0,
        description="Seconds from which an operation is slow: its line is a warning and tells its statements with their"
        " times. 0: none is, and no statement is noted, which costs some microseconds for each.",
    )
    sql_comments: bool = Field(
        default=False,
        description="Let statements of traced requests carry the context of their trace as a comment, for the"
        " database's own log (docs/operations.md). Each is then prepared for one run, in one round trip more.",
    )
    record_usage: bool = Field(
        default=True, description="Count which parts of the schema each client uses, in tables of Trellis's own."
    )
    usage_interval_s: float = Field(
        default=60, gt=0, description="Seconds between two writes of what was counted; a killed server loses as much."
    )
    usage_days: int = Field(default=90, ge=1, description="Days for which counts of usage are kept.")
    audit_days: int | None = Field(
        default=None,
        ge=1,
        description="Days for which the record of changes is kept, where an application has one. Unset: for ever.",
    )
    changes: bool = Field(
        default=True,
        description="Keep the log of changed rows where the application asks for one, which live queries, subscriptions"
        " and caches need (docs/live.md). Off: its tables are not made, and nobody is told of changes.",
    )
    changes_poll_s: float = Field(
        default=1,
        gt=0,
        le=60,
        description="Seconds after which changes are looked for though nobody has told of them: those of other"
        " programs, and all of them where there is no LISTEN.",
    )
    changes_hours: int = Field(
        default=24,
        ge=1,
        description="Hours for which the log of changes is kept; whoever was away for longer begins anew.",
    )
    maintenance: bool = Field(
        default=True,
        description="Delete what has run out once an hour, in one process of all that share the database"
        " (docs/operations.md). Off: `trellis maintain` does it.",
    )
    documents: DocumentsMode = Field(
        default=DocumentsMode.OFF,
        description="Trusted documents. `off`: clients send texts. `accept`: also ids of registered documents, and"
        " clients may add theirs by Apollo's protocol. `strict`: registered documents alone.",
    )
    documents_exempt: Listed = Field(
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
    response_cache: Annotated[SecretStr, stored_in(ResponseCacheStorage)] = Field(
        default=SecretStr(ResponseCacheStorage.OFF),
        description="Where answers are kept that hints, or `TRELLIS_CACHED_OPERATIONS`, let be shown again. `off`:"
        " nowhere. `memory`: in each process. The URL of a Redis (`redis://host:6379/0`, with the extra"
        " `trellis[redis]`): there, for all processes; it takes `TRELLIS_COMMIT` (docs/caching.md).",
    )
    response_cache_bytes: int = Field(
        default=64 * MIB, ge=1, description="The most bytes of answers that each process keeps in memory."
    )
    cached_operations: CachedOperations = Field(
        default=(),
        description="Queries whose answers are shown again, whatever hints say, each with the seconds for which they"
        " are: `Feed=60,Home=300`, by their names, or by `sha256:…=60`, the hash of the document.",
    )
    cache_control: CacheControlled = Field(
        default=CacheControlled.DOCUMENTS,
        description="Which queries that are asked with GET tell caches by hints for how long they may keep the answer:"
        " those of registered `documents`, or `all`.",
    )
    surrogate_keys: SurrogateHeader = Field(
        default="",
        description="The header that tells a CDN what an answer was made of, for it to be dropped by that:"
        " `Surrogate-Key` (Fastly), `Cache-Tag` (Cloudflare), `xkey` (Varnish). Empty: none is sent.",
    )
    metrics_token: MetricsToken = Field(
        default=None,
        description="Who sends this as `Authorization: Bearer …` may read `/metrics`, `/livez?verbose` and"
        " `/readyz?verbose`; at least 16 characters. Empty: whoever is on the server's own machine, and came through no"
        " proxy.",
    )
    commit: str = Field(
        default="", max_length=100, description="What the code is called that runs, as `trellis_build_info` tells it."
    )
    readiness_timeout_s: float = Field(default=2, gt=0, description="Seconds that `/readyz` waits for the databases.")
    token_keys: TokenKeys = Field(
        default=(),
        description="Keys of access tokens, separated by commas, each of at least 32 characters. The first signs, all"
        " are believed. Empty: one is made and kept in `var/token.key`.",
    )
    access_token_s: int = Field(default=900, ge=1, description="Seconds that an access token lives.")
    sign_in_s: int = Field(
        default=30 * DAY_S, ge=1, description="Seconds that a refresh token or a cookie lives while nobody renews it."
    )
    sign_in_limit: RateLimit = Field(
        default="10/minute;100/day",
        description="How often sign-in may be tried with one e-mail address from one place: a browser where somebody"
        " has signed in with it, else a network address. Several limits with semicolons.",
    )
    sign_in_free_attempts: int = Field(
        default=5,
        ge=0,
        description="Attempts of a day with one e-mail address after which the next ones wait, for seconds at first and"
        " longer each time (docs/limits.md); places that know the right password apart from others. 0: none waits.",
    )
    sign_in_limit_per_address: RateLimit = Field(
        default="100/minute", description="How often sign-in may be tried from one network address."
    )
    jwt_jwks_url: WebAddress = Field(
        default="",
        description="Where the provider of tokens publishes its keys, such as"
        " `https://login.example.org/.well-known/jwks.json`: then its tokens say who asks (docs/identity.md).",
    )
    jwt_discovery: WebAddress = Field(
        default="",
        description="Where the provider's OpenID configuration stands, which says where its keys are, if that is not"
        " `/.well-known/openid-configuration` of the issuer.",
    )
    jwt_public_key: str = Field(
        default="",
        description="The same with keys that stand here: public keys or certificates as PEM, one or several; line"
        " breaks may be written as `\\n`.",
    )
    jwt_secret: SecretStr = Field(
        default=SecretStr(""),
        description="The same with a secret that is shared with the provider: at least 32 bytes, 48 for HS384 and 64"
        " for HS512.",
    )
    jwt_algorithms: Listed = Field(
        default=(),
        description="Algorithms of such tokens, separated by commas. Empty: `HS256` with a secret, else `RS256`,"
        " `PS256`, `ES256` and `EdDSA`, each with keys of its kind.",
    )
    jwt_issuer: str = Field(
        default="",
        description="The `iss` of such tokens, to the letter. `none`: any; it has to be said. An address alone"
        " finds the provider's keys by its OpenID configuration.",
    )
    jwt_audience: Listed = Field(
        default=(),
        description="Their `aud`: one of these, separated by commas. `none`: any; it has to be said, for tokens that"
        " the provider makes for other applications are believed then.",
    )
    jwt_leeway_s: float = Field(
        default=10, ge=0, le=300, description="Seconds by which the provider's clock may differ from ours."
    )
    jwt_jwks_refresh_s: float = Field(
        default=300, ge=1, description="Seconds after which the provider's keys are read again; unknown ones at once."
    )
    jwt_cookie: CookieName = Field(
        default="", description="The name of a cookie that holds such a token, where no `Authorization` header does."
    )
    jwt_user_claim: str = Field(
        default="sub",
        description="The claim that is the user's id: a name, or a path with dots such as `user.id`. Policies compare"
        " it with columns of numbers, UUIDs and texts.",
    )
    jwt_roles_claim: str = Field(
        default="roles",
        description="The claim that has the roles, as a list or as a text with blanks or commas: `realm_access.roles`,"
        " `cognito:groups`, `scope`, `https://example.org/roles`.",
    )
    jwt_claims: Listed = Field(
        default=(),
        description="Other claims that policies ask for, separated by commas: `viewer.claims`, `viewer_claim(…)`.",
    )
    jwt_hasura_claims: str = Field(
        default="",
        description="The claim with Hasura's session variables, such as `https://hasura.io/jwt/claims`; `$`: they stand"
        " beside the others. Then they say id and roles, and `X-Hasura-Role` chooses one.",
    )
    auth_webhook_url: WebAddress = Field(
        default="",
        description="Who knows who asks: it is sent the credentials of a request, and answers with the user's id and"
        " roles (docs/identity.md).",
    )
    auth_webhook_method: Literal["GET", "POST"] = Field(
        default="GET", description='`GET`: credentials are sent as headers. `POST`: as JSON, `{"headers": {…}}`.'
    )
    auth_webhook_headers: HeaderNames = Field(
        default=("Authorization", "Cookie"),
        description="The headers that are credentials, separated by commas. A request without them is nobody's.",
    )
    auth_webhook_timeout_s: float = Field(
        default=5, gt=0, description="Seconds that the webhook may take; then the answer is 503."
    )
    auth_webhook_max_age_s: int = Field(
        default=300,
        ge=0,
        description="The most seconds for which its answers are kept, as far as its `Cache-Control` or `Expires` says"
        " so. 0: none is.",
    )
    proxy_user_header: ViewerHeader = Field(
        default="",
        description="The header in which a proxy of `TRELLIS_TRUSTED_PROXIES` says who asks, such as `X-User-Id`. From"
        " anybody else it is refused.",
    )
    proxy_roles_header: ViewerHeader = Field(
        default="", description="The same for roles, with commas or blanks between them, such as `X-User-Roles`."
    )
    rate_limit: OptionalRateLimit = Field(
        default="",
        description="How many points the operations of one user, or of one API key, may take, such as"
        " `10000/minute;200000/day` (docs/limits.md). Empty: any number.",
    )
    rate_limit_per_address: OptionalRateLimit = Field(
        default="",
        description="How many points the operations may take that come from one network address without credentials."
        " Empty: any number.",
    )
    limits_storage: Annotated[SecretStr, stored_in(LimitsStorage)] = Field(
        default=SecretStr(LimitsStorage.AUTO),
        description="Where limits are counted. `memory`: in each process. `database`: in a table of Trellis's own,"
        " which all processes share. `auto`: attempts to sign in in the database, operations in memory. The URL of a"
        " Redis (`redis://host:6379/0`, with the extra `trellis[redis]`): there.",
    )

    @field_validator("documents_exempt")
    @classmethod
    def _known_exemptions(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        known = [str(member) for member in Exempt]
        if not all(it in known or (it.startswith(ROLE) and it != ROLE) for it in value):
            raise ValueError(f"has an exemption that is not known; use {', '.join(known)} or {ROLE} and a role's name")
        return value

    @field_validator("dev_viewer")
    @classmethod
    def _at_home(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if value and info.data.get("trusted_proxies"):
            raise ValueError("is for a server that only this machine reaches; unset it, or TRELLIS_TRUSTED_PROXIES")
        if USER in value or sum(name.startswith(USER) for name in value) > 1:
            raise ValueError(f"names one user, as {USER}42, or none")
        return value

    @field_validator("cors_credentials")
    @classmethod
    def _named_origins(cls, value: bool, info: ValidationInfo) -> bool:
        if value and info.data.get("cors_origins") in ((), (ANY_ORIGIN,)):
            raise ValueError("lets pages act as whoever is signed in; name their origins in TRELLIS_CORS_ORIGINS first")
        return value
