"""Settings that say something against each other: settings enter, results leave.

One table. What keeps a setting from being read at all is refused where it is declared (`graph.settings`,
`db.settings`), and what keeps a server from starting where that is found out (`graph.outside`, `graph.startup`); here
stand pairs with which a server starts, and of which one is of no use, or undoes the other.
"""

import ipaddress
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from sqlalchemy import URL

from db.dialects import dialect_of
from graph.checkup.result import Result, State
from graph.manual import address
from graph.settings import DoctorAccess, DocumentsMode, LimitsStorage, LoggedOperations, LogLevel, Settings

CHECK = "settings"
QUIET = (LogLevel.WARNING, LogLevel.ERROR)


class Contradiction(NamedTuple):
    """Two settings, or more, and when they do not go together."""

    names: Sequence[str]
    """The settings, the one to change first."""
    holds: Callable[[Settings], bool]
    said: str
    cure: str
    state: State = State.WARNING


def _is_file(settings: Settings) -> bool:
    return dialect_of(settings.primary.get_backend_name()).connections.file(settings.primary) is not None


def _is_given(*names: str) -> Callable[[Settings], bool]:
    """Whether the environment says one of these settings."""
    return lambda settings: any(name in settings.model_fields_set for name in names)


def _is_open(settings: Settings) -> bool:
    """Whether other machines may reach the address."""
    try:
        return not ipaddress.ip_address(settings.host).is_loopback
    except ValueError:
        return settings.host != "localhost"


def _is_same_database(one: URL, other: URL) -> bool:
    return (one.get_backend_name(), one.database) == (other.get_backend_name(), other.database)


def _without(setting: str, *dependent: str) -> Callable[[Settings], bool]:
    """Whether settings are given that are of use with another one alone."""
    return lambda settings: not getattr(settings, setting) and _is_given(*dependent)(settings)


def _counts_in(settings: Settings, *places: LimitsStorage) -> bool:
    return settings.limits_storage.get_secret_value() in places


def _knows_tokens(settings: Settings) -> bool:
    return bool(
        settings.jwt_issuer
        or settings.jwt_jwks_url
        or settings.jwt_public_key
        or settings.jwt_discovery
        or settings.jwt_secret.get_secret_value()
    )


