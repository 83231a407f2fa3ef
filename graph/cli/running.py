"""A running server, as a command asks it: an address enters, its figures leave, those of one of its processes."""

from collections.abc import Mapping
from typing import Any

import httpx
from prometheus_client.parser import text_string_to_metric_families

from graph.cli.errors import CommandError, Exit
from graph.settings import Settings

TIMEOUT_S = 10.0
CACHES = ("entries", "bytes", "max_bytes")


def told_by(address: str, settings: Settings) -> dict[str, Any]:
    """What a server says of itself, with its caches. Raises `CommandError`."""
    token = settings.metrics_token
    headers = {} if token is None else {"Authorization": f"Bearer {token.get_secret_value()}"}
    try:
        with httpx.Client(base_url=address, headers=headers, timeout=TIMEOUT_S, trust_env=False) as client:
            detail: dict[str, Any] = _answered(client.get("/livez?verbose"), address).json()
            return {"address": address, **detail, "caches": _caches(_answered(client.get("/metrics"), address).text)}
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        reason = str(error) or type(error).__name__
        raise CommandError(
            f"The server at {address} cannot be asked: {reason}. Give its address as --server http://127.0.0.1:8000.",
            Exit.UNAVAILABLE,
        ) from None


def _answered(response: httpx.Response, address: str) -> httpx.Response:
    if response.status_code in (401, 403):
        raise CommandError(
            f"The server at {address} tells strangers nothing. Set TRELLIS_METRICS_TOKEN to its token; without one, ask"
            " from its own machine.",
            Exit.UNAVAILABLE,
        )
    return response.raise_for_status()


def _caches(metrics: str) -> dict[str, dict[str, int]]:
    """The caches by name: how many entries each holds, and how many bytes of how many."""
    found: dict[str, dict[str, int]] = {}
    wanted: Mapping[str, str] = {f"trellis_cache_{figure}": figure for figure in CACHES}
    for family in text_string_to_metric_families(metrics):
        if family.name in wanted:
            for sample in family.samples:
                found.setdefault(sample.labels["cache"], {})[wanted[family.name]] = int(sample.value)
    return found
