"""Signing in over HTTP, as an app does and as a browser does."""

import json
from typing import Any

from tests.http.client import Answer, Client

SIGN_IN = """mutation($input: SignInInput!) { signIn(input: $input) {
  viewer { name email } accessToken refreshToken expiresAt
  errors { ... on UserError { __typename code path message } } } }"""
SIGN_UP = SIGN_IN.replace("SignInInput", "SignUpInput").replace("signIn", "signUp")
PASSWORD = "correct horse battery"


async def sign_up(client: Client, email: str, **more: Any) -> dict[str, Any]:
    """Make a user; the payload."""
    input_ = {"email": email, "name": "Grace", "password": PASSWORD, **more}
    return dict((await client.ask(SIGN_UP, {"input": input_})).data["signUp"])


async def sign_in(client: Client, email: str, password: str = PASSWORD, **more: Any) -> dict[str, Any]:
    """Sign in; the payload."""
    answer = await client.ask(SIGN_IN, {"input": {"email": email, "password": password, **more}})
    return dict(answer.data["signIn"])


async def ask_as(client: Client, token: str, query: str, **variables: Any) -> Answer:
    """Ask with an access token, or a key."""
    body = json.dumps({"query": query, "variables": variables}).encode()
    return await client.post(body, authorization=f"Bearer {token}")
