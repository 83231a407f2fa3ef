"""Which requests say who has sent them, before anybody looks whether that is so."""

import pytest
from pydantic import SecretStr
from starlette.requests import HTTPConnection

from db.session.engines import Engines
from graph.identity.identify import COOKIE, Identify
from graph.settings import Settings


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ((b"authorization", b"Bearer x"), True),
        ((b"cookie", f"{COOKIE}=x".encode()), True),
        ((b"cookie", f"{COOKIE}=".encode()), False),
        ((b"cookie", f"other={COOKIE}".encode()), False),
        ((b"accept", b"*/*"), False),
    ],
)
def test_nobody_goes_first_for_a_header_that_identification_does_not_read(
    header: tuple[bytes, bytes], expected: bool
) -> None:
    settings = Settings(database_url=SecretStr("sqlite:///nowhere/trellis.db"), token_keys=(SecretStr("x" * 32),))
    assert (
        Identify(Engines(settings), settings).has_credentials(HTTPConnection({"type": "http", "headers": [header]}))
        is expected
    )