CONTRADICTIONS: Sequence[Contradiction] = (
    # Databases
    Contradiction(
        ("direct_url", "pgbouncer"),
        lambda it: it.pgbouncer and it.direct_url is None,
        "Migrations do not go through PgBouncer, and there is no way past it.",
        "Set TRELLIS_DIRECT_URL to the URL of PostgreSQL itself.",
        State.BROKEN,
    ),
    Contradiction(
        ("pgbouncer", "database_url"),
        lambda it: it.pgbouncer and _is_file(it),
        "There is no PgBouncer in front of SQLite.",
        "Unset TRELLIS_PGBOUNCER.",
    ),
    Contradiction(
        ("read_only", "pgbouncer"),
        lambda it: it.read_only and it.pgbouncer,
        "Through PgBouncer no connection is told to refuse changes, so that changes are taken.",
        "Give the server a role that may read alone, or lead TRELLIS_DATABASE_URL to PostgreSQL itself.",
        State.BROKEN,
    ),
    Contradiction(
        ("direct_url", "database_url"),
        lambda it: it.direct_url is not None and not _is_same_database(it.direct, it.primary),
        "The two URLs name different databases: migrations would make tables that the server does not read.",
        "Let TRELLIS_DIRECT_URL name the database of TRELLIS_DATABASE_URL.",
        State.BROKEN,
    ),
    Contradiction(
        ("replica_urls", "database_url"),
        lambda it: any(url == it.primary for url in it.replicas),
        "A replica is the primary itself.",
        "Take the URL out of TRELLIS_REPLICA_URLS.",
    ),
    Contradiction(
        ("max_replica_lag_s", "replica_urls"),
        _without("replica_urls", "max_replica_lag_s", "own_writes_wait_s"),
        "There are no replicas that could be behind.",
        "Name them in TRELLIS_REPLICA_URLS, or unset TRELLIS_MAX_REPLICA_LAG_S and TRELLIS_OWN_WRITES_WAIT_S.",
    ),
    Contradiction(
        ("pool_pre_ping_idle_s", "pool_pre_ping"),
        _without("pool_pre_ping", "pool_pre_ping_idle_s"),
        "No connection is tried, however long nobody has used it.",
        "Unset TRELLIS_POOL_PRE_PING, or TRELLIS_POOL_PRE_PING_IDLE_S.",
    ),
    Contradiction(
        ("prefetch", "fast_path"),
        lambda it: it.prefetch and _is_given("prefetch")(it) and (not it.fast_path or it.pgbouncer),
        "Nothing is prefetched off the fast path, or through PgBouncer.",
        "Unset TRELLIS_PREFETCH.",
    ),
    Contradiction(
        ("max_in_flight", "pool_size"),
        lambda it: it.max_in_flight > it.pool_size + it.pool_max_overflow,
        "More operations are let in than there are connections; they wait for TRELLIS_POOL_TIMEOUT_S and fail.",
        "Set TRELLIS_MAX_IN_FLIGHT to 0, or raise TRELLIS_POOL_SIZE.",
    ),
    # Times
    Contradiction(
        ("statement_timeout_s", "operation_timeout_s"),
        lambda it: it.statement_timeout_s > it.operation_timeout_s,
        "A statement may take longer than the request that waits for it.",
        "Let TRELLIS_STATEMENT_TIMEOUT_S be at most TRELLIS_OPERATION_TIMEOUT_S.",
    ),
    Contradiction(
        ("queue_timeout_s", "operation_timeout_s"),
        lambda it: it.queue_timeout_s >= it.operation_timeout_s,
        "An operation may wait for its place for as long as it may take at all.",
        "Let TRELLIS_QUEUE_TIMEOUT_S be a small part of TRELLIS_OPERATION_TIMEOUT_S.",
    ),
    Contradiction(
        ("access_token_s", "sign_in_s"),
        lambda it: it.access_token_s > it.sign_in_s,
        "An access token outlives the sign-in that it is of.",
        "Let TRELLIS_ACCESS_TOKEN_S be less than TRELLIS_SIGN_IN_S.",
    ),
    Contradiction(
        ("wait_for_database_s", "start_checks"),
        lambda it: it.wait_for_database_s > 0 and not it.start_checks,
        "A start that looks at nothing waits for nothing.",
        "Unset TRELLIS_START_CHECKS, or TRELLIS_WAIT_FOR_DATABASE_S.",
    ),
    # Limits
    Contradiction(
        ("max_page", "max_rows"),
        lambda it: it.max_page > it.max_rows,
        "A page may have more rows than an operation may ask for.",
        "Lower TRELLIS_MAX_PAGE, or raise TRELLIS_MAX_ROWS.",
    ),
    Contradiction(
        ("max_connections_per_address", "max_connections"),
        lambda it: it.max_connections_per_address > it.max_connections,
        "One network address may have more connections than there are.",
        "Let TRELLIS_MAX_CONNECTIONS_PER_ADDRESS be less than TRELLIS_MAX_CONNECTIONS.",
    ),
    Contradiction(
        ("limits_storage", "read_only"),
        lambda it: it.read_only and _counts_in(it, LimitsStorage.DATABASE),
        "Limits are to be counted in a database that takes no changes.",
        "Set TRELLIS_LIMITS_STORAGE to `memory` or to a Redis.",
        State.BROKEN,
    ),
    Contradiction(
        ("record_usage", "read_only"),
        lambda it: it.read_only and it.record_usage,
        "Uses of the schema are to be counted in a database that takes no changes: what is counted is lost.",
        "Set TRELLIS_RECORD_USAGE=false.",
    ),
    Contradiction(
        ("max_export_rows", "max_exports"),
        _without("max_exports", "max_export_rows", "export_timeout_s"),
        "No exports are made.",
        "Raise TRELLIS_MAX_EXPORTS, or unset TRELLIS_MAX_EXPORT_ROWS and TRELLIS_EXPORT_TIMEOUT_S.",
    ),
    Contradiction(
        ("files", "max_upload_bytes"),
        _without("files", "max_upload_bytes", "upload_types", "upload_timeout_s"),
        "No files are taken.",
        "Say where to keep them in TRELLIS_FILES, or unset TRELLIS_MAX_UPLOAD_BYTES and the other settings of uploads.",
    ),
    # Documents
    Contradiction(
        ("documents", "documents_exempt"),
        lambda it: bool(it.documents_exempt) and it.documents is not DocumentsMode.STRICT,
        "Nobody needs an exemption where unregistered documents are answered.",
        "Set TRELLIS_DOCUMENTS=strict, or unset TRELLIS_DOCUMENTS_EXEMPT.",
    ),
    Contradiction(
        ("documents", "documents_max_age_s"),
        lambda it: (
            it.documents is DocumentsMode.OFF
            and _is_given("documents_max_age_s", "documents_refresh_s", "max_added_documents")(it)
        ),
        "No documents are registered or added.",
        "Set TRELLIS_DOCUMENTS=accept or strict, or unset the other settings of documents.",
    ),
    # What developers see
    Contradiction(
        ("explorer", "introspection"),
        lambda it: it.explorer and not it.introspection,
        "GraphiQL is served and may not ask for the schema: it completes nothing and has no documentation.",
        "Set TRELLIS_EXPLORER=false, or unset TRELLIS_INTROSPECTION.",
    ),
    Contradiction(
        ("doctor", "host"),
        lambda it: it.doctor is DoctorAccess.EVERYBODY and _is_open(it),
        "Other machines may reach the server, and everybody may see the statements of an operation.",
        "Set TRELLIS_DOCTOR=admins.",
    ),
    Contradiction(
        ("log_operations", "slow_operation_s"),
        lambda it: it.slow_operation_s > 0 and it.log_operations is LoggedOperations.NONE,
        "Slow operations are looked for, and no operation has a line in the log.",
        "Set TRELLIS_LOG_OPERATIONS=failed, or unset TRELLIS_SLOW_OPERATION_S.",
    ),
    Contradiction(
        ("log_level", "log_operations"),
        lambda it: (
            it.log_level in QUIET and it.log_operations is LoggedOperations.ALL and _is_given("log_operations")(it)
        ),
        "Operations that went well are to be written to the log, whose level leaves them out.",
        "Set TRELLIS_LOG_LEVEL=info, or TRELLIS_LOG_OPERATIONS=failed.",
    ),
    Contradiction(
        ("federation", "federation_node"),
        _without("federation", "federation_node"),
        "The server is no subgraph, so that no gateway asks it.",
        "Set TRELLIS_FEDERATION=true, or unset TRELLIS_FEDERATION_NODE.",
    ),
    # Who asks
    Contradiction(
        ("jwt_issuer", "jwt_audience"),
        lambda it: (
            not _knows_tokens(it)
            and _is_given(
                *("jwt_audience", "jwt_algorithms", "jwt_cookie", "jwt_user_claim", "jwt_roles_claim", "jwt_claims"),
                *("jwt_hasura_claims", "jwt_leeway_s", "jwt_jwks_refresh_s"),
            )(it)
        ),
        "Tokens of a provider are described, and no provider is named: none of its tokens is believed.",
        "Set TRELLIS_JWT_ISSUER, or unset the other TRELLIS_JWT_… settings.",
        State.BROKEN,
    ),
    Contradiction(
        ("auth_webhook_url", "auth_webhook_method"),
        _without(
            "auth_webhook_url",
            *("auth_webhook_method", "auth_webhook_headers", "auth_webhook_timeout_s", "auth_webhook_max_age_s"),
        ),
        "A webhook is described, and there is none to ask.",
        "Set TRELLIS_AUTH_WEBHOOK_URL, or unset the other TRELLIS_AUTH_WEBHOOK_… settings.",
        State.BROKEN,
    ),
    # Live queries
    Contradiction(
        ("live_min_throttle_ms", "live_max_throttle_ms"),
        lambda it: it.live_min_throttle_ms > it.live_max_throttle_ms,
        "No `throttleMs` is within these bounds.",
        "Set TRELLIS_LIVE_MIN_THROTTLE_MS to less than TRELLIS_LIVE_MAX_THROTTLE_MS.",
    ),
)


def contradictions(settings: Settings) -> Iterator[Result]:
    """A result for each contradiction that holds."""
    for it in CONTRADICTIONS:
        if it.holds(settings):
            names = " and ".join(f"TRELLIS_{name.upper()}" for name in it.names)
            page = address("settings", f"TRELLIS_{it.names[0].upper()}")
            yield Result(CHECK, it.state, f"{names}: {it.said}", it.cure, page)
