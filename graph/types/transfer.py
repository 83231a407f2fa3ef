"""Transfers, as the API shows them."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from db import models
from graph.entity import Node, entity, hybrid

if TYPE_CHECKING:
    from graph.types.account import Account


@entity(models.Transfer)
class Transfer(Node):
    """An amount that left one account for another."""

    amount: Decimal = hybrid(needs=["amount_minor", "currency"])
    currency: str
    idempotency_key: str | None
    created_at: datetime
    from_account: Account | None
    to_account: Account | None
