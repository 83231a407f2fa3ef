"""Rows for every table at any revision, and what a database looks like: its shape and its contents.

Tables are read from the database, not from the models, because an older revision knows less. A column that a revision
adds and that may not be empty gets its value here.
"""

import json
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeAlias, TypeVar

from sqlalchemy import Column, Connection, MetaData, Table, inspect, select
from sqlalchemy.ext.asyncio import AsyncEngine

from db import search_index
from db.own import PREFIX
from db.session.engines import create_engine
from db.settings import DatabaseSettings

T = TypeVar("T")
Contents: TypeAlias = dict[str, list[dict[str, Any]]]
Shape: TypeAlias = dict[str, set[str]]

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
TIMES = {"created_at": NOW, "updated_at": NOW}
ORDER, TRANSFER, SIGN_IN, ENTRY = (uuid.UUID(int=n) for n in (7, 9, 11, 13))

ROWS: dict[str, list[dict[str, Any]]] = {
    "users": [
        {"id": n, "email": f"{name}@example.org", "name": name, "is_active": True, **TIMES}
        for n, name in enumerate(("ada", "grace"), 1)
    ],
    "roles": [{"id": 1, "name": "author"}],
    "user_roles": [{"user_id": 1, "role_id": 1}],
    "posts": [
        {
            "id": 1,
            "slug": "loops",
            "title": "Loops",
            "content": "Cards",
            "status": "draft",
            "author_id": 1,
            "version": 1,
        }
        | TIMES
    ],
    "tags": [{"id": 1, "name": "Engines", "slug": "engines"}],
    "post_tags": [{"post_id": 1, "tag_id": 1}],
    "post_contributors": [{"post_id": 1, "user_id": 2, "position": 0}],
    "documents": [
        {"id": 1, "kind": "note", "title": "G", "body": {"a": [1, None]}, "owner_id": 1, "version": 1} | TIMES
    ],
    "orders": [{"id": ORDER, "status": "paid", "currency": "EUR", "customer_id": 2, **TIMES}],
    "order_lines": [
        {"id": 1, "description": "Card", "quantity": 3, "unit_price": 250, "order_id": ORDER, "currency": "EUR"}
    ],
    "accounts": [{"id": n, "currency": "EUR", "balance": 1000, "owner_id": n, **TIMES} for n in (1, 2)],
    "transfers": [
        {"id": TRANSFER, "amount": 5, "currency": "EUR", "created_at": NOW, "from_account_id": 1, "to_account_id": 2}
    ],
    "sign_ins": [
        {"id": SIGN_IN, "user_id": 1, "secret_hash": "5" * 64, "in_cookie": True, "created_at": NOW, "expires_at": NOW}
    ],
    "api_keys": [
        {
            "id": 1,
            "name": "shop",
            "shown": "trellis_AbCd",
            "secret_hash": "7" * 64,
            "user_id": 2,
            "read_only": True,
            "created_at": NOW,
        }
    ],
    "api_key_roles": [{"key_id": 1, "role_id": 1}],
    "idempotency_keys": [
        {"owner": "user:1", "key": "k", "fingerprint": "9" * 64, "answer": {"b": 1, "a": None}, "created_at": NOW}
    ],
    "audit_entries": [
        {
            "id": ENTRY,
            "action": "createPost",
            "actor": "user:1",
            "actor_id": 1,
            "object_ids": ["Post:1"],
            "request_id": "r",
            "created_at": NOW,
        }
    ],
}


def tables(connection: Connection) -> list[Table]:
    """The tables of our nouns as the database has them, each after those that it refers to."""
    metadata = MetaData()
    metadata.reflect(connection, only=lambda name, _: is_noun(name))
    return metadata.sorted_tables


def is_noun(name: str) -> bool:
    """Whether a table is one of our nouns."""
    return not search_index.holds(name, "table") and name != "alembic_version" and not name.startswith(PREFIX)


def fill(connection: Connection) -> None:
    """Put rows into every table."""
    for table in tables(connection):
        rows = ROWS[table.name]
        for row in rows:
            known = {name: _value(value, connection) for name, value in row.items() if name in table.columns}
            connection.execute(table.insert().values(known))
    connection.commit()


def _value(value: Any, connection: Connection) -> Any:
    if isinstance(value, uuid.UUID) and connection.dialect.name != "postgresql":
        return value.hex
    # There JSON is a text, as far as the catalog tells.
    return json.dumps(value) if isinstance(value, dict | list) and connection.dialect.name == "mysql" else value


def contents(connection: Connection) -> Contents:
    """Every row of every table."""
    return {
        table.name: [
            dict(row)
            for row in connection.execute(select(*mapped(table)).order_by(*table.primary_key.columns)).mappings()
        ]
        for table in tables(connection)
    }


def mapped(table: Table) -> list[Column[Any]]:
    """The columns that a model describes, or once did."""
    return [column for column in table.columns if not search_index.holds(column.name, "column")]


def restricted(whole: Contents, to: Shape) -> Contents:
    """The rows as a database of that shape would hold them."""
    return {
        table: [{name: value for name, value in row.items() if name in to[table]} for row in rows]
        for table, rows in whole.items()
        if table in to
    }


def columns(connection: Connection) -> Shape:
    """The names of all columns, by table."""
    return {table.name: {column.name for column in mapped(table)} for table in tables(connection)}


def description(connection: Connection) -> dict[str, Any]:
    """Everything that the database says about the tables of our nouns, in no order of its own."""
    inspector = inspect(connection)

    def of(name: str) -> dict[str, list[str]]:
        parts = {
            "columns": inspector.get_columns(name),
            "key": [inspector.get_pk_constraint(name)],
            "foreign keys": inspector.get_foreign_keys(name),
            "unique": inspector.get_unique_constraints(name),
            "checks": inspector.get_check_constraints(name),
            "indexes": inspector.get_indexes(name),
        }
        kept = {
            kind: [thing for thing in things if not search_index.holds(thing["name"], "column")]  # type: ignore[attr-defined]
            for kind, things in parts.items()
        }
        return {kind: sorted(repr(thing) for thing in things) for kind, things in kept.items()}

    return {table.name: of(table.name) for table in tables(connection)}


async def ask(settings: DatabaseSettings, question: Callable[[Connection], T]) -> T:
    """Run something on a connection of its own."""
    engine: AsyncEngine = create_engine(settings.primary, settings)
    try:
        async with engine.connect() as connection:
            answer = await connection.run_sync(question)
            await connection.commit()
    finally:
        await engine.dispose()
    return answer
