"""A schema that is read from a server: one that knows all, one that knows less, one that refuses."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from graphql import build_schema, graphql_sync, introspection_from_schema

from graph.contract.errors import ContractError
from graph.contract.introspection import introspect, parsed_headers
from graph.contract.sources import read_contract
from graph.contract.verdicts import Terms, check
from tests.contract.cases import TODAY

TEXT = """
"A schema." schema { query: Query }
type Query { a(x: Int @deprecated(reason: "No."), i: I): S @deprecated(reason: "Goes on 2026-01-01.") }
scalar S @specifiedBy(url: "https://s.example")
input I @oneOf { a: Int b: Int }
directive @d(x: Int = 1) repeatable on FIELD
"""
OLD_TEXT = TEXT.replace('@deprecated(reason: "No.")', "")  # arguments had no deprecation
SCHEMA = build_schema(TEXT)
NEW = ("specifiedByURL", "isOneOf", "isRepeatable")
"""What the introspection of 2015 lacks."""


class Answers(BaseHTTPRequestHandler):
    """A GraphQL server; the path says in which way it is special."""

    def do_POST(self) -> None:
        """Answer one operation."""
        query = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["query"]
        status, body = self._answer(query)
        self.send_response(status)
        self.send_header("Location", "/graphql")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _answer(self, query: str) -> tuple[int, bytes]:
        if self.path == "/secret" and self.headers["Authorization"] != "Bearer abc":
            return 401, _errors("Sign in.")
        if self.path == "/old":
            return 200, _of_2015(query)
        special = OTHERS.get(self.path.partition("?")[0])
        if special:
            return special
        return 200, json.dumps(graphql_sync(SCHEMA, query).formatted).encode()

    def log_message(self, *_: Any) -> None:
        """Keep quiet."""


def _errors(message: str) -> bytes:
    return json.dumps({"errors": [{"message": message}]}).encode()


OTHERS: Mapping[str, tuple[int, bytes]] = {
    "/off": (200, _errors("Introspection is off.")),
    "/lost": (404, b"not here"),
    "/page": (200, b"<html>"),
    "/list": (200, b"[]"),
    "/empty": (200, b'{"data": {}}'),
    "/moved": (301, b""),
}


def _of_2015(query: str) -> bytes:
    """A server that refuses what it does not know, and does not tell of it."""
    if "IntrospectionQuery" in query and any(name in query for name in NEW):
        return _errors("Unknown.")
    answer: Any = graphql_sync(build_schema(OLD_TEXT), query).formatted
    for name, part in answer["data"].items():
        if name != "__schema":
            part["fields"] = [] if name == "schema" else [it for it in part["fields"] if it["name"] not in NEW]
            for it in part["fields"]:
                it["args"] = []
    return json.dumps(answer).encode()


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with _server() as there:
        yield there


@contextmanager
def _server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def kinds(old: bytes, new: str) -> list[str]:
    report = check(read_contract(old, "The server"), read_contract(new.encode(), "The text"), Terms(TODAY))
    return [verdict.change.kind.name for verdict in report.verdicts]


def test_a_server_tells_as_much_as_its_text(address: str) -> None:
    old = introspect(f"{address}/graphql", {})
    assert kinds(old, TEXT) == []
    assert sorted(kinds(old, TEXT.replace("repeatable", "").replace("@oneOf", "").replace('"A schema."', ""))) == [
        "DESCRIPTION_REMOVED",
        "DIRECTIVE_BECAME_UNREPEATABLE",
        "ONE_OF_REMOVED",
    ]


def test_nothing_is_said_of_what_an_older_server_does_not_know(address: str) -> None:
    old = introspect(f"{address}/old", {})
    assert kinds(old, OLD_TEXT) == []
    assert kinds(old, OLD_TEXT.replace("a: Int b: Int", "a: Int")) == ["INPUT_FIELD_REMOVED"]


def test_directives_that_are_applied_are_not_introspected() -> None:
    old = json.dumps({"data": introspection_from_schema(SCHEMA)}).encode()
    assert kinds(old, TEXT.replace("input I", "directive @t on INPUT_OBJECT input I @t")) == ["DIRECTIVE_ADDED"]


def test_headers_are_sent(address: str) -> None:
    introspect(f"{address}/secret", parsed_headers(["authorization: Bearer abc"]))
    with pytest.raises(ContractError, match=r"/secret refuses introspection: Sign in\. Sign in with --header"):
        introspect(f"{address}/secret", {})


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("/off", r"/off refuses introspection: Introspection is off\. Sign in with --header 'Authorization: …'"),
        ("/lost?key=abc", r"/lost refuses introspection: 404 Not Found\."),
        ("/page", r"/page does not answer as a GraphQL server\. See that the address is right\."),
        ("/list", r"/list does not answer as a GraphQL server"),
        ("/empty", r"/empty does not answer as a GraphQL server"),
        ("/moved", r"/moved refuses introspection: 301 Moved Permanently"),
    ],
)
def test_a_server_that_gives_no_schema_is_named_with_the_cure(path: str, sentence: str, address: str) -> None:
    with pytest.raises(ContractError, match=sentence) as raised:
        introspect(address + path, {})
    assert "abc" not in str(raised.value)


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("http://127.0.0.1:1/graphql", r"^http://127\.0\.0\.1:1/graphql does not answer: .*Connection refused"),
        ("http://ada:abc@127.0.0.1:1/", r"^The address has a password\. Give it with --header"),
        ("http:///graphql", "does not answer: no host given"),
        ("http://[/", "is no address"),
        ("http://127.0.0.1:port/", "is no address|does not answer"),
        ("http://127.0.0.1:1/a b", "does not answer"),
    ],
)
def test_an_address_that_leads_nowhere_is_named(url: str, sentence: str) -> None:
    with pytest.raises(ContractError, match=sentence) as raised:
        introspect(url, {})
    assert "abc" not in str(raised.value)


@pytest.mark.parametrize("line", ["Bearer abc", ": abc", "ä: abc"])
def test_a_header_without_a_name_is_refused_without_its_value(line: str) -> None:
    with pytest.raises(ContractError, match="A header has the form") as raised:
        parsed_headers([line])
    assert "abc" not in str(raised.value)
