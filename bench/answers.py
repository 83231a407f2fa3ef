"""Answers in one common form, so that servers of different schemas can be compared for equality.

Lists are lists, whether they came bare, as `nodes`, as `edges` or over a join table; ids are the numbers of rows;
moments are in UTC.
"""

import http.client
import itertools
import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TypeAlias

from bench.operations import NEVER_THE_SAME, Operation
from bench.processes import Running
from bench.senders import headers_of
from graph.entity.ids import decode_id
from graph.errors import InvalidId

ANSWER_TIMEOUT_S = 30
SHOWN = 160
TYPE_NAME = "__typename"
"""Not asked for by any document; FraiseQL tells it of every object."""

_NUMBERS = itertools.count(time.time_ns())

Common: TypeAlias = Any
"""Dicts, lists, strings, numbers, and moments as ISO 8601 in UTC."""


class NoAnswer(Exception):
    """A server does not answer an operation, or wrongly; the text says how."""


def ask(running: Running, operation: Operation) -> Common:
    """The answer to one request. Raises `NoAnswer`."""
    connection = connect(running)
    try:
        body, status = fetch(connection, running, operation)
    except (OSError, http.client.HTTPException) as error:
        raise NoAnswer(f"{type(error).__name__}: {error}") from None
    finally:
        connection.close()
    return common_form(body, status)


def connect(running: Running) -> http.client.HTTPConnection:
    """A connection to a server, not yet opened."""
    return http.client.HTTPConnection("127.0.0.1", running.port, timeout=ANSWER_TIMEOUT_S)


def fetch(connection: http.client.HTTPConnection, running: Running, operation: Operation) -> tuple[bytes, int]:
    """The body and the status of one answer. Raises `OSError` and `HTTPException`."""
    headers = {"content-type": "application/json", "accept": "application/json", **headers_of(operation)}
    connection.request("POST", running.server.path(operation), numbered(running.server.body(operation)), headers)
    response = connection.getresponse()
    return response.read(), response.status


def numbered(body: bytes) -> bytes:
    """A request with a number of its own in each place that asks for one."""
    return body.replace(NEVER_THE_SAME.encode(), str(next(_NUMBERS)).encode())


def first_difference(expected: Common, found: Common, path: str = "") -> str | None:
    """Where two answers differ, in words; None when they are equal."""
    if isinstance(expected, dict) and isinstance(found, dict) and expected.keys() == found.keys():
        pairs = [(f"{path}.{key}".lstrip("."), expected[key], found[key]) for key in expected]
    elif isinstance(expected, list) and isinstance(found, list):
        if len(expected) != len(found):
            return f"{path or 'the list'} has {len(found)} of {len(expected)} rows"
        pairs = [(f"{path}[{n}]", *both) for n, both in enumerate(zip(expected, found, strict=True))]
    else:
        return None if expected == found else f"{path} is {found!r}, not {expected!r}"
    return next((difference for key, one, other in pairs if (difference := first_difference(one, other, key))), None)


def common_form(body: bytes, status: int) -> Common:
    """What a server answered, as all would have written it. Raises `NoAnswer`."""
    try:
        answer = json.loads(body)
    except ValueError:
        answer = None
    if not isinstance(answer, Mapping):
        raise NoAnswer(f"status {status}, {body[:SHOWN]!r}")
    if answer.get("errors") or not answer.get("data"):
        messages = [str(error.get("message")) for error in answer.get("errors", ())] or [f"status {status}"]
        raise NoAnswer(" ".join(messages[0].split())[:SHOWN])
    data = answer["data"]
    (root,) = data.values() if isinstance(data, dict) and len(data) == 1 else (data,)
    return _common(root)


def _common(value: Any, name: str = "") -> Common:
    if isinstance(value, list):
        return [_common(item) for item in value]
    if isinstance(value, dict):
        return _object(value)
    if name == "id":
        return _number(value)
    if name.endswith("At") and isinstance(value, str):
        return datetime.fromisoformat(value).astimezone(UTC).isoformat()
    return value


def _object(value: Mapping[str, Any]) -> Common:
    if value.keys() == {"nodes"}:
        return _common(value["nodes"])
    if value.keys() == {"edges"}:
        return [_common(edge["node"]) for edge in value["edges"]]
    if value.keys() == {"tag"}:
        return _common(value["tag"])
    if value.keys() == {"aggregate", "nodes"}:
        return {"totalCount": value["aggregate"]["aggregations"]["count"], "nodes": _common(value["nodes"])}
    return {name: _common(item, name) for name, item in value.items() if name != TYPE_NAME}


def _number(value: Any) -> int:
    """The row's number in an id of any server."""
    try:
        return int(value)
    except ValueError:
        pass
    try:
        return int(decode_id(value).key[0])
    except (InvalidId, ValueError, TypeError, IndexError):
        raise NoAnswer(f"{value!r} is no id") from None
