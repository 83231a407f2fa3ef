"""The limit of changes: the statements that Trellis runs for them, hand-written on raw asyncpg.

Each change is one transaction with the row of the record in it; what it made is read back after the commit.
"""

import json
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeAlias

import asyncpg
from asyncpg.pool import PoolConnectionProxy
from uuid_utils.compat import uuid7

from bench.operations import WRITER

Connection: TypeAlias = "PoolConnectionProxy[asyncpg.Record]"
Asked: TypeAlias = Mapping[str, Any]

NEW_POST = """
    INSERT INTO posts (slug, title, summary, content, status, author_id, version, created_at, updated_at)
    VALUES ($1, $2, $3, $4, 'draft', $5, 1, $6, $6) RETURNING id
"""
CONTRIBUTED = "INSERT INTO post_contributors (post_id, user_id, position) VALUES ($1, $2, 0)"
POST = "SELECT summary, content, status, version, author_id FROM posts WHERE id = $1"
USER = "SELECT id, name FROM users WHERE id = $1"
RECORD = """
    INSERT INTO trellis.audit_entries
        (id, action, actor, user_id, user_number, object_ids, input, request_id, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""
LOCKED = """
    SELECT id, currency, balance, owner_id FROM accounts WHERE id IN ($1, $2) ORDER BY id FOR NO KEY UPDATE
"""
MOVED = """
    UPDATE accounts SET balance = CASE WHEN id = $1 THEN balance - $3 ELSE balance + $3 END, updated_at = $4
    WHERE id IN ($1, $2)
"""
NEW_TRANSFER = """
    INSERT INTO transfers (id, amount, currency, idempotency_key, created_at, from_account_id, to_account_id)
    VALUES ($1, $2, $3, NULL, $4, $5, $6)
"""
TRANSFERRED = "SELECT amount, currency FROM transfers WHERE id = $1"


async def write(connection: Connection, asked: Asked) -> Any:
    """A draft of a post, and its author."""
    now, title = datetime.now(UTC), asked["title"]
    slug = "-".join(title.casefold().split())
    async with connection.transaction():
        id_ = await connection.fetchval(NEW_POST, slug, title, asked["summary"], asked["content"], WRITER, now)
        await connection.execute(CONTRIBUTED, id_, WRITER)
        await _record(connection, "createPost", f"Post:{id_}", asked, now)
    ((summary, content, status, version, author),) = await connection.fetch(POST, id_)
    (user,) = await connection.fetch(USER, author)
    post = {"summary": summary, "content": content, "status": status.upper(), "version": version, "author": dict(user)}
    return {"post": post, "errors": []}


async def transfer(connection: Connection, asked: Asked) -> Any:
    """Money from one account to another, if there is enough."""
    now, source, target, id_ = datetime.now(UTC), asked["from"], asked["to"], uuid7()
    minor = int(Decimal(asked["amount"]).scaleb(2))
    async with connection.transaction():
        held = {row["id"]: row for row in await connection.fetch(LOCKED, source, target)}
        assert held[source]["balance"] >= minor
        currency = held[source]["currency"]
        assert currency == held[target]["currency"]
        await connection.execute(MOVED, source, target, minor, now)
        await connection.execute(NEW_TRANSFER, id_, minor, currency, now, source, target)
        await _record(connection, "transferFunds", f"Transfer:{id_}", asked, now)
    ((amount, currency),) = await connection.fetch(TRANSFERRED, id_)
    return {"transfer": {"amount": str(Decimal(amount).scaleb(-2)), "currency": currency}, "errors": []}


async def _record(connection: Connection, action: str, id_: str, asked: Asked, now: datetime) -> None:
    ids, given = json.dumps([id_]), json.dumps(asked)
    actor = (f"user:{WRITER}", str(WRITER), WRITER)
    await connection.execute(RECORD, uuid7(), action, *actor, ids, given, secrets.token_hex(8), now)
