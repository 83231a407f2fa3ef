"""Who asks, for the limits: by a header as it comes, or by a token and one statement, as Trellis finds it out.

Headers enter, the number of a user leaves. A token is verified once, and remembered; whether its sign-in is still good,
only the database knows.
"""

import time
import uuid
from datetime import UTC, datetime
from typing import NamedTuple

import jwt

from bench.operations import MEMBER, TOKEN_KEY
from bench.peers.limit_serving import Answer, Asked, Connection, ForMember, Handler, Headers

SIGN_IN = """
    SELECT sign_ins.user_id, sign_ins.in_cookie, sign_ins.secret_hash, roles.name
    FROM sign_ins JOIN users ON users.id = sign_ins.user_id
    LEFT JOIN user_roles ON user_roles.user_id = users.id LEFT JOIN roles ON roles.id = user_roles.role_id
    WHERE sign_ins.id = $1 AND sign_ins.revoked_at IS NULL AND sign_ins.expires_at > $2 AND users.is_active
"""
MEMBER_HEADER = MEMBER.encode()


class _Verified(NamedTuple):
    user: int
    sign_in: uuid.UUID
    ends: float


_verified = dict[bytes, _Verified]()


def named(headers: Headers) -> int:
    """The member whom a header names."""
    return next(int(value) for name, value in headers if name == MEMBER_HEADER)


async def signed_in(connection: Connection, headers: Headers) -> int:
    """The user whose token came."""
    text = next(value for name, value in headers if name == b"authorization")
    claims = _verified.get(text) or _verify(text)
    rows = await connection.fetch(SIGN_IN, claims.sign_in, datetime.now(UTC))
    assert time.time() < claims.ends
    assert rows[0][0] == claims.user
    return claims.user


def _verify(text: bytes) -> _Verified:
    token = text.removeprefix(b"Bearer ").decode()
    claims = jwt.decode(token, TOKEN_KEY, algorithms=["HS256"], audience="trellis", issuer="trellis")
    _verified[text] = _Verified(int(claims["sub"]), uuid.UUID(claims["sid"]), claims["exp"])
    return _verified[text]


def alike(handler: Handler) -> ForMember:
    """A handler whose answer is the same for every member."""

    async def answer(connection: Connection, asked: Asked, _member: int) -> Answer:
        return await handler(connection, asked)

    return answer
