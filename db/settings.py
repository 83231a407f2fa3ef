"""How to reach the database: URLs, pool, timeouts.

Environment variables enter, one frozen object leaves. Nothing connects here.
Each variable is the field's name with the prefix `TRELLIS_`; units are in the names.
"""

from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from db.dialects import DIALECTS, dialect_of
from db.dialects.hosts import with_hosts_as_options
from db.kept import MAX_CACHE_BYTES, MIB

HOUSE = Path(__file__).resolve().parent.parent
"""The folder of the checkout: `alembic.ini`, `migrations/` and `var/` are found here."""

DRIVERS = {scheme: driver for dialect in DIALECTS.values() for scheme, driver in dialect.connections.drivers.items()}


def async_url(text: str) -> URL:
    """Parse a database URL and give it its async driver.

    `sqlite:///x.db`, `postgres://…`, `postgresql://…`, `mysql://…` and `mariadb://…` are understood, with or without a
    driver's name; so is `sslmode`, which hosting providers write and asyncpg calls `ssl`, and several hosts,
    `a:5432,b:5432`.
    Raises `ValueError` that names the three forms that Trellis takes.
    """
    try:
        url = make_url(with_hosts_as_options(text))
    except (ArgumentError, ValueError):  # the latter when a password with a slash is taken for a port
        url = None
    if url is None or url.drivername not in DRIVERS:
        raise ValueError(
            "is not a database URL that Trellis knows; use sqlite:///var/trellis.db"
            ", postgresql://user:password@host:5432/database or mysql://user:password@host:3306/database"
        )
    url = url.set(drivername=DRIVERS[url.drivername])
    return dialect_of(url.get_backend_name()).connections.url(url)


class DatabaseSettings(BaseSettings):
    """Everything the data layer can be told from outside.

    Source of the pool's terms: https://docs.sqlalchemy.org/en/21/core/pooling.html
    """

    model_config = SettingsConfigDict(env_prefix="TRELLIS_", frozen=True, extra="ignore", hide_input_in_errors=True)

    database_url: SecretStr = Field(
        default=SecretStr(f"sqlite:///{HOUSE / 'var' / 'trellis.db'}"),
        description="The primary database: `sqlite:///file.db`, `postgresql://user:password@host/database` or"
        " `mysql://user:password@host/database` (MariaDB, with `trellis[mysql]`),"
        " or `…@a:5432,b:5432/…` for the one of several servers that takes changes.",
    )
    replica_urls: Annotated[tuple[SecretStr, ...], NoDecode] = Field(
        default=(),
        description="Read replicas, separated by commas. Queries are spread over them, mutations never; one that does"
        " not answer is left out. Whoever has just changed something reads it.",
    )
    max_replica_lag_s: float = Field(
        default=10,
        gt=0,
        description="Seconds that a replica may be behind the primary; one that is further behind is left out until it"
        " has caught up.",
    )
    own_writes_wait_s: float = Field(
        default=0.02,
        ge=0,
        le=1,
        description="Seconds that a query waits for a replica to have what its sender has just written, before the"
        " primary is asked.",
    )
    direct_url: SecretStr | None = Field(
        default=None,
        description="The primary past PgBouncer, for migrations and LISTEN. Empty: `TRELLIS_DATABASE_URL`.",
    )
    pgbouncer: bool = Field(
        default=False,
        description="The URL leads to PgBouncer in transaction mode: no prepared statements, no start-up settings.",
    )
    pool_size: int = Field(default=15, ge=1, description="Connections that each engine keeps open.")
    pool_max_overflow: int = Field(
        default=0,
        ge=0,
        description="Connections that each engine may open beyond its pool; each is closed after its use.",
    )
    pool_timeout_s: float = Field(
        default=2,
        gt=0,
        description="Seconds that a statement waits for a connection where others have them all, which is seldom:"
        " operations wait before, for `TRELLIS_QUEUE_TIMEOUT_S`.",
    )
    connect_timeout_s: float = Field(
        default=5, gt=0, description="Seconds that a server may take to let a new connection in, encryption included."
    )
    pool_recycle_s: int = Field(
        default=1800, ge=-1, description="Seconds after which a connection is replaced; -1: never."
    )
    pool_pre_ping: bool = Field(
        default=True, description="Try a connection that nobody has used for a while before using it again."
    )
    pool_pre_ping_idle_s: float = Field(
        default=1, ge=0, description="Seconds without use after which a connection is tried first; 0: every time."
    )
    statement_timeout_s: float = Field(default=30, gt=0, description="Seconds that one statement may take.")
    fast_path: bool = Field(
        default=True,
        description="Run prepared statements on the driver's own connection where that is possible (PostgreSQL). Off:"
        " every statement goes through SQLAlchemy, which is slower; turn it off to look for the cause of an error.",
    )
    prefetch: bool = Field(
        default=True,
        description="Read the levels of an operation that was met often with one statement where that is cheaper"
        " (PostgreSQL, on the fast path, without PgBouncer). Off: one statement for each level and field.",
    )
    max_cache_bytes: int = Field(
        default=MAX_CACHE_BYTES,
        ge=16 * MIB,
        description="About how many bytes all that is kept for later requests may take: documents, their statements and"
        " SQL. `/metrics` tells how full each cache is.",
    )
    own_schema: str = Field(
        default="trellis",
        pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,62}$",
        description="The schema of PostgreSQL that keeps Trellis's own tables; made by `trellis db upgrade` where one"
        " is needed.",
    )
    version_table: str = Field(
        default="alembic_version",
        pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,62}$",
        description="The table that keeps the revision of the models' tables. Name another where an application that is"
        " not ours keeps its own revisions in `alembic_version`.",
    )
    read_only: bool = Field(
        default=False,
        description="Connect for reading alone: the database itself refuses every change. Not through PgBouncer.",
    )
    log_sql: bool = Field(default=False, description="Write every statement to the log.")

    @field_validator("database_url", "direct_url")
    @classmethod
    def _known_driver(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            async_url(value.get_secret_value())
        return value

    @field_validator("own_schema")
    @classmethod
    def _no_schema_of_the_application(cls, value: str) -> str:
        if value.lower() in ("public", "information_schema") or value.lower().startswith("pg_"):
            raise ValueError("is a schema that others have tables in; name one for Trellis's own tables alone")
        return value

    @field_validator("replica_urls", mode="before")
    @classmethod
    def _split_by_commas(cls, value: Any) -> Any:
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @field_validator("replica_urls")
    @classmethod
    def _known_drivers(cls, value: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        for url in value:
            known = async_url(url.get_secret_value())
            if isinstance(known.query.get("host"), tuple):
                raise ValueError("names several servers in one URL; give each replica a URL of its own")
        return value

    @property
    def primary(self) -> URL:
        """The URL that reads and writes go to."""
        return async_url(self.database_url.get_secret_value())

    @property
    def replicas(self) -> tuple[URL, ...]:
        """The URLs that queries are spread over; empty: the primary answers them."""
        return tuple(async_url(url.get_secret_value()) for url in self.replica_urls)

    @property
    def direct(self) -> URL:
        """The URL for migrations and LISTEN, which PgBouncer cannot carry."""
        return async_url(self.direct_url.get_secret_value()) if self.direct_url else self.primary
