"""A provider of identity: signs tokens, and publishes its keys over real HTTP. It can be slow, down, or lie."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import cache
from typing import Any, TypeAlias

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from graph.outside.discovery import PATH
from tests.explorer.serving import serving

PrivateKey: TypeAlias = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
ISSUER, AUDIENCE = "https://login.example.org/", "notes"
ALGORITHMS: Mapping[str, Any] = {
    "RS256": jwt.algorithms.RSAAlgorithm,
    "ES256": jwt.algorithms.ECAlgorithm,
    "EdDSA": jwt.algorithms.OKPAlgorithm,
}


def private_key(algorithm: str, number: int = 0, bits: int = 2048) -> PrivateKey:
    """A private key for an algorithm, the same one for a number."""
    return _made("RSA" if algorithm.startswith(("RS", "PS")) else algorithm, number, bits)


@cache
def _made(kind: str, _number: int, bits: int) -> PrivateKey:
    if kind == "RSA":
        return rsa.generate_private_key(65537, bits)
    return ed25519.Ed25519PrivateKey.generate() if kind == "EdDSA" else ec.generate_private_key(ec.SECP256R1())


def pem_of(key: PrivateKey) -> str:
    """The public key."""
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def private_pem_of(key: PrivateKey) -> str:
    """The private key, which a provider gives to nobody."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def jwk_of(kid: str | None, algorithm: str = "RS256", number: int = 0, **more: Any) -> dict[str, Any]:
    """A public key as a provider publishes it."""
    found = ALGORITHMS[algorithm].to_jwk(private_key(algorithm, number).public_key(), as_dict=True)
    made = {**found, "kid": kid, "use": "sig", "alg": algorithm, **more}
    return {name: value for name, value in made.items() if value is not None}


def claims(**changed: Any) -> dict[str, Any]:
    """What a good token says, with changes; None leaves a claim out.

    It lives for a day: some tokens are made when tests are collected, and sent much later.
    """
    now = int(time.time())
    good = {"iss": ISSUER, "aud": AUDIENCE, "sub": "ada", "roles": ["editor"], "iat": now, "exp": now + 86_400}
    return {name: value for name, value in (good | changed).items() if value is not None}


def token(
    kid: str | None = "one",
    algorithm: str = "RS256",
    number: int = 0,
    headers: Mapping[str, Any] | None = None,
    more: Mapping[str, Any] | None = None,
    **changed: Any,
) -> str:
    """A token of a provider, with changes to what it says, and with more of it."""
    named = {} if kid is None else {"kid": kid}
    return jwt.encode(
        {**claims(**changed), **(more or {})},
        private_key(algorithm, number),
        algorithm,
        headers={**named, **(headers or {})},
    )


class ProviderOfKeys:
    """What the provider answers with, and how often it was asked."""

    def __init__(self) -> None:
        self.keys: Sequence[Any] = [jwk_of("one")]
        self.body: bytes | None = None
        """Instead of the keys."""
        self.status = 200
        self.headers: Mapping[str, str] = {}
        self.delay_s = 0.0
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.document: Any = None
        """What the OpenID configuration says beside what it should; or a text, instead of it."""
        self.asked = self.asked_for_document = 0
        self.at_once = self.most_at_once = 0
        self.url = self.issuer = ""

    async def answer(self, _request: Request) -> Response:
        """The keys, or whatever else a test has it say."""
        self.asked += 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await self.may_answer.wait()
        await asyncio.sleep(self.delay_s)
        self.at_once -= 1
        body = json.dumps({"keys": list(self.keys)}).encode() if self.body is None else self.body
        return Response(body, self.status, self.headers, "application/json")

    async def answer_document(self, _request: Request) -> Response:
        """The OpenID configuration."""
        self.asked_for_document += 1
        said = {"issuer": self.issuer, "jwks_uri": self.url}
        body = self.document if isinstance(self.document, str) else json.dumps(said | (self.document or {}))
        return Response(body, self.status, self.headers, "application/json")

    @asynccontextmanager
    async def running(self) -> AsyncIterator["ProviderOfKeys"]:
        """Serve the keys at `url`, and the configuration of the `issuer`."""
        routes = [Route("/keys", self.answer), Route(PATH, self.answer_document)]
        async with serving(Starlette(routes=routes)) as origin:
            self.url, self.issuer = f"{origin}/keys", f"{origin}/"
            yield self
