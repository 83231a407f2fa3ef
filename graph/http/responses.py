"""Writing the answers of GraphQL as HTTP has them.

An `ExecutionResult` enters, or several, or what HTTP refuses; a response leaves, with its status, its headers and its
bytes. Errors are masked here. Nothing is executed, and no request is known. Source: https://http-spec.graphql.org/
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import orjson
from graphql import GraphQLError
from graphql.execution import SubsequentIncrementalExecutionResult
from starlette.exceptions import HTTPException
from starlette.responses import Response
from strawberry.types import ExecutionResult

from db import exact_json
from graph.errors import AnswerTooLarge, IllFormed, Overloaded, code_of
from graph.execute.operation import Part
from graph.http.compression import coding_for, compressed
from graph.http.requests import GRAPHQL_RESPONSE, JSON
from graph.http.statuses import CHANGED, HEADERS_OF, LATER, STATUSES, Statuses, status_of_refusal
from graph.masking import for_client
from graph.settings import HTTPEdition

OK = 200

STREAMED = "trellis.streamed"
"""In the scope of a request: its answer comes in parts, as long as there is news, and its duration tells nothing."""

HEADERS = (
    (b"cache-control", b"no-store"),
    (b"vary", b"Accept, Accept-Encoding"),
    (b"x-content-type-options", b"nosniff"),
)
"""An answer is for who asked, in the form asked for, and never a page."""

_HEADERS = {form: (*HEADERS, (b"content-type", f"{form}; charset=utf-8".encode())) for form in (JSON, GRAPHQL_RESPONSE)}

CODES = {429: "RATE_LIMITED", 503: Overloaded.code}
"""The codes of what HTTP refuses for other reasons than what was sent."""


class Answer(Response):
    """A response whose bytes are made already."""

    body: bytes

    def __init__(self, body: bytes, status: int, media_type: str, headers: Mapping[str, str] | None = None) -> None:
        self.body = body
        self.status_code = status
        self.background = None
        self.raw_headers = [*_HEADERS[media_type], (b"content-length", b"%d" % len(body))]
        if headers:
            self.headers.update(headers)

    async def compress(self, accept_encoding: str) -> None:
        """Make the body shorter, in a coding that the client takes."""
        coding = coding_for(accept_encoding)
        if coding is not None:
            self.body = await compressed(self.body, coding)
            self.headers["content-length"] = str(len(self.body))
            self.headers["content-encoding"] = coding
            if "etag" in self.headers:  # other bytes, and the same answer
                self.headers["etag"] = f"W/{self.headers['etag']}"


def answer(result: ExecutionResult, media_type: str, edition: HTTPEdition) -> Answer:
    """The answer to one operation. Afterwards, the result has the errors as the client sees them."""
    formed = formed_of(result)
    errors = result.errors
    if not errors:
        return Answer(json_bytes(formed), OK, media_type)
    statuses = STATUSES[edition, media_type]
    status = _status(formed, errors, statuses)
    media_type = media_type if status < 300 else statuses.refused_as
    return Answer(json_bytes(formed), status, media_type, _headers(status, errors))


def batch_answer(results: Iterable[ExecutionResult], media_type: str) -> Answer:
    """The answers to several operations, as a list in their order. Each says by itself how it went."""
    return Answer(json_bytes([formed_of(result) for result in results]), OK, media_type)


def code_of_refusal(refused: HTTPException) -> str:
    """The code of what HTTP itself refuses."""
    return CODES.get(refused.status_code, IllFormed.code)


def refusal(refused: HTTPException, media_type: str = JSON, edition: HTTPEdition = "2025") -> Answer:
    """What HTTP itself refuses, in the form of GraphQL's errors."""
    error = {"message": refused.detail, "extensions": {"code": code_of_refusal(refused)}}
    media_type = STATUSES[edition, media_type].refused_as
    return Answer(json_bytes({"errors": [error]}), refused.status_code, media_type, refused.headers)


def formed_of(result: ExecutionResult) -> Mapping[str, Any]:
    """A result in the form of GraphQL's answers: without `data`, nothing was run."""
    answer: dict[str, Any] = {"data": result.data}
    if result.errors:
        errors = result.errors = for_client(result.errors)
        if result.data is None and not any(map(_was_run, errors)):
            del answer["data"]
        answer["errors"] = [error.formatted for error in errors]
    if result.extensions:
        answer["extensions"] = result.extensions
    return answer


def part_of(part: Part) -> Mapping[str, Any]:
    """One part of an answer that has several, with its errors as the client sees them."""
    told: Iterable[Any] = (part,)
    if isinstance(part, SubsequentIncrementalExecutionResult):
        told = (*(part.incremental or ()), *(part.completed or ()))
    for each in told:
        if each.errors:
            each.errors = for_client(each.errors)
    formatted: Mapping[str, Any] = part.formatted
    return formatted


def _was_run(error: GraphQLError) -> bool:
    """Whether the error tells that its operation was begun."""
    return bool(error.path) or isinstance(error, AnswerTooLarge)


def _status(answer: Mapping[str, Any], errors: Iterable[GraphQLError], statuses: Statuses) -> int:
    """The status of an answer with errors."""
    codes = [code_of(error) for error in errors]
    later = next((code for code in LATER if code in codes), None)
    if later is not None and CHANGED.isdisjoint(codes) and _is_empty(answer.get("data")):
        return status_of_refusal(statuses, later)
    if "data" in answer:
        return statuses.partial
    first = "INTERNAL_SERVER_ERROR" if "INTERNAL_SERVER_ERROR" in codes else codes[0]
    return status_of_refusal(statuses, first)


def _is_empty(data: Mapping[str, Any] | None) -> bool:
    """Whether nothing at all was answered."""
    return data is None or all(value is None for value in data.values())


def _headers(status: int, errors: Iterable[GraphQLError]) -> Mapping[str, str]:
    """What HTTP wants beside a status; an error may say how long to wait."""
    headers = HEADERS_OF.get(status, {})
    wait_s = max((error.extensions or {}).get("retryAfter", 0) for error in errors)
    return {**headers, "Retry-After": str(wait_s)} if wait_s and "Retry-After" in headers else headers


def json_bytes(value: object) -> bytes:
    """JSON of what an operation has answered."""
    try:
        return orjson.dumps(value)
    except TypeError:  # in a JSON document: a number that no double holds, half of a surrogate pair, or deep nesting
        return exact_json.dumps(value, default=datetime.isoformat).encode()
