"""What an operation was answered: a response or a result enters, an `Answer` leaves, whose errors can be read."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn, Self

import httpx
from strawberry.types import ExecutionResult

from graph.http.requests import GRAPHQL_RESPONSE, JSON

TYPES = (f"{JSON}; charset=utf-8", f"{GRAPHQL_RESPONSE}; charset=utf-8")


class AnsweredWithErrors(AssertionError):
    """An operation was to be answered without errors."""

    def __init__(self, errors: Iterable[Mapping[str, Any]]) -> None:
        self.errors = [*errors]
        told = "".join(f"\n- {_told(error)}" for error in self.errors)
        super().__init__(f"The operation was answered with errors; expect them by `execute`, not by `query`.{told}")


@dataclass(frozen=True)
class Answer:
    """What came back."""

    body: Mapping[str, Any]
    """`data`, `errors` and `extensions`, as GraphQL has them."""
    status: int = 200
    """Of HTTP."""
    headers: httpx.Headers = field(default_factory=httpx.Headers)

    @classmethod
    def of_response(cls, response: httpx.Response) -> Self:
        """The answer in a response of HTTP, which must be JSON as RFC 8259 has it."""
        type_ = response.headers.get("content-type")
        if type_ not in TYPES:
            raise AssertionError(f"The answer has the status {response.status_code} and is {type_}, not GraphQL's.")
        body = json.loads(response.content.decode(), parse_constant=_no_json)
        unknown = set(body) - {"data", "errors", "extensions"}
        if unknown:
            raise AssertionError(f"The answer has {', '.join(sorted(unknown))}, of which GraphQL knows nothing.")
        return cls(body, response.status_code, response.headers)

    @classmethod
    def of_result(cls, result: ExecutionResult) -> Self:
        """The answer that a schema gives, past HTTP."""
        body: dict[str, Any] = {"data": result.data}
        if result.errors:
            body["errors"] = [error.formatted for error in result.errors]
        if result.extensions:
            body["extensions"] = result.extensions
        return cls(body)

    @property
    def data(self) -> Any:
        """What was asked for. Raises `AnsweredWithErrors` where there are any."""
        if self.errors:
            raise AnsweredWithErrors(self.errors)
        return self.body["data"]

    @property
    def errors(self) -> list[dict[str, Any]]:
        """What went wrong; errors in the payloads of mutations are data."""
        return list(self.body.get("errors", ()))

    @property
    def messages(self) -> list[str]:
        """What each error says."""
        return [error["message"] for error in self.errors]

    @property
    def codes(self) -> list[str]:
        """The code of each error. Every error has one."""
        return [error["extensions"]["code"] for error in self.errors]

    @property
    def code(self) -> str:
        """The one code that all errors share."""
        (code,) = set(self.codes)
        return code

    @property
    def extensions(self) -> Mapping[str, Any]:
        """What is told of the operation itself, where it was asked for."""
        found: Mapping[str, Any] = self.body.get("extensions", {})
        return found


def _told(error: Mapping[str, Any]) -> str:
    """An error in a line: where it is, its code and its message."""
    place = ".".join(map(str, error.get("path") or ())) or "the document"
    code = (error.get("extensions") or {}).get("code")
    return f"{place}: {error['message']}" + (f" ({code})" if code else "")


def _no_json(constant: str) -> NoReturn:
    raise AssertionError(f"{constant} is no JSON.")
