"""Settings that contradict each other: each pair is found, and a server's own settings are at peace."""

from collections.abc import Mapping

import pytest
from pydantic import SecretStr

from graph.checkup.contradictions import CONTRADICTIONS, contradictions
from graph.checkup.result import State
from graph.settings import Settings

POSTGRESQL = "postgresql://ada@db.example/shop"
CASES: Mapping[tuple[str, ...], Mapping[str, str]] = {
    ("direct_url", "pgbouncer"): {"database_url": POSTGRESQL, "pgbouncer": "true"},
    ("pgbouncer", "database_url"): {
        "pgbouncer": "true",
        "direct_url": "sqlite:///x.db",
        "database_url": "sqlite:///x.db",
    },
    ("read_only", "pgbouncer"): {
        "database_url": POSTGRESQL,
        "direct_url": POSTGRESQL,
        "pgbouncer": "true",
        "read_only": "true",
        "record_usage": "false",
    },
    ("direct_url", "database_url"): {"database_url": POSTGRESQL, "direct_url": "postgresql://ada@db.example/store"},
    ("replica_urls", "database_url"): {"database_url": POSTGRESQL, "replica_urls": POSTGRESQL},
    ("max_replica_lag_s", "replica_urls"): {"max_replica_lag_s": "5"},
    ("pool_pre_ping_idle_s", "pool_pre_ping"): {"pool_pre_ping": "false", "pool_pre_ping_idle_s": "5"},
    ("prefetch", "fast_path"): {"prefetch": "true", "fast_path": "false"},
    ("max_in_flight", "pool_size"): {"max_in_flight": "50"},
    ("statement_timeout_s", "operation_timeout_s"): {"statement_timeout_s": "60"},
    ("queue_timeout_s", "operation_timeout_s"): {"queue_timeout_s": "30"},
    ("access_token_s", "sign_in_s"): {"access_token_s": "1000", "sign_in_s": "100"},
    ("wait_for_database_s", "start_checks"): {"start_checks": "false", "wait_for_database_s": "5"},
    ("max_page", "max_rows"): {"max_page": "1000", "max_rows": "100"},
    ("max_connections_per_address", "max_connections"): {"max_connections": "100"},
    ("limits_storage", "read_only"): {"limits_storage": "database", "read_only": "true", "record_usage": "false"},
    ("record_usage", "read_only"): {"read_only": "true"},
    ("max_export_rows", "max_exports"): {"max_exports": "0", "max_export_rows": "10"},
    ("files", "max_upload_bytes"): {"upload_types": "image/*"},
    ("documents", "documents_exempt"): {"documents": "accept", "documents_exempt": "loopback"},
    ("documents", "documents_max_age_s"): {"documents_max_age_s": "60"},
    ("explorer", "introspection"): {"introspection": "false"},
    ("doctor", "host"): {"host": "0.0.0.0", "doctor": "everybody"},
    ("log_operations", "slow_operation_s"): {"log_operations": "none", "slow_operation_s": "1"},
    ("log_level", "log_operations"): {"log_level": "error", "log_operations": "all"},
    ("federation", "federation_node"): {"federation_node": "false"},
    ("jwt_issuer", "jwt_audience"): {"jwt_audience": "notes"},
    ("auth_webhook_url", "auth_webhook_method"): {"auth_webhook_method": "POST"},
    ("live_min_throttle_ms", "live_max_throttle_ms"): {"live_min_throttle_ms": "500", "live_max_throttle_ms": "400"},
}
"""For each row of the table, an environment in which it holds, and no other does."""


def settings_of(variables: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The settings of an environment that says this and nothing else."""
    for name in ("FAST_PATH", "MAINTENANCE", "START_CHECKS"):
        monkeypatch.delenv(f"TRELLIS_{name}", raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(f"TRELLIS_{name.upper()}", value)
    return Settings()


def test_every_contradiction_has_a_case() -> None:
    assert [tuple(it.names) for it in CONTRADICTIONS] == list(CASES)
    assert {name for it in CONTRADICTIONS for name in it.names} <= set(Settings.model_fields)


@pytest.mark.parametrize("names", CASES, ids=" ".join)
def test_a_contradiction_is_found_alone_and_its_cure_names_a_setting(
    names: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    (found,) = contradictions(settings_of(CASES[names], monkeypatch))
    assert found.state in (State.WARNING, State.BROKEN)
    assert all(f"TRELLIS_{name.upper()}" in found.said for name in names)
    assert found.cure
    assert found.page.endswith(f"/settings.html#trellis-{names[0].replace('_', '-')}")


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"database_url": POSTGRESQL, "replica_urls": "postgresql://ada@other.example/shop", "max_replica_lag_s": "5"},
        {"database_url": POSTGRESQL, "direct_url": "postgresql://root@db.example:5433/shop", "pgbouncer": "true"},
        {"host": "0.0.0.0", "explorer": "false", "introspection": "false", "doctor": "off"},
        {"documents": "strict", "documents_exempt": "introspection", "documents_max_age_s": "60"},
        {"jwt_issuer": "https://login.example", "jwt_audience": "notes", "jwt_roles_claim": "scope"},
        {"read_only": "true", "record_usage": "false", "limits_storage": "memory"},
    ],
    ids=str,
)
def test_settings_that_go_together_are_left_alone(
    variables: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert list(contradictions(settings_of(variables, monkeypatch))) == []


def test_no_value_is_repeated() -> None:
    settings = Settings(
        database_url=SecretStr("postgresql://ada:s3cret@db.example/shop"), pgbouncer=True, read_only=True
    )
    assert "s3cret" not in str(list(contradictions(settings)))
