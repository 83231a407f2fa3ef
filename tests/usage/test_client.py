"""What clients call themselves, cleaned."""

import pytest

from graph.client import MAX_NAME, UNKNOWN, Client, client_of


@pytest.mark.parametrize(
    ("sent", "client"),
    [
        ({}, UNKNOWN),
        ({b"graphql-client-name": b"web"}, Client("web")),
        ({b"graphql-client-name": b"web", b"graphql-client-version": b"3.2"}, Client("web", "3.2")),
        ({b"apollographql-client-name": b"ios", b"apollographql-client-version": b"1"}, Client("ios", "1")),
        ({b"graphql-client-name": b"web", b"apollographql-client-version": b"1"}, Client("web")),
        ({b"graphql-client-version": b"3.2"}, UNKNOWN),
        ({b"graphql-client-name": b"", b"graphql-client-version": b"3.2"}, UNKNOWN),
        ({b"graphql-client-name": b" \t\x00\x1b\xff "}, UNKNOWN),
        ({b"graphql-client-name": "Gärtner\u202e\x07 ".encode()}, Client("Gärtner")),
        ({b"graphql-client-name": b"x" * 100_000}, Client("x" * MAX_NAME)),
        ({b"graphql-client-name": "🪴".encode() * 1_000}, Client("🪴" * MAX_NAME)),
    ],
)
def test_a_client_is_what_it_calls_itself(sent: dict[bytes, bytes], client: Client) -> None:
    assert client_of(sent) == client
